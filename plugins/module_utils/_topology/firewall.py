# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host lets in, and what each gateway lets through. All of it from the catalogue and the sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .egress import egress, refused
from .model import Address, Host, Network, Topology, parse_network
from .plan import DnatPlan, DoorPlan, FirewallPlan, ForwardPlan, LimitPlan, MasqueradePlan, RulePlan, TunnelPlan
from .services import SERVICES, Function, Service, served_by
from .tunnels import Tunnels

_NAME_LENGTH = 63
FILE_SHARE = "file-share"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A service that a host lets in, on which ports, and from where (no sources: from anywhere)."""

    service: Service
    ports: str
    sources: tuple[str, ...]
    networks: tuple[Network, ...]
    _known: dict[Address, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def admits(self, address: Address | None) -> bool:
        """Whether the address may reach the service; an unknown one is somewhere on the Internet."""
        if address is None:
            return not self.networks or any(network.prefixlen == 0 for network in self.networks)
        if address not in self._known:
            self._known[address] = not self.networks or any(address in network for network in self.networks)
        return self._known[address]


@dataclass(frozen=True)
class Firewall:
    """Answers for one topology; each answer is worked out once per function and site."""

    topology: Topology
    tunnels: Tunnels

    @cached_property
    def subnets(self) -> tuple[str, ...]:
        """All sites' subnets."""
        return tuple(str(network) for network in self._networks)

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return tuple(network for site in self.topology.sites.values() for network in site.networks)

    @cached_property
    def _administration(self) -> tuple[Network, ...]:
        return tuple(network for text in self.topology.admin_sources if (network := parse_network(text)))

    @cached_property
    def ssh(self) -> Opening:
        """SSH, from where the system is administered."""
        service = SERVICES["ssh"]
        return Opening(
            service=service, ports=service.ports, sources=self.topology.admin_sources, networks=self._administration
        )

    @cached_property
    def _by_function(self) -> dict[Function, tuple[Opening, ...]]:
        return {function: tuple(self._openings(function)) for function in Function}

    def _openings(self, function: Function) -> Iterable[Opening]:
        """What every host of the function lets in. What a gateway does depends on its tunnels."""
        mail = self.topology.mail
        for service in () if function is Function.GATEWAY else served_by(function):
            if service.name == FILE_SHARE or (function is Function.MAIL_SERVER and service.name not in mail.services):
                continue
            everyone = service.name in mail.published
            yield Opening(
                service=service,
                ports=service.ports,
                sources=() if everyone else self.subnets,
                networks=() if everyone else self._networks,
            )

    def openings(self, host: Host) -> tuple[Opening, ...]:
        """What the host lets in, SSH aside."""
        shared = tuple(opening for function in host.functions for opening in self._by_function[function])
        shared += (self._shares,) if host.shares else ()
        return (*shared, *self._tunnel_openings(host)) if host.has(Function.GATEWAY) else shared

    @cached_property
    def _shares(self) -> Opening:
        """What a member with shares lets in beside the rest."""
        service = SERVICES[FILE_SHARE]
        return Opening(service=service, ports=service.ports, sources=self.subnets, networks=self._networks)

    def _tunnel_openings(self, host: Host) -> Iterable[Opening]:
        """The ports at which a gateway waits for its peers. To those that wait for it it speaks first."""
        for tunnel in self.tunnels.plan(host.site):
            network = parse_network(tunnel["remote"])
            if tunnel["listener"] and network:
                yield Opening(
                    service=SERVICES["openvpn" if tunnel["transport"] == "udp" else "openvpn-tcp"],
                    ports=str(tunnel["port"]),
                    sources=(str(network),),
                    networks=(network,),
                )

    def plan(self, host: Host) -> FirewallPlan:
        """Input of the role `firewall` for the host."""
        gateway = host.has(Function.GATEWAY)
        tunnels = self.tunnels.plan(host.site) if gateway else []
        return {
            "rules": [rule for opening in self.openings(host) for rule in _rules(opening)],
            "admin_sources": list(self.topology.admin_sources),
            "forward": gateway,
            "forward_rules": self._forwards(host, tunnels) if gateway else [],
            "masquerade": self._masquerades(host) if gateway else [],
            "dnat": self._led_inside(host) if gateway else [],
            "tunnelled": [{"interface": row["interface"], "networks": _networks(row)} for row in tunnels],
            "refused": refused(self.topology, host, self.subnets),
            "egress_limited": bool(host.egress),
            "egress": egress(self.topology, host, self.subnets, tunnels) if host.egress else [],
            "limits": self._limits(host),
            "ssh_per_minute": self.topology.filtering.ssh_per_minute,
            "limits_exempt": list(self.subnets),
            "blocked": list(self.topology.filtering.blocked),
            "log_per_minute": self.topology.filtering.log_per_minute,
            "confirm_through": self._behind(host) if gateway else [],
        }

    def _limits(self, host: Host) -> list[LimitPlan]:
        """Ports at which people log in."""
        rate = self.topology.filtering.logins_per_minute
        ports = [row.service.ports for row in self.openings(host) if row.service.login]
        return [{"name": "logins", "ports": ports, "per_minute": rate}] if rate and ports else []

    def _own_subnets(self, host: Host) -> list[str]:
        return [str(network) for network in self.topology.sites[host.site].networks]

    def _forwards(self, host: Host, tunnels: Sequence[TunnelPlan]) -> list[ForwardPlan]:
        """Out of the office to the Internet, never in the clear to another office; inwards what a tunnel brings."""
        own = self._own_subnets(host)
        rules = [_forward(f"{host.site}-out", own, not_destinations=self.subnets)]
        if len(own) > 1:
            rules.append(_forward(f"{host.site}-inside", own, destinations=own))
        for row in tunnels:
            rules.append(
                _forward(f"to-{row['name']}", own, destinations=_networks(row)) | {"out_interfaces": [row["interface"]]}
            )
            rules.append(
                _forward(f"from-{row['name']}", _networks(row), destinations=own)
                | {"in_interfaces": [row["interface"]]}
            )
        return [*rules, *_transits(tunnels)] if self.tunnels.is_passed(host.site) else rules

    def _behind(self, host: Host) -> list[DoorPlan]:
        """The site's other hosts: rules that cut them off from administration are taken back."""
        others = (other for other in self.topology.by_site[host.site] if other is not host)
        return [{"host": other.address, "port": self.ssh.service.port} for other in others]

    def _led_inside(self, host: Host) -> list[DnatPlan]:
        """Published ports of the site's mail server, at the gateway's addresses outside the offices.

        From the offices the mail server is reached under its own address. A gateway without any address outside leads
        in from the one it has.
        """
        target = self.topology.led_inside.get(host.site)
        inside_only = host.public_address == host.address
        return [
            {
                "name": f"{service.name}-to-{target.name}",
                "transport": transport,
                "port": service.port,
                "destination": target.address,
                "destination_port": service.port,
                "not_sources": list(self.subnets),
                "not_destinations": [] if inside_only else list(self.subnets),
            }
            for service in map(SERVICES.__getitem__, self.topology.mail.published if target else ())
            for transport in service.transports
            if target
        ]

    def _masquerades(self, host: Host) -> list[MasqueradePlan]:
        return [{"sources": self._own_subnets(host), "not_destinations": list(self.subnets)}]


def _rules(opening: Opening) -> Iterable[RulePlan]:
    """A rule per transport."""
    for transport in opening.service.transports:
        yield {
            "name": opening.service.name,
            "transport": transport,
            "ports": [opening.ports],
            "sources": list(opening.sources),
        }


def _forward(
    name: str, sources: Sequence[str], *, destinations: Sequence[str] = (), not_destinations: Sequence[str] = ()
) -> ForwardPlan:
    return {
        "name": name[:_NAME_LENGTH],
        "transport": "any",
        "ports": [],
        "sources": list(sources),
        "destinations": list(destinations),
        "not_destinations": list(not_destinations),
    }


def _networks(row: TunnelPlan) -> list[str]:
    """What may come and go by a tunnel."""
    return [*row["routes"], *row["standby_routes"]]


def _transits(tunnels: Sequence[TunnelPlan]) -> Iterator[ForwardPlan]:
    """From one office to another. Only on to where a tunnel leads by itself: else two that stand in for it would pass
    packets to each other while it is down."""
    for peer in dict.fromkeys(row["peer"] for row in tunnels):
        there = [row for row in tunnels if row["peer"] == peer]
        others = [row for row in tunnels if row["peer"] != peer]
        if others:
            sources = dict.fromkeys(network for row in others for network in _networks(row))
            rule = _forward(f"transit-{there[0]['name']}", list(sources), destinations=there[0]["routes"])
            yield rule | {
                "in_interfaces": [row["interface"] for row in others],
                "out_interfaces": [row["interface"] for row in there],
            }
