# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault, how it is brought about and healed, and the sign by which verify.yml shows it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from ..findings import Found
from ..hosts import at, module, root_shell

Injection = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """The finding that must name what is broken."""

    host: str
    """That which is at fault; the finding has it as its vantage point or in its subject."""
    requirement: str
    about: str
    """A pattern that the finding's subject, or what was found, has."""
    seen_from: tuple[str, ...] = ()
    """The hosts that look; the one at fault, unless others must."""

    @property
    def vantages(self) -> tuple[str, ...]:
        """From where verify.yml looks."""
        return self.seen_from or (self.host,)

    def named(self, found: Iterable[Found]) -> Found | None:
        """The finding that names the fault, with the right requirement and host."""
        for one in found:
            told = f"{one.subject}: {one.found}"
            place = f"{one.vantage} {one.subject}"
            right = one.requirement == self.requirement and re.search(rf"\b{re.escape(self.host)}\b", place)
            if right and re.search(self.about, told):
                return one
        return None


@dataclass(frozen=True, kw_only=True)
class Fault(Sign):
    """What is broken."""

    name: str
    inject: Injection


def shell(host: str, breaks: str, heals: str) -> Injection:
    """Two scripts of root's."""

    @contextmanager
    def injected() -> Iterator[None]:
        try:
            root_shell(at(host), breaks)
            yield
        finally:
            root_shell(at(host), heals)

    return injected


def with_copy(host: str, paths: str, breaks: str, after: str = "true") -> Injection:
    """Files are changed, and put back as they were; `after` is done after either."""
    place = f"/root/fault-{secrets.token_hex(4)}"
    copy = f"mkdir {place} && cp -a {paths} {place}"
    back = f"for f in {paths}; do cp -a {place}/$(basename $f) $f; done; rm -r {place}"
    return shell(host, f"{copy} && ({breaks}) && {after}", f"{back}; {after}")


def stopped(host: str, unit: str) -> Injection:
    """A unit that is stopped."""
    return shell(host, f"systemctl stop {unit}", f"systemctl start {unit}")


def modules(host: str, name: str, wrong: dict[str, Any], right: dict[str, Any]) -> Injection:
    """What one of the collection's own modules writes, and writes back."""

    @contextmanager
    def injected() -> Iterator[None]:
        try:
            module(at(host), name, **wrong)
            yield
        finally:
            module(at(host), name, **right)

    return injected
