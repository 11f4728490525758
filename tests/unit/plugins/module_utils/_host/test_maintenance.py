# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are in maintenance, as a host remembers it, and which may be taken out of service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.filter.maintenance_leave import maintenance_leave
from ansible_collections.mailforest.stack.plugins.module_utils._host import maintenance

ROOT = Path(__file__).resolve().parents[5]
DAY = 86400


def _mark(directory: Path, name: str, text: str, days: float) -> None:
    (directory / name).write_text(text)
    os.utime(directory / name, (-days * DAY, -days * DAY))


def test_the_file_tells_why_and_its_age_how_long(tmp_path: Path) -> None:
    _mark(tmp_path, "mx1.json", '{"reason": "new disk"}', 2.5)
    _mark(tmp_path, "dc1.json", "{", 0)
    (tmp_path / "notes.txt").write_text("something else")
    found = [(row.host, row.reason, row.days) for row in maintenance.read(tmp_path, now=0)]
    assert found == [("dc1", "no reason given", 0), ("mx1", "new disk", 2)]


def test_without_a_directory_nobody_is(tmp_path: Path) -> None:
    assert maintenance.read(tmp_path / "none") == []


def test_the_playbooks_write_where_it_is_read() -> None:
    for name in ("maintenance_on", "maintenance_off"):
        plays = yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text(encoding="utf-8"))
        values = [value for play in plays for task in play.get("tasks", []) for value in task.values()]
        paths = {str(given.get("dest") or given.get("path")) for given in values if isinstance(given, dict)}
        assert f"{maintenance.DIRECTORY}/{{{{ maintenance_host }}}}.json" in paths


ASKED: dict[str, Any] = {
    "host": "dc2",
    "controllers": {"dc1": "hq", "dc2": "hq", "dc3": "branch"},
    "gateways": ["gw-hq"],
    "owners": {"pdc": "dc1", "rid": "dc1"},
    "out": [],
}


@pytest.mark.parametrize(
    "differs",
    [
        {},
        {"host": "mx1"},
        {"host": "dc1", "hand_over": True},
        {"host": "dc3", "alone": True},
        {"host": "gw-hq", "alone": True},
        {"host": "dc1", "out": ["dc1"]},
    ],
)
def test_what_others_can_do_without_may_go(differs: dict[str, Any]) -> None:
    """The last one was begun before."""
    assert maintenance_leave(ASKED | differs)["refusals"] == []


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"host": "dc1"}, "dc1 has the roles pdc, rid. Hand them over"),
        ({"host": "dc3"}, "No other domain controller of branch serves"),
        ({"out": ["dc1"]}, "No other domain controller of hq serves"),
        ({"host": "gw-hq"}, "no way to the others"),
        (
            {"host": "dc1", "out": ["dc2", "dc3"], "alone": True, "hand_over": True},
            "no other controller could take them",
        ),
    ],
)
def test_what_others_need_stays(differs: dict[str, Any], said: str) -> None:
    (refusal,) = maintenance_leave(ASKED | differs)["refusals"]
    assert said in refusal


def test_who_is_out_of_service_takes_no_roles() -> None:
    told = maintenance_leave(ASKED | {"host": "dc1", "out": ["dc3"]})
    assert (told["others"], told["roles"]) == (["dc2"], ["pdc", "rid"])
