# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on blank hosts, killed at random points and run again: the offices are those of an undisturbed run.

MAILFOREST_INTERRUPTIONS says how often, MAILFOREST_SEED where: the points are printed, and the same with the same seed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.dump import Dump, Measure, dump
from ansible_collections.mailforest.stack.tests.system.support.interrupted import Watched
from ansible_collections.mailforest.stack.tests.system.support.lab import renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import verified

TIMES = int(os.environ.get("MAILFOREST_INTERRUPTIONS", "20"))
SEED = int(os.environ.get("MAILFOREST_SEED", "0")) or int(time.time())
SETTLED_SECONDS = 600
MOST_AFTER = 3.0
"""Seconds after the beginning of a task; most take less."""
SHARED = 0.9
"""Of what an office consists of, so much at least must be a measure, or the comparison is none."""


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """What runs that nobody killed have made of blank hosts."""

    tasks: int
    measure: Measure


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices."""
    return offices.current()


def _state(office: Office) -> Dump:
    verified(seconds=SETTLED_SECONDS)
    return dump(office)


def _from_nothing(office: Office, log: Path) -> tuple[int, Dump]:
    """The number of tasks, and the state."""
    renew(*office.hosts)
    run = Watched(log)
    run.succeed()
    return len(run.tasks()), _state(office)


@pytest.fixture(scope="module")
def undisturbed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Two runs: what differs between them, such as keys, is no measure."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (tasks, first), (others, second) = (_from_nothing(office, folder / f"{turn}.log") for turn in range(2))
    return Undisturbed(tasks=min(tasks, others), measure=Measure(first=first, second=second))


def _say(config: pytest.Config, text: str) -> None:
    config.get_terminal_writer().write(f"\n{text}\n")


def test_undisturbed_runs_agree(undisturbed: Undisturbed, pytestconfig: pytest.Config) -> None:
    """The control: nearly all is the same, and a state that differs is told."""
    measure = undisturbed.measure
    share = len(measure.common) / len(measure.first)
    _say(
        pytestconfig, f"seed {SEED}; {undisturbed.tasks} tasks; {len(measure.common)} of {len(measure.first)} compared"
    )
    assert share > SHARED, sorted(measure.first.keys() - measure.common.keys())[:50]
    assert measure.differences(measure.first) == measure.differences(measure.second) == []
    key, value = next(iter(measure.common.items()))
    assert measure.differences({**measure.first, key: "another", "more": ""}) == sorted(
        [f"{key}: another instead of {value}", "more: left over"]
    )


@pytest.mark.parametrize("turn", range(TIMES))
def test_a_killed_run_is_made_good_by_the_next(
    office: Office, undisturbed: Undisturbed, turn: int, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    draw = Random(f"{SEED}/{turn}")
    task, after = draw.randint(1, undisturbed.tasks), draw.uniform(0, MOST_AFTER)
    renew(*office.hosts)
    where = Watched(tmp_path / "killed.log").kill(task=task, after=after)
    _say(pytestconfig, f"{turn + 1}: killed {after:.1f} s after task {task} of {undisturbed.tasks} began, in: {where}")
    again = Watched(tmp_path / "again.log")
    again.succeed()
    assert undisturbed.measure.differences(_state(office)) == []
