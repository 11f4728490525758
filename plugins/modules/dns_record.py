#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage DNS records that live in the directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record
short_description: Manage DNS records that live in the directory, one set or many in one plan
version_added: 1.0.0
description:
  - Makes the values of a type at a name what they should be. Records of other types at the name stay.
  - Written to the local database, in one transaction; a running Samba answers with them at once.
  - What is wrong with any of them is told at once and before any change.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  records:
    description:
      - Many sets of records at once, each with the options below.
    type: list
    elements: dict
    suboptions:
      zone:
        description:
          - Name of the zone. It has to exist in the directory (M(mailforest.stack.dns_zone)).
        type: str
        required: true
      name:
        description:
          - Name of the record, relative to the zone or absolute; V(@) is the zone itself.
        type: str
        required: true
      type:
        description:
          - Type of the record.
        type: str
        choices: [A, AAAA, CNAME, MX, NS, PTR, SRV, TXT]
        required: true
      values:
        description:
          - Values in the form that zone files have, as V(198.51.100.70), V(10 mx1.example.test) for MX, V(0 100 389
            dc1.example.test) for SRV.
          - Names are absolute; a final dot may be left out. TXT is the text itself, without quotes, of any length
            (RFC 7208 section 3.3).
          - Needed with O(state=present). With O(state=absent) these values go, or all of the type when there are
            none.
        type: list
        elements: str
      ttl:
        description:
          - Time to live in seconds. Left out, existing values keep theirs and new ones get 3600.
        type: int
      exclusive:
        description:
          - Whether O(values) are all values of this type at this name; others go.
        type: bool
        default: true
      state:
        description:
          - Whether the values are there.
        type: str
        choices: [present, absent]
        default: present
  zone:
    description:
      - Name of the zone. It has to exist in the directory (M(mailforest.stack.dns_zone)).
    type: str
  name:
    description:
      - Name of the record, relative to the zone or absolute; V(@) is the zone itself.
    type: str
  type:
    description:
      - Type of the record.
    type: str
    choices: [A, AAAA, CNAME, MX, NS, PTR, SRV, TXT]
  values:
    description:
      - Values in the form that zone files have, as V(198.51.100.70), V(10 mx1.example.test) for MX, V(0 100 389
        dc1.example.test) for SRV.
      - Names are absolute; a final dot may be left out. TXT is the text itself, without quotes, of any length (RFC
        7208 section 3.3).
      - Needed with O(state=present). With O(state=absent) these values go, or all of the type when there are none.
    type: list
    elements: str
  ttl:
    description:
      - Time to live in seconds. Left out, existing values keep theirs and new ones get 3600.
    type: int
  exclusive:
    description:
      - Whether O(values) are all values of this type at this name; others go.
    type: bool
    default: true
  state:
    description:
      - Whether the values are there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Samba's DNS serves no other types; a CAA record, say, has to stand in the zone that the Internet sees.
  - Domain controllers register their own records (SRV, and A at the domain's name) themselves; leave those to Samba.
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_zone
"""

EXAMPLES = r"""
- name: Say where mail for example.test goes, and who may send it
  mailforest.stack.dns_record:
    records:
      - {zone: example.test, name: "@", type: MX, values: ["10 mx1.example.test"]}
      - {zone: example.test, name: "@", type: TXT, values: ["v=spf1 mx -all"]}
      - {zone: example.test, name: mx1, type: A, values: [198.51.100.70], ttl: 600}
      - {zone: example.test, name: old, type: A, values: [], state: absent}
"""

RETURN = r"""
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import (
    RECORD_ARGUMENTS,
    RecordsResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**RECORD_ARGUMENTS)
    options = module.params
    entries = options["records"] if options["records"] is not None else [options]
    run(module, lambda: RecordsResource(DirectoryZones(options["configuration_file"]), entries))


if __name__ == "__main__":
    main()
