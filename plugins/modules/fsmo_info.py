#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which domain controller holds which of the seven roles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fsmo_info
short_description: Tell which domain controller holds which of the seven roles
version_added: 1.0.0
description:
  - Reads the owners of the flexible single master operation (FSMO) roles, and the RIDs left, from this domain
    controller's own database. Asked on every controller, the answers show whether they agree.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.fsmo
  - module: mailforest.stack.seizure_info
"""

EXAMPLES = r"""
- name: Read the owners of the roles
  mailforest.stack.fsmo_info:
  register: roles

- name: Prove that this controller knows dc1 as RID master
  ansible.builtin.assert:
    that: roles.owners.rid == 'dc1'
"""

RETURN = r"""
controller:
  description: Short name of the domain controller that was asked.
  returned: success
  type: str
controllers:
  description: Short names of all domain controllers that it knows.
  returned: success
  type: list
  elements: str
owners:
  description: The owner of each role by short host name in lower case; null for one that is no more.
  returned: success
  type: dict
  sample: {schema: dc1, naming: dc1, rid: dc1, pdc: dc1, infrastructure: dc1, domaindns: dc1, forestdns: dc1}
owner_dns:
  description: The owner of each role as the directory names it, by the DN of its NTDS Settings object.
  returned: success
  type: dict
scopes:
  description: Where each role has exactly one owner, V(forest) or V(domain).
  returned: success
  type: dict
rid_blocks:
  description: >-
    The newest block of RIDs that the RID master gave each controller (C(first), C(last)), and the one that it used when
    it asked for that (C(previous_first), C(previous_last)), by short name. No two controllers share one.
  returned: success
  type: dict
  sample: {dc1: {first: 1100, last: 1599, previous_first: 1100, previous_last: 1599}}
rid_pool:
  description: Relative identifiers. New users, groups and computers each need one.
  returned: success
  type: dict
  contains:
    domain_next:
      description: First RID that the RID master has not handed out to a controller.
      type: int
    domain_last:
      description: Last RID that it can hand out.
      type: int
    domain_left:
      description: How many it can hand out.
      type: int
    controller_next:
      description: Next RID that this controller uses. Missing while it has no block.
      type: int
    controller_last:
      description: Last RID of its newest block.
      type: int
    controller_left:
      description: How many RIDs it has left in its blocks.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import roles_info
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    spec = {"configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    tell(module, lambda: roles_info(module.params["configuration_file"]))


if __name__ == "__main__":
    main()
