#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host can become what the inventory says, before anything on it changes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: See whether a host can become what the inventory says
description:
  - Reads what no inventory tells (release, Python, memory, disk, clock, address, resolver, and for domain controllers
    extended attributes and port 53), and fails with all findings at once, each with what was found, what
    follows, and the remedy.
  - Changes nothing. Needs no more than Python, and also answers clearly on releases that are not supported.
options:
  functions:
    description: What the host is to be.
    type: list
    elements: str
    choices: [domain_controller, mail_server, gateway, member]
    default: []
  address:
    description: The host's own address; it must be on one of its interfaces. Empty means not checked.
    type: str
    default: ""
  name:
    description: >-
      The host's name in the directory, at most 15 letters, digits and hyphens (NetBIOS). Empty means not checked.
    type: str
    default: ""
  controller_time:
    description: The controller's clock, in seconds since 1970 (UTC).
    type: float
    required: true
  clock_tolerance:
    description: Seconds by which the clocks may differ. Kerberos allows 300 (RFC 4120).
    type: int
    default: 300
  releases:
    description: Numbers of the Debian releases that are supported.
    type: list
    elements: str
    required: true
  minimum_memory:
    description: MiB of memory that the host needs; 0 means as its functions need.
    type: int
    default: 0
  minimum_disk:
    description: MiB that must be free below C(/var); 0 means as its functions need.
    type: int
    default: 0
  samba_path:
    description: Where a domain controller keeps SYSVOL and databases. It need not exist yet.
    type: str
    default: /var/lib/samba
  functional_level:
    description:
      - The directory's functional level, such as V(2016). The Samba of Debian 12 knows none above V(2008_R2).
      - Empty means not checked.
    type: str
    default: ""
attributes:
  check_mode:
    description: The module changes nothing.
    support: full
  diff_mode:
    description: The module changes nothing, so there is never a difference.
    support: full
  idempotent:
    description: The module changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: See whether the host can become a domain controller
  mailforest.stack.preflight:
    functions: [domain_controller]
    address: 198.51.100.66
    controller_time: "{{ now(utc=true).timestamp() }}"
    releases: ["12", "13"]
"""

RETURN = r"""
findings:
  description: What stands against it; empty on success.
  type: list
  elements: dict
  returned: always
  contains:
    check:
      description: What was looked at, such as C(memory).
      type: str
    found:
      description: What was found.
      type: str
    consequence:
      description: What follows from it.
      type: str
    remedy:
      description: What to do.
      type: str
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._host.preflight import Wanted, judge, read_facts

_FUNCTIONS = ["domain_controller", "mail_server", "gateway", "member"]
_OPTIONS: dict[str, Any] = {
    "functions": {"type": "list", "elements": "str", "choices": _FUNCTIONS, "default": []},
    "address": {"type": "str", "default": ""},
    "name": {"type": "str", "default": ""},
    "controller_time": {"type": "float", "required": True},
    "clock_tolerance": {"type": "int", "default": 300},
    "releases": {"type": "list", "elements": "str", "required": True},
    "minimum_memory": {"type": "int", "default": 0},
    "minimum_disk": {"type": "int", "default": 0},
    "samba_path": {"type": "str", "default": "/var/lib/samba"},
    "functional_level": {"type": "str", "default": ""},
}


def _wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        functions=tuple(params["functions"]),
        address=params["address"],
        name=params["name"],
        controller_time=params["controller_time"],
        clock_tolerance=params["clock_tolerance"],
        releases=tuple(params["releases"]),
        memory=params["minimum_memory"],
        disk=params["minimum_disk"],
        samba_path=params["samba_path"],
        functional_level=params["functional_level"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    wanted = _wanted(module.params)
    findings = judge(wanted, read_facts(wanted))
    shown = [asdict(finding) for finding in findings]
    if findings:
        text = "\n".join(finding.text for finding in findings)
        module.fail_json(msg=f"This host cannot serve yet; nothing was changed.\n{text}", findings=shown)
    module.exit_json(changed=False, findings=shown)


if __name__ == "__main__":
    main()
