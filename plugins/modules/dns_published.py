#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See whether every name server has a record."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_published
short_description: See whether every name server has a TXT record
version_added: 1.0.0
description:
  - Asks each name server itself whether it has the records, and no others beside them. A resolver would say what it
    remembers; a record that everybody is to see is there when all of these have it.
  - Needs no other software than Python on the host.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  records:
    description:
      - The records. What else stands in an entry is not looked at, so those that M(mailforest.stack.dkim_key) returns
        will do.
    type: list
    elements: dict
    required: true
  servers:
    description:
      - Addresses of the name servers.
      - Left out, those that the host's resolvers name for the domain that each record is in (its NS records).
    type: list
    elements: str
    default: []
  wait:
    description:
      - Seconds to go on asking until all have them.
    type: float
    default: 0
  timeout:
    description:
      - Seconds to wait for each answer.
    type: float
    default: 2
  fail:
    description: Whether the module fails when a record is missing somewhere. If not, that is returned.
    type: bool
    default: true
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_lookup
  - module: mailforest.stack.dkim_rotation
"""

EXAMPLES = r"""
- name: Wait until the name servers of the domain have the new key
  mailforest.stack.dns_published:
    records: "{{ keys.records }}"
    wait: 300
"""

RETURN = r"""
missing:
  description: Where a record is not as it should be.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: The name., type: str}
    server: {description: Who was asked; empty where no name server is known., type: str}
    found: {description: "What it says: other values, an error, or why nobody could be asked.", type: str}
asked:
  description: The name servers that were asked.
  returned: always
  type: list
  elements: str
"""

from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._probe import published
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Answer, Dns, system_servers


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "records": {"type": "list", "elements": "dict", "required": True},
            "servers": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "float", "default": 0},
            "timeout": {"type": "float", "default": 2},
            "fail": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    if wrong := [row for row in given["records"] if not {"name", "value"} <= set(row)]:
        module.fail_json(msg=f"records: {wrong[0]} lacks name or value. Nobody was asked. Give both.")

    def lookup(servers: Sequence[str], name: str, kind: str) -> Answer:
        return Dns(servers=servers, timeout=given["timeout"]).lookup(name, kind)

    gone, asked = published.watch(
        lambda: published.missing(
            given["records"], lookup, servers=given["servers"], resolvers=[] if given["servers"] else system_servers()
        ),
        given["wait"],
    )
    result = {"missing": [row.shown() for row in gone], "asked": asked}
    if gone and given["fail"]:
        lines = [f"{row.name}, asked of {row.server or 'nobody'}: {row.found}" for row in gone]
        module.fail_json(msg="Not published everywhere: " + "; ".join(lines) + ". Nothing was changed.", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
