# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every scenario."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.mailforest.stack.tests.system.support.playbook import play

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])


def test_check_mode_reports_no_change_on_finished_hosts() -> None:
    own = SCENARIO / "converge.yml"
    run = play(own if own.is_file() else SCENARIO.parent / "shared/converge.yml", check=True)
    assert run.code == 0, run.explain()
    assert run.changes == [], run.explain()
