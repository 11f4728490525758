# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many new connections one source may open, and how many dropped packets are logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Limit, Policy
from .words import FAMILIES, Sets, block, exempt, ip_versions, port_words, rule_line

_SIZE = 65535
"""Sources that a set remembers. While it is full, further ones are not limited: nobody is locked out by a flood."""
_FORGOTTEN = "2m"
# A provider gives each customer a network of this size, so an address in it says nothing.
_SOURCES = {4: "ip saddr", 6: "ip6 saddr & ffff:ffff:ffff:ffff::"}


def limits(policy: Policy, ssh_ports: Sequence[int]) -> tuple[Limit, ...]:
    """All of them, that of ssh first."""
    rate = policy.ssh_per_minute
    ssh = Limit(name="ssh", ports=tuple((port, port) for port in ssh_ports), per_minute=rate, burst=2 * rate)
    return (ssh, *policy.limits) if rate else policy.limits


def declarations(found: Sequence[Limit]) -> Iterator[str]:
    """The sets in which the kernel counts."""
    for limit in found:
        for version in FAMILIES:
            kind = f"type ipv{version}_addr; size {_SIZE}; flags dynamic,timeout; timeout {_FORGOTTEN};"
            yield f"set {limit.name}_v{version} {{ {kind} }}"


def jumps(found: Sequence[Limit]) -> Iterator[str]:
    """Before anything is accepted."""
    for limit in found:
        yield rule_line("ct state new", port_words("tcp", limit.ports), verdict=f"jump limit_{limit.name}")


def chains(policy: Policy, sets: Sets, found: Sequence[Limit]) -> Iterator[str]:
    """A chain for each, and one for whoever is over any."""
    if found:
        yield from block("chain over_limit", [*logged(policy, "over limit"), "counter name limited drop"])
    for limit in found:
        yield from block(f"chain limit_{limit.name}", _lines(policy, sets, limit))


def _lines(policy: Policy, sets: Sets, limit: Limit) -> Iterator[str]:
    free = exempt(policy)
    for version in ip_versions(free) if free else ():
        yield rule_line(sets.match(free, version=version, side="saddr"), verdict="return")
    rate = f"limit rate over {limit.per_minute}/minute burst {limit.burst} packets"
    # Dropped, not refused: a program that means well tries again a second later, and gets through.
    for version, source in _SOURCES.items():
        yield f"update @{limit.name}_v{version} {{ {source} {rate} }} goto over_limit"


def logged(policy: Policy, word: str, match: str = "") -> Iterator[str]:
    """The line that logs what comes to it; none unless it is asked for."""
    if policy.log_per_minute:
        rate = f"limit rate {policy.log_per_minute}/minute"
        yield rule_line(match, rate, verdict=f'log prefix "mailforest {word}: "')
