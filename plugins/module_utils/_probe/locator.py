# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a domain controller as a Windows client does ([MS-ADTS] 6.3): SRV records, then CLDAP pings.

A client that does not know its site asks any controller; the answer tells the site of the client's subnet, and that of
the controller. If these differ, the client asks those of its own site, and stays with the first one if none answers.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import DerError
from ansible_collections.mailforest.stack.plugins.module_utils._probe.ldap import SEARCH_ENTRY, Cldap, entry, operation
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Answer, Dns, MessageError, read_name

_RESPONSES = (23, 25)
"""LOGON_SAM_LOGON_RESPONSE_EX and LOGON_SAM_USER_UNKNOWN_EX; either one is an answer."""
_NAMES = ("forest", "domain", "controller", "netbios_domain", "netbios_name", "user", "controller_site", "client_site")
_FIRST_NAME = 24
_BETWEEN = 0.2
"""Seconds after which the next controller is asked too."""
_LARGEST = 65535


@dataclass(frozen=True, kw_only=True)
class Pong:
    """A controller's answer."""

    controller: str
    controller_site: str
    client_site: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A controller that DNS names."""

    name: str
    address: str


@dataclass(kw_only=True)
class Search:
    """What was found, and what was tried on the way."""

    found: Pong | None = None
    tried: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def understand(reply: bytes, address: str) -> Pong:
    """Read a NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] 6.3.1.9) in the answer to a CLDAP ping."""
    try:
        tag, content = operation(reply)
        netlogon = entry(content).get("netlogon", [b""])[0] if tag == SEARCH_ENTRY else b""
    except (DerError, IndexError, ValueError) as exc:
        raise MessageError("no CLDAP") from exc
    if len(netlogon) < _FIRST_NAME or struct.unpack_from("<H", netlogon)[0] not in _RESPONSES:
        raise MessageError("no controller of this domain")
    position, names = _FIRST_NAME, {}
    for name in _NAMES:
        text, position = read_name(netlogon, position)
        names[name] = text.rstrip(".")
    return Pong(
        controller=names["controller"].lower(),
        controller_site=names["controller_site"],
        client_site=names["client_site"],
        address=address,
    )


class Lookup(Protocol):
    """Who knows the records."""

    def lookup(self, name: str, kind: str) -> Answer:
        """What DNS says."""


class Locator:
    """One search."""

    def __init__(self, dns: Lookup, domain: str, *, timeout: float, port: int = 389) -> None:
        """Nothing is asked yet."""
        self._dns = dns
        self._domain = domain.rstrip(".").lower()
        self._timeout = timeout
        self._port = port
        self._search = Search()

    def locate(self) -> Search:
        """Any controller first; then one of the client's own site."""
        found = self._search.found = self._ping(self._candidates(f"_ldap._tcp.dc._msdcs.{self._domain}"))
        if found and found.client_site and found.client_site.lower() != found.controller_site.lower():
            near = self._candidates(f"_ldap._tcp.{found.client_site}._sites.dc._msdcs.{self._domain}")
            self._search.found = self._ping(near) or found
        return self._search

    def _candidates(self, name: str) -> list[Candidate]:
        answer = self._dns.lookup(name, "SRV")
        if answer.error:
            self._search.faults.append(f"{name}: {answer.error}")
        targets = [target for _order, target in sorted(_preferred(answer.values))]
        return [candidate for target in targets for candidate in self._addresses(target)]

    def _addresses(self, name: str) -> Iterator[Candidate]:
        answer = self._dns.lookup(name, "A")
        if answer.error:
            self._search.faults.append(f"{name}: {answer.error}")
        for address in answer.values:
            yield Candidate(name=name, address=address)

    def _ping(self, candidates: Sequence[Candidate]) -> Pong | None:
        """Ask one after the other, without waiting long; the first answer counts."""
        request = Cldap().request(self._domain)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.setblocking(False)
            asked: list[Candidate] = []
            for candidate in [*candidates, *candidates]:  # a packet may get lost
                if candidate not in asked:
                    asked.append(candidate)
                with contextlib.suppress(OSError):
                    connection.sendto(request, (candidate.address, self._port))
                if found := self._answer(connection, asked, _BETWEEN):
                    return found
            found = self._answer(connection, asked, self._timeout)
            return found or self._note(asked, None)

    def _answer(self, connection: socket.socket, asked: Sequence[Candidate], seconds: float) -> Pong | None:
        deadline = time.monotonic() + seconds
        while asked and (left := deadline - time.monotonic()) > 0:
            if not select.select([connection], [], [], left)[0]:
                break
            with contextlib.suppress(OSError, MessageError):
                reply, (address, *_port) = connection.recvfrom(_LARGEST)
                if address in [candidate.address for candidate in asked]:
                    return self._note(asked, understand(reply, address))
        return None

    def _note(self, asked: Sequence[Candidate], found: Pong | None) -> Pong | None:
        self._search.tried += [
            {
                "controller": candidate.name.rstrip("."),
                "address": candidate.address,
                "answered": found is not None and candidate.address == found.address,
            }
            for candidate in asked
        ]
        return found


def _preferred(records: Sequence[str]) -> Iterator[tuple[tuple[int, float], str]]:
    """By priority; within one, at random by weight (RFC 2782)."""
    for record in records:
        priority, weight, _port, target = record.split()
        yield (int(priority), random.random() ** (1 / (int(weight) or 0.1)) * -1), target


def locate(*, domain: str, site: str | None, servers: Sequence[str], timeout: float) -> dict[str, Any]:
    """What the module `dc_locator` returns."""
    begun = time.monotonic()
    search = Locator(Dns(servers=servers, timeout=timeout), domain, timeout=timeout).locate()
    found = search.found
    return {
        "controller": found.controller if found else "",
        "address": found.address if found else "",
        "controller_site": found.controller_site if found else "",
        "client_site": found.client_site if found else "",
        "seconds": round(time.monotonic() - begun, 3),
        "tried": search.tried,
        "problems": list(_problems(search, domain=domain, site=site)),
    }


def _problems(search: Search, *, domain: str, site: str | None) -> Iterator[str]:
    found = search.found
    if found is None:
        why = "; ".join(search.faults) or "none of the controllers that DNS names answered a ping"
        yield (
            f"No domain controller of {domain} was found ({why}), so that nobody logs on from here. Check the name"
            " servers of this host, the SRV records, and that 389/udp of the controllers is reached."
        )
    elif site and found.controller_site.lower() != site.lower():
        yield (
            f"This host is sent to {found.controller} in site {found.controller_site}, not to a controller of site"
            f" {site}, so that logons cross the line between offices. The directory takes it for a host of site"
            f" {found.client_site or 'none'}; check the subnets and SRV records of {site}, and its controllers."
        )
