# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the phases of a run, what they took, and what they took last time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_KEPT_RUNS = 50
"""Kinds of runs of which the times are kept: playbook, check mode, tags and hosts make a kind."""
_NAMED_HOSTS = 4
_SHORT = 1.0
"""Seconds that are not worth a word."""


def clock(seconds: float) -> str:
    """Seconds as people read them: `7 s`, `3:05`, `1:02:03`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def some(hosts: Sequence[str]) -> str:
    """The hosts, or the first of many and how many more."""
    if len(hosts) <= _NAMED_HOSTS + 1:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:_NAMED_HOSTS])} and {len(hosts) - _NAMED_HOSTS} more"


def kind_of_run(playbook: str, arguments: Mapping[str, Any]) -> str:
    """A key for runs that take about the same time."""
    tags = [tag for tag in arguments.get("tags") or () if tag != "all"]
    words = [
        playbook,
        *(["--check"] if arguments.get("check") else []),
        *(f"--tags={tag}" for tag in sorted(tags)),
        *(f"--skip-tags={tag}" for tag in sorted(arguments.get("skip_tags") or ())),
        *([f"--limit={arguments['subset']}"] if arguments.get("subset") else []),
    ]
    return " ".join(words)


@dataclass(frozen=True)
class Cache:
    """The times of earlier runs, in a file of the user's; where it cannot be read or written there are none."""

    path: Path

    def _all(self) -> dict[str, dict[str, float]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                str(kind): {str(name): float(seconds) for name, seconds in phases.items()}
                for kind, phases in found.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def read(self, kind: str) -> dict[str, float]:
        """Phase to seconds."""
        return self._all().get(kind, {})

    def write(self, kind: str, phases: Mapping[str, float]) -> None:
        """Keep these times, and those of other phases of that kind of run."""
        runs = self._all()
        runs[kind] = {**runs.pop(kind, {}), **{name: round(seconds, 1) for name, seconds in phases.items()}}
        kept = dict(list(runs.items())[-_KEPT_RUNS:])
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            beside.replace(self.path)
        except OSError:
            return


@dataclass
class Progress:
    """One run of one playbook: told what begins, it says what to print."""

    total: int
    """How many phases have hosts."""
    before: Mapping[str, float]
    """What each phase took last time."""
    now: Callable[[], float]
    begun: float = 0.0
    times: dict[str, float] = field(default_factory=dict)
    _name: str = ""
    _since: float = 0.0
    _number: int = 0

    def __post_init__(self) -> None:
        """The run begins."""
        self.begun = self.now()

    def begin(self, name: str) -> None:
        """A phase begins, and with it the one before ends."""
        self.end()
        self._name, self._since = name, self.now()
        self._number += 1

    def end(self) -> None:
        """The phase ends, as another begins or the run is over."""
        if self._name:
            self.times[self._name] = self.times.get(self._name, 0.0) + self.now() - self._since
            self._name = ""

    def completed(self, *, done: bool) -> dict[str, float]:
        """The times to compare with: where the run was not done, its last phase was not either."""
        self.end()
        return self.times if done else dict(list(self.times.items())[:-1])

    def headline(self, hosts: Sequence[str]) -> str:
        """What is printed when a phase begins."""
        last = self.before.get(self._name)
        so_far = self._since - self.begun
        left = sum(seconds for name, seconds in self.before.items() if name not in self.times)
        parts = [
            *([f"last time {clock(last)}"] if last is not None and last >= _SHORT else []),
            *([f"{clock(so_far)} so far"] if so_far >= _SHORT else []),
            *([f"about {clock(left)} left"] if last is not None and left >= _SHORT else []),
        ]
        return f"Phase {self._number} of {self.total}: {self._name}, on {some(hosts)}" + (
            f" ({'; '.join(parts)})" if parts else ""
        )

    def table(self) -> list[str]:
        """What is printed at the end: each phase that took its time, beside the last time."""
        self.end()
        rows = [(name, taken, self.before.get(name)) for name, taken in self.times.items() if taken >= _SHORT]
        known = [self.before[name] for name in self.times if name in self.before]
        rows.append(("all", self.now() - self.begun, sum(known) if known else None))
        width = max(len("Phase"), *(len(name) for name, _taken, _last in rows))
        return [
            f"{'Phase'.ljust(width)}  {'took':>8}  {'last time':>9}",
            *(
                f"{name.ljust(width)}  {clock(taken):>8}  {clock(last) if last is not None else '':>9}".rstrip()
                for name, taken, last in rows
            ),
        ]
