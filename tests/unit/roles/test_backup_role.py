# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer runs has all that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
UTILS = ROOT / "plugins/module_utils"
PACKAGE = "ansible_collections.mailforest.stack.plugins.module_utils"


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            base = (node.module or "").removeprefix(PACKAGE).strip(".").replace(".", "/")
            for name in (base, *(f"{base}/{alias.name}" for alias in node.names)):
                place = name.strip("/")
                yield from (one for one in (f"{place}.py", f"{place}/__init__.py") if (UTILS / one).is_file())


def _needed(start: str) -> set[str]:
    known: set[str] = set()
    left = [start]
    while left:
        file = left.pop()
        if file not in known:
            known.add(file)
            left += _imported(UTILS / file)
    return known


def test_the_program_is_complete() -> None:
    variables = yaml.safe_load((ROOT / "roles/backup/vars/main.yml").read_text(encoding="utf-8"))
    assert sorted(variables["__backup_sources"]) == sorted(_needed("_directory/_backuprun.py"))


def test_the_options_are_those_of_the_module() -> None:
    defaults = yaml.safe_load((ROOT / "roles/backup/defaults/main.yml").read_text(encoding="utf-8"))
    documented = ast.parse((ROOT / "plugins/modules/domain_backup.py").read_text(encoding="utf-8"))
    text = next(
        ast.literal_eval(node.value)
        for node in documented.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    )
    options = yaml.safe_load(text)["options"]
    assert defaults["backup_directory"] == options["directory"]["default"]
    assert defaults["backup_kind"] == options["kind"]["default"]
    keep = {f"backup_keep_{name}": option["default"] for name, option in options["keep"]["suboptions"].items()}
    assert {name: value for name, value in defaults.items() if name.startswith("backup_keep_")} == keep
