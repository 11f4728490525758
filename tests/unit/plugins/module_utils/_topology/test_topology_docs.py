# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation is what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE

ROOT = Path(__file__).resolve().parents[5]


@pytest.mark.parametrize("name", ["topology", "ports"])
def test_the_documentation_is_made_from_the_code(name: str) -> None:
    made = runpy.run_path(str(ROOT / "tools" / f"{name}-docs"))["document"]()
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == made, (
        f"docs/{name}.md is out of date. Run: tools/{name}-docs > docs/{name}.md"
    )


def test_what_stays_closed_says_why() -> None:
    assert all(bool(row.why) is not bool(row.audiences) for row in CATALOGUE)
    assert {24, 137, 138, 139, 5722, 9389, 11332, 11333, 11334} <= {row.port for row in CATALOGUE if row.why}
