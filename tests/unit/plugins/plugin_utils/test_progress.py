# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._progress import (
    Cache,
    Progress,
    clock,
    kind_of_run,
    some,
)


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def _run(watch: Watch, before: Mapping[str, float]) -> Progress:
    return Progress(total=3, before=before, now=watch)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05"), (3723, "1:02:03")]
)
def test_seconds_as_people_read_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_many_hosts_are_counted() -> None:
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c, d, e"
    assert some(["a", "b", "c", "d", "e", "f"]) == "a, b, c, d and 2 more"


def test_the_first_run_says_which_phase_and_where() -> None:
    watch = Watch()
    run = _run(watch, {})
    run.begin("Set up the gateways")
    assert run.headline(["gw-hq"]) == "Phase 1 of 3: Set up the gateways, on gw-hq"
    watch.time += 75
    run.begin("Join them")
    assert run.headline(["gw-hq", "gw-branch"]) == "Phase 2 of 3: Join them, on gw-hq, gw-branch (1:15 so far)"


def test_the_next_run_says_how_long_it_took_and_how_long_it_will() -> None:
    watch = Watch()
    run = _run(watch, {"one": 60.0, "two": 30.0, "three": 10.0})
    run.begin("one")
    assert run.headline(["a"]) == "Phase 1 of 3: one, on a (last time 1:00; about 1:40 left)"
    watch.time += 50
    run.begin("two")
    assert run.headline(["a"]) == "Phase 2 of 3: two, on a (last time 30 s; 50 s so far; about 40 s left)"


def test_the_table_has_what_took_its_time() -> None:
    watch = Watch()
    run = _run(watch, {"one": 60.0})
    for name, seconds in (("one", 62.0), ("none", 0.2), ("two", 5.0)):
        run.begin(name)
        watch.time += seconds
    assert run.table() == [
        "Phase      took  last time",
        "one        1:02       1:00",
        "two         5 s",
        "all        1:07       1:00",
    ]


def test_a_phase_that_failed_is_no_time_to_compare_with() -> None:
    watch = Watch()
    run = _run(watch, {})
    for name in ("one", "two"):
        run.begin(name)
        watch.time += 5
    assert run.completed(done=False) == {"one": 5.0}
    assert run.completed(done=True) == {"one": 5.0, "two": 5.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tags": ["all"], "skip_tags": [], "check": False, "subset": None}, ""),
        ({"check": True}, " --check"),
        ({"tags": ["b", "a"], "skip_tags": ["verify"]}, " --tags=a --tags=b --skip-tags=verify"),
        ({"subset": "mx1"}, " --limit=mx1"),
    ],
)
def test_runs_of_one_kind_are_compared(arguments: dict[str, Any], words: str) -> None:
    assert kind_of_run("/srv/site.yml", arguments) == f"/srv/site.yml{words}"


def test_times_are_kept_beside_those_of_other_phases(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "progress.json")
    assert cache.read("site.yml") == {}
    cache.write("site.yml", {"one": 1.0, "two": 2.0})
    cache.write("verify.yml", {"one": 9.0})
    cache.write("site.yml", {"one": 3.0})
    assert cache.read("site.yml") == {"one": 3.0, "two": 2.0}
    assert [path.name for path in cache.path.parent.iterdir()] == ["progress.json"]


def test_old_kinds_of_runs_are_forgotten(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "progress.json")
    for number in range(60):
        cache.write(f"{number}.yml", {"one": 1.0})
    assert cache.read("9.yml") == {}
    assert cache.read("10.yml") == {"one": 1.0}


@pytest.mark.parametrize("content", ["", "[]", '{"site.yml": 3}', '{"site.yml": {"one": "long"}}'])
def test_a_broken_file_is_none(tmp_path: Path, content: str) -> None:
    cache = Cache(tmp_path / "progress.json")
    cache.path.write_text(content, encoding="utf-8")
    assert cache.read("site.yml") == {}
    cache.write("site.yml", {"one": 1.0})
    assert cache.read("site.yml") == {"one": 1.0}


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("", encoding="utf-8")
    cache = Cache(tmp_path / "file" / "progress.json")
    cache.write("site.yml", {"one": 1.0})
    assert cache.read("site.yml") == {}
