# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow a packet through a plan, by what the plan tells the gateways and hosts, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

_SSH = 22


def _within(address: str, networks: list[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


@dataclass(frozen=True)
class Packet:
    """What is sent to a port."""

    source: str
    target: str
    transport: str
    port: int


class Lost(Exception):
    """The packet was dropped, or there is no way."""


@dataclass(frozen=True)
class World:
    """The hosts of a plan, and the networks that join them."""

    plan: Any

    def arrives(self, packet: Packet) -> bool:
        """Whether the packet reaches a host that lets it in."""
        try:
            host = self._carry(packet)
        except Lost:
            return False
        return self._lets_in(self.plan["hosts"][host], packet)

    def _carry(self, packet: Packet) -> str:
        """The host at which the packet comes in."""
        start, end = self._site_of(packet.source), self._site_of(packet.target)
        if start and start == end:
            return self._host_at(packet.target)
        if start and end:
            return self._through_tunnels(packet, start)
        return self._from_the_internet(packet, end)

    def _through_tunnels(self, packet: Packet, site: str) -> str:
        """From gateway to gateway."""
        came_by, seen = "", [site]
        while True:
            gateway = self.plan["hosts"][self.plan["sites"][site]["gateway"]]
            self._not_spoofed(gateway, packet, came_by)
            (leaves_by,) = [row for row in gateway["tunnels"] if _within(packet.target, row["routes"])] or [None]
            own = packet.source == gateway["address"]
            if not leaves_by:
                if packet.target != gateway["address"]:
                    self._forwards(gateway, packet, came_by, "")
                return self._host_at(packet.target)
            if not own:
                self._forwards(gateway, packet, came_by, leaves_by["interface"])
            allowed = [
                r["interface"] for r in gateway["firewall"]["tunnelled"] if _within(packet.target, r["networks"])
            ]
            assert allowed == [leaves_by["interface"]], "a route and the rule against leaks differ"
            (back,) = [
                row
                for row in self.plan["hosts"][leaves_by["peer"]]["tunnels"]
                if row["peer_address"] == gateway["address"]
            ]
            site, came_by = leaves_by["name"], back["interface"]
            assert site not in seen, "the packet goes round"
            seen.append(site)

    @staticmethod
    def _not_spoofed(gateway: Any, packet: Packet, came_by: str) -> None:
        """Sources of a tunnelled network come by its interface only."""
        for row in gateway["firewall"]["tunnelled"]:
            if _within(packet.source, row["networks"]) and row["interface"] != came_by:
                raise Lost(packet)

    @staticmethod
    def _forwards(gateway: Any, packet: Packet, came_by: str, leaves_by: str) -> None:
        for row in gateway["firewall"]["forward_rules"]:
            if (
                _within(packet.source, row["sources"])
                and (not row["destinations"] or _within(packet.target, row["destinations"]))
                and not _within(packet.target, row["not_destinations"])
                and (came_by in row.get("in_interfaces", [came_by]))
                and (leaves_by in row.get("out_interfaces", [leaves_by]))
            ):
                return
        raise Lost(packet)

    def _from_the_internet(self, packet: Packet, site: str) -> str:
        """By a public address, or straight to an inner one where somebody has a route there."""
        for name, host in self.plan["hosts"].items():
            if packet.target in (host["public_address"], host["address"]):
                for row in host["firewall"]["dnat"]:
                    matches = (row["transport"], row["port"]) == (packet.transport, packet.port)
                    excluded = _within(packet.source, row["not_sources"]) or _within(
                        packet.target, row["not_destinations"]
                    )
                    if matches and not excluded:
                        return self._host_at(row["destination"])
                if packet.target == host["public_address"] or host["firewall"]["forward"]:
                    return str(name)
        gateway = self.plan["sites"][site]["gateway"] if site else ""
        if gateway:
            self._forwards(self.plan["hosts"][gateway], packet, "", "")
        return self._host_at(packet.target)

    def _site_of(self, address: str) -> str:
        return next((name for name, site in self.plan["sites"].items() if _within(address, site["subnets"])), "")

    def _host_at(self, address: str) -> str:
        for name, host in self.plan["hosts"].items():
            if host["address"] == address:
                return str(name)
        raise Lost(address)

    @staticmethod
    def _lets_in(host: Any, packet: Packet) -> bool:
        rules = host["firewall"]
        if (packet.transport, packet.port) == ("tcp", _SSH) and _within(packet.source, rules["admin_sources"]):
            return True
        return any(
            row["transport"] == packet.transport
            and any(_in_span(packet.port, span) for span in row["ports"])
            and (not row["sources"] or _within(packet.source, row["sources"]))
            for row in rules["rules"]
        )


def _in_span(port: int, span: str) -> bool:
    first, _dash, last = span.partition("-")
    return int(first) <= port <= int(last or first)
