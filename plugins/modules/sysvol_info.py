#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what a domain controller's SYSVOL holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysvol_info
short_description: Tell what a domain controller's SYSVOL holds
version_added: 1.0.0
description:
  - Tells of each group policy that the directory lists its version there and in its files, and digests of its files and
    of their ACLs. The digests are the same on all controllers that have the same state, whatever their release of
    Samba.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.sysvol_sync
"""

EXAMPLES = r"""
- name: Read what SYSVOL holds
  mailforest.stack.sysvol_info:
  register: sysvol

- name: Prove that this controller has what the first one has
  ansible.builtin.assert:
    that:
      - sysvol.problems | length == 0
      - sysvol.sha256 == hostvars[groups['domain_controllers'][0]].sysvol.sha256
"""

RETURN = r"""
controller:
  description: Short name of the controller that was asked.
  returned: success
  type: str
owner:
  description: Short name of the controller that owns the PDC emulator, as this one knows it.
  returned: success
  type: str
policies:
  description: The policies that the directory lists, by GUID in braces.
  returned: success
  type: dict
  contains:
    name:
      description: Display name.
      type: str
    path:
      description: Where its files are, below the share's root.
      type: str
    version_directory:
      description: Version in the directory.
      type: int
    version_gpt:
      description: Version in C(GPT.INI); null when there is none.
      type: int
    sha256:
      description: Digest of its files; null when there are none.
      type: str
    acl_sha256:
      description: Digest of their ACLs.
      type: str
unlisted:
  description: Directories of policies that the directory does not list.
  returned: success
  type: list
  elements: str
sha256:
  description: Digest of all files.
  returned: success
  type: str
acl_sha256:
  description: Digest of all ACLs.
  returned: success
  type: str
acl_fault:
  description: What Samba's own check of the ACLs (C(samba-tool ntacl sysvolcheck)) says; empty when all is well.
  returned: success
  type: str
problems:
  description: What is wrong here, in words.
  returned: success
  type: list
  elements: str
last:
  description: The last synchronisation. Empty when there was none.
  returned: success
  type: dict
  contains:
    time:
      description: When it ended, in UTC.
      type: str
    source:
      description: Short name of the controller that was asked; empty when it failed.
      type: str
    fault:
      description: Why it failed; empty when it did not.
      type: str
    good:
      description: When the last good one ended.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvolrun import info
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    spec = {"configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    tell(module, lambda: info(module.params["configuration_file"]))


if __name__ == "__main__":
    main()
