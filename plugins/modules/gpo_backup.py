#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up group policies."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpo_backup
short_description: Back up group policies
version_added: 1.0.0
description:
  - Writes each policy to a directory named by its GUID - its files, its extensions, its links and digests of the files.
    A backup that is already like the policy is left as it is.
  - M(mailforest.stack.gpo) with O(mailforest.stack.gpo#module:backup) brings one back, in this policy or another, and
    refuses one that is damaged.
  - A new backup replaces the former one only when it is complete.
  - Runs on any domain controller. Only root can read the backups, as policies may hold secrets.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  dest:
    description:
      - Directory for the backups, on the controller. It is made if it is not there.
    type: path
    required: true
  names:
    description:
      - Display names, or GUIDs in braces. By default all policies.
    type: list
    elements: str
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.gpo
"""

EXAMPLES = r"""
- name: Back up all group policies
  mailforest.stack.gpo_backup:
    dest: /var/backups/policies
"""

RETURN = r"""
backups:
  description: The directory of each policy's backup, by the policy's name.
  returned: success
  type: dict
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import BACKUP_ARGUMENTS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpobackup import BackupResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpodb import DirectoryPolicies
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=BACKUP_ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: BackupResource(DirectoryPolicies(options["configuration_file"]), options["dest"], options["names"]),
    )


if __name__ == "__main__":
    main()
