#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are out of service, as a host remembers it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance_info
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Tell which hosts are out of service
description:
  - Tells which hosts the playbook C(mailforest.stack.maintenance_on) has taken out of service, and why, as it has told
    every host. C(maintenance_off) takes a host off the list.
  - A host that was off meanwhile may not know the newest; ask one that serves.
extends_documentation_fragment:
  - mailforest.stack._reader
seealso:
  - module: mailforest.stack.host_health
  - module: mailforest.stack.replication_sync
"""

EXAMPLES = r"""
- name: See which hosts are out of service
  mailforest.stack.maintenance_info:
  register: out_of_service

- name: Do not wait for those
  mailforest.stack.replication_sync:
    without: "{{ out_of_service.hosts }}"
  become: true
"""

RETURN = r"""
hosts:
  description: Their names in the inventory, sorted.
  type: list
  elements: str
  returned: success
maintenance:
  description: The same hosts, each with its reason.
  type: list
  elements: dict
  returned: success
  contains:
    host:
      description: Its name in the inventory.
      type: str
    reason:
      description: What was given for it.
      type: str
    days:
      description: For how many whole days.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._host.maintenance import read


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    found = read()
    module.exit_json(changed=False, hosts=[one.host for one in found], maintenance=[one.shown() for one in found])


if __name__ == "__main__":
    main()
