# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts join gradually: the canary first, no more in a day than allowed, and the ledger says who did."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_batches import (
    Joined,
    Pace,
    plan,
    read,
    record,
    told,
    unrecorded,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A Wednesday."""
HOSTS = [f"member{number}" for number in range(1, 10)]


def joined(number: int, at: datetime = NOW) -> list[Joined]:
    return [Joined(host=f"other{each}", at=at.isoformat(), by="anna@office") for each in range(number)]


def test_the_canary_comes_first() -> None:
    made = plan(HOSTS, [], Pace(batch_size=4), NOW)
    assert made.batches == [HOSTS[:1], HOSTS[1:5], HOSTS[5:]]
    assert made.serial == [1, 4, 4]
    assert (made.waiting, made.finish) == ([], NOW.astimezone().date())


def test_without_a_canary() -> None:
    assert plan(HOSTS[:3], [], Pace(canary=0, batch_size=2), NOW).serial == [2, 1]


@pytest.mark.parametrize(
    ("already", "today", "days"),
    [(0, 5, 1), (3, 2, 2), (5, 0, 2), (7, 0, 2)],
)
def test_no_more_in_a_day_than_allowed(already: int, today: int, days: int) -> None:
    made = plan(HOSTS, joined(already), Pace(per_day=5), NOW)
    assert made.today == HOSTS[:today]
    assert made.waiting == HOSTS[today:]
    assert made.finish == NOW.astimezone().date() + timedelta(days=days)


def test_yesterday_does_not_count() -> None:
    made = plan(HOSTS, joined(5, NOW - timedelta(days=1)), Pace(per_day=5), NOW)
    assert (made.joined_today, len(made.today)) == (0, 5)


def test_weekends_are_left_out() -> None:
    friday = NOW + timedelta(days=2)
    pace = Pace(per_day=4, workdays_only=True)
    made = plan(HOSTS, [], pace, friday)
    assert made.finish == (friday + timedelta(days=4)).astimezone().date()
    assert plan(HOSTS, [], pace, friday + timedelta(days=1)).today == []


def test_nobody_left() -> None:
    made = plan([], [], Pace(per_day=5), NOW)
    assert made.serial == [1]
    assert told(made) == ["Every host has joined; there is nothing to do."]


def test_the_plan_is_told() -> None:
    lines = told(plan(HOSTS[:3], joined(4), Pace(per_day=5), NOW))
    assert lines[0] == "Join member1."
    assert lines[1] == "Left for later: member2, member3."
    assert "on 2026-11-26" in lines[2]
    assert told(plan(HOSTS[:1], joined(5), Pace(per_day=5), NOW))[0].startswith("Nobody joins now")


@pytest.mark.parametrize("pace", [Pace(canary=-1), Pace(batch_size=0), Pace(per_day=-1)])
def test_a_pace_that_cannot_be(pace: Pace) -> None:
    assert len(pace.faults()) == 1


def test_the_ledger_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "output" / "joins.json"
    assert read(path) == []
    record(path, HOSTS[:1], by="anna@office", now=NOW)
    record(path, HOSTS[1:2], by="anna@office", now=NOW)
    assert [entry.host for entry in read(path)] == HOSTS[:2]
    assert json.loads(path.read_text())["joins"][0] == {
        "host": "member1",
        "at": "2026-11-25T12:00:00+00:00",
        "by": "anna@office",
    }
    assert [entry.name for entry in path.parent.iterdir()] == ["joins.json"]


def test_a_host_counts_once_a_day() -> None:
    ledger = [Joined(host="member1", at=NOW.isoformat(), by="anna@office")]
    assert unrecorded(["member1", "member2"], ledger, NOW) == ["member2"]
    assert unrecorded(["member1"], ledger, NOW + timedelta(days=1)) == ["member1"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"joins": [{"host": "a"}]}', '{"joins": [{"host":"a","at":"x","by":"b"}]}']
)
def test_a_broken_ledger_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "joins.json"
    path.write_text(text)
    with pytest.raises(ResourceError, match="cannot be read"):
        read(path)
