# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a policy from options. Every fault is found, not only the first."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .model import (
    Address,
    Dnat,
    FirewallError,
    ForwardRule,
    Limit,
    Masquerade,
    Network,
    Policy,
    Ports,
    Rule,
    Transport,
    Tunnelled,
    collapsed,
    families,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,62}")
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,14}")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LAST_PORT = 65535
_LIMIT_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
_RATES = range(1, 100001)


@dataclass(frozen=True)
class _Reader:
    """Turns values into types and keeps every fault that it meets."""

    faults: list[str] = field(default_factory=list)

    def fault(self, place: str, value: object, rule: str) -> None:
        self.faults.append(f"{place}: {value!r} {rule}")

    def networks(self, place: str, values: Sequence[str]) -> tuple[Network, ...]:
        read = [(value, self.network(f"{place}[{index}]", value)) for index, value in enumerate(values)]
        return collapsed(network for _value, network in read if network is not None)

    def network(self, place: str, value: str) -> Network | None:
        try:
            return ipaddress.ip_network(value)
        except ValueError:
            pass
        try:
            intended = ipaddress.ip_network(value, strict=False)
        except ValueError:
            self.fault(place, value, "is not a network or address; write it like 198.51.100.64/26 or 2001:db8::/48.")
        else:
            self.fault(
                place, value, f"has host bits set; write the network {intended}, or the address without a length."
            )
        return None

    def address(self, place: str, value: str) -> Address | None:
        try:
            return ipaddress.ip_address(value)
        except ValueError:
            self.fault(place, value, "is not an address; write it like 198.51.100.68.")
            return None

    def port(self, place: str, value: int) -> int:
        if not 1 <= value <= _LAST_PORT:
            self.fault(place, value, f"is not a port; ports are 1 to {_LAST_PORT}.")
        return value

    def ports(self, place: str, values: Sequence[str]) -> Ports:
        return _merged(
            [span for index, value in enumerate(values) for span in self._span(f"{place}[{index}]", str(value))]
        )

    def _span(self, place: str, value: str) -> Iterator[tuple[int, int]]:
        match = _PORTS.fullmatch(value)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if 1 <= first <= last <= _LAST_PORT:
            yield first, last
        else:
            self.fault(place, value, f'is not a port or range; write "25" or "50000-50020", within 1 to {_LAST_PORT}.')

    def name(self, place: str, value: str) -> str:
        if not _NAME.fullmatch(value):
            self.fault(place, value, "cannot be a rule's name; use up to 63 letters, digits, spaces and . _ : / @ + -")
        return value

    def interface(self, place: str, value: str) -> str:
        if not _INTERFACE.fullmatch(value):
            self.fault(place, value, "is not an interface's name; use up to 15 letters, digits and . _ @ -")
        return value

    def interfaces(self, place: str, values: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted({self.interface(f"{place}[{index}]", str(value)) for index, value in enumerate(values)}))

    def rate(self, place: str, value: int) -> int:
        if value not in _RATES:
            self.fault(place, value, f"is not a rate; use {_RATES.start} to {_RATES.stop - 1}.")
        return value

    def transport(self, place: str, value: str, *, anything: bool) -> Transport:
        match value:
            case "tcp" | "udp":
                return value
            case "any" if anything:
                return value
        self.fault(place, value, f"is not a transport here; write tcp or udp{' or any' if anything else ''}.")
        return "tcp"


def _merged(spans: list[tuple[int, int]]) -> Ports:
    """The spans in order, without overlaps, which nft refuses."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _rule(reader: _Reader, place: str, raw: Mapping[str, Any]) -> Rule:
    if not raw["ports"]:
        reader.fault(f"{place}.ports", [], "names no port, so the rule would open all of them; list the ports.")
    return Rule(
        name=reader.name(f"{place}.name", raw["name"]),
        transport=reader.transport(f"{place}.transport", raw["transport"], anything=False),
        ports=reader.ports(f"{place}.ports", raw["ports"]),
        sources=reader.networks(f"{place}.sources", raw.get("sources") or ()),
    )


def _refuse_all_excluded(
    reader: _Reader, place: str, networks: Sequence[Network], *, option: str = "not_destinations"
) -> None:
    for network in networks:
        if not network.prefixlen:
            rule = "excludes every address, so the rule matches nothing; name the networks to exclude."
            reader.fault(f"{place}.{option}", str(network), rule)


def _forward(reader: _Reader, place: str, raw: Mapping[str, Any]) -> ForwardRule:
    rule = ForwardRule(
        name=reader.name(f"{place}.name", raw["name"]),
        transport=reader.transport(f"{place}.transport", raw.get("transport") or "any", anything=True),
        ports=reader.ports(f"{place}.ports", raw.get("ports") or ()),
        sources=reader.networks(f"{place}.sources", raw.get("sources") or ()),
        not_sources=reader.networks(f"{place}.not_sources", raw.get("not_sources") or ()),
        destinations=reader.networks(f"{place}.destinations", raw.get("destinations") or ()),
        not_destinations=reader.networks(f"{place}.not_destinations", raw.get("not_destinations") or ()),
        in_interfaces=reader.interfaces(f"{place}.in_interfaces", raw.get("in_interfaces") or ()),
        out_interfaces=reader.interfaces(f"{place}.out_interfaces", raw.get("out_interfaces") or ()),
    )
    _refuse_all_excluded(reader, place, rule.not_destinations)
    _refuse_all_excluded(reader, place, rule.not_sources, option="not_sources")
    if rule.ports and rule.transport == "any":
        reader.fault(f"{place}.ports", raw["ports"], "needs the transport tcp or udp; with any there are no ports.")
    if rule.sources and rule.destinations and not families(rule.sources) & families(rule.destinations):
        reader.fault(
            place, raw["name"], "goes from one IP version to the other, which matches nothing; use one version."
        )
    return rule


def _refused(reader: _Reader, place: str, raw: Mapping[str, Any]) -> ForwardRule:
    rule = _forward(reader, place, raw)
    if not (rule.ports or rule.sources or rule.destinations):
        words = "names no port, source or destination, so this host could hardly send anything; name what is refused."
        reader.fault(place, raw["name"], words)
    return rule


def _limit(reader: _Reader, place: str, raw: Mapping[str, Any]) -> Limit:
    if not raw["ports"]:
        reader.fault(f"{place}.ports", [], "names no port; list the ports.")
    if not _LIMIT_NAME.fullmatch(raw["name"]) or raw["name"] == "ssh":
        rule = "cannot be a limit's name; use up to 16 small letters, digits and _, a letter first, and not ssh."
        reader.fault(f"{place}.name", raw["name"], rule)
    return Limit(
        name=raw["name"],
        ports=reader.ports(f"{place}.ports", raw["ports"]),
        per_minute=reader.rate(f"{place}.per_minute", raw["per_minute"]),
        burst=reader.rate(f"{place}.burst", raw.get("burst") or 2 * raw["per_minute"]),
    )


def _masquerade(reader: _Reader, place: str, raw: Mapping[str, Any]) -> Masquerade:
    if not raw["sources"]:
        reader.fault(f"{place}.sources", [], "names no network; list the networks behind this host.")
    excluded = reader.networks(f"{place}.not_destinations", raw.get("not_destinations") or ())
    _refuse_all_excluded(reader, place, excluded)
    return Masquerade(sources=reader.networks(f"{place}.sources", raw["sources"]), not_destinations=excluded)


def _dnat(reader: _Reader, place: str, raw: Mapping[str, Any]) -> Dnat | None:
    destination = reader.address(f"{place}.destination", raw["destination"])
    port = reader.port(f"{place}.port", raw["port"])
    destination_port = reader.port(f"{place}.destination_port", raw.get("destination_port") or raw["port"])
    transport = reader.transport(f"{place}.transport", raw["transport"], anything=False)
    name = reader.name(f"{place}.name", raw["name"])
    not_sources = reader.networks(f"{place}.not_sources", raw.get("not_sources") or ())
    _refuse_all_excluded(reader, place, not_sources, option="not_sources")
    not_destinations = reader.networks(f"{place}.not_destinations", raw.get("not_destinations") or ())
    _refuse_all_excluded(reader, place, not_destinations)
    if destination is None:
        return None
    return Dnat(
        name=name,
        transport=transport,
        port=port,
        destination=destination,
        destination_port=destination_port,
        not_sources=not_sources,
        not_destinations=not_destinations,
    )


def _tunnels(reader: _Reader, entries: Iterator[tuple[str, Mapping[str, Any]]]) -> tuple[Tunnelled, ...]:
    """Networks with the same interfaces together; a network that is named twice may pass either interface."""
    interfaces: dict[Network, set[str]] = {}
    for place, raw in entries:
        name = reader.interface(f"{place}.interface", raw["interface"])
        if not raw["networks"]:
            reader.fault(f"{place}.networks", [], "names no network; list the networks behind the tunnel.")
        for index, value in enumerate(raw["networks"]):
            if network := reader.network(f"{place}.networks[{index}]", value):
                _refuse_unclear(reader, f"{place}.networks[{index}]", network, interfaces)
                interfaces.setdefault(network, set()).add(name)
    together: dict[tuple[str, ...], list[Network]] = {}
    for network, names in interfaces.items():
        together.setdefault(tuple(sorted(names)), []).append(network)
    return tuple(Tunnelled(interfaces=names, networks=tuple(networks)) for names, networks in together.items())


def _refuse_unclear(reader: _Reader, place: str, network: Network, known: Iterable[Network]) -> None:
    if not network.prefixlen:
        rule = "would cut this host off from everything but the tunnel; name the networks behind it."
        reader.fault(place, str(network), rule)
    for other in known:
        if network != other and network.version == other.version and network.overlaps(other):
            rule = f"overlaps {other}, so it is not clear which way it takes; name networks without overlap."
            reader.fault(place, str(network), rule)


def _listed(params: Mapping[str, Any], option: str, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, raw in enumerate(params.get(option) or ()):
        yield f"{prefix}{option}[{index}]", raw


def read_policy(params: Mapping[str, Any], *, prefix: str = "firewall_") -> Policy:
    """The policy from the module's options; raises FirewallError that names every fault by the role's variable."""
    reader = _Reader()
    policy = Policy(
        rules=tuple(_rule(reader, place, raw) for place, raw in _listed(params, "rules", prefix)),
        admin_sources=reader.networks(f"{prefix}admin_sources", params.get("admin_sources") or ()),
        forward=bool(params.get("forward")),
        forward_rules=tuple(_forward(reader, place, raw) for place, raw in _listed(params, "forward_rules", prefix)),
        masquerade=tuple(_masquerade(reader, place, raw) for place, raw in _listed(params, "masquerade", prefix)),
        dnat=tuple(d for place, raw in _listed(params, "dnat", prefix) if (d := _dnat(reader, place, raw))),
        tunnelled=_tunnels(reader, _listed(params, "tunnelled", prefix)),
        refused=tuple(_refused(reader, place, raw) for place, raw in _listed(params, "refused", prefix)),
        egress=tuple(_forward(reader, place, raw) for place, raw in _listed(params, "egress", prefix)),
        egress_limited=bool(params.get("egress_limited")),
        limits=tuple(_limit(reader, place, raw) for place, raw in _listed(params, "limits", prefix)),
        ssh_per_minute=params.get("ssh_per_minute") or 0,
        limits_exempt=reader.networks(f"{prefix}limits_exempt", params.get("limits_exempt") or ()),
        blocked=reader.networks(f"{prefix}blocked", params.get("blocked") or ()),
        log_per_minute=params.get("log_per_minute") or 0,
        fenced=reader.networks(f"{prefix}fenced", params.get("fenced") or ()),
        fence_open=reader.ports(f"{prefix}fence_open", params.get("fence_open") or ()),
    )
    _refuse_unusable(reader, policy, params, prefix)
    if reader.faults:
        raise FirewallError("\n".join([*reader.faults, "Nothing was changed. Correct these variables and run again."]))
    return policy


def _refuse_unusable(reader: _Reader, policy: Policy, params: Mapping[str, Any], prefix: str) -> None:
    """What is wrong with the whole, though each part is well-formed."""
    _refuse_shut_out(reader, policy, prefix)
    for name in ("ssh_per_minute", "log_per_minute"):
        if getattr(policy, name) and getattr(policy, name) not in _RATES:
            reader.fault(f"{prefix}{name}", getattr(policy, name), f"is not a rate; use 0 to {_RATES.stop - 1}.")
    names = [limit.name for limit in policy.limits]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.fault(f"{prefix}limits", name, "names two limits; give each a name of its own.")
    if not params.get("admin_sources"):
        reader.fault(f"{prefix}admin_sources", [], "lets nobody in over ssh; list the networks you administer from.")
    if not policy.forward and (policy.forward_rules or policy.masquerade or policy.dnat):
        rule = "but there are rules for traffic that is passed on; set it to true, or remove them."
        reader.fault(f"{prefix}forward", False, rule)
    if policy.egress and not policy.egress_limited:
        rule = f"but {prefix}egress says what this host may send; set it to true, or remove the list."
        reader.fault(f"{prefix}egress_limited", False, rule)


def _refuse_shut_out(reader: _Reader, policy: Policy, prefix: str) -> None:
    """Addresses that are let in and shut out at the same time, and everybody."""
    let_in = {n for networks in (policy.admin_sources, *(r.sources for r in policy.rules)) for n in networks}
    named = [network for network in let_in if network.prefixlen]
    for option in ("fenced", "blocked"):
        for network in getattr(policy, option):
            if not network.prefixlen:
                rule = "would cut this host off from everybody; name addresses."
                reader.fault(f"{prefix}{option}", str(network), rule)
    for network in policy.blocked:
        held = [str(n) for n in named if _within(n, network)]
        if held:
            rule = f"shuts out {', '.join(sorted(held))}, which other rules let in; take one of the two away."
            reader.fault(f"{prefix}blocked", str(network), rule)


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False
