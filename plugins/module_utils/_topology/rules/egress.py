# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on what leaves the offices, and on whom they shut out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Violation
from ..model import Egress, Network, Topology, parse_network
from .network import bad_network
from .registry import rule

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,62}")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LAST_PORT = 65535


@rule("direct-senders-legal", "MAIL-20", "Who may send mail beside the mail servers is given as networks.")
def direct_senders_legal(topology: Topology) -> Iterator[Violation]:
    """Gateways let them through by address."""
    yield from _networks("mailforest_mail.direct_senders", topology.mail.direct_senders)


@rule("egress-legal", "MAIL-20", "What a limited host may send has a name, ports of a transport, and networks.")
def egress_legal(topology: Topology) -> Iterator[Violation]:
    """The packet filter would refuse it in the middle of the run."""
    for host in topology.members:
        for index, row in enumerate(host.egress):
            place = f"{host.name}.mailforest_egress[{index}]"
            yield from _networks(f"{place}.destinations", row.destinations)
            yield from _words(place, row)


@rule("blocked-legal", "AD-10", "What is blocked is given as networks, and is none of the system's own.")
def blocked_legal(topology: Topology) -> Iterator[Violation]:
    """It would cut off an office, a peer gateway or the administrator."""
    place = "mailforest_firewall.blocked"
    yield from _networks(place, topology.filtering.blocked)
    for index, text in enumerate(topology.filtering.blocked):
        network = parse_network(text)
        if network is not None and (held := list(_held(topology, network))):
            yield Violation(
                place=f"{place}[{index}]",
                value=text,
                message=f"The network holds {', '.join(held[:5])}, which would be cut off.",
                remedy="Block only networks of others.",
            )


def _held(topology: Topology, network: Network) -> Iterator[str]:
    """Hosts of the system, and those who administer it, that are in the network."""
    for host in topology.members:
        if any(address is not None and address in network for address in (host.ip, host.public_ip)):
            yield host.name
    for text in topology.admin_sources:
        source = parse_network(text)
        if source and source.version == network.version and source.prefixlen > 0 and network.overlaps(source):
            yield from (text,) if source.prefixlen >= network.prefixlen else ()


def _networks(place: str, texts: tuple[str, ...]) -> Iterator[Violation]:
    for index, text in enumerate(texts):
        if text and parse_network(text) is None:
            message, remedy = bad_network(text)
            yield Violation(place=f"{place}[{index}]", value=text, message=message, remedy=remedy)


def _words(place: str, row: Egress) -> Iterator[Violation]:
    if row.name and not _NAME.fullmatch(row.name):
        yield Violation(
            place=f"{place}.name",
            value=row.name,
            message="The name cannot stand in the rules as a comment.",
            remedy="Use up to 63 letters, digits, spaces and . _ : / @ + -",
        )
    if row.ports and row.transport == "any":
        yield Violation(
            place=f"{place}.transport",
            value=row.transport,
            message="Ports are those of tcp or udp.",
            remedy="Write tcp or udp, or leave the ports out.",
        )
    for index, text in enumerate(row.ports):
        if text and not _are_ports(text):
            yield Violation(
                place=f"{place}.ports[{index}]",
                value=text,
                message="This is no port and no range of ports.",
                remedy=f'Write "443" or "8000-8010", within 1 to {_LAST_PORT}.',
            )


def _are_ports(text: str) -> bool:
    match = _PORTS.fullmatch(text)
    return match is not None and 1 <= int(match[1]) <= int(match[2] or match[1]) <= _LAST_PORT
