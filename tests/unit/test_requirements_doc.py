# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/requirements.md is whole, and every file and test that it names is there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/requirements.md").read_text(encoding="utf-8")
IDS = [f"AD-{number}" for number in range(1, 53)] + [f"MAIL-{number}" for number in range(1, 38)]
LATER = re.compile(r"\bissue \d+\b")
SAME = re.compile(r"\bthe same\b")


@dataclass(frozen=True)
class Row:
    """One requirement: its id, where it lives, and what proves it."""

    name: str
    asked: str
    place: str
    proof: str


ROWS = [
    Row(*cells)
    for line in TEXT.splitlines()
    if re.match(r"\| (AD|MAIL)-\d+ \|", line)
    for cells in [[cell.strip() for cell in line.strip("|").split(" |")]]
]
NAMED = sorted(set(re.findall(r"`([^`]*/[^`]*)`", TEXT)))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_requirement_has_one_row_in_order() -> None:
    assert [row.name for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_lives_somewhere_and_is_proved_or_says_when(row: Row) -> None:
    assert row.asked
    assert row.proof, "neither a test nor an issue"
    if not LATER.search(row.proof):
        assert row.place, "done, but nowhere"
        assert "`tests/" in row.proof or "`extensions/" in row.proof or SAME.match(row.proof)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    file, _, function = name.partition("::")
    path = ROOT / file
    assert path.exists()
    if function:
        assert function in _functions(path)


def test_only_ids_of_the_table_are_cited() -> None:
    """In code, tests and other documentation."""
    cited: dict[str, str] = {}
    for folder in ("plugins", "roles", "playbooks", "tests", "extensions", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".yml", ".md", ".j2"):
                for name in re.findall(r"\b(?:AD|MAIL)-\d+\b", path.read_text(encoding="utf-8")):
                    cited[name] = str(path)
    assert {name: path for name, path in cited.items() if name not in IDS} == {}
