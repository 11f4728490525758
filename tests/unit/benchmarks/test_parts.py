# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's parts are told apart and together are the run; why a goal is missed follows from them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))  # the benchmarks are scripts of the checkout

from benchmarks.common.deployment import Task, read_tally
from benchmarks.common.parts import costliest, kind, parts, told, why_first, why_second


def _task(action: str, seconds: float, *hosts: str, file: str = "main.yml") -> Task:
    return Task(name="t", action=action, hosts=hosts, changed=(), seconds=seconds, file=file)


RUN = [
    _task("mailforest.stack.packages", 20.0, "dc1", "mx1"),
    _task("mailforest.stack.domain", 12.0, "dc1"),
    _task("mailforest.stack.domain_controller", 5.0, "dc2"),
    _task("mailforest.stack.reachable", 3.0, "dc1"),
    _task("mailforest.stack.reachable", 6.0, "dc1", "dc2", "mx1", file="probe.yml"),
    _task("mailforest.stack.config_tree", 4.0, "dc1", "mx1"),
    _task("ansible.builtin.debug", 0.0),
]


@pytest.mark.parametrize(
    ("number", "name"), list(enumerate(["packages", "provision", "joins", "waits", "probes", *["all other tasks"] * 2]))
)
def test_a_task_is_of_one_kind(number: int, name: str) -> None:
    assert kind(RUN[number]) == name


def test_parts_are_the_whole_run() -> None:
    found = parts(RUN, total=52.0)
    assert [(part.name, part.runs, part.seconds) for part in found.values()] == [
        ("packages", 2, 20.0),
        ("provision", 1, 12.0),
        ("joins", 1, 5.0),
        ("waits", 1, 3.0),
        ("probes", 3, 6.0),
        ("all other tasks", 2, 4.0),
        ("before the first task", 0, 2.0),
    ]
    assert sum(part.seconds for part in found.values()) == 52.0
    lines = list(told(found, ping=0.5))
    assert lines[1] == "     12.0 s  provision, 1 times on a host: +11.5 s beside as many pings"
    assert lines[-1] == "      2.0 s  before the first task"


def test_why_a_first_run_takes_its_time() -> None:
    """Apt 10, provision and joins 17, six other runs of a task at half a second: 30 of 52 seconds."""
    text = why_first(parts(RUN, total=52.0), apt=10.0, ping=0.5, goal=3.0)
    assert text.startswith("apt alone (10.0 s), provision and joins (17.0 s) and a bare ping for each other task (3.0")
    assert "take 30.0 s, 3.00 times what apt takes, of 3 that are allowed." in text
    assert "The other 22.0 s: packages beyond apt 10.0 s" in text
    spent = [float(word.split()[-2]) for word in text.rpartition(": ")[2].removesuffix(".").split(", ")]
    assert sum(spent) == pytest.approx(22.0)
    assert spent == sorted(spent, reverse=True)


def test_why_a_second_run_takes_its_time() -> None:
    """Ten runs of a task at half a second: 5 of 52 seconds; 1.3 times of that would be 1.5 more."""
    text = why_second(parts(RUN, total=52.0), RUN, ping=0.5, goal=1.3)
    assert text.startswith("47.0 s more than 10 bare pings, of 1.5 s that are allowed: packages 19.0 s, provision 11.5")
    assert text.endswith(f"Most by module: {costliest(RUN, ping=0.5)}.")


def test_the_modules_that_cost_most_come_first() -> None:
    told_first = "mailforest.stack.packages 19.0 s (2 times), mailforest.stack.domain 11.5 s (1 times)"
    assert costliest(RUN, ping=0.5) == f"{told_first}, mailforest.stack.reachable 7.0 s (4 times)"


def test_the_callback_knows_the_file_of_a_task(tmp_path: Path) -> None:
    playbook, tally = tmp_path / "probe.yml", tmp_path / "tally.json"
    task = {"name": "Look", "ansible.builtin.debug": {"msg": "here"}}
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory=localhost,", str(playbook)],
        env={
            **kept,
            "ANSIBLE_CALLBACKS_ENABLED": "tally",
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "benchmarks/callback_plugins"),
            "TALLY_FILE": str(tally),
        },
        check=True,
        capture_output=True,
    )
    (found,) = read_tally(tally)
    assert (found.name, found.action, found.file) == ("Look", "ansible.builtin.debug", "probe.yml")
    assert found.hosts == ("localhost",)
