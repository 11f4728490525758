# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module are run in the two offices, or it is said why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import examples
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT

OFFICES = ROOT / "examples/two-offices/inventory"


def test_every_module_has_a_place_or_a_reason() -> None:
    placed = [name for names in examples.PLACES.values() for name in names]
    assert sorted([*placed, *(name for name in examples.ELSEWHERE if ":" not in name)]) == list(examples.MODULES)


def test_no_reason_is_left_over() -> None:
    """Each is about an example that there is, and that is not the only one of a module that has a place."""
    known = {task["name"] for name in examples.MODULES for task in examples.examples(name)}
    named = {name for name in (*examples.ELSEWHERE, *examples.REFUSED) if ":" in name}
    assert named - known == set()
    assert [name for names in examples.PLACES.values() for name in names if not examples.run_here(name)] == []


@pytest.mark.parametrize(
    ("name", "ended", "wrong"),
    [
        ("user: Make a user with a mailbox", "", False),
        ("user: Make a user with a mailbox", "there is none", True),
        ("functional_level: Raise both levels", "Nothing was changed: dc2 offers 2008_R2, and", False),
        ("functional_level: Raise both levels", "no password", True),
        ("functional_level: Raise both levels", "", True),
    ],
)
def test_an_example_that_is_refused_here_has_to_say_why(name: str, ended: str, wrong: bool) -> None:
    assert (examples.unlike(name, ended) is not None) is wrong


def test_ansible_takes_them_as_one_playbook(tmp_path: Path) -> None:
    collections = f"{ROOT}/.build/dev:{ROOT}/.build/collections"
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--syntax-check", f"--inventory={OFFICES}"]
    done = subprocess.run(
        [*command, f"--inventory={examples.inventory(tmp_path)}", str(examples.playbook(tmp_path))],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
