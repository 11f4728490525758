# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab takes of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.unit.tools.programs import program

FOOTPRINT = program("footprint")


@pytest.mark.parametrize("name", ["anon", "total_rss"])
def test_what_processes_hold_is_told_apart(name: str) -> None:
    """As both versions of cgroups tell it."""
    stats: dict[str, Any] = {"memory_stats": {"usage": 900, "stats": {name: 300, "active_file": 50}}}
    assert FOOTPRINT["memory"](stats) == (300, 900)


def test_an_engine_that_tells_nothing_of_memory_fails_no_demo() -> None:
    assert FOOTPRINT["memory"]({"memory_stats": {}}) is None
    assert FOOTPRINT["_memory"]([]) == "the container engine does not tell"
    assert FOOTPRINT["_memory"]([(10**9, 2 * 10**9)] * 2).startswith("2.0 GB for 2 hosts, 4.0 GB with")


def test_a_file_with_two_names_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/one").write_bytes(b"x" * 8192)
    alone = FOOTPRINT["written"](tmp_path)
    assert alone >= 8192
    (tmp_path / "two").hardlink_to(tmp_path / "below/one")
    assert FOOTPRINT["written"](tmp_path) == alone
    (tmp_path / "away").symlink_to("/usr")
    assert FOOTPRINT["written"](tmp_path) == alone
