#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which backups of the directory there are, and whether they are good."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_backup_info
short_description: Tell which backups of the directory there are, and whether they are good
version_added: 1.0.0
description:
  - Reads the manifests of the backups in a directory, and compares each archive with its own. What is not whole, what
    was altered, and what is too old is a finding.
  - No key is needed, as nothing is decrypted. Samba is not needed either, so it runs on any host that keeps copies.
options:
  directory:
    description:
      - Directory of the backups.
    type: path
    default: /var/backups/mailforest/directory
  max_age:
    description:
      - Hours after which the newest backup is too old.
    type: int
    default: 26
  verify:
    description:
      - Whether the archives are read and compared with their digests, and not only with their sizes.
    type: bool
    default: true
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Returns no difference, as nothing changes.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_backup
"""

EXAMPLES = r"""
- name: Read the backups
  mailforest.stack.domain_backup_info:
  register: backups

- name: Prove that there is a fresh one, and nothing wrong with any
  ansible.builtin.assert:
    that: backups.fresh and backups.findings | length == 0
    fail_msg: "{{ backups.findings | join(' ') }}"
"""

RETURN = r"""
backups:
  description: All complete backups, oldest first, each as M(mailforest.stack.domain_backup) returns it.
  returned: success
  type: list
  elements: dict
  contains:
    intact:
      description: Whether the archive is what was written. Only with O(verify).
      type: bool
newest:
  description: The newest one that is good; null when there is none.
  returned: success
  type: dict
fresh:
  description: Whether there is a good one that is not too old.
  returned: success
  type: bool
findings:
  description: What is wrong, each with what it means and what to do.
  returned: success
  type: list
  elements: str
directory:
  description: The directory that was read.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import INFO_ARGUMENTS, info
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=INFO_ARGUMENTS, supports_check_mode=True)
    tell(module, lambda: info(module.params))


if __name__ == "__main__":
    main()
