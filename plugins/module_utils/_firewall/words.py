# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a ruleset: named sets, ports, interfaces, lines, chains."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .model import ForwardRule, Network, Policy, Ports, collapsed, families

FAMILIES = {4: "ip", 6: "ip6"}
INDENT = "    "
REJECT = "reject with icmpx admin-prohibited"
"""Who is refused so learns it at once."""


@dataclass(frozen=True)
class Sets:
    """The named sets of addresses; equal lists share one."""

    names: dict[tuple[Network, ...], str]

    @classmethod
    def of(cls, policy: Policy) -> Sets:
        """All that the policy names."""
        lists: list[tuple[Network, ...]] = [policy.admin_sources, *(rule.sources for rule in policy.rules)]
        for passed in (*policy.forward_rules, *policy.refused, *policy.egress):
            lists += [passed.sources, passed.not_sources, passed.destinations, passed.not_destinations]
        for masquerade in policy.masquerade:
            lists += [masquerade.sources, masquerade.not_destinations]
        lists += [networks for dnat in policy.dnat for networks in (dnat.not_sources, dnat.not_destinations)]
        lists += [tunnelled.networks for tunnelled in policy.tunnelled]
        lists += [policy.fenced, exempt(policy)]
        names: dict[tuple[Network, ...], str] = {}
        for version in sorted(families(policy.blocked)):
            names[of_version(policy.blocked, version)] = f"blocked_v{version}"
        for networks in lists:
            for version in sorted(families(networks)):
                part = of_version(networks, version)
                if part not in names and not everything(part):
                    admin = networks == policy.admin_sources
                    names[part] = _free(f"admin_v{version}" if admin else _set_name(part), set(names.values()))
        return cls(names)

    def match(self, networks: Sequence[Network], *, version: int, side: str, negate: bool = False) -> str:
        """The words that match `side` (saddr, daddr) with the networks of this IP version."""
        part = of_version(networks, version)
        if not part:
            return ""
        if everything(part):
            return f"meta nfproto ipv{version}"
        return f"{FAMILIES[version]} {side} {'!= ' if negate else ''}@{self.names[part]}"

    def declarations(self) -> Iterator[str]:
        """Their lines in the ruleset."""
        for networks, name in self.names.items():
            elements = ", ".join(spelled(network) for network in networks)
            kind = f"ipv{networks[0].version}_addr"
            yield f"set {name} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}"


def exempt(policy: Policy) -> tuple[Network, ...]:
    """Whom no rate is set: those who are named, and the administrator where that is not everybody."""
    if not (policy.limits or policy.ssh_per_minute):
        return ()
    return collapsed([*policy.limits_exempt, *(network for network in policy.admin_sources if network.prefixlen)])


def _set_name(networks: Sequence[Network]) -> str:
    """A name that tells what is in it, and stays when other rules come and go."""
    first = re.sub("[^0-9a-f]+", "_", spelled(networks[0]))
    return f"net_{first}_and_{len(networks) - 1}" if len(networks) > 1 else f"net_{first}"


def _free(name: str, taken: Collection[str]) -> str:
    return next(free for n in itertools.count(1) if (free := name if n == 1 else f"{name}_{n}") not in taken)


def of_version(networks: Sequence[Network], version: int) -> tuple[Network, ...]:
    """Those of one IP version."""
    return tuple(network for network in networks if network.version == version)


def everything(networks: Sequence[Network]) -> bool:
    """Whether one of them holds every address of its version."""
    return any(network.prefixlen == 0 for network in networks)


def spelled(network: Network) -> str:
    """The network as nft writes it."""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def port_words(transport: str, ports: Ports) -> str:
    """The words that match the transport and its ports."""
    if not ports:
        return "" if transport == "any" else f"meta l4proto {transport}"
    spans = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports)
    return f"{transport} dport {{ {spans} }}"


def rule_line(*words: str, verdict: str, comment: str = "") -> str:
    """A rule."""
    note = f' comment "{comment}"' if comment else ""
    return " ".join([word for word in words if word] + [verdict]) + note


def ip_versions(*lists: Sequence[Network]) -> list[int]:
    """The IP versions that a rule speaks of; [0] when it speaks of none."""
    positive = [families(networks) for networks in lists if networks]
    return sorted(frozenset.intersection(*positive)) if positive else [0]


def anywhere(networks: Sequence[Network]) -> bool:
    """Whether they hold every address there is."""
    return all(everything(of_version(networks, version)) for version in FAMILIES)


def interfaces(side: str, names: Sequence[str], *, negate: bool = False) -> str:
    """By name, not by number: the rule stands before the interface exists and after it is gone."""
    if not names:
        return ""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{side} {'!= ' if negate else ''}{quoted if len(names) == 1 else f'{{ {quoted} }}'}"


def block(head: str, lines: Iterable[str]) -> Iterator[str]:
    """A chain."""
    yield f"{INDENT}{head} {{"
    yield from (f"{INDENT * 2}{line}" for line in lines)
    yield f"{INDENT}}}"


def passing(sets: Sets, rule: ForwardRule) -> Iterator[str]:
    """The words that match what the rule speaks of, for each IP version that it has."""
    for version in _passing_versions(rule):
        words = [
            sets.match(rule.sources, version=version, side="saddr"),
            sets.match(rule.not_sources, version=version, side="saddr", negate=True),
            sets.match(rule.destinations, version=version, side="daddr"),
            sets.match(rule.not_destinations, version=version, side="daddr", negate=True),
        ]
        if version and not any(words):
            words = [f"meta nfproto ipv{version}"]
        ways = [interfaces("iifname", rule.in_interfaces), interfaces("oifname", rule.out_interfaces)]
        yield " ".join(word for word in (*ways, *words, port_words(rule.transport, rule.ports)) if word)


def _passing_versions(rule: ForwardRule) -> list[int]:
    found = ip_versions(rule.sources, rule.destinations)
    # What is excluded by an address must be looked at for each IP version of its own.
    return [4, 6] if found == [0] and (rule.not_sources or rule.not_destinations) else found
