# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnels between offices: one for every two linked sites, and which of them leads where.

The way between two sites is the same in both directions. The gateways depend on it: they take an office's addresses
from the interface that leads there, and from no other.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, count

from .model import Topology
from .plan import TunnelPlan
from .records import fqdn
from .services import SERVICES

Pair = tuple[str, str]
"""Two linked sites, in the order of `mailforest_sites`; the first one's gateway waits for the other's."""
_Way = tuple[int, int, int]
"""Cost, number of tunnels, and a number that no other way has: so one way is the best, seen from either end."""

_SERVICE = SERVICES["openvpn"]
_PREFIX, _PREFIX_TCP = "mf-", "mt-"
_INTERFACE_LENGTH = 15
_MARK_LENGTH = 4
_HIGHEST_METRIC = 4095
"""Routes through tunnels stay ahead of those that a host may have for want of better."""
_BY_TCP, _STANDBY = 4096, 8192
"""Added to a metric: first what goes straight, by UDP before TCP; then what another office passes on."""
_OUTER = 60
"""TCP sessions make packets that are, on the line, by so much smaller than the largest inside a tunnel."""


@dataclass(frozen=True)
class Tunnels:
    """The tunnels of one topology. Links that name sites which are not there are passed over."""

    topology: Topology

    @cached_property
    def costs(self) -> Mapping[Pair, int]:
        """Every two linked sites, in the order of the links, and the lowest cost between them."""
        order = {name: number for number, name in enumerate(self.topology.sites)}
        found: dict[Pair, int] = {}
        for link in self.topology.links:
            sites = sorted({name for name in link.sites if name in order}, key=order.__getitem__)
            for pair in combinations(sites, 2):
                found[pair] = min(link.cost, found.get(pair, link.cost))
        return found

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The sites between which there is a tunnel. Where a way through others costs less, a tunnel would be idle."""
        return tuple(pair for pair in self.costs if self.first_steps[pair[0]].get(pair[1]) == pair[1])

    @cached_property
    def peers(self) -> Mapping[str, tuple[str, ...]]:
        """For each site those that a tunnel joins it with, in the order of `mailforest_sites`."""
        found: dict[str, set[str]] = {name: set() for name in self.topology.sites}
        for left, right in self.pairs:
            found[left].add(right)
            found[right].add(left)
        return {name: tuple(other for other in self.topology.sites if other in found[name]) for name in found}

    @cached_property
    def ports(self) -> Mapping[Pair, int]:
        """The lowest port that neither gateway uses for an earlier tunnel. A link added at the end changes none."""
        used: dict[str, set[int]] = {name: set() for name in self.topology.sites}
        found: dict[Pair, int] = {}
        for left, right in self.pairs:
            port = next(port for port in count(_SERVICE.port) if port not in used[left] | used[right])
            used[left].add(port)
            used[right].add(port)
            found[left, right] = port
        return found

    @cached_property
    def interfaces(self) -> Mapping[str, str]:
        """The name of the interface that leads to each site; a long name is cut and marked."""
        room = _INTERFACE_LENGTH - len(_PREFIX)
        found = {name: _PREFIX + name for name in self.topology.sites if len(name) <= room}
        taken = set(found.values())
        for name in self.topology.sites:
            if name not in found:
                found[name] = next(text for text in _marked(name, room) if text not in taken)
                taken.add(found[name])
        return found

    @cached_property
    def _weights(self) -> Mapping[str, Mapping[str, _Way]]:
        """For each site and peer what the tunnel between them adds to a way."""
        found: dict[str, dict[str, _Way]] = {name: {} for name in self.topology.sites}
        for number, (left, right) in enumerate(sorted(self.costs)):
            found[left][right] = found[right][left] = (self.costs[left, right], 1, 1 << number)
        return found

    @cached_property
    def first_steps(self) -> Mapping[str, Mapping[str, str]]:
        """For each site and every other that can be reached: the peer that leads there by the lowest cost."""
        return {name: self._steps_from(name) for name in self.topology.sites}

    def _steps_from(self, start: str) -> Mapping[str, str]:
        """Dijkstra's algorithm."""
        found: dict[str, str] = {}
        waiting: list[tuple[_Way, str, str]] = [(way, peer, peer) for peer, way in self._weights[start].items()]
        heapq.heapify(waiting)
        while waiting:
            way, name, step = heapq.heappop(waiting)
            if name in found or name == start:
                continue
            found[name] = step
            for peer, more in self._weights[name].items():
                if peer not in found:
                    total = (way[0] + more[0], way[1] + more[1], way[2] + more[2])
                    heapq.heappush(waiting, (total, peer, step))
        return found

    def behind(self, site: str, peer: str) -> tuple[str, ...]:
        """The sites that are reached from the site through the peer, the peer among them, in the order of the sites."""
        steps = self.first_steps[site]
        return tuple(name for name in self.topology.sites if steps.get(name) == peer)

    @cached_property
    def relays(self) -> Mapping[Pair, str]:
        """For each two sites with a tunnel: the third one, joined with both, that passes on what it cannot carry."""
        found: dict[Pair, str] = {}
        for left, right in self.pairs if self.topology.tunnels.standby else ():
            thirds = [name for name in self.peers[left] if name in self.peers[right]]
            if thirds:
                found[left, right] = min(
                    thirds, key=lambda name: (self._cost(left, name) + self._cost(name, right), name)
                )
        return found

    def _cost(self, site: str, peer: str) -> int:
        return self.costs[(site, peer) if (site, peer) in self.costs else (peer, site)]

    def _stood_in_for(self, site: str, peer: str) -> tuple[str, ...]:
        """The sites that are reached through the peer while the site's own tunnel there is down."""
        return tuple(
            name for name in self.peers[site] if peer in (self.relays.get((site, name)), self.relays.get((name, site)))
        )

    def is_passed(self, site: str) -> bool:
        """Whether the way between two other sites leads through the site, or may while a tunnel is down."""
        return site in self.relays.values() or any(
            self.behind(site=peer, peer=site) != (site,) for peer in self.peers[site]
        )

    @cached_property
    def _ends(self) -> Mapping[str, list[TunnelPlan]]:
        return {
            site: [
                end
                for transport in (("udp", "tcp") if self.topology.tunnels.tcp else ("udp",))
                for peer in self.peers[site]
                for end in [self._end(site, peer, transport)]
            ]
            for site in self.topology.sites
        }

    def plan(self, site: str) -> list[TunnelPlan]:
        """The ends of the tunnels at the site's gateway."""
        return self._ends[site]

    def _end(self, site: str, peer: str, transport: str) -> TunnelPlan:
        hosts, sites = self.topology.hosts, self.topology.sites
        pair = (site, peer) if (site, peer) in self.ports else (peer, site)
        own, other = hosts[sites[site].gateway], hosts[sites[peer].gateway]
        by_udp, choices = transport == "udp", self.topology.tunnels
        return {
            "name": peer if by_udp else f"{peer}.tcp",
            "interface": self.interfaces[peer] if by_udp else _PREFIX_TCP + self.interfaces[peer][len(_PREFIX) :],
            "peer": other.name,
            "peer_fqdn": fqdn(self.topology, other),
            "remote": other.public_address,
            "port": self.ports[pair],
            "listener": pair[0] == site,
            "local_address": own.address,
            "peer_address": other.address,
            "routes": [str(network) for name in self.behind(site, peer) for network in sites[name].networks],
            "metric": min(self.costs[pair], _HIGHEST_METRIC) + (0 if by_udp else _BY_TCP),
            "transport": transport,
            "standby_routes": [str(net) for name in self._stood_in_for(site, peer) for net in sites[name].networks],
            "standby_metric": _STANDBY + (0 if by_udp else _BY_TCP),
            "mtu": choices.mtu,
            "mssfix": choices.mtu - _OUTER,
            "peer_fingerprints": list(choices.fingerprints.get(other.name, ())),
        }


def _marked(name: str, room: int) -> Iterator[str]:
    """Names of interfaces for a site whose own name is too long: cut, with a mark that tells it from its like."""
    for number in count():
        mark = hashlib.sha256(f"{name}{number or ''}".encode()).hexdigest()[:_MARK_LENGTH]
        yield f"{_PREFIX}{name[: room - _MARK_LENGTH - 1]}-{mark}"
