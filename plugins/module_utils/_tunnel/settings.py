# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the values of the role `site_tunnel`, and what its templates need of them."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

Link: TypeAlias = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_LONGEST_INTERFACE = 15  # IFNAMSIZ of Linux, less the closing zero
_LONGEST_COMMON_NAME = 64  # RFC 5280, upper bound ub-common-name
_LONGEST_NAME = 64
"""Far below the 107 bytes that the path of the management socket may have."""


def _address(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None


def _names(link: Link, place: str) -> Iterator[str]:
    if not _NAME.fullmatch(link["name"]) or len(link["name"]) > _LONGEST_NAME:
        yield (
            f"{place}.name: {link['name']!r} cannot be part of a unit's name; "
            f"use up to {_LONGEST_NAME} letters, digits, hyphens, dots and underscores."
        )
    if not _NAME.fullmatch(link["interface"]) or len(link["interface"]) > _LONGEST_INTERFACE:
        yield (
            f"{place}.interface: {link['interface']!r} cannot be an interface's name; "
            f"use up to {_LONGEST_INTERFACE} letters, digits and hyphens."
        )
    if not _HOST_NAME.fullmatch(link["peer_fqdn"]) or len(link["peer_fqdn"]) > _LONGEST_COMMON_NAME:
        yield (
            f"{place}.peer_fqdn: {link['peer_fqdn']!r} cannot be a certificate's common name; "
            f"use a host name of up to {_LONGEST_COMMON_NAME} characters."
        )


def _addresses(link: Link, place: str) -> Iterator[str]:
    for option in ("remote", "local_address", "peer_address"):
        if _address(link[option]) is None:
            yield f"{place}.{option}: {link[option]!r} is not an IPv4 address; write it like 198.51.100.66."
    if link["local_address"] == link["peer_address"]:
        yield f"{place}.peer_address: is {link['peer_address']}, this end's own; write the other gateway's address."


def _routes(link: Link, place: str) -> Iterator[str]:
    remote, local = _address(link["remote"]), _address(link["local_address"])
    for text in link["routes"]:
        network = _network(text)
        if network is None:
            yield f"{place}.routes: {text!r} is not an IPv4 network; write it like 198.51.100.128/26."
        elif remote is not None and remote in network:
            yield (
                f"{place}.routes: {text} holds {remote}, at which the other gateway is reached, "
                "so the tunnel would have to pass through itself; leave it out, or correct `remote`."
            )
        elif local is not None and local in network:
            yield f"{place}.routes: {text} holds this gateway's own {local}; list the other office's networks only."


def _numbers(link: Link, place: str) -> Iterator[str]:
    if not 1 <= link.get("port", 1194) <= 65535:
        yield f"{place}.port: {link['port']} is not a port; use 1 to 65535."
    if not 0 <= link.get("metric", 100) < 2**31:
        yield f"{place}.metric: {link['metric']} is not a metric; use a small positive number."


_RULES: tuple[Callable[[Link, str], Iterator[str]], ...] = (_names, _addresses, _routes, _numbers)


def _twice(links: Sequence[Link]) -> Iterator[str]:
    """What two tunnels of a gateway cannot share."""
    for option, default in (("name", None), ("interface", None), ("peer_address", None), ("port", 1194)):
        counted = Counter(link.get(option, default) for link in links)
        for value in (value for value, times in counted.items() if times > 1):
            yield f"site_tunnel_links: {option} {value} is used {counted[value]} times; each tunnel needs its own."


def site_tunnel_errors(links: Sequence[Link]) -> list[str]:
    """Every fault in `site_tunnel_links`, each with variable, value, rule and remedy."""
    places = [(link, f"site_tunnel_links[{index}]") for index, link in enumerate(links)]
    return [*(fault for link, place in places for rule in _RULES for fault in rule(link, place)), *_twice(links)]


def _redundant(links: Sequence[Link]) -> bool:
    """Whether two tunnels lead to the same place, so that one of them can stand in for the other."""
    networks = [[ipaddress.IPv4Network(route) for route in link["routes"]] for link in links]
    return any(a.overlaps(b) for first, second in combinations(networks, 2) for a in first for b in second)


def site_tunnel_settings(links: Sequence[Link]) -> list[dict[str, Any]]:
    """The links as the template of one needs them.

    A dead tunnel keeps its device and its routes while it is dialled anew. Where another tunnel could stand in for it
    that would hold up the traffic, so there it gives both back.
    """
    keep = not _redundant(links)
    return [
        {
            **link,
            "peer": link.get("peer") or link["peer_fqdn"],
            "port": link.get("port", 1194),
            "metric": link.get("metric", 100),
            "routes": [
                {"network": str(network.network_address), "netmask": str(network.netmask)}
                for network in map(ipaddress.IPv4Network, link["routes"])
            ],
            "keep_device": keep,
        }
        for link in links
    ]
