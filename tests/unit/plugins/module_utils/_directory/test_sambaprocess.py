# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of Samba's code that waits without end is ended with its children, and what it waited at is told."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _sambaprocess
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

PROGRAM = """
import subprocess, time
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _sambaprocess

def wait_for_a_lock(seconds):
    print("copying sam.ldb", flush=True)
    child = subprocess.Popen(["sleep", str(seconds)])
    open(request["pid"], "w").write(str(child.pid))
    child.wait()

def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass

def work(asked):
    global request
    request = asked
    globals()[asked["do"]](asked["seconds"])
    return {"done": True}

_sambaprocess.serve(work)
"""


class Ask(Protocol):
    """Have the program do something, with these limits."""

    def __call__(self, do: str, seconds: int, *, timeout: int, still: int) -> dict[str, object]: ...


@pytest.fixture(name="ask")
def fixture_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    (tmp_path / "of_samba.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(_sambaprocess, "_LOOK", 0.1)
    monkeypatch.setattr(_sambaprocess, "_LAST_WORDS", 1.0)

    def ask(do: str, seconds: int, *, timeout: int, still: int) -> dict[str, object]:
        request = {"do": do, "seconds": seconds, "pid": str(tmp_path / "pid")}
        return _sambaprocess.call("of_samba", request, temporary=str(tmp_path), timeout=timeout, still=still)

    return ask


def test_one_that_waits_without_end_is_ended_with_its_children(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(_sambaprocess.Stuck, match="stood still for 1 seconds") as caught:
        ask("wait_for_a_lock", 600, timeout=60, still=1)
    log = "\n".join(caught.value.details["log"])
    assert "copying sam.ldb" in log
    assert "in wait_for_a_lock" in log
    assert "It runs: sleep 600" in log
    child = int((tmp_path / "pid").read_text(encoding="utf-8"))
    state = Path(f"/proc/{child}/stat")
    for _ in range(50):
        if not state.exists() or " Z " in state.read_text(encoding="utf-8"):
            break
        time.sleep(0.1)
    else:
        pytest.fail("its child goes on")


def test_one_that_works_is_left_to_work(ask: Ask) -> None:
    assert ask("busy", 3, timeout=60, still=2) == {"done": True}


def test_one_that_works_too_long_is_no_stuck_one(ask: Ask) -> None:
    with pytest.raises(ResourceError, match="not done after 1 seconds") as caught:
        ask("busy", 600, timeout=1, still=60)
    assert not isinstance(caught.value, _sambaprocess.Stuck)
    assert "in busy" in "\n".join(caught.value.details["log"])
