# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining many hosts gradually: who joins today, in which batches, and when all have. Private to this collection."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast hosts may join."""

    canary: int = 1
    batch_size: int = 5
    per_day: int = 0
    """No more in one day; 0 = no limit."""
    workdays_only: bool = False

    def faults(self) -> list[str]:
        """What is wrong with it, each as option, value, reason."""
        checks = (
            ("canary", self.canary, 0, "it must be 0 or more"),
            ("batch_size", self.batch_size, 1, "it must be 1 or more"),
            ("per_day", self.per_day, 0, "it must be 0 (no limit) or more"),
        )
        return [f"{name} {value}: {reason}" for name, value, least, reason in checks if value < least]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """One line of the ledger."""

    host: str
    at: str
    """ISO 8601, UTC."""
    by: str

    @property
    def day(self) -> date:
        """The day, by the clock of the administrator's machine."""
        return datetime.fromisoformat(self.at).astimezone().date()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What this run does, and what stays."""

    today: Sequence[str]
    waiting: Sequence[str]
    batches: Sequence[Sequence[str]]
    joined_today: int
    finish: date

    @property
    def serial(self) -> list[int]:
        """The sizes of the batches, for a play's `serial`, which wants at least one."""
        return [len(batch) for batch in self.batches] or [1]


def plan(candidates: Sequence[str], ledger: Iterable[Joined], pace: Pace, now: datetime) -> Plan:
    """Take as many candidates as today's limit leaves, in their order, the canary before all others."""
    today = now.astimezone().date()
    done = sum(entry.day == today for entry in ledger)
    left = _allowed(pace, today, done)
    chosen = list(candidates) if left is None else list(candidates[:left])
    waiting = list(candidates[len(chosen) :])
    return Plan(
        today=chosen,
        waiting=waiting,
        batches=_batches(chosen, pace),
        joined_today=done,
        finish=_finish(len(waiting), pace, today),
    )


def _allowed(pace: Pace, day: date, done: int) -> int | None:
    """How many more may join on a day; None = no limit."""
    if pace.workdays_only and day.weekday() >= _SATURDAY:
        return 0
    return max(0, pace.per_day - done) if pace.per_day else None


def _batches(hosts: Sequence[str], pace: Pace) -> list[list[str]]:
    canary, rest = list(hosts[: pace.canary]), list(hosts[pace.canary :])
    batches = [rest[at : at + pace.batch_size] for at in range(0, len(rest), pace.batch_size)]
    return [canary, *batches] if canary else batches


def _finish(waiting: int, pace: Pace, day: date) -> date:
    """The day on which the last of those that wait joins, when the playbook runs every day."""
    while waiting > 0:
        day += timedelta(days=1)
        allowed = _allowed(pace, day, 0)
        waiting = 0 if allowed is None else waiting - allowed
    return day


def told(made: Plan) -> list[str]:
    """The plan in words."""
    if not made.today and not made.waiting:
        return ["Every host has joined; there is nothing to do."]
    lines = [f"Join {', '.join(batch)}." for batch in made.batches]
    if not made.today:
        lines = [f"Nobody joins now: today's {made.joined_today} have joined, or today is no day for it."]
    if made.waiting:
        lines.append(f"Left for later: {', '.join(made.waiting)}.")
        lines.append(f"All will have joined on {made.finish.isoformat()}, when this runs every day.")
    else:
        lines.append("Then all have joined.")
    return lines


def read(path: Path) -> list[Joined]:
    """Read the ledger; one that is not there is empty."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["joins"]
        entries = [_entry(row) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ResourceError(
            f"The ledger {path} cannot be read: {exc}. Nothing was changed, for without it a limit per day cannot be"
            " kept. Restore it, or move it away: the ledger then begins anew."
        ) from exc
    return entries


def _entry(row: Mapping[str, Any]) -> Joined:
    entry = Joined(host=str(row["host"]), at=str(row["at"]), by=str(row["by"]))
    datetime.fromisoformat(entry.at)
    return entry


def unrecorded(hosts: Sequence[str], ledger: Sequence[Joined], now: datetime) -> list[str]:
    """Those that the ledger does not have yet today: a host that joins twice in a day counts once."""
    today = now.astimezone().date()
    known = {entry.host for entry in ledger if entry.day == today}
    return [host for host in hosts if host not in known]


def record(path: Path, hosts: Sequence[str], *, by: str, now: datetime) -> list[Joined]:
    """Add joins to the ledger; it is replaced as a whole, so that a crash leaves the old or the new one."""
    stamp = now.astimezone(UTC).isoformat(timespec="seconds")
    entries = [*read(path), *(Joined(host=host, at=stamp, by=by) for host in hosts)]
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"joins": [asdict(entry) for entry in entries]}, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return entries
