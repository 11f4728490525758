#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look names up in DNS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_lookup
short_description: Look names up in DNS
version_added: 1.0.0
description:
  - Asks name servers for the records of one or many names, and returns what they say. That there is no such name is an
    answer too.
  - Needs no other software than Python on the host.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  names:
    description:
      - Names to look up, such as V(_ldap._tcp.hq._sites.corp.example.test).
    type: list
    elements: str
    default: []
  questions:
    description:
      - Further names, each with a type of its own.
      - An entry has C(name) and C(type); what else stands in it is not looked at.
    type: list
    elements: dict
    default: []
  type:
    description:
      - Type of the records of O(names).
    type: str
    choices: [A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT]
    default: A
  server:
    description:
      - Address of the name server. By default those of C(/etc/resolv.conf), in their order.
    type: str
  timeout:
    description:
      - Seconds to wait for each answer.
    type: float
    default: 2
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_record
  - module: mailforest.stack.dc_locator
"""

EXAMPLES = r"""
- name: Ask for the controllers of each site
  mailforest.stack.dns_lookup:
    names:
      - _ldap._tcp.hq._sites.corp.example.test
      - _ldap._tcp.branch._sites.corp.example.test
    type: SRV
    server: 198.51.100.70
  register: controllers
"""

RETURN = r"""
answers:
  description: One entry per name, in the order given, those of O(questions) last.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    type:
      description: The type.
      type: str
    values:
      description: The values as zone files have them, sorted; names end with a dot. A TXT record's strings are joined.
      type: list
      elements: str
      sample: [0 100 389 dc1.corp.example.test.]
    error:
      description: Empty when there are values; C(NXDOMAIN) for no such name, C(no such record), or why nobody answered.
      type: str
    server:
      description: Who answered; empty when nobody did.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import (
    TYPES,
    Dns,
    lookup_all,
    system_servers,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "default": []},
            "questions": {"type": "list", "elements": "dict", "default": []},
            "type": {"type": "str", "choices": sorted(TYPES), "default": "A"},
            "server": {"type": "str"},
            "timeout": {"type": "float", "default": 2},
        },
        supports_check_mode=True,
    )
    options = module.params
    servers = [options["server"]] if options["server"] else system_servers()
    asked = [(name, options["type"]) for name in options["names"]]
    asked += [(str(row.get("name", "")), str(row.get("type", ""))) for row in options["questions"]]
    if unknown := sorted({kind for _name, kind in asked if kind not in TYPES}):
        module.fail_json(msg=f"No types of records: {', '.join(unknown)}. There are {', '.join(sorted(TYPES))}.")
    answers = lookup_all(Dns(servers=servers, timeout=options["timeout"]), asked)
    module.exit_json(changed=False, answers=[answer.shown() for answer in answers])


if __name__ == "__main__":
    main()
