# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host lets in, and what each gateway lets through. All of it from the catalogue and the sites."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from .model import Address, Host, Network, Topology, parse_network
from .plan import FirewallPlan, ForwardPlan, MasqueradePlan, RulePlan
from .services import SERVICES, Audience, Function, Service, served_by


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A service that a host lets in, and from where (no sources: from anywhere)."""

    service: Service
    sources: tuple[str, ...]
    networks: tuple[Network, ...]

    def admits(self, address: Address | None) -> bool:
        """Whether the address may reach the service; an unknown one is somewhere on the Internet."""
        if address is None:
            return not self.networks or any(network.prefixlen == 0 for network in self.networks)
        return not self.networks or any(address in network for network in self.networks)


@dataclass(frozen=True)
class Firewall:
    """Answers for one topology; each answer is worked out once per function and site."""

    topology: Topology

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
        return Opening(service=SERVICES["ssh"], sources=self.topology.admin_sources, networks=self._administration)

    @cached_property
    def _by_function(self) -> dict[Function, tuple[Opening, ...]]:
        return {function: tuple(self._openings(function)) for function in Function}

    def _openings(self, function: Function) -> Iterable[Opening]:
        """What a host of the function lets in."""
        for service in served_by(function):
            if function is Function.MAIL_SERVER and service.name not in self.topology.mail.services:
                continue
            everyone = Audience.INTERNET in service.audiences
            yield Opening(
                service=service,
                sources=() if everyone else self.subnets,
                networks=() if everyone else self._networks,
            )

    def openings(self, host: Host) -> tuple[Opening, ...]:
        """What the host lets in, SSH aside."""
        return tuple(opening for function in host.functions for opening in self._by_function[function])

    def plan(self, host: Host) -> FirewallPlan:
        """Input of the role `firewall` for the host."""
        gateway = host.has(Function.GATEWAY)
        return {
            "rules": [rule for opening in self.openings(host) for rule in _rules(opening)],
            "admin_sources": list(self.topology.admin_sources),
            "forward": gateway,
            "forward_rules": self._forwards(host) if gateway else [],
            "masquerade": self._masquerades(host) if gateway else [],
            "dnat": [],
        }

    def _own_subnets(self, host: Host) -> list[str]:
        return [str(network) for network in self.topology.sites[host.site].networks]

    def _forwards(self, host: Host) -> list[ForwardPlan]:
        """Out of the office to the Internet, never in the clear to another office, nothing inwards."""
        own = self._own_subnets(host)
        rules = [_forward(f"{host.site}-out", own, not_destinations=self.subnets)]
        if len(own) > 1:
            rules.append(_forward(f"{host.site}-inside", own, destinations=own))
        return rules

    def _masquerades(self, host: Host) -> list[MasqueradePlan]:
        return [{"sources": self._own_subnets(host), "not_destinations": list(self.subnets)}]


def _rules(opening: Opening) -> Iterable[RulePlan]:
    """A rule per transport."""
    for transport in opening.service.transports:
        yield {
            "name": opening.service.name,
            "transport": transport,
            "ports": [opening.service.ports],
            "sources": list(opening.sources),
        }


def _forward(
    name: str, sources: Sequence[str], *, destinations: Sequence[str] = (), not_destinations: Sequence[str] = ()
) -> ForwardPlan:
    return {
        "name": name,
        "transport": "any",
        "ports": [],
        "sources": list(sources),
        "destinations": list(destinations),
        "not_destinations": list(not_destinations),
    }
