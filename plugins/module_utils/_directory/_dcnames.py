# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's names, brought into every controller's DNS. Private to this collection.

Samba writes them when it starts and every ten minutes. Two things go wrong in between. Controllers share names, such
as the domain's own: of two that write one without knowing of each other, replication keeps what one wrote and loses the
other. And a controller serves sites that have none of their own: it keeps their names after they have got one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "wait": {"type": "int", "default": 120},
}
_PAUSE = 1.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one DNS server has of this controller."""

    missing: tuple[str, ...] = ()
    """Names that it should have and has not."""
    surplus: tuple[str, ...] = ()
    """Names of sites with controllers of their own under which it has this one."""

    def __bool__(self) -> bool:
        """Whether something is wrong."""
        return bool(self.missing or self.surplus)

    def shown(self) -> dict[str, list[str]]:
        """What the module tells of it."""
        told = {"missing": list(self.missing), "surplus": list(self.surplus)}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the DNS servers of all controllers have, by controller."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    """Those that do not answer, and why."""

    @property
    def wrong(self) -> dict[str, Seen]:
        """Those that have something wrong."""
        return {name: seen for name, seen in self.seen.items() if seen}


class Naming(Protocol):
    """This controller's names. Errors are `ResourceError`."""

    own: str
    """Its short name."""

    def survey(self) -> Survey:
        """Ask every controller, this one first."""

    def mend(self, seen: Seen) -> None:
        """Have the names written, and those of other sites removed, in the own DNS."""

    def exchange(self, others: list[str]) -> None:
        """Have these pull from this controller, and this one pull from all."""


class NamesResource:
    """The resource of the module `domain_controller_names`.

    It ends when every controller that answers has been seen with all names. That lasts: whoever writes one of them
    afterwards does so to a copy that holds this controller's.
    """

    batch = 1

    def __init__(
        self,
        connect: Callable[[], Naming],
        *,
        wait: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open the directory."""
        self._naming = connect()
        self._wait = wait
        self._clock = clock
        self._sleep = sleep
        self._last = Survey()

    def current(self) -> State:
        """By controller what is wrong there."""
        self._last = self._naming.survey()
        return {name: seen.shown() for name, seen in self._last.wrong.items()}

    def desired(self, before: State) -> State:
        """Nothing wrong anywhere."""
        return {}

    def plan(self, before: State, after: State) -> list[Step]:
        """What is wrong in the own DNS is written there; what is wrong elsewhere only has to be replicated."""
        return [*self._steps(before)]

    def _steps(self, before: State) -> Iterator[Step]:
        for name, faults in before.items():
            yield Step(verb="register" if name == self._naming.own else "replicate", target=name, change=faults)

    def transaction(self) -> AbstractContextManager[object]:
        """Samba's program writes one name after the other."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """All is done in the end, at once."""

    def finish(self) -> None:
        """Write and exchange until it is right everywhere."""
        begun = self._clock()
        while wrong := self._last.wrong:
            self._mend(wrong)
            self._last = self._naming.survey()
            if self._last.wrong and self._clock() - begun >= self._wait:
                raise self._late()
            if self._last.wrong:
                self._sleep(_PAUSE)

    def _mend(self, wrong: Mapping[str, Seen]) -> None:
        """What is right here and wrong elsewhere may be on its way here, too, so it is asked for first."""
        others = [name for name in wrong if name != self._naming.own]
        if self._naming.own in wrong:
            self._naming.mend(wrong[self._naming.own])
            others = [name for name in self._last.seen if name != self._naming.own]
        self._naming.exchange(others)

    def _late(self) -> ResourceError:
        faults = [_told(name, seen) for name, seen in self._last.wrong.items()]
        return ResourceError(
            f"After {self._wait} s the names of {self._naming.own} are not right: {' '.join(faults)} Clients may miss"
            " this controller, or use it from another site, until they are. Check that samba-ad-dc runs on these"
            " controllers and that they replicate (mailforest.stack.replication_info); then run this again.",
            faults=faults,
        )

    def result(self) -> dict[str, Any]:
        """Who could not be asked."""
        return {"controllers": sorted(self._last.seen), "silent": dict(self._last.silent)}


def _told(controller: str, seen: Seen) -> str:
    parts = [f"lacks {', '.join(seen.missing)}"] if seen.missing else []
    parts += [f"still has {', '.join(seen.surplus)}"] if seen.surplus else []
    return f"The DNS of {controller} {' and '.join(parts)}."
