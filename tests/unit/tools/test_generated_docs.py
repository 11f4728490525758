# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that are made from the code are those that it makes now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["topology", "ports"])
def test_a_document_says_what_the_code_says(name: str) -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / f"tools/{name}-docs")],
        env={**os.environ, "PYTHONPATH": f"{ROOT}/.build/dev:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == (ROOT / f"docs/{name}.md").read_text(encoding="utf-8"), "make generate"
