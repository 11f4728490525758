# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a packet filter is told: rules with checked values."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
Transport = Literal["tcp", "udp", "any"]
Ports = tuple[tuple[int, int], ...]


class FirewallError(Exception):
    """Something that must be mended before the firewall may change; all faults in one text."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Traffic that the host itself takes. No sources: from anywhere."""

    name: str
    transport: Transport
    ports: Ports
    sources: tuple[Network, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ForwardRule:
    """Traffic that the host passes on, or sends. Empty: any."""

    name: str
    transport: Transport
    ports: Ports = ()
    sources: tuple[Network, ...] = ()
    not_sources: tuple[Network, ...] = ()
    destinations: tuple[Network, ...] = ()
    not_destinations: tuple[Network, ...] = ()
    in_interfaces: tuple[str, ...] = ()
    out_interfaces: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Masquerade:
    """Traffic that leaves under the host's own address."""

    sources: tuple[Network, ...]
    not_destinations: tuple[Network, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dnat:
    """A port of the host that leads to another host."""

    name: str
    transport: Transport
    port: int
    destination: Address
    destination_port: int
    not_sources: tuple[Network, ...] = ()
    not_destinations: tuple[Network, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tunnelled:
    """Networks whose traffic passes these interfaces only, also while they do not exist."""

    interfaces: tuple[str, ...]
    networks: tuple[Network, ...]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How many new connections to these ports one source may open: so many a minute once its burst is used up."""

    name: str
    ports: Ports
    per_minute: int
    burst: int


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything that the ruleset is made from."""

    rules: tuple[Rule, ...]
    admin_sources: tuple[Network, ...]
    forward: bool = False
    forward_rules: tuple[ForwardRule, ...] = ()
    masquerade: tuple[Masquerade, ...] = ()
    dnat: tuple[Dnat, ...] = ()
    tunnelled: tuple[Tunnelled, ...] = ()
    refused: tuple[ForwardRule, ...] = ()
    """What is neither sent nor passed on."""
    egress: tuple[ForwardRule, ...] = ()
    """What this host may send, where that is limited."""
    egress_limited: bool = False
    limits: tuple[Limit, ...] = ()
    ssh_per_minute: int = 0
    """As a limit of ssh; 0: none."""
    limits_exempt: tuple[Network, ...] = ()
    blocked: tuple[Network, ...] = ()
    """From here nothing is taken or passed on at all."""
    log_per_minute: int = 0
    """How many dropped packets are logged; 0: none."""
    fenced: tuple[Network, ...] = ()
    """From here nothing is taken or passed on, not even on connections that stand."""
    fence_open: Ports = ()
    """But this, over TCP: what a fenced host asks to learn that it is fenced."""


def families(networks: Sequence[Network | Address]) -> frozenset[int]:
    """The IP versions among them."""
    return frozenset(network.version for network in networks)


def collapsed(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The same addresses in the fewest networks, none of which overlap: nft takes no others."""
    known = list(networks)
    four = [n for n in known if isinstance(n, ipaddress.IPv4Network)]
    six = [n for n in known if isinstance(n, ipaddress.IPv6Network)]
    return (*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six))
