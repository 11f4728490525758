# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure two ways of doing the same thing, alternately, and say in one line how they compare."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
Measure = Callable[[], float]
"""Does the thing once; returns the seconds that count."""


class BenchmarkError(Exception):
    """The benchmark cannot be run, or one side did not do what it should."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What both sides took, and how little of the other side's time ours may be."""

    name: str
    ours: Sequence[float]
    theirs: Sequence[float]
    goal: float | None = None
    """The ratio ours / theirs that must not be passed; None while there is no goal."""
    most: float | None = None
    """The seconds that ours must not pass."""
    note: str = ""

    @property
    def ratio(self) -> float:
        """Our median by theirs."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def met(self) -> bool:
        """Say whether the goal is met; without one there is nothing to miss."""
        in_time = self.most is None or statistics.median(self.ours) <= self.most
        return in_time and (self.goal is None or self.ratio <= self.goal)

    def line(self) -> str:
        """Return name, ours, theirs, ratio, goal, met or not."""
        given = ((self.goal, ""), (self.most, " s"))
        limits = [f"{limit:g}{unit}" for limit, unit in given if limit is not None]
        goal = f"goal at most {' and '.join(limits)}, {'met' if self.met else 'NOT met'}" if limits else "no goal"
        note = f" ({self.note})" if self.note else ""
        return (
            f"{self.name}: ours {_seconds(self.ours)}, theirs {_seconds(self.theirs)}, "
            f"ratio {self.ratio:.3g}, {goal}{note}"
        )


def _seconds(values: Sequence[float]) -> str:
    median = f"{statistics.median(values):.2f} s"
    return f"{median} [{min(values):.2f} to {max(values):.2f}, n={len(values)}]" if len(values) > 1 else median


@dataclass(kw_only=True)
class Samples:
    """What has been measured so far."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)


def alternate(ours: Measure, theirs: Measure, *, repeat: int) -> Samples:
    """Measure both sides in turn, the first one changing, so that a machine that slows down slows both."""
    samples = Samples()
    for index in range(repeat):
        pair = [(samples.ours, ours, "ours"), (samples.theirs, theirs, "theirs")]
        for taken, measure, side in pair if index % 2 == 0 else reversed(pair):
            taken.append(measure())
            print(f"  round {index + 1} of {repeat}, {side}: {taken[-1]:.2f} s", flush=True)
    return samples


def finish(comparison: Comparison) -> int:
    """Print the line that a benchmark ends with; return the exit status."""
    print(comparison.line(), flush=True)
    return 0 if comparison.met else 1


def run(
    command: Sequence[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> float:
    """Run a command, its output into a file; return the seconds it took. It must succeed."""
    log = log or ROOT / ".build" / "bench.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with log.open("wb") as output:
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=output, stderr=output, check=False
        )
    elapsed = time.monotonic() - start
    if done.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise BenchmarkError(f"{' '.join(command)} ended with {done.returncode}; the end of {log}:\n{end}")
    return elapsed


def playbook_command(*arguments: str) -> list[str]:
    """Return the ansible-playbook that belongs to this Python."""
    return [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]


def main(benchmark: Callable[[], int]) -> None:
    """Run a benchmark; say in one sentence when it cannot be run."""
    try:
        sys.exit(benchmark())
    except BenchmarkError as error:
        sys.exit(f"benchmark: {error}")
