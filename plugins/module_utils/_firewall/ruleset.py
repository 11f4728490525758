# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ruleset as text for `nft -f`: one table of our own, replaced whole in one transaction, all others left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import limiting, sending
from .model import Dnat, Masquerade, Network, Policy, Rule, Tunnelled, collapsed, families
from .words import (
    FAMILIES,
    INDENT,
    REJECT,
    Sets,
    anywhere,
    block,
    interfaces,
    ip_versions,
    of_version,
    passing,
    port_words,
    rule_line,
    spelled,
)

TABLE = "inet mailforest"

# RFC 4890, 4.4.1: what a link cannot do without. None of it crosses a router, which hop limit and source show. It comes
# before what conntrack takes for invalid, as it knows only some of these.
_LINK = (
    "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, 141, 142, 148, 149 } "
    "ip6 hoplimit 255 accept",
    "icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } "
    "ip6 saddr fe80::/10 accept",
    "icmpv6 type { 151, 152, 153 } ip6 saddr fe80::/10 ip6 hoplimit 1 accept",
)
# 4.4.1 and 4.4.2 of it; for IPv4 what path MTU discovery and traceroute need.
_ERRORS = "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept"
_ECHO = "icmpv6 type echo-request limit rate 20/second burst 40 packets accept"
_ESSENTIAL = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmp type echo-request limit rate 20/second burst 40 packets accept",
    _ERRORS,
    _ECHO,
)
# 4.3.1 and 4.3.2 of it: errors, echoes and mobile IPv6.
_TRANSIT = (_ERRORS, "icmpv6 type 144-147 accept", _ECHO)
_DHCP = (
    'meta nfproto ipv4 udp sport 67 udp dport 68 accept comment "DHCP replies"',
    'ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6 replies"',
)
ALWAYS_LET_IN = (*_LINK, *_ESSENTIAL, *_DHCP)
"""What every host takes, whatever the policy says."""


def _accept(sets: Sets, rule: Rule) -> Iterator[str]:
    words = port_words(rule.transport, rule.ports)
    if not rule.sources or anywhere(rule.sources):
        yield rule_line(words, verdict="counter accept", comment=rule.name)
        return
    for version in ip_versions(rule.sources):
        source = sets.match(rule.sources, version=version, side="saddr")
        yield rule_line(source, words, verdict="counter accept", comment=rule.name)


def _neighbours(policy: Policy) -> tuple[Network, ...]:
    """Who is told that a port is closed, so that mistakes show: all whom a rule names. Strangers hear nothing."""
    return collapsed(n for rule in policy.rules for n in rule.sources if n.prefixlen)


def _input(policy: Policy, sets: Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    yield "type filter hook input priority filter; policy drop;"
    yield from _fence(policy, sets)
    # A redirect counts as related to what the host sent. A site has one gateway, and nobody is to name another.
    yield "icmp type redirect drop"
    yield "ct state { established, related } accept"
    yield from _LINK
    yield "ct state invalid counter name invalid drop"
    yield 'iifname "lo" accept'
    yield from limiting.jumps(limiting.limits(policy, ssh_ports))
    ssh = Rule(
        name="ssh", transport="tcp", ports=tuple((port, port) for port in ssh_ports), sources=policy.admin_sources
    )
    yield from _accept(sets, ssh)
    yield from _ESSENTIAL
    yield from _DHCP
    for rule in policy.rules:
        yield from _accept(sets, rule)
    yield from limiting.logged(policy, "refused")
    yield "counter name refused"
    yield from _reject(policy)


def _fence(policy: Policy, sets: Sets) -> Iterator[str]:
    """First, so that connections that stand end too. A host's words to itself are not looked at."""
    for version in sorted(families(policy.fenced)):
        source = sets.match(policy.fenced, version=version, side="saddr")
        yield rule_line('iifname != "lo"', source, verdict="jump fence")


def _fence_lines(policy: Policy, ssh_ports: Sequence[int]) -> Iterator[str]:
    if policy.fence_open:
        yield rule_line(
            port_words("tcp", policy.fence_open), verdict="return", comment="its question whether it is fenced"
        )
    ports = ", ".join(map(str, ssh_ports))
    words = f"tcp sport {{ {ports} }} ct state established ct direction reply"
    yield rule_line(words, verdict="return", comment="ssh to it")
    yield "counter name fenced drop"


def _reject(policy: Policy) -> Iterator[str]:
    neighbours = _neighbours(policy)
    for version in sorted(families(neighbours)):
        elements = ", ".join(spelled(network) for network in of_version(neighbours, version))
        match = f"{FAMILIES[version]} saddr {{ {elements} }}"
        yield rule_line(match, "limit rate 50/second burst 100 packets", verdict=REJECT)


def _astray(sets: Sets, rules: Sequence[Tunnelled], *, address: str, interface: str, counter: str) -> Iterator[str]:
    """What belongs into a tunnel and takes another way."""
    for rule in rules:
        for version in ip_versions(rule.networks):
            elsewhere = interfaces(interface, rule.interfaces, negate=True)
            networks = sets.match(rule.networks, version=version, side=address)
            yield rule_line(elsewhere, networks, verdict=f"counter name {counter} drop")


def _forward(policy: Policy, sets: Sets) -> Iterator[str]:
    yield "type filter hook forward priority filter; policy drop;"
    yield from _fence(policy, sets)
    # First, so that a connection that was made through the tunnel does not go on beside it.
    yield from ("jump tunnelled",) if policy.tunnelled else ()
    yield from sending.refusing(policy)
    yield "ct state invalid counter name invalid drop"
    yield "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
    yield "ct state { established, related } accept"
    yield from _TRANSIT if any(6 in families(r.sources) for r in policy.forward_rules) else ()
    yield from ('ct status dnat accept comment "ports that lead inside"',) if policy.dnat else ()
    for rule in policy.forward_rules:
        for words in passing(sets, rule):
            yield rule_line(words, verdict="counter accept", comment=rule.name)
    yield from limiting.logged(policy, "not forwarded")
    yield "counter name not_forwarded"


def _dnat(sets: Sets, rule: Dnat) -> str:
    version = rule.destination.version
    six = version == 6
    target = f"[{rule.destination}]" if six else str(rule.destination)
    excluded = [
        sets.match(rule.not_sources, version=version, side="saddr", negate=True),
        sets.match(rule.not_destinations, version=version, side="daddr", negate=True),
    ]
    words = f"fib daddr type local {rule.transport} dport {rule.port}"
    return rule_line(
        *(excluded if any(excluded) else [f"meta nfproto ipv{version}"]),
        words,
        verdict=f"counter dnat {'ip6' if six else 'ip'} to {target}:{rule.destination_port}",
        comment=rule.name,
    )


def _masquerade(sets: Sets, rule: Masquerade) -> Iterator[str]:
    for version in ip_versions(rule.sources):
        source = sets.match(rule.sources, version=version, side="saddr")
        excluded = sets.match(rule.not_destinations, version=version, side="daddr", negate=True)
        yield rule_line(source, excluded, verdict="counter masquerade")


def _unchanged(sets: Sets, rule: Tunnelled) -> Iterator[str]:
    for version in ip_versions(rule.networks):
        yield rule_line(sets.match(rule.networks, version=version, side="daddr"), verdict="accept")


def _arriving(policy: Policy, sets: Sets) -> Iterator[str]:
    """Before connections are looked up, so that it costs little: who is blocked, and what comes the wrong way."""
    yield "type filter hook prerouting priority raw; policy accept;"
    for version in sorted(families(policy.blocked)):
        source = sets.match(policy.blocked, version=version, side="saddr")
        yield rule_line('iifname != "lo"', source, verdict="counter name blocked drop")
    yield from _astray(sets, policy.tunnelled, address="saddr", interface="iifname", counter="spoofed")


def _tunnel_chains(policy: Policy, sets: Sets) -> Iterator[str]:
    """What leaves the wrong way, whether passed on or sent by this host; and what arrives so."""
    if policy.tunnelled:
        away = _astray(sets, policy.tunnelled, address="daddr", interface="oifname", counter="leaked")
        yield from block("chain tunnelled", away)
    if policy.tunnelled or policy.blocked:
        yield from block("chain arriving", _arriving(policy, sets))


def _chains(policy: Policy, sets: Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    yield from _tunnel_chains(policy, sets)
    yield from sending.chains(policy, sets, ssh_ports=ssh_ports)
    yield from limiting.chains(policy, sets, limiting.limits(policy, ssh_ports))
    if policy.fenced:
        yield from block("chain fence", _fence_lines(policy, ssh_ports))
    yield from block("chain input", _input(policy, sets, ssh_ports))
    if policy.forward:
        yield from block("chain forward", _forward(policy, sets))
    if policy.dnat:
        hook = "type nat hook prerouting priority dstnat; policy accept;"
        yield from block("chain prerouting", [hook, *(_dnat(sets, rule) for rule in policy.dnat)])
    if policy.masquerade:
        hook = "type nat hook postrouting priority srcnat; policy accept;"
        kept = [line for rule in policy.tunnelled for line in _unchanged(sets, rule)]
        lines = [line for rule in policy.masquerade for line in _masquerade(sets, rule)]
        yield from block("chain postrouting", [hook, *kept, *lines])


def render(policy: Policy, *, ssh_ports: Sequence[int]) -> str:
    """The whole file."""
    sets, limits = Sets.of(policy), limiting.limits(policy, ssh_ports)
    counters = ["invalid", "refused"]
    counters += ["not_forwarded"] if policy.forward else []
    counters += ["leaked", "spoofed"] if policy.tunnelled else []
    counters += ["fenced"] if policy.fenced else []
    counters += ["blocked"] if policy.blocked else []
    counters += ["limited"] if limits else []
    counters += ["not_sent"] if policy.egress_limited else []
    lines = [
        "#!/usr/sbin/nft -f",
        "# Written by Ansible (mailforest.stack). What is changed here by hand is overwritten by the next run.",
        "# Declared, deleted, declared anew: one transaction, for the first load too. Nobody else's table is touched.",
        *_fence_note(policy),
        f"table {TABLE}",
        f"delete table {TABLE}",
        f"table {TABLE} {{",
        *(f"{INDENT}counter {name} {{ }}" for name in counters),
        *(f"{INDENT}{line}" for line in (*sets.declarations(), *limiting.declarations(limits))),
        *_chains(policy, sets, ssh_ports),
        "}",
    ]
    return "\n".join(lines) + "\n"


_FENCED = "# Fenced: "


def _fence_note(policy: Policy) -> Iterator[str]:
    if policy.fenced:
        yield _FENCED + " ".join(spelled(network) for network in policy.fenced)


def noted_fence(text: str) -> list[str]:
    """The fenced addresses of a ruleset that was rendered here."""
    return next((line[len(_FENCED) :].split() for line in text.splitlines() if line.startswith(_FENCED)), [])


def sysctls(policy: Policy) -> dict[str, str]:
    """The kernel's settings that the policy needs."""
    if not policy.forward:
        return {}
    settings = {"net.ipv4.ip_forward": "1"}
    addresses = [n for r in policy.forward_rules for n in (*r.sources, *r.destinations)]
    if 6 in families(addresses):
        settings["net.ipv6.conf.all.forwarding"] = "1"
        # A router ignores router advertisements unless told otherwise, and would lose its own way out.
        settings["net.ipv6.conf.*.accept_ra"] = "2"
    return settings
