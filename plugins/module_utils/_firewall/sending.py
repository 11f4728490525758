# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host sends: what it must not, and, where it is limited, all that it may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .limiting import logged
from .model import Policy
from .words import REJECT, Sets, block, passing, rule_line

_REFUSED = "ct direction original jump refused_sending"
# Without these an address is lost, or a neighbour not found.
_ALWAYS = (
    "meta l4proto { icmp, ipv6-icmp } accept",
    'meta nfproto ipv4 udp sport 68 udp dport 67 accept comment "DHCP"',
    'ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept comment "DHCPv6"',
)


def refusing(policy: Policy) -> Iterator[str]:
    """The jump to what is refused. Answers are not looked at; connections that stand are."""
    if policy.refused:
        yield _REFUSED


def chains(policy: Policy, sets: Sets, *, ssh_ports: Sequence[int]) -> Iterator[str]:
    """The chain of what is refused, whether sent or passed on, and that of what this host sends."""
    if policy.refused:
        yield from block("chain refused_sending", _refused(policy, sets))
    if policy.refused or policy.egress_limited or policy.tunnelled:
        yield from block("chain output", _output(policy, sets, ssh_ports))


def _refused(policy: Policy, sets: Sets) -> Iterator[str]:
    for rule in policy.refused:
        for words in passing(sets, rule):
            yield from logged(policy, "not sent", words)
            yield rule_line(words, verdict=f"counter {REJECT}", comment=rule.name)


def _output(policy: Policy, sets: Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    yield "type filter hook output priority filter; policy accept;"
    yield from ("jump tunnelled",) if policy.tunnelled else ()
    if policy.refused or policy.egress_limited:
        yield 'oifname "lo" accept'
    yield from refusing(policy)
    if policy.egress_limited:
        yield from _limited(policy, sets, ssh_ports)


def _limited(policy: Policy, sets: Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    yield "ct direction reply accept"
    yield "ct state related accept"
    # A session that was there before the rules may be taken for one that this host began.
    yield rule_line(f"tcp sport {{ {', '.join(map(str, ssh_ports))} }}", verdict="accept", comment="ssh")
    yield from _ALWAYS
    for rule in policy.egress:
        for words in passing(sets, rule):
            yield rule_line(words, verdict="counter accept", comment=rule.name)
    yield from logged(policy, "not sent")
    yield f"counter name not_sent {REJECT}"
