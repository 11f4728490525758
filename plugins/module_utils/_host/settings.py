# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the values of the role `host`, and what follows from them."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_LONGEST_NAME = 253
_LONGEST_SHORT_NAME = 63
_UPDATE_WINDOW = range(2 * 60, 6 * 60)
"""Minutes of the day, at night, in which hosts update themselves."""
_RESOLVERS = 3
"""glibc reads no more name servers than these."""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in text.split("."))


def _is_number(text: str) -> bool:
    return all(label.isdecimal() for label in text.split("."))


def _own_name(values: Mapping[str, Any]) -> Iterator[str]:
    fqdn, address = values["fqdn"], values["address"]
    if not _is_name(fqdn) or "." not in fqdn or _is_number(fqdn):
        yield f"host_fqdn: {fqdn!r} is not a full name; write it like mx1.corp.example.test."
    if not _is_address(address):
        yield f"host_address: {address!r} is not an address; write the host's own, like 198.51.100.68."
    elif ipaddress.ip_address(address).is_loopback:
        yield f"host_address: {address!r} is a loopback address, which no other host reaches; write the one others use."


def _entries(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for index, entry in enumerate(entries):
        place = f"host_entries[{index}]"
        if not _is_address(entry["address"]):
            yield f"{place}.address: {entry['address']!r} is not an address; write it like 198.51.100.68."
        if not entry["names"]:
            yield f"{place}.names: is empty; list the names that lead to {entry['address']}."
        for name in entry["names"]:
            if not _is_name(name) or _is_number(name):
                yield f"{place}.names: {name!r} is not a host name; use letters, digits, hyphens and dots."


def _lists(values: Mapping[str, Any]) -> Iterator[str]:
    for option in ("resolvers", "upstreams"):
        for index, text in enumerate(values[option]):
            if not _is_address(text):
                yield f"host_{option}[{index}]: {text!r} is not an address; name servers are given by address."
    for index, text in enumerate(values["ntp_servers"]):
        if not _is_address(text) and not _is_name(text):
            yield f"host_ntp_servers[{index}]: {text!r} is neither a host name nor an address."
    for index, text in enumerate(values["ntp_clients"]):
        if not _is_network(text):
            yield f"host_ntp_clients[{index}]: {text!r} is not a network; write it like 198.51.100.64/26."


def host_errors(values: Mapping[str, Any]) -> list[str]:
    """Every fault in the role's values (given without their prefix), each with variable, value, rule and remedy."""
    faults = [*_own_name(values), *_entries(values["entries"]), *_lists(values)]
    time = values["updates_time"]
    if time and not _TIME.fullmatch(time):
        faults.append(f'host_updates_time: {time!r} is not a time of day; write it like "03:30", or leave it empty.')
    return faults


def host_update_time(name: str) -> str:
    """A time at night that is always the same for the same host, and spread out over many hosts."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    minute = _UPDATE_WINDOW[number % len(_UPDATE_WINDOW)]
    return f"{minute // 60:02d}:{minute % 60:02d}"


def host_nameservers(resolvers: Sequence[str], upstreams: Sequence[str], present: Sequence[str]) -> list[str]:
    """The name servers to use, at most three.

    The resolvers come first; the last place is kept for an upstream, so that packages can be had while none answers.
    Without given upstreams those of `present` are kept that are neither resolvers nor this host itself.
    """
    kept = list(upstreams) or [server for server in present if not _is_this_host(server)]
    others = [server for server in kept if server not in resolvers]
    first = list(resolvers)[: _RESOLVERS - 1 if others else _RESOLVERS]
    return [*first, *others][:_RESOLVERS]


def _is_this_host(server: str) -> bool:
    """A domain controller asks itself at 127.0.0.1; 127.0.0.53 and the like are resolvers of the system, which stay."""
    return server in ("127.0.0.1", "::1")
