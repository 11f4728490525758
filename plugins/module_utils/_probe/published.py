# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every name server that others may ask has a TXT record: each is asked itself, as caches remember what was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .lookup import Answer

Lookup = Callable[[Sequence[str], str, str], Answer]
"""Servers, name and type to what they say."""
_PAUSE = 2.0


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A name server that does not have the record, and what it says in its place."""

    name: str
    server: str
    found: str

    def shown(self) -> dict[str, str]:
        """What the module tells of it."""
        return {"name": self.name, "server": self.server, "found": self.found}


def _parents(name: str) -> Iterator[str]:
    """The domains that the name may be in, the nearest first; never a top-level one."""
    labels = name.rstrip(".").split(".")
    return (".".join(labels[at:]) for at in range(1, len(labels) - 1))


def authorities(name: str, lookup: Lookup, resolvers: Sequence[str]) -> tuple[list[str], str]:
    """Addresses of the name servers whose word on the name counts, or why there are none."""
    for domain in _parents(name):
        hosts = lookup(resolvers, domain, "NS").values
        if hosts:
            answers = [lookup(resolvers, host, "A") for host in hosts]
            found = sorted({address for answer in answers for address in answer.values})
            return found, "" if found else f"no address of {', '.join(hosts)}, the name servers of {domain}, is known"
    return [], f"no name server of {name} or above is known here"


def _same(value: str) -> str:
    """A record's value, whatever blanks stand between its tags."""
    return "".join(value.split()).rstrip(";")


def missing(
    records: Iterable[Mapping[str, str]], lookup: Lookup, *, servers: Sequence[str], resolvers: Sequence[str]
) -> tuple[list[Missing], list[str]]:
    """Where records are not as they should be, and who was asked. Without `servers` they are looked for."""
    gone: list[Missing] = []
    asked: set[str] = set()
    for record in records:
        name = record["name"]
        addresses, reason = (list(servers), "") if servers else authorities(name, lookup, resolvers)
        if not addresses:
            gone.append(Missing(name=name, server="", found=reason))
        for server in addresses:
            asked.add(server)
            answer = lookup([server], name, "TXT")
            if [_same(value) for value in answer.values] != [_same(record["value"])]:
                found = " and ".join(f"{value[:60]}..." for value in answer.values)
                gone.append(Missing(name=name, server=server, found=found or answer.error))
    return gone, sorted(asked)


def watch(look: Callable[[], tuple[list[Missing], list[str]]], wait: float) -> tuple[list[Missing], list[str]]:
    """Look until nothing is missing, or the seconds are over."""
    end = time.monotonic() + wait
    while True:
        found = look()
        if not found[0] or time.monotonic() + _PAUSE > end:
            return found
        time.sleep(_PAUSE)
