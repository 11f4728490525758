# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on blank hosts, killed at a random point and run again: the office is that of an undisturbed run.

It takes hours, so it may be done in several goes: one seed for all, some turns in each, and what runs that nobody
killed have made is kept in a file, which is good for the same code, the same office and the same passwords.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from .dump import Dump, Measure, dump
from .interrupted import Watched
from .lab import renew
from .office import Office
from .playbook import ROOT, verified
from .tables import keep

TABLE = "MAILFOREST_INTERRUPTIONS_TABLE"
MEASURE = "MAILFOREST_MEASURE"
TURNS = "MAILFOREST_TURNS"
MAKERS = (
    *("roles", "plugins", "playbooks", "lab", "tests/system/support/dump.py"),
    *("examples/two-offices/inventory", "extensions/molecule/inventory", "extensions/molecule/one_office/inventory"),
)
"""What decides how an office is, and how it is read."""
SETTLED_SECONDS = 600
QUIET_SECONDS = 60
"""So long nothing may change any more before a state is taken for a measure."""
MOST_AFTER = 3.0
"""Seconds after the beginning of a task; most take less."""
SHARED = 0.9
"""Of what an office consists of, so much at least must be a measure, or the comparison is none."""


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """What two runs that nobody killed have made of blank hosts; what differs, such as keys, is no measure."""

    tasks: int
    measure: Measure

    def agree(self) -> str:
        """The control: nearly all is the same in both, and a state that differs is told."""
        measure = self.measure
        share = len(measure.common) / len(measure.first)
        assert share > SHARED, sorted(measure.first.keys() - measure.common.keys())[:50]
        assert measure.differences(measure.first) == measure.differences(measure.second) == []
        key, value = next(iter(measure.common.items()))
        assert measure.differences({**measure.first, key: "another", "more": ""}) == sorted(
            [f"{key}: another instead of {value}", "more: left over"]
        )
        return f"{self.tasks} tasks; {len(measure.common)} of {len(measure.first)} compared"


@dataclass(frozen=True, kw_only=True)
class Interruption:
    """One turn, as a row of the table."""

    turn: int
    task: str
    name: str
    seconds_after: float
    result: str
    seconds_of_the_rerun: int


def turns(number: int) -> list[int]:
    """Those of the environment, such as 7-12 or 1,3, else as many as there should be. They are counted from 1."""
    chosen = os.environ.get(TURNS, "")
    assert not chosen or "MAILFOREST_SEED" in os.environ, f"{TURNS} needs MAILFOREST_SEED, which the others had, too"
    return numbers(chosen) if chosen else list(range(1, number + 1))


def numbers(text: str) -> list[int]:
    """What a list of numbers and ranges means."""
    found: list[int] = []
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def point(seed: int, turn: int, tasks: int) -> tuple[int, float]:
    """Where a turn is killed: in which task, and how long after it began."""
    draw = Random(f"{seed}/{turn}")
    return draw.randint(1, tasks), draw.uniform(0, MOST_AFTER)


def undisturbed(office: Office, folder: Path) -> Undisturbed:
    """From the file that the environment names, if it is there, else from two runs; it is written then."""
    kept = os.environ.get(MEASURE, "")
    origin = _origin(office) if kept else {}
    if kept and Path(kept).exists():
        return read(Path(kept), origin)
    (tasks, first), (others, second) = (_from_nothing(office, folder / f"{turn}.log") for turn in range(2))
    found = Undisturbed(tasks=min(tasks, others), measure=Measure(first=first, second=second))
    if kept:
        write(Path(kept), origin, found)
    return found


def _origin(office: Office) -> dict[str, str]:
    """What a measure is good for: the same code and variables, office and passwords."""
    assert not (changed := _git("status", "--porcelain", "--", *MAKERS)), (
        f"{MEASURE} is good for what is committed, and these are not: {changed}"
    )
    secrets = (office.directory / "secrets.yml").read_bytes()
    return {
        "code": hashlib.sha256(_git("rev-parse", *(f"HEAD:{path}" for path in MAKERS)).encode()).hexdigest(),
        "office": f"{office.directory.name}: {' '.join(office.hosts)}",
        "passwords": hashlib.sha256(secrets).hexdigest(),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def write(file: Path, origin: Mapping[str, str], found: Undisturbed) -> None:
    """Keep a measure, with what it is good for."""
    file.touch(mode=0o600)
    file.write_text(json.dumps({"origin": dict(origin), **asdict(found)}), encoding="utf-8")


def read(file: Path, origin: Mapping[str, str]) -> Undisturbed:
    """One that was kept, and is good for this."""
    held = json.loads(file.read_text(encoding="utf-8"))
    other = [
        f"{name} {held['origin'][name]}, not {wanted}"
        for name, wanted in origin.items()
        if held["origin"][name] != wanted
    ]
    assert not other, f"{file} was made with {'; '.join(other)}: name another file in {MEASURE}"
    return Undisturbed(tasks=held["tasks"], measure=Measure(**held["measure"]))


def _from_nothing(office: Office, log: Path) -> tuple[int, Dump]:
    """The number of tasks, and the state."""
    renew(*office.hosts)
    run = Watched(log)
    run.succeed()
    verified(seconds=SETTLED_SECONDS)
    return len(run.tasks()), _quiet(office)


def _quiet(office: Office) -> Dump:
    """Samba adds objects of its own for some minutes: what the first minutes lack would be left over in a later run."""
    deadline = time.monotonic() + SETTLED_SECONDS
    state = dump(office)
    while True:
        time.sleep(QUIET_SECONDS)
        later = dump(office)
        if later == state:
            return state
        changed = sorted(key for key, _value in later.items() ^ state.items())
        assert time.monotonic() < deadline, f"still changing: {changed}"
        state = later


def killed_and_made_good(office: Office, measure: Undisturbed, *, seed: int, turn: int, folder: Path) -> Interruption:
    """Blank hosts, a run that is killed, one that is not: the row, which is in the table whatever the result is."""
    task, after = point(seed, turn, measure.tasks)
    name, result, seconds = "", "did not come to its end", 0.0
    try:
        renew(*office.hosts)
        name = Watched(folder / "killed.log").kill(task=task, after=after)
        begun = time.monotonic()
        Watched(folder / "again.log").succeed()
        seconds = time.monotonic() - begun
        different = _differences(office, measure.measure)
        result = f"{len(different)} differences" if different else "as undisturbed"
        assert different == []
    finally:
        row = Interruption(
            turn=turn,
            task=f"{task} of {measure.tasks}",
            name=name,
            seconds_after=round(after, 1),
            result=result,
            seconds_of_the_rerun=round(seconds),
        )
        keep(TABLE, row)
    return row


def _differences(office: Office, measure: Measure) -> list[str]:
    """What is left of them once Samba has had its time, as in a measure."""
    verified(seconds=SETTLED_SECONDS)
    deadline = time.monotonic() + SETTLED_SECONDS
    while (found := measure.differences(dump(office))) and time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
    return found
