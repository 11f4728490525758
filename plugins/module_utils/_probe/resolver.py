# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look names up without ever waiting for a resolver that is gone."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from functools import cache


@cache
def is_address(host: str) -> bool:
    """Say whether a host is given by its address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _system_addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


def _settle(answer: asyncio.Future[list[str]], outcome: list[str] | Exception) -> None:
    if answer.cancelled():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
        answer.exception()  # when every check that asked has given up, asyncio would complain that nobody looked
    else:
        answer.set_result(outcome)


class Resolver:
    """Look every name up once, and again only after a failure."""

    def __init__(self) -> None:
        self._known: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of a host, in the system's order."""
        if is_address(host):
            return [host]
        answer = self._known.get(host)
        if answer is None or (answer.done() and answer.exception()):
            answer = self._known[host] = self._ask(host)
        return await asyncio.shield(answer)

    @staticmethod
    def _ask(host: str) -> asyncio.Future[list[str]]:
        """Ask in a thread that nobody waits for: asyncio's own would hold the end back until the resolver gives up."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def ask() -> None:
            outcome: list[str] | Exception
            try:
                outcome = _system_addresses(host)
            except (OSError, UnicodeError) as error:
                outcome = error
            with contextlib.suppress(RuntimeError):  # the run is over
                loop.call_soon_threadsafe(_settle, answer, outcome)

        threading.Thread(target=ask, daemon=True).start()
        return answer
