# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback, loaded by ansible-playbook itself, on a playbook of three plays of which one has no hosts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOK = """
- name: First
  hosts: one, two
  gather_facts: false
  serial: 1
  tasks: [{name: Wait, ansible.builtin.debug: {msg: here}}]
- name: Nowhere
  hosts: nobody
  gather_facts: false
  tasks: [{name: Wait, ansible.builtin.debug: {msg: here}}]
- name: Second
  hosts: two
  gather_facts: false
  tasks: [{name: Fail where asked to, ansible.builtin.fail: {}, when: broken | default(false)}]
- name: Without a task that runs
  hosts: two
  gather_facts: false
  tasks: [{name: Never, ansible.builtin.debug: {msg: here}, tags: [never]}]
"""


def _output(directory: Path, *arguments: str, **environment: str) -> str:
    playbook = directory / "site.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MAILFOREST_", "CI"))}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory=one,two,", *arguments]
    done = subprocess.run(
        [*command, str(playbook)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=directory,
        env={
            **kept,
            "HOME": str(directory),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/.build/dev",
            "ANSIBLE_CALLBACKS_ENABLED": "mailforest.stack.progress",
            "MAILFOREST_PROGRESS_CACHE_FILE": str(directory / "times.json"),
            **environment,
        },
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def _phases(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("Phase ")]


def test_it_tells_each_play_once_and_remembers_the_times(tmp_path: Path) -> None:
    first = _phases(_output(tmp_path))
    told = [line.partition(" (")[0] for line in first]  # the time so far comes with the first second
    assert told[:2] == ["Phase 1 of 3: First, on one, two", "Phase 2 of 3: Second, on two"]
    assert len(first) == 3, "the third is the head of the table"
    (times,) = json.loads((tmp_path / "times.json").read_text(encoding="utf-8")).values()
    assert list(times) == ["First", "Second", "Without a task that runs"]
    kept = tmp_path / "times.json"
    kept.write_text(re.sub(r'"First": [0-9.]+', '"First": 65', kept.read_text(encoding="utf-8")), encoding="utf-8")
    assert _phases(_output(tmp_path))[0].startswith("Phase 1 of 3: First, on one, two (last time 1:05; about 1:0")


def test_a_failed_play_is_not_remembered(tmp_path: Path) -> None:
    _output(tmp_path, "--extra-vars=broken=true")
    (times,) = json.loads((tmp_path / "times.json").read_text(encoding="utf-8")).values()
    assert list(times) == ["First"]


@pytest.mark.parametrize(
    ("environment", "lines"),
    [({"CI": "true"}, 1), ({"CI": "true", "MAILFOREST_PROGRESS_QUIET": "never"}, 3), ({"CI": ""}, 3)],
)
def test_ci_gets_the_table_alone(tmp_path: Path, environment: dict[str, str], lines: int) -> None:
    assert len(_phases(_output(tmp_path, **environment))) == lines


def test_it_follows_a_limit(tmp_path: Path) -> None:
    assert _phases(_output(tmp_path, "--limit=one"))[0] == "Phase 1 of 1: First, on one"
