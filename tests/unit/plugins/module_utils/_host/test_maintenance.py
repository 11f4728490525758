# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are in maintenance, as a host remembers it."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
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
