# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: earlier runs, and what got better or worse since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Outcome
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import SCHEMA, Record

_BAD = {Outcome.FAILED: 2, Outcome.WARNED: 1}


@dataclass(frozen=True, kw_only=True)
class Run:
    """An earlier run, as far as it is compared and drawn."""

    time: str
    errors: int
    warnings: int
    checks: int
    outcomes: dict[tuple[str, str], Outcome]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A check whose outcome is another than in the run before."""

    vantage: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Since the run before."""

    since: str
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    unseen: tuple[Change, ...]
    """What was wrong, and was not looked at this time."""


def read(directory: Path) -> list[Run]:
    """The earlier runs, the oldest first. What cannot be read, or is of another schema, is left out."""
    return [run for path in sorted(directory.glob("*.json")) for run in _read(path)]


def _read(path: Path) -> Iterator[Run]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] == SCHEMA:
            yield _run(document)
    except (OSError, ValueError, LookupError, TypeError):
        return


def _run(document: dict[str, Any]) -> Run:
    counts = document["counts"]
    return Run(
        time=document["time"],
        errors=counts["errors"],
        warnings=counts["warnings"],
        checks=counts["checks"],
        outcomes={(row["vantage"], row["subject"]): Outcome(row["outcome"]) for row in document["checks"]},
    )


def as_run(record: Record) -> Run:
    """This run as one of the history."""
    counts = record.counts
    return Run(
        time=record.time,
        errors=counts.errors,
        warnings=counts.warnings,
        checks=counts.checks,
        outcomes={check.key: check.outcome for check in record.checks},
    )


def compare(before: Run, now: Run) -> Changes:
    """What got better, what got worse, and what cannot be told."""
    looked = {vantage for vantage, _subject in now.outcomes}
    better: list[Change] = []
    worse: list[Change] = []
    unseen: list[Change] = []
    for key in dict.fromkeys((*now.outcomes, *before.outcomes)):
        # What is no longer declared is well, if whoever looked at it was asked.
        gone = Outcome.PASSED if key[0] in looked else Outcome.SKIPPED
        earlier, later = before.outcomes.get(key, Outcome.PASSED), now.outcomes.get(key, gone)
        change = Change(vantage=key[0], subject=key[1])
        if _BAD.get(later, 0) > _BAD.get(earlier, 0):
            worse.append(change)
        elif earlier in _BAD and later is Outcome.SKIPPED:
            unseen.append(change)
        elif _BAD.get(later, 0) < _BAD.get(earlier, 0):
            better.append(change)
    return Changes(since=before.time, better=tuple(better), worse=tuple(worse), unseen=tuple(unseen))


def surplus(paths: Iterable[Path], *, keep: int) -> Sequence[Path]:
    """The files of runs beyond so many, the oldest first; their names are their times."""
    rows = sorted(paths)
    return rows[: max(0, len(rows) - keep)]
