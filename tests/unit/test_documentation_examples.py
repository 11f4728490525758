# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows can be typed: every example is taken by Ansible, and names options that there are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import GROUP_ABOUT, known_names

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "mailforest.stack."
MODULES = sorted(path for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")
FILTERS = sorted(path for kind in ("filter", "lookup") for path in (ROOT / "plugins" / kind).glob("*.py"))
TEXTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")])
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_WORDS = {"hosts", "import_playbook"}
"""What a play has, and a task has not."""


def _constant(path: Path, name: str) -> Any:
    """A string of a plugin's documentation, read as YAML."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no {name}")


def _options(path: Path) -> dict[str, Any]:
    """The options of a module, those of its fragments included."""
    told = _constant(path, "DOCUMENTATION")
    options: dict[str, Any] = dict(told.get("options") or {})
    used = told.get("extends_documentation_fragment", [])
    for name in [used] if isinstance(used, str) else used:
        if name.startswith(PREFIX):
            file, _, part = name.removeprefix(PREFIX).partition(".")
            options |= _fragment(ROOT / f"plugins/doc_fragments/{file}.py", part.upper() or "DOCUMENTATION")
    return options


def _fragment(path: Path, name: str) -> dict[str, Any]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return dict(yaml.safe_load(ast.literal_eval(node.value)).get("options") or {})
    return {}


def _as_plays(entries: Any) -> list[dict[str, Any]]:
    """A list of plays or tasks as plays; anything else is none."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return []
    plays = [entry for entry in entries if _WORDS & entry.keys()]
    tasks = [entry for entry in entries if not _WORDS & entry.keys() and "name" in entry]
    return plays + ([{"name": "Tasks", "hosts": "all", "tasks": tasks}] if tasks else [])


def _tasks(entries: Any) -> Iterator[dict[str, Any]]:
    """All tasks at any depth."""
    if isinstance(entries, list):
        for entry in entries:
            yield from _tasks(entry)
    elif isinstance(entries, dict):
        yield entries
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from _tasks(entries.get(key, []))


def _blocks(path: Path) -> list[Any]:
    return [yaml.safe_load(block) for block in _BLOCK.findall(path.read_text(encoding="utf-8"))]


def _unknown(given: Any, options: dict[str, Any], place: str) -> Iterator[str]:
    """Keys of an example that are no options, at any depth."""
    if isinstance(given, list):
        for item in given:
            yield from _unknown(item, options, place)
    if not isinstance(given, dict):
        return
    names = {name for option, told in options.items() for name in (option, *(told or {}).get("aliases", []))}
    for key, value in given.items():
        if key not in names:
            yield f"{place}.{key}"
        elif inner := (options.get(key) or {}).get("suboptions"):
            yield from _unknown(value, inner, f"{place}.{key}")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_an_example_names_options_that_there_are(path: Path) -> None:
    name = PREFIX + path.stem
    used = [task[name] for task in _tasks(_constant(path, "EXAMPLES")) if name in task]
    assert used, "no example uses the module"
    assert [wrong for given in used for wrong in _unknown(given, _options(path), path.stem)] == []


@pytest.mark.parametrize("path", FILTERS, ids=lambda path: path.stem)
def test_a_filter_or_lookup_has_an_example(path: Path) -> None:
    assert PREFIX + path.stem in str(_constant(path, "EXAMPLES"))


def test_ansible_takes_every_example(tmp_path: Path) -> None:
    """Those of the modules and those of the texts, as one playbook."""
    plays: list[dict[str, Any]] = []
    for path in MODULES:
        plays += _as_plays(_constant(path, "EXAMPLES"))
    for path in TEXTS:
        for block in _blocks(path):
            plays += [play for play in _as_plays(block) if "import_playbook" not in play]
    assert len(plays) > len(MODULES)
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    collections = f"{ROOT}/.build/dev:{ROOT}/.build/collections"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "--syntax-check",
            "--inventory",
            "localhost,",
            str(playbook),
        ],
        env={**kept, "ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_names_variables_that_there_are(path: Path) -> None:
    """`mailforest_*` and the options of roles, wherever an example sets them."""
    specifications = {
        role.name: yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
        for role in (ROOT / "roles").iterdir()
    }
    options = {name for told in specifications.values() for name in told["argument_specs"]["main"]["options"]}
    roles = tuple(f"{role}_" for role in specifications)
    for block in _blocks(path):
        given: set[str] = set()
        for entry in block if isinstance(block, list) else [block]:
            if isinstance(entry, dict):
                given |= entry.keys() if isinstance(block, dict) else set(entry.get("vars") or {})
        wrong = {name for name in given if name.startswith(roles) and name not in options}
        wrong |= {
            name for name in given if name.startswith("mailforest_") and name not in {*known_names(), *GROUP_ABOUT}
        }
        assert wrong == set()
