# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until a new controller and the one it came from have each other's changes. Private to this collection.

By itself Samba computes every five minutes who pulls from whom, pulls for the first time five minutes later, and
writes a controller's names to DNS when it starts and every ten minutes. Controllers share these names: of two that
write one at the same time, replication keeps what one wrote and loses the other. So a name that is lost is written
again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_PAUSE = 1.0
_COMPUTE_EVERY = 5
"""Rounds behind each other between computations, of which each takes some seconds; the first one comes at once."""
_REGISTER_EVERY = 15
"""Rounds between attempts to write names, until Samba has written them by itself."""
_PATIENCE = 3
"""Rounds in a row in which the server cannot log in, after which it is taken to do so with old tickets."""


class Link(Protocol):
    """This controller, and the one that it joined from. Errors are `ResourceError`."""

    server: str
    """Full name of the other one."""

    def unnamed(self, *, at_server: bool) -> list[str]:
        """The names of this controller that one of the two does not have in DNS."""

    def replaced(self) -> bool:
        """Whether another controller had this one's name before."""

    def register(self) -> None:
        """Have this controller's names written to its own DNS."""

    def lacking_here(self) -> list[str]:
        """The naming contexts in which the server had more, when first asked, than this controller has."""

    def lacking_there(self) -> list[str]:
        """The naming contexts in which this controller had more, when first asked, than the server has."""

    def pull(self) -> None:
        """Have this controller pull."""

    def ask(self) -> bool:
        """Have the server pull; False = it cannot log in to this controller."""

    def reconnect(self) -> None:
        """Leave the connection to the server, which may have been restarted."""

    def compute(self) -> None:
        """Have both compute who pulls from whom."""


class Settler:
    """Names in the own DNS first: they are what the server has to get."""

    def __init__(
        self,
        link: Link,
        *,
        wait: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is asked yet."""
        self._link = link
        self._wait = wait
        self._clock = clock
        self._sleep = sleep
        self._named = False
        self._behind = 0
        self._refused = 0

    def run(self, *, report_old_tickets: bool = False) -> bool:
        """Ask until all is there; what is there already is not asked for. True = ended early, for old tickets."""
        begun, number = self._clock(), 0
        while faults := self._round(number):
            if report_old_tickets and self._refused >= _PATIENCE and self._link.replaced():
                return True
            if self._clock() - begun >= self._wait:
                raise ResourceError(
                    f"After {self._wait} s this controller and {self._link.server} do not agree yet:"
                    f" {' '.join(faults)} This host is a domain controller, but clients may miss it or find old data."
                    " Check that samba-ad-dc runs on both and that they reach each other on 53, 88, 135, 389 and the"
                    f" range of the RPC ports, in both directions; then run this again.{self._advice()}",
                    faults=faults,
                )
            self._sleep(_PAUSE)
            number += 1
        return False

    def _advice(self) -> str:
        if not self._refused or not self._link.replaced():
            return ""
        return (
            " Another controller had this one's name before: the others may still use its Kerberos tickets, which last"
            " for hours; restart samba-ad-dc on them."
        )

    def _round(self, number: int) -> list[str]:
        try:
            return self._here(number) or self._there()
        except ResourceError as exc:
            self._link.reconnect()
            return [str(exc)]

    def _here(self, number: int) -> list[str]:
        due = self._named or number % _REGISTER_EVERY == _REGISTER_EVERY - 1
        unnamed = self._link.unnamed(at_server=False)
        if unnamed and due:
            self._link.pull()
            self._link.register()
            unnamed = self._link.unnamed(at_server=False)
        self._named = self._named or not unnamed
        return [f"This controller's own DNS lacks {', '.join(unnamed)}."] if unnamed else []

    def _there(self) -> list[str]:
        link, faults = self._link, []
        if missing := link.lacking_here():
            link.pull()
            missing = link.lacking_here()
        if missing:
            faults.append(f"{link.server} has changes of {', '.join(missing)} that are not here.")
        if missing := link.lacking_there():
            self._refused = 0 if link.ask() else self._refused + 1
            missing = link.lacking_there()
        if missing:
            faults.append(f"{link.server} lacks changes of {', '.join(missing)} that were made here.")
        if faults:
            if self._behind % _COMPUTE_EVERY == 0:
                link.compute()
            self._behind += 1
            return faults
        unnamed = link.unnamed(at_server=True)
        if unnamed:
            link.pull()
        return [f"The DNS of {link.server} lacks {', '.join(unnamed)}."] if unnamed else []
