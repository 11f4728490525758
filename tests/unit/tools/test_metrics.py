# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures are counted as docs/metrics.md says, and whatever misses its goal says why."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.unit.tools.programs import program

ROOT = Path(__file__).resolve().parents[3]
METRICS: dict[str, Any] = program("metrics")
BRANCHES = """
def branches(rows):
    for row in rows:
        if row.a and row.b or row.c:
            return [cell for cell in row if cell]
    return []
"""


def test_lines_that_stand_twice_are_counted_in_both_places() -> None:
    same = [f"same {number}" for number in range(6)]
    assert METRICS["duplicated"]([[*same, "one"], ["two", *same]]) == pytest.approx(12 / 14)
    assert METRICS["duplicated"]([[*same[:5], "one"], ["two", *same[:5]]]) == 0
    assert METRICS["duplicated"]([["# same", "", *same], ["# other", *same]]) == 1


def test_branches_and_operands_are_counted() -> None:
    function = ast.parse(BRANCHES).body[0]
    assert METRICS["complexity"](function) == 1 + 2 + 2 + 1  # for and if; two operands more; the comprehension
    assert METRICS["length"](function) == 5


def test_documentation_is_no_code(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('# comment\nDOCUMENTATION = r"""\nmodule: x\n"""\n\nRETURN = ""\nimport os\n\n\nprint(os)\n')
    assert METRICS["code_lines"](module) == 2


def test_tasks_in_blocks_are_tasks_and_a_blocks_condition_counts_once() -> None:
    tasks = [{"name": "a"}, {"when": "x", "block": [{"name": "b", "when": "y"}], "rescue": [{"name": "c"}]}]
    assert [task["name"] for task in METRICS["flattened"](tasks)] == ["a", "b", "c"]
    assert METRICS["conditions"](tasks) == 2


@pytest.mark.parametrize(
    ("option", "typed"),
    [({"type": "str"}, True), ({}, False), ({"type": "list"}, False), ({"type": "list", "elements": "str"}, True)],
)
def test_a_list_is_typed_with_its_elements(option: dict[str, str], typed: bool) -> None:
    assert METRICS["typed"](option) is typed


def test_a_goal_that_is_missed_says_why() -> None:
    missed = [f"{row.name}: {row.ours}" for row in METRICS["measures"]() if row.verdict == METRICS["UNEXPLAINED"]]
    assert missed == [], "better it, or give the reason in tools/metrics.yml"


def test_the_document_has_every_measure_with_its_goal() -> None:
    """Figures in it are those of its last making; they change with every commit."""
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    measures = METRICS["measures"]()
    assert sorted(METRICS["TOLD"]) == sorted(row.name for row in measures)
    assert [row.name for row in measures if f"| {row.name} | {row.field} | {row.goal} |" not in text] == []
