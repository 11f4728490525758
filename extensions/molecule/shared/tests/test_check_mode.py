# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every scenario."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.mailforest.stack.tests.system.support.office import DIRECTORY
from ansible_collections.mailforest.stack.tests.system.support.playbook import play

SHARED = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]).parent / "shared"


def test_check_mode_reports_no_change_on_finished_hosts() -> None:
    run = play(SHARED / ("office.yml" if DIRECTORY in os.environ else "converge.yml"), check=True)
    assert run.code == 0, run.explain()
    assert run.changes == [], run.explain()
