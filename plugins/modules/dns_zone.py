#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage DNS zones that live in the directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_zone
short_description: Manage DNS zones that live in the directory
version_added: 1.0.0
description:
  - Creates or deletes primary zones in the partition C(DomainDnsZones), which replicates to every domain controller
    of the domain.
  - A new zone takes secure dynamic updates and has a SOA and an NS record that name this domain controller.
  - A running Samba is told to serve the zone at once. On other domain controllers, run this too after replication.
  - Replaces nothing of an existing zone.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  name:
    description:
      - Names of the zones, such as V(example.test) or V(100.51.198.in-addr.arpa).
    type: list
    elements: str
    required: true
  state:
    description:
      - Whether the zones are there. V(absent) deletes them with all records; the domain's own zones are refused.
    type: str
    choices: [present, absent]
    default: present
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_record
"""

EXAMPLES = r"""
- name: Serve the mail domain and a reverse zone
  mailforest.stack.dns_zone:
    name: [example.test, 100.51.198.in-addr.arpa]
"""

RETURN = r"""
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import ZoneResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    spec = {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        "name": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: ZoneResource(
            DirectoryZones(options["configuration_file"]), options["name"], present=options["state"] == "present"
        ),
    )


if __name__ == "__main__":
    main()
