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
  - Of an existing zone, only what the options name is changed.
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
  aging:
    description:
      - Whether records that hosts wrote themselves and do not write again are removed after both intervals. Records of
        M(mailforest.stack.dns_record) never age.
      - It takes effect where C(smb.conf) has C(dns zone scavenging = yes).
    type: bool
  no_refresh_interval:
    description:
      - Hours in which writing a record again does not count, 1 to 8760. A new zone has 168.
    type: int
  refresh_interval:
    description:
      - Hours after those in which a record has to be written again, 1 to 8760. A new zone has 168.
    type: int
  dynamic_update:
    description:
      - Whether hosts of the domain may write their own records. A new zone has V(secure).
    type: str
    choices: [none, secure]
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_record
"""

EXAMPLES = r"""
- name: Serve the mail domain and a reverse zone
  mailforest.stack.dns_zone:
    name: [example.test, 100.51.198.in-addr.arpa]

- name: Forget notebooks that are away for a month
  mailforest.stack.dns_zone:
    name: [corp.example.test]
    aging: true
    no_refresh_interval: 168
    refresh_interval: 552
"""

RETURN = r"""
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import ZONE_OPTIONS, ZoneResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    spec = {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        "name": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **ZONE_OPTIONS,
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: ZoneResource(
            DirectoryZones(options["configuration_file"]),
            options["name"],
            present=options["state"] == "present",
            properties={key: options[key] for key in ZONE_OPTIONS},
        ),
    )


if __name__ == "__main__":
    main()
