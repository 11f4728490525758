# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of a run, kept row by row: several runs make one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.tables import keep, table

VARIABLE = "MAILFOREST_SOME_TABLE"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Of any table."""

    fault: str
    seconds_after: float


ROWS = [Row(fault="first", seconds_after=0.5), Row(fault="a | b", seconds_after=2.0)]
TABLE = "| fault | seconds after |\n| --- | --- |\n| first | 0.5 |\n| a \\| b | 2.0 |"


def test_rows_are_a_table() -> None:
    assert table(ROWS) == TABLE
    assert table([]) == ""


def test_each_row_is_kept_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "table.md"
    monkeypatch.setenv(VARIABLE, str(file))
    for row in ROWS:
        keep(VARIABLE, row)
    assert file.read_text(encoding="utf-8") == f"{TABLE}\n"


def test_nothing_is_kept_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    keep(VARIABLE, ROWS[0])
    assert list(tmp_path.iterdir()) == []
