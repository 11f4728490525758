# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A condition on an import is each task's own: where it is false, Ansible still asks where a task is to be done.

A loop over what a task before it would have registered has no items then, and `delegate_to: "{{ item }}"` ends the run
with "'item' is undefined". Such tasks are included.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OWN = "mailforest.stack."
PLACES = ("playbooks", "playbooks/tasks", "roles/*/tasks")
FILES = sorted(path for place in PLACES for path in ROOT.glob(f"{place}/*.yml"))
Entry = dict[str, Any]


def _entries(path: Path) -> list[Entry]:
    found: list[Entry] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return found


def _imported(path: Path, entry: Entry) -> Path | None:
    if "ansible.builtin.import_tasks" in entry:
        return path.parent / str(entry["ansible.builtin.import_tasks"])
    if "import_playbook" in entry:
        return ROOT / "playbooks" / f"{entry['import_playbook'].removeprefix(OWN).removesuffix('.yml')}.yml"
    return None


def _under_a_condition(path: Path, entries: list[Entry], *, given: bool = False) -> Iterator[Entry]:
    """The tasks to which an import's condition came down."""
    for entry in entries:
        for part in ("tasks", "pre_tasks", "post_tasks", "block", "rescue", "always"):
            yield from _under_a_condition(path, entry.get(part, []), given=given)
        if imported := _imported(path, entry):
            yield from _under_a_condition(imported, _entries(imported), given=given or "when" in entry)
        elif given:
            yield entry


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_has_a_condition_whose_tasks_go_to_items_that_may_not_be_known(path: Path) -> None:
    tasks = list(_under_a_condition(path, _entries(path)))
    to_items = [task for task in tasks if "item" in str(task.get("delegate_to", ""))]
    assert [task["name"] for task in to_items if "__" in str(task["loop"])] == []


def test_what_an_import_with_a_condition_has_is_looked_at() -> None:
    """The control: site.yml's probes are imported unless it runs in check mode."""
    path = ROOT / "playbooks/site.yml"
    assert list(_under_a_condition(path, _entries(path)))


def test_such_a_task_would_be_found(tmp_path: Path) -> None:
    task = {"name": "Move", "delegate_to": "{{ item }}", "loop": "{{ __known }}"}
    (tmp_path / "there.yml").write_text(yaml.safe_dump([{"name": "All", "block": [task]}]), encoding="utf-8")
    entry = {"name": "Import", "ansible.builtin.import_tasks": "there.yml", "when": "false"}
    assert task in list(_under_a_condition(tmp_path / "here.yml", [entry]))
    del entry["when"]
    assert task not in list(_under_a_condition(tmp_path / "here.yml", [entry]))
