# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation is what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]


def test_the_documentation_is_made_from_the_code() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "topology-docs"))["document"]()
    assert (ROOT / "docs" / "topology.md").read_text(encoding="utf-8") == made, (
        "docs/topology.md is out of date. Run: tools/topology-docs > docs/topology.md"
    )
