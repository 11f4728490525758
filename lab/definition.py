# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's definition: what its YAML file says, checked as a whole, with the routes that follow from it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

RELEASES = ("bookworm", "trixie")
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_NETWORK_KEYS = {"subnet", "ipv6", "masquerade", "router"}
_HOST_KEYS = {"release", "addresses", "gateway", "routes", "provider"}


@dataclass(frozen=True, kw_only=True)
class Network:
    """A bridge. Its first address is the administrator's machine; `router` is the lab host that leads out of it.

    With `ipv6`, a host has an address of that prefix too: it ends as its IPv4 address does.
    """

    name: str
    subnet: IPv4Network
    ipv6: IPv6Network | None = None
    masquerade: bool = False
    router: str | None = None

    @property
    def bridge(self) -> IPv4Address:
        """The address of the machine that runs the lab."""
        return self.subnet[1]


@dataclass(frozen=True, kw_only=True)
class Host:
    """A blank machine. The first of its addresses is the one that the administrator uses.

    A `provider` is no blank machine: it passes on whatever comes, and gives what leaves by its default route its own
    address.
    """

    name: str
    release: str
    addresses: Mapping[str, IPv4Address]
    gateway: IPv4Address | None = None
    routes: Mapping[IPv4Network, IPv4Address] = field(default_factory=dict)
    provider: bool = False
    renewed: bool = False
    """Whether it was made anew with a release that is not the definition's."""

    @property
    def address(self) -> IPv4Address:
        """The address by which the administrator reaches the host."""
        return next(iter(self.addresses.values()))


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Networks and hosts of one lab."""

    name: str
    networks: Mapping[str, Network]
    hosts: Mapping[str, Host]

    def with_releases(self, releases: Mapping[str, str]) -> Lab:
        """The lab with other releases than its definition has."""
        if unknown := sorted(set(releases.values()) - set(RELEASES)):
            raise LabError(f"The release '{unknown[0]}' is none of {', '.join(RELEASES)}.")
        changed = {
            name: replace(host, release=releases[name], renewed=True)
            for name, host in self.hosts.items()
            if releases.get(name, host.release) != host.release
        }
        return replace(self, hosts={**self.hosts, **changed})

    def default_gateway(self, host: Host) -> IPv4Address:
        """Where a host sends what it has no route for: the router of its first network, or that network's bridge."""
        if host.gateway is not None:
            return host.gateway
        network = self.networks[next(iter(host.addresses))]
        if network.router in (None, host.name):
            return network.bridge
        return self.hosts[str(network.router)].addresses[network.name]

    def routes(self, host: Host) -> dict[IPv4Network, IPv4Address]:
        """Ways to the networks behind routers that share a network with the host, and the host's own extra routes."""
        found = {
            network.subnet: via
            for network in self.networks.values()
            if network.name not in host.addresses and network.router not in (None, host.name)
            for via in self._shared(host=host, router=self.hosts[str(network.router)])
            if via != self.default_gateway(host)
        }
        return found | dict(host.routes)

    def ipv6(self, host: Host) -> dict[IPv4Address, IPv6Interface]:
        """The IPv6 addresses of a host, each by the IPv4 address of the same interface."""
        return {
            address: IPv6Interface(f"{network.ipv6[int(str(address).rpartition('.')[2], 16)]}/{network.ipv6.prefixlen}")
            for name, address in host.addresses.items()
            if (network := self.networks[name]).ipv6 is not None
        }

    @staticmethod
    def _shared(*, host: Host, router: Host) -> list[IPv4Address]:
        return [address for network, address in router.addresses.items() if network in host.addresses][:1]


def load(path: Path) -> Lab:
    """Read a definition file; the lab is named after it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.yml")))
        raise LabError(f"There is no lab '{path.stem}'. Choose one of: {known}.") from None
    except yaml.YAMLError as exc:
        raise LabError(f"{path} is not YAML: {exc}") from None
    return parse(name=path.stem, content=content)


def parse(*, name: str, content: object) -> Lab:
    """Turn the content of a definition file into a lab; every fault is named, in one error."""
    try:
        lab = Lab(
            name=name,
            networks={key: _network(key, value) for key, value in _section(content, "networks").items()},
            hosts={key: _host(key, value) for key, value in _section(content, "hosts").items()},
        )
    except (ValueError, TypeError) as exc:
        raise LabError(f"The definition of the lab '{name}' is wrong: {exc}. Correct the file.") from None
    faults = list(_faults(lab))
    if faults:
        raise LabError(f"The definition of the lab '{name}' is wrong: {'; '.join(faults)}. Correct the file.")
    return lab


def _section(content: object, key: str) -> dict[str, Any]:
    if not isinstance(content, dict) or set(content) != {"networks", "hosts"}:
        raise ValueError("it needs exactly the keys 'networks' and 'hosts'")
    section = content[key]
    if not isinstance(section, dict) or not section:
        raise ValueError(f"'{key}' must name at least one")
    return section


def _checked(name: str, value: object, keys: set[str], required: set[str]) -> dict[str, Any]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name (lower-case letters, digits and hyphens, a letter first)")
    if not isinstance(value, dict) or not required <= set(value) <= keys:
        raise ValueError(f"'{name}' must have {sorted(required)} and may have {sorted(keys - required)}")
    return value


def _network(name: str, value: object) -> Network:
    fields = _checked(name, value, _NETWORK_KEYS, {"subnet"})
    return Network(
        name=name,
        subnet=IPv4Network(fields["subnet"]),
        ipv6=IPv6Network(fields["ipv6"]) if "ipv6" in fields else None,
        masquerade=bool(fields.get("masquerade", False)),
        router=fields.get("router"),
    )


def _host(name: str, value: object) -> Host:
    fields = _checked(name, value, _HOST_KEYS, {"release", "addresses"})
    return Host(
        name=name,
        release=str(fields["release"]),
        addresses={key: IPv4Address(address) for key, address in fields["addresses"].items()},
        gateway=IPv4Address(fields["gateway"]) if "gateway" in fields else None,
        routes={IPv4Network(net): IPv4Address(via) for net, via in fields.get("routes", {}).items()},
        provider=bool(fields.get("provider", False)),
    )


def _faults(lab: Lab) -> Iterator[str]:
    yield from _network_faults(lab)
    seen = {network.bridge: f"the bridge of {network.name}" for network in lab.networks.values()}
    for host in lab.hosts.values():
        if host.release not in RELEASES:
            yield f"{host.name}: the release '{host.release}' is none of {', '.join(RELEASES)}"
        if not host.addresses:
            yield f"{host.name}: it has no address"
        for network, address in host.addresses.items():
            if network not in lab.networks:
                yield f"{host.name}: there is no network '{network}'"
            elif address not in list(lab.networks[network].subnet.hosts()):
                yield f"{host.name}: {address} is no host's address in {lab.networks[network].subnet}"
            if address in seen:
                yield f"{host.name}: {address} belongs to {seen[address]} already"
            seen[address] = host.name


def _network_faults(lab: Lab) -> Iterator[str]:
    networks = list(lab.networks.values())
    for index, network in enumerate(networks):
        for other in networks[index + 1 :]:
            if ipaddress.ip_network(network.subnet).overlaps(other.subnet):
                yield f"{network.name} and {other.name} overlap"
        if network.router is None:
            continue
        if network.router not in lab.hosts:
            yield f"{network.name}: there is no host '{network.router}' to be its router"
        elif network.name not in lab.hosts[network.router].addresses:
            yield f"{network.name}: its router {network.router} has no address in it"
