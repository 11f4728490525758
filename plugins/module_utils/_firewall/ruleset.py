# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ruleset as text for `nft -f`: one table of our own, replaced whole in one transaction, all others left alone."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .model import Dnat, ForwardRule, Masquerade, Network, Policy, Ports, Rule, Tunnelled, families

TABLE = "inet mailforest"
_FAMILIES = {4: "ip", 6: "ip6"}
_INDENT = "    "

# RFC 4890 section 4.4: what IPv6 cannot do without; for IPv4 what path MTU discovery and traceroute need.
_ESSENTIAL = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
    "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept",
    "icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept",
    "icmp type echo-request limit rate 20/second burst 40 packets accept",
    "icmpv6 type echo-request limit rate 20/second burst 40 packets accept",
)
_DHCP = (
    'meta nfproto ipv4 udp sport 67 udp dport 68 accept comment "DHCP replies"',
    'ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6 replies"',
)


@dataclass(frozen=True)
class _Sets:
    """The named sets of addresses; equal lists share one."""

    names: dict[tuple[Network, ...], str]

    @classmethod
    def of(cls, policy: Policy) -> _Sets:
        lists: list[tuple[Network, ...]] = [policy.admin_sources, *(rule.sources for rule in policy.rules)]
        for forward in policy.forward_rules:
            lists += [forward.sources, forward.destinations, forward.not_destinations]
        for masquerade in policy.masquerade:
            lists += [masquerade.sources, masquerade.not_destinations]
        lists += [networks for dnat in policy.dnat for networks in (dnat.not_sources, dnat.not_destinations)]
        lists += [tunnelled.networks for tunnelled in policy.tunnelled]
        lists.append(policy.fenced)
        names: dict[tuple[Network, ...], str] = {}
        for networks in lists:
            for version in sorted(families(networks)):
                part = _part(networks, version)
                if part not in names and not _everything(part):
                    admin = networks == policy.admin_sources
                    names[part] = _free(f"admin_v{version}" if admin else _set_name(part), names.values())
        return cls(names)

    def match(self, networks: Sequence[Network], *, version: int, side: str, negate: bool = False) -> str:
        """The words that match `side` (saddr, daddr) with the networks of this IP version."""
        part = _part(networks, version)
        if not part:
            return ""
        if _everything(part):
            return f"meta nfproto ipv{version}"
        return f"{_FAMILIES[version]} {side} {'!= ' if negate else ''}@{self.names[part]}"

    def declarations(self) -> Iterator[str]:
        for networks, name in self.names.items():
            elements = ", ".join(_plain(network) for network in networks)
            kind = f"ipv{networks[0].version}_addr"
            yield f"set {name} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}"


def _set_name(networks: Sequence[Network]) -> str:
    """A name that tells what is in it, and stays when other rules come and go."""
    first = re.sub("[^0-9a-f]+", "_", _plain(networks[0]))
    return f"net_{first}_and_{len(networks) - 1}" if len(networks) > 1 else f"net_{first}"


def _free(name: str, taken: Collection[str]) -> str:
    return next(free for n in itertools.count(1) if (free := name if n == 1 else f"{name}_{n}") not in taken)


def _part(networks: Sequence[Network], version: int) -> tuple[Network, ...]:
    return tuple(network for network in networks if network.version == version)


def _everything(networks: Sequence[Network]) -> bool:
    return any(network.prefixlen == 0 for network in networks)


def _plain(network: Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _ports(transport: str, ports: Ports) -> str:
    if not ports:
        return "" if transport == "any" else f"meta l4proto {transport}"
    spans = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports)
    return f"{transport} dport {{ {spans} }}"


def _line(*words: str, verdict: str, comment: str = "") -> str:
    note = f' comment "{comment}"' if comment else ""
    return " ".join([word for word in words if word] + [verdict]) + note


def _versions(*lists: Sequence[Network]) -> list[int]:
    """The IP versions that a rule speaks of; [0] when it speaks of none."""
    positive = [families(networks) for networks in lists if networks]
    return sorted(frozenset.intersection(*positive)) if positive else [0]


def _anywhere(networks: Sequence[Network]) -> bool:
    return all(_everything(_part(networks, version)) for version in _FAMILIES)


def _accept(sets: _Sets, rule: Rule) -> Iterator[str]:
    words = _ports(rule.transport, rule.ports)
    if not rule.sources or _anywhere(rule.sources):
        yield _line(words, verdict="counter accept", comment=rule.name)
        return
    for version in _versions(rule.sources):
        source = sets.match(rule.sources, version=version, side="saddr")
        yield _line(source, words, verdict="counter accept", comment=rule.name)


def _neighbours(policy: Policy) -> tuple[Network, ...]:
    """Who is told that a port is closed, so that mistakes show: all whom a rule names. Strangers hear nothing."""
    named = [n for rule in policy.rules for n in rule.sources if n.prefixlen]
    four = ipaddress.collapse_addresses([n for n in named if isinstance(n, ipaddress.IPv4Network)])
    six = ipaddress.collapse_addresses([n for n in named if isinstance(n, ipaddress.IPv6Network)])
    return (*four, *six)


def _input(policy: Policy, sets: _Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    yield "type filter hook input priority filter; policy drop;"
    yield from _fence(policy, sets)
    yield "ct state { established, related } accept"
    yield "ct state invalid counter name invalid drop"
    yield 'iifname "lo" accept'
    ssh = Rule(
        name="ssh", transport="tcp", ports=tuple((port, port) for port in ssh_ports), sources=policy.admin_sources
    )
    yield from _accept(sets, ssh)
    yield from _ESSENTIAL
    yield from _DHCP
    for rule in policy.rules:
        yield from _accept(sets, rule)
    yield "counter name refused"
    yield from _reject(policy)


def _fence(policy: Policy, sets: _Sets) -> Iterator[str]:
    """First, so that connections that stand end too. A host's words to itself are not looked at."""
    for version in sorted(families(policy.fenced)):
        source = sets.match(policy.fenced, version=version, side="saddr")
        yield _line('iifname != "lo"', source, verdict="jump fence")


def _fence_lines(policy: Policy, ssh_ports: Sequence[int]) -> Iterator[str]:
    if policy.fence_open:
        yield _line(_ports("tcp", policy.fence_open), verdict="return", comment="its question whether it is fenced")
    ports = ", ".join(map(str, ssh_ports))
    words = f"tcp sport {{ {ports} }} ct state established ct direction reply"
    yield _line(words, verdict="return", comment="ssh to it")
    yield "counter name fenced drop"


def _reject(policy: Policy) -> Iterator[str]:
    neighbours = _neighbours(policy)
    for version in sorted(families(neighbours)):
        elements = ", ".join(_plain(network) for network in _part(neighbours, version))
        match = f"{_FAMILIES[version]} saddr {{ {elements} }}"
        yield _line(match, "limit rate 50/second burst 100 packets", verdict="reject with icmpx admin-prohibited")


def _interfaces(side: str, names: Sequence[str], *, negate: bool = False) -> str:
    """By name, not by number: the rule stands before the interface exists and after it is gone."""
    if not names:
        return ""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{side} {'!= ' if negate else ''}{quoted if len(names) == 1 else f'{{ {quoted} }}'}"


def _astray(sets: _Sets, rules: Sequence[Tunnelled], *, address: str, interface: str, counter: str) -> Iterator[str]:
    """What belongs into a tunnel and takes another way."""
    for rule in rules:
        for version in _versions(rule.networks):
            elsewhere = _interfaces(interface, rule.interfaces, negate=True)
            networks = sets.match(rule.networks, version=version, side=address)
            yield _line(elsewhere, networks, verdict=f"counter name {counter} drop")


def _forward_lines(sets: _Sets, rule: ForwardRule) -> Iterator[str]:
    for version in _forward_versions(rule):
        words = [
            sets.match(rule.sources, version=version, side="saddr"),
            sets.match(rule.destinations, version=version, side="daddr"),
            sets.match(rule.not_destinations, version=version, side="daddr", negate=True),
        ]
        if version and not any(words):
            words = [f"meta nfproto ipv{version}"]
        ways = [_interfaces("iifname", rule.in_interfaces), _interfaces("oifname", rule.out_interfaces)]
        yield _line(*ways, *words, _ports(rule.transport, rule.ports), verdict="counter accept", comment=rule.name)


def _forward_versions(rule: ForwardRule) -> list[int]:
    versions = _versions(rule.sources, rule.destinations)
    # What is excluded by an address must be looked at for each IP version of its own.
    return [4, 6] if versions == [0] and rule.not_destinations else versions


def _forward(policy: Policy, sets: _Sets) -> Iterator[str]:
    yield "type filter hook forward priority filter; policy drop;"
    yield from _fence(policy, sets)
    # First, so that a connection that was made through the tunnel does not go on beside it.
    yield from ("jump tunnelled",) if policy.tunnelled else ()
    yield "ct state invalid counter name invalid drop"
    yield "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
    yield "ct state { established, related } accept"
    yield from (_ESSENTIAL[1],) if any(6 in families(r.sources) for r in policy.forward_rules) else ()
    yield from ('ct status dnat accept comment "ports that lead inside"',) if policy.dnat else ()
    for rule in policy.forward_rules:
        yield from _forward_lines(sets, rule)
    yield "counter name not_forwarded"


def _dnat(sets: _Sets, rule: Dnat) -> str:
    version = rule.destination.version
    six = version == 6
    target = f"[{rule.destination}]" if six else str(rule.destination)
    excluded = [
        sets.match(rule.not_sources, version=version, side="saddr", negate=True),
        sets.match(rule.not_destinations, version=version, side="daddr", negate=True),
    ]
    words = f"fib daddr type local {rule.transport} dport {rule.port}"
    return _line(
        *(excluded if any(excluded) else [f"meta nfproto ipv{version}"]),
        words,
        verdict=f"counter dnat {'ip6' if six else 'ip'} to {target}:{rule.destination_port}",
        comment=rule.name,
    )


def _masquerade(sets: _Sets, rule: Masquerade) -> Iterator[str]:
    for version in _versions(rule.sources):
        source = sets.match(rule.sources, version=version, side="saddr")
        excluded = sets.match(rule.not_destinations, version=version, side="daddr", negate=True)
        yield _line(source, excluded, verdict="counter masquerade")


def _unchanged(sets: _Sets, rule: Tunnelled) -> Iterator[str]:
    for version in _versions(rule.networks):
        yield _line(sets.match(rule.networks, version=version, side="daddr"), verdict="accept")


def _tunnel_chains(policy: Policy, sets: _Sets) -> Iterator[str]:
    """One chain for what leaves the wrong way, whether passed on or sent by this host; one for what arrives so."""
    away = _astray(sets, policy.tunnelled, address="daddr", interface="oifname", counter="leaked")
    yield from _block("chain tunnelled", away)
    hook = "type filter hook output priority filter; policy accept;"
    yield from _block("chain output", iter([hook, "jump tunnelled"]))
    hook = "type filter hook prerouting priority raw; policy accept;"
    arriving = _astray(sets, policy.tunnelled, address="saddr", interface="iifname", counter="spoofed")
    yield from _block("chain arriving", iter([hook, *arriving]))


def _block(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"{_INDENT}{head} {{"
    yield from (f"{_INDENT * 2}{line}" for line in lines)
    yield f"{_INDENT}}}"


def _chains(policy: Policy, sets: _Sets, ssh_ports: Sequence[int]) -> Iterator[str]:
    if policy.tunnelled:
        yield from _tunnel_chains(policy, sets)
    if policy.fenced:
        yield from _block("chain fence", _fence_lines(policy, ssh_ports))
    yield from _block("chain input", _input(policy, sets, ssh_ports))
    if policy.forward:
        yield from _block("chain forward", _forward(policy, sets))
    if policy.dnat:
        hook = "type nat hook prerouting priority dstnat; policy accept;"
        yield from _block("chain prerouting", iter([hook, *(_dnat(sets, rule) for rule in policy.dnat)]))
    if policy.masquerade:
        hook = "type nat hook postrouting priority srcnat; policy accept;"
        kept = [line for rule in policy.tunnelled for line in _unchanged(sets, rule)]
        lines = [line for rule in policy.masquerade for line in _masquerade(sets, rule)]
        yield from _block("chain postrouting", iter([hook, *kept, *lines]))


def render(policy: Policy, *, ssh_ports: Sequence[int]) -> str:
    """The whole file."""
    sets = _Sets.of(policy)
    counters = ["invalid", "refused"]
    counters += ["not_forwarded"] if policy.forward else []
    counters += ["leaked", "spoofed"] if policy.tunnelled else []
    counters += ["fenced"] if policy.fenced else []
    lines = [
        "#!/usr/sbin/nft -f",
        "# Written by Ansible (mailforest.stack). What is changed here by hand is overwritten by the next run.",
        "# Declared, deleted, declared anew: one transaction, for the first load too. Nobody else's table is touched.",
        *_fence_note(policy),
        f"table {TABLE}",
        f"delete table {TABLE}",
        f"table {TABLE} {{",
        *(f"{_INDENT}counter {name} {{ }}" for name in counters),
        *(f"{_INDENT}{declaration}" for declaration in sets.declarations()),
        *_chains(policy, sets, ssh_ports),
        "}",
    ]
    return "\n".join(lines) + "\n"


_FENCED = "# Fenced: "


def _fence_note(policy: Policy) -> Iterator[str]:
    if policy.fenced:
        yield _FENCED + " ".join(_plain(network) for network in policy.fenced)


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
