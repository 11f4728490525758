# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checks that ask a DNS server for zones."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_probes
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Make the checks that ask a DNS server for zones
description:
  - Turns names of zones into checks for M(mailforest.stack.reachable) that ask a server for each zone.
positional: host
options:
  _input:
    description: Names of the zones.
    type: list
    elements: str
    required: true
  host:
    description: Name or address of the server.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Ask for the zones
  mailforest.stack.reachable:
    checks: "{{ ['example.test'] | mailforest.stack.dns_probes('198.51.100.70') }}"
"""

RETURN = r"""
_value:
  description: Entries for the option C(checks) of M(mailforest.stack.reachable).
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable
from typing import Any


def dns_probes(zones: Iterable[str], host: str) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    asked = {"host": host, "port": 53, "transport": "udp", "protocol": "dns"}
    return [{"name": f"zone {zone}", "argument": str(zone), **asked} for zone in zones]


class FilterModule:
    """The filter `dns_probes`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"dns_probes": dns_probes}
