# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting.md has a place for everything that `verify.yml` may find: read from the code that finds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
PLUGINS = ROOT / "plugins"
JUDGES = [*sorted(PLUGINS.glob("plugin_utils/_findings*.py")), PLUGINS / "plugin_utils/_names.py"]
HOSTS = sorted(PLUGINS.glob("module_utils/_health/*.py"))
UNITS = PLUGINS / "module_utils/_topology/health.py"
_REQUIREMENT = re.compile(r"(?:AD|MAIL)-\d+")


def _strings(node: ast.AST) -> list[str]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _words(node: ast.AST) -> str:
    """What a text says whatever the host or name: the longest part of it that stands in the code."""
    parts = [node] if isinstance(node, ast.Constant) else node.values if isinstance(node, ast.JoinedStr) else []
    said = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return max((word.strip() for text in said for word in re.split(r"\{\w*\}", text)), key=len, default="")


def _subjects(path: Path) -> Iterator[str]:
    """By keyword, as the third argument of `broken`, or beside its requirement in a tuple."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "subject":
            yield _words(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "broken":
            yield _words(node.args[2])
        elif isinstance(node, ast.Tuple) and len(node.elts) > 2 and _REQUIREMENT.fullmatch(_words(node.elts[0])):
            yield _words(node.elts[1])


def _units() -> list[str]:
    tree = ast.parse(UNITS.read_text(encoding="utf-8"))
    return sorted(
        {text for text in _strings(tree) if re.fullmatch(r"[a-z@-]+\.(service|timer)|mailforest-[a-z-]+@", text)}
    )


SUBJECTS = sorted({words for path in (*JUDGES, *HOSTS) for words in _subjects(path) if len(words) > 2})
FOUND = sorted(
    {text for path in (*JUDGES, *HOSTS, UNITS) for text in _strings(ast.parse(path.read_text(encoding="utf-8")))}
)
REQUIREMENTS = sorted(
    {text for text in FOUND if _REQUIREMENT.fullmatch(text)} | {row.requirement for row in CATALOGUE},
    key=lambda text: (text[0], int(text.rpartition("-")[2])),
)


def test_something_was_read() -> None:
    assert len(SUBJECTS) > 30
    assert len(REQUIREMENTS) > 25
    assert "samba-ad-dc.service" in _units()


@pytest.mark.parametrize("words", SUBJECTS)
def test_every_subject_has_its_place(words: str) -> None:
    assert words in TEXT, "a row in docs/troubleshooting.md says what a reader sees, and where to look"


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_requirement_has_its_place(requirement: str) -> None:
    assert re.search(rf"\b{requirement}\b", TEXT), "findings with this id have no row in docs/troubleshooting.md"


@pytest.mark.parametrize("unit", _units())
def test_every_unit_has_its_place(unit: str) -> None:
    assert unit in TEXT, "verify.yml asks for the unit, and docs/troubleshooting.md does not name it"
