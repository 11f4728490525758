#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet filter's rules as text, after proof that they let the administrator in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_ruleset
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Make an nftables ruleset that cannot lock the administrator out
description:
  - Checks all rules at once, looks on the host where sshd listens and from where the host is administered right now,
    refuses rules that would keep that address out, and returns the ruleset as text. It changes nothing;
    M(mailforest.stack.firewall_load) loads the text.
  - The ruleset is one table, C(inet mailforest). It is declared, deleted and declared again, one transaction for
    C(nft -f); tables of Docker, fail2ban and others stay.
  - Incoming traffic is dropped unless a rule lets it in. Answers to own connections, loopback, ping (20 a second), the
    ICMP that path MTU discovery and IPv6 need (RFC 4890), DHCP replies and ssh from O(admin_sources) are let in always.
    Sources that some rule names are told that a port is closed (ICMP, prohibited); others get no answer.
  - Passed-on traffic is looked at only with O(forward); without it the host's own settings stay.
  - Fails when ufw or firewalld is enabled.
options:
  rules:
    description: Traffic that the host takes.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Shown as comment in the ruleset.
        type: str
        required: true
      transport:
        description: The transport.
        type: str
        choices: [tcp, udp]
        required: true
      ports:
        description: Ports (V("25")) and ranges (V("50000-50020")).
        type: list
        elements: str
        required: true
      sources:
        description: Networks (CIDR) or addresses; none means anyone.
        type: list
        elements: str
        default: []
  admin_sources:
    description: Networks (CIDR) or addresses that reach ssh.
    type: list
    elements: str
    required: true
  ssh_ports:
    description: Ports of sshd; by default those on which it listens.
    type: list
    elements: int
    default: []
  forward:
    description: Pass traffic on between networks.
    type: bool
    default: false
  forward_rules:
    description: Traffic that is passed on; all other is dropped.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Shown as comment in the ruleset.
        type: str
        required: true
      transport:
        description: The transport.
        type: str
        choices: [any, tcp, udp]
        default: any
      ports:
        description: Ports and ranges; none means all.
        type: list
        elements: str
        default: []
      sources:
        description: Networks it comes from; none means any.
        type: list
        elements: str
        default: []
      destinations:
        description: Networks it goes to; none means any.
        type: list
        elements: str
        default: []
      not_destinations:
        description: Networks it must not go to.
        type: list
        elements: str
        default: []
      in_interfaces:
        description: Interfaces it arrives at, by name; they need not exist. None means any.
        type: list
        elements: str
        default: []
      out_interfaces:
        description: Interfaces it leaves through. None means any.
        type: list
        elements: str
        default: []
  masquerade:
    description: Traffic that leaves under the host's own address.
    type: list
    elements: dict
    default: []
    suboptions:
      sources:
        description: Networks it comes from.
        type: list
        elements: str
        required: true
      not_destinations:
        description: Networks towards which addresses stay as they are.
        type: list
        elements: str
        default: []
  dnat:
    description: Ports of this host that lead to a host behind it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Shown as comment in the ruleset.
        type: str
        required: true
      transport:
        description: The transport.
        type: str
        choices: [tcp, udp]
        required: true
      port:
        description: The port here.
        type: int
        required: true
      destination:
        description: Address of the host behind.
        type: str
        required: true
      destination_port:
        description: The port there; by default the same.
        type: int
      not_sources:
        description: Networks for which the port does not lead inside, such as those behind this host.
        type: list
        elements: str
        default: []
      not_destinations:
        description: Networks of which this host's own addresses do not lead inside, such as its address in the office.
        type: list
        elements: str
        default: []
  tunnelled:
    description: >-
      Networks behind tunnels. What goes there, passed on or sent by this host, leaves through the interface or not at
      all, and what comes from there arrives at it or is dropped; also for connections that stand, and while the
      interface does not exist. Addresses on the way there are never masqueraded. A network that several entries name
      may take any of their interfaces.
    type: list
    elements: dict
    default: []
    suboptions:
      interface:
        description: The tunnel's interface, by name.
        type: str
        required: true
      networks:
        description: Networks (CIDR) behind it.
        type: list
        elements: str
        required: true
  refused:
    description: >-
      Traffic that the host neither sends nor passes on, whatever other rules say. Who tries is told at once (ICMP,
      prohibited). Answers are not looked at; connections that stand are.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Shown as comment in the ruleset.
        type: str
        required: true
      transport:
        description: The transport.
        type: str
        choices: [any, tcp, udp]
        default: any
      ports:
        description: Ports and ranges; none means all.
        type: list
        elements: str
        default: []
      sources:
        description: Networks it comes from; none means any.
        type: list
        elements: str
        default: []
      not_sources:
        description: Networks from which it may come.
        type: list
        elements: str
        default: []
      destinations:
        description: Networks it goes to; none means any.
        type: list
        elements: str
        default: []
      not_destinations:
        description: Networks to which it may go.
        type: list
        elements: str
        default: []
  egress_limited:
    description: Whether the host sends only what O(egress) names, answers, ICMP and DHCP.
    type: bool
    default: false
  egress:
    description: Traffic that the host may send.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Shown as comment in the ruleset.
        type: str
        required: true
      transport:
        description: The transport.
        type: str
        choices: [any, tcp, udp]
        default: any
      ports:
        description: Ports and ranges; none means all.
        type: list
        elements: str
        default: []
      destinations:
        description: Networks it goes to; none means any.
        type: list
        elements: str
        default: []
  limits:
    description: >-
      How many new TCP connections one source may open, an IPv4 address or an IPv6 network of 64 bits. What is over is
      dropped.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the sets in the kernel. Up to 16 small letters, digits and V(_).
        type: str
        required: true
      ports:
        description: Ports and ranges.
        type: list
        elements: str
        required: true
      per_minute:
        description: New connections a minute once the burst is used up.
        type: int
        required: true
      burst:
        description: New connections at once; by default twice as many as a minute has.
        type: int
  ssh_per_minute:
    description: The same for ssh, with twice as many at once; V(0) is no limit.
    type: int
    default: 0
  limits_exempt:
    description: >-
      Networks (CIDR) or addresses that are not limited. Those of O(admin_sources) are not either, unless that is
      everybody.
    type: list
    elements: str
    default: []
  blocked:
    description: Networks (CIDR) or addresses from which nothing is taken or passed on at all.
    type: list
    elements: str
    default: []
  log_per_minute:
    description: How many dropped packets of each kind are logged a minute; V(0) is none.
    type: int
    default: 0
  fenced:
    description: >-
      Networks (CIDR) or addresses from which nothing is taken or passed on any more, not even on connections that
      stand, such as that of a domain controller whose roles were seized. Two things remain, the ports of O(fence_open)
      and the fenced host's answers over ssh.
    type: list
    elements: str
    default: []
  fence_open:
    description: >-
      TCP ports that fenced addresses still reach where other rules let them; a domain controller learns there that it
      was seized.
    type: list
    elements: str
    default: []
  fence_kept:
    description: >-
      Fence what C(/etc/mailforest/firewall.nft) has fenced, instead of O(fenced), as nothing is known of it now.
    type: bool
    default: false
attributes:
  check_mode:
    description: The module changes nothing.
    support: full
  diff_mode:
    description: The module changes nothing, so there is never a difference.
    support: full
  idempotent:
    description: Equal options on an equally administered host give an equal ruleset.
    support: full
"""

EXAMPLES = r"""
- name: Plan the firewall
  mailforest.stack.firewall_ruleset:
    rules:
      - {name: imaps, transport: tcp, ports: ["993"], sources: [198.51.100.64/26]}
    admin_sources: [198.51.100.0/24]
  register: plan
"""

RETURN = r"""
ruleset:
  description: The text for C(nft -f).
  type: str
  returned: success
sysctls:
  description: Kernel settings that the rules need; empty without O(forward).
  type: dict
  returned: success
fenced:
  description: What is fenced.
  type: list
  elements: str
  returned: success
ssh_ports:
  description: The ports of sshd that are let in.
  type: list
  elements: int
  returned: success
clients:
  description: Addresses from which the host is administered now.
  type: list
  elements: str
  returned: success
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.model import FirewallError
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.plan import plan

_NAME: dict[str, Any] = {"type": "str", "required": True}
_TRANSPORT: dict[str, Any] = {"type": "str", "choices": ["tcp", "udp"], "required": True}
_ANY: dict[str, Any] = {"type": "str", "choices": ["any", "tcp", "udp"], "default": "any"}
_LIST: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
_NEEDED: dict[str, Any] = {"type": "list", "elements": "str", "required": True}


def _listed(**options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


_OPTIONS: dict[str, Any] = {
    "rules": _listed(name=_NAME, transport=_TRANSPORT, ports=_NEEDED, sources=_LIST),
    "admin_sources": _NEEDED,
    "ssh_ports": {"type": "list", "elements": "int", "default": []},
    "forward": {"type": "bool", "default": False},
    "forward_rules": _listed(
        name=_NAME,
        transport=_ANY,
        ports=_LIST,
        sources=_LIST,
        destinations=_LIST,
        not_destinations=_LIST,
        in_interfaces=_LIST,
        out_interfaces=_LIST,
    ),
    "masquerade": _listed(sources=_NEEDED, not_destinations=_LIST),
    "dnat": _listed(
        name=_NAME,
        transport=_TRANSPORT,
        port={"type": "int", "required": True},
        destination={"type": "str", "required": True},
        destination_port={"type": "int"},
        not_sources=_LIST,
        not_destinations=_LIST,
    ),
    "tunnelled": _listed(interface=_NAME, networks=_NEEDED),
    "refused": _listed(
        name=_NAME,
        transport=_ANY,
        ports=_LIST,
        sources=_LIST,
        not_sources=_LIST,
        destinations=_LIST,
        not_destinations=_LIST,
    ),
    "egress_limited": {"type": "bool", "default": False},
    "egress": _listed(name=_NAME, transport=_ANY, ports=_LIST, destinations=_LIST),
    "limits": _listed(
        name=_NAME,
        ports=_NEEDED,
        per_minute={"type": "int", "required": True},
        burst={"type": "int"},
    ),
    "ssh_per_minute": {"type": "int", "default": 0},
    "limits_exempt": _LIST,
    "blocked": _LIST,
    "log_per_minute": {"type": "int", "default": 0},
    "fenced": _LIST,
    "fence_open": _LIST,
    "fence_kept": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        result = plan(module.params, root=Path("/"), pid=os.getpid())
    except FirewallError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
