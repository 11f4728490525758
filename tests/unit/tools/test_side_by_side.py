# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests of the two offices go side by side, and that what is not named runs alone, at the end."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from ansible_collections.mailforest.stack.tests.system.support import side_by_side

SYSTEM = Path(__file__).resolve().parents[2] / "system"
FILES = {"test_homes": 2, "test_objects": 2, "test_mail": 1, "test_seizure": 1}
"""Of both lists of the first phase, of the second, of none; with how many of them must have begun for a test to end."""


def test_every_file_that_is_named_is_there() -> None:
    there = {path.stem for path in SYSTEM.rglob("test_*.py")}
    assert set(side_by_side._PLACES) <= there
    assert side_by_side.place("tests/system/two_offices/test_seizure.py::test_x[a::b]") == side_by_side._ALONE


def test_a_phase_begins_when_both_lists_of_the_one_before_are_done(tmp_path: Path) -> None:
    """By pytest itself, with two processes."""
    (tmp_path / "conftest.py").write_text(
        f"import runpy\nfrom pathlib import Path\n\nprepare = runpy.run_path({side_by_side.__file__!r})['prepare']\n\n"
        f"def pytest_configure(config):\n    prepare(config, Path({str(tmp_path)!r}))\n",
        encoding="utf-8",
    )
    for name, begun in FILES.items():
        text = f"""
            import time
            from pathlib import Path
            import pytest

            LOG = Path({str(tmp_path / "log")!r})

            @pytest.mark.parametrize("number", range(4))
            def test_it(number, worker_id):
                with LOG.open("a") as log:
                    print("{name}", worker_id, "begins", file=log, flush=True)
                    deadline = time.monotonic() + 60
                    while len({{line.split()[0] for line in LOG.read_text().splitlines()}}) < {begun}:
                        assert time.monotonic() < deadline, "nobody beside it"
                        time.sleep(0.05)
                    print("{name}", worker_id, "ends", file=log, flush=True)
        """
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses=2", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    order = [name for name, _worker, _what in lines]
    assert len({worker for name, worker, _what in lines if name == "test_seizure"}) == 1
    assert set(order[:16]) == {"test_homes", "test_objects"}
    assert set(order[16:24]) == {"test_mail"}
    assert set(order[24:]) == {"test_seizure"}
