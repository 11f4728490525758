# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interruptions that are done in several goes are those of one, and none is held against another office's measure."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import made_good
from ansible_collections.mailforest.stack.tests.system.support.dump import Measure
from ansible_collections.mailforest.stack.tests.system.support.made_good import Undisturbed

FOUND = Undisturbed(tasks=180, measure=Measure(first={"file a": "1", "key": "x"}, second={"file a": "1", "key": "y"}))
ORIGIN = {"commit": "a" * 40, "office": "one_office: dc1", "passwords": "f" * 64}


@pytest.mark.parametrize(
    ("text", "meant"), [("7-12", [7, 8, 9, 10, 11, 12]), ("3", [3]), ("1,4-5", [1, 4, 5]), ("2-2", [2])]
)
def test_turns_are_numbers_and_ranges(text: str, meant: list[int]) -> None:
    assert made_good.numbers(text) == meant


def test_turns_are_chosen_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILFOREST_SEED", raising=False)
    monkeypatch.delenv(made_good.TURNS, raising=False)
    assert made_good.turns(3) == [1, 2, 3]
    monkeypatch.setenv(made_good.TURNS, "7-8")
    with pytest.raises(AssertionError, match="needs MAILFOREST_SEED"):
        made_good.turns(3)
    monkeypatch.setenv("MAILFOREST_SEED", "5")
    assert made_good.turns(3) == [7, 8]


def test_a_turn_is_the_same_in_every_go() -> None:
    points = [made_good.point(5, turn, 180) for turn in range(1, 21)]
    assert points[6:12] == [made_good.point(5, turn, 180) for turn in made_good.numbers("7-12")]
    assert len(set(points)) == len(points)
    assert all(1 <= task <= 180 and 0 <= after <= made_good.MOST_AFTER for task, after in points)
    assert points != [made_good.point(6, turn, 180) for turn in range(1, 21)]


def test_a_measure_is_kept_for_root_alone(tmp_path: Path) -> None:
    file = tmp_path / "measure.json"
    made_good.write(file, ORIGIN, FOUND)
    assert made_good.read(file, ORIGIN) == FOUND
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ORIGIN)
def test_a_measure_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "measure.json"
    made_good.write(file, ORIGIN, FOUND)
    with pytest.raises(AssertionError, match=f"measure.json was made with {name} .*, not other: name another file"):
        made_good.read(file, {**ORIGIN, name: "other"})


def test_runs_that_agree_are_a_measure_and_others_are_not() -> None:
    same = {f"file {number}": "1" for number in range(20)}
    enough = Undisturbed(tasks=7, measure=Measure(first={**same, "key": "x"}, second={**same, "key": "y"}))
    assert enough.agree() == "7 tasks; 20 of 21 compared"
    with pytest.raises(AssertionError, match="key"):
        FOUND.agree()
