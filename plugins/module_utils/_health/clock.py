# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how far this host's clock is from those of the servers it follows (RFC 5905)."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .problem import Problem

_PORT, _EPOCH_1900, _SECONDS, _SERVER = 123, 2208988800, 1.5, 4
_REQUIREMENT = "AD-14"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A server's answer: seconds that its clock is ahead of this one; None = no answer."""

    server: str
    offset: float | None


def understand(request: bytes, reply: bytes, *, sent: float, received: float) -> float | None:
    """Seconds that the server is ahead (RFC 5905 8); None where this is no answer to the request."""
    if len(reply) < 48 or reply[0] & 7 != _SERVER or reply[24:32] != request[40:48]:
        return None
    arrived, left = (int.from_bytes(reply[at : at + 8], "big") / 2**32 - _EPOCH_1900 for at in (32, 40))
    return ((arrived - sent) + (left - received)) / 2


def ask(server: str) -> float | None:
    """Two packets at most: one may be lost."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(_SECONDS)
            client.connect((server, _PORT))
            for _turn in range(2):
                request = bytes([0x23]) + bytes(39) + secrets.token_bytes(8)
                sent = time.time()
                client.send(request)
                try:
                    reply = client.recv(512)
                except TimeoutError:
                    continue
                return understand(request, reply, sent=sent, received=time.time())
    except OSError:
        pass
    return None


def look(servers: Iterable[str], asked: Callable[[str], float | None] = ask) -> list[Reading]:
    """Ask each of them."""
    return [Reading(server=server, offset=asked(server)) for server in servers]


def judge(readings: Sequence[Reading], limit: float) -> Iterator[Problem]:
    """Nobody who tells the time, or clocks that differ: this one where they agree, else theirs."""
    known = [(reading, reading.offset) for reading in readings if reading.offset is not None]
    if readings and not known:
        yield Problem(
            requirement=_REQUIREMENT,
            subject="time",
            expected=f"an answer of {', '.join(reading.server for reading in readings)}",
            found="nobody tells the time",
            cause="chrony is stopped on the domain controllers, or port 123/udp is closed on the way.",
            remedy="systemctl status chrony on the domain controllers; chronyc sources here.",
        )
    wrong = [(reading, offset) for reading, offset in known if abs(offset) > limit]
    for reading, offset in wrong:
        own = len(wrong) == len(known)
        yield Problem(
            requirement=_REQUIREMENT,
            subject="clock of this host" if own and len(known) > 1 else f"clock of {reading.server}",
            expected=f"less than {limit:g} s from the other",
            found=f"{reading.server} is {abs(offset):.0f} s {'ahead' if offset > 0 else 'behind'}",
            cause="chrony does not follow its source, or somebody set the clock; beyond 300 s tickets are refused.",
            remedy="chronyc tracking and chronyc sources on both; chronyc makestep sets the clock at once.",
        )
