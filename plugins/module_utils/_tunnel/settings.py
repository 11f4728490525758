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
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")
_SMALLEST_MTU, _LARGEST_MTU = 576, 1500  # RFC 791; what an Ethernet carries
_NEXT_HOPS = ipaddress.IPv4Network("169.254.77.0/24")
"""Names for the far ends of second tunnels to one gateway; no packet carries them."""
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


def _all_routes(link: Link) -> list[tuple[str, str]]:
    """Each network with the option that lists it."""
    return [(option, text) for option in ("routes", "standby_routes") for text in link.get(option) or ()]


def _routes(link: Link, place: str) -> Iterator[str]:
    remote, local = _address(link["remote"]), _address(link["local_address"])
    for option, text in _all_routes(link):
        network = _network(text)
        if network is None:
            yield f"{place}.{option}: {text!r} is not an IPv4 network; write it like 198.51.100.128/26."
        elif remote is not None and remote in network:
            yield (
                f"{place}.{option}: {text} holds {remote}, at which the other gateway is reached, "
                "so the tunnel would have to pass through itself; leave it out, or correct `remote`."
            )
        elif local is not None and local in network:
            yield f"{place}.{option}: {text} holds this gateway's own {local}; list the other office's networks only."


def _numbers(link: Link, place: str) -> Iterator[str]:
    if not 1 <= link.get("port", 1194) <= 65535:
        yield f"{place}.port: {link['port']} is not a port; use 1 to 65535."
    if not 0 <= link.get("metric", 100) < 2**31:
        yield f"{place}.metric: {link['metric']} is not a metric; use a small positive number."
    metric, standby = link.get("metric", 100), link.get("standby_metric", 8192)
    if not metric < standby < 2**31:
        yield f"{place}.standby_metric: {standby} is not above metric ({metric}), so standby routes would come first."
    mtu, mssfix = link.get("mtu", 1420), link.get("mssfix", 1360)
    if not _SMALLEST_MTU <= mtu <= _LARGEST_MTU:
        yield f"{place}.mtu: {mtu} cannot be a tunnel's; use {_SMALLEST_MTU} to {_LARGEST_MTU}, the same at both ends."
    elif mssfix and not _SMALLEST_MTU <= mssfix <= _LARGEST_MTU:
        yield f"{place}.mssfix: {mssfix} is no packet's size; use {_SMALLEST_MTU} to {_LARGEST_MTU}, or 0 for none."


def _fingerprints(link: Link, place: str) -> Iterator[str]:
    for text in link.get("peer_fingerprints") or ():
        if not _FINGERPRINT.fullmatch(text):
            yield (
                f"{place}.peer_fingerprints: {text!r} is not a SHA-256 fingerprint; write 32 pairs of digits with "
                "colons, as `openssl x509 -noout -fingerprint -sha256` prints them."
            )


_RULES: tuple[Callable[[Link, str], Iterator[str]], ...] = (_names, _addresses, _routes, _numbers, _fingerprints)


def _twice(links: Sequence[Link]) -> Iterator[str]:
    """What two tunnels of a gateway cannot share."""
    for option, value, same in _shared(links):
        if len(same) > 1:
            yield f"site_tunnel_links: {option} {value} is used {len(same)} times; each tunnel needs its own."
    for (peer, metric), times in Counter((link["peer_address"], link.get("metric", 100)) for link in links).items():
        if times > 1:
            yield (
                f"site_tunnel_links: {times} tunnels to {peer} have the metric {metric}, so neither comes first; "
                "give the one that is to stand in a higher one."
            )


def _shared(links: Sequence[Link]) -> Iterator[tuple[str, Any, list[Link]]]:
    """The tunnels that have each value of what each needs for itself: a name, an interface, a port of its transport."""
    keys: tuple[tuple[str, Callable[[Link], Any]], ...] = (
        ("name", lambda link: link["name"]),
        ("interface", lambda link: link["interface"]),
        ("port", lambda link: f"{link.get('port', 1194)}/{link.get('transport', 'udp')}"),
    )
    for option, key in keys:
        for value in dict.fromkeys(key(link) for link in links):
            yield option, value, [link for link in links if key(link) == value]


def _without_ca(links: Sequence[Link], ca_file: str) -> Iterator[str]:
    for index, link in enumerate(links):
        if not ca_file and not link.get("peer_fingerprints"):
            yield (
                f"site_tunnel_links[{index}].peer_fingerprints: is empty and site_tunnel_ca_file too, so any "
                "certificate of that name would be accepted; give one of both."
            )


def site_tunnel_errors(links: Sequence[Link], ca_file: str = "/") -> list[str]:
    """Every fault in `site_tunnel_links`, each with variable, value, rule and remedy."""
    places = [(link, f"site_tunnel_links[{index}]") for index, link in enumerate(links)]
    faults = [fault for link, place in places for rule in _RULES for fault in rule(link, place)]
    return [*faults, *_twice(links), *_without_ca(links, ca_file)]


def _redundant(links: Sequence[Link]) -> bool:
    """Whether two tunnels lead to the same place, so that one of them can stand in for the other."""
    networks = [[ipaddress.IPv4Network(text) for _option, text in _all_routes(link)] for link in links]
    return any(a.overlaps(b) for first, second in combinations(networks, 2) for a in first for b in second)


def site_tunnel_settings(links: Sequence[Link]) -> list[dict[str, Any]]:
    """The links as the template of one needs them.

    A dead tunnel keeps its device and its routes while it is dialled anew. Where another tunnel could stand in for it
    that would hold up the traffic, so there it gives both back.
    """
    keep = not _redundant(links)
    peers = [link["peer_address"] for link in links]
    return [
        {
            **_DEFAULTS,
            **link,
            "peer": link.get("peer") or link["peer_fqdn"],
            "routes": _with_metrics(link),
            "next_hop": peer if peer not in peers[:index] else str(_NEXT_HOPS[index + 1]),
            "keep_device": keep,
        }
        for index, (link, peer) in enumerate(zip(links, peers, strict=True))
    ]


_DEFAULTS: Link = {
    "port": 1194,
    "metric": 100,
    "transport": "udp",
    "mtu": 1420,
    "mssfix": 1360,
    "peer_fingerprints": [],
}


def _with_metrics(link: Link) -> list[dict[str, Any]]:
    metrics = {"routes": link.get("metric", 100), "standby_routes": link.get("standby_metric", 8192)}
    found = [(metrics[option], ipaddress.IPv4Network(text)) for option, text in _all_routes(link)]
    return [
        {"network": str(network.network_address), "netmask": str(network.netmask), "metric": metric}
        for metric, network in found
    ]
