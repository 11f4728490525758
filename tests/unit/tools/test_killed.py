# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run leaves behind: no process, whatever sessions they are in."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _proc
from ansible_collections.mailforest.stack.tests.system.support.killed import kill, tree

WORKERS = "setsid sh -c 'sleep 60 & setsid sleep 60 & wait' & setsid sleep 60 & wait"
"""As Ansible has them: each worker is a session, and what it starts may be another one."""
PROCESSES = 5


@pytest.fixture
def run() -> Iterator[subprocess.Popen[bytes]]:
    """All of them run."""
    with subprocess.Popen(["sh", "-c", WORKERS], start_new_session=True) as process:
        deadline = time.monotonic() + 10
        while len(tree(process.pid)) < PROCESSES:
            assert time.monotonic() < deadline, tree(process.pid)
            time.sleep(0.02)
        yield process
        kill(process)


def _run(pids: set[int]) -> set[int]:
    """Those that do; who has ended and is not yet waited for does not."""
    return {pid for pid in pids if _proc.stat(Path("/proc", str(pid)))[:1] not in ([], ["Z"], ["X"])}


def test_a_tree_is_all_that_comes_from_a_process(run: subprocess.Popen[bytes]) -> None:
    found = tree(run.pid)
    sessions = {_proc.stat(Path("/proc", str(pid)))[3] for pid in found}
    assert run.pid in found
    assert len(sessions) > 2, "the control: one group would not have them all"


def test_none_of_them_is_left(run: subprocess.Popen[bytes]) -> None:
    before = tree(run.pid)
    assert _run(before) == before
    kill(run)
    deadline = time.monotonic() + 10
    while left := _run(before):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
