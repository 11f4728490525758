# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on blank hosts, killed at random points and run again: the office is that of an undisturbed run.

Scenario two_offices_faults runs it, too. MAILFOREST_INTERRUPTIONS says how often, MAILFOREST_SEED where: the points are
printed, and the same with the same seed. In several goes: MAILFOREST_TURNS=7-12 has these turns alone,
MAILFOREST_MEASURE names a file that keeps what undisturbed runs have made, MAILFOREST_INTERRUPTIONS_TABLE one to which
each turn is added.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import made_good
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.made_good import Undisturbed
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.tables import table

TURNS = made_good.turns(int(os.environ.get("MAILFOREST_INTERRUPTIONS", "20")))
SEED = int(os.environ.get("MAILFOREST_SEED", "0")) or int(time.time())


@pytest.fixture(scope="module")
def office() -> Office:
    """The office, or offices, of the scenario."""
    return offices.current()


@pytest.fixture(scope="module")
def undisturbed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What nobody killed."""
    return made_good.undisturbed(office, tmp_path_factory.mktemp("undisturbed"))


def _say(config: pytest.Config, text: str) -> None:
    config.get_terminal_writer().write(f"\n{text}\n")


def test_undisturbed_runs_agree(undisturbed: Undisturbed, pytestconfig: pytest.Config) -> None:
    _say(pytestconfig, f"seed {SEED}; {undisturbed.agree()}")


@pytest.mark.parametrize("turn", TURNS)
def test_a_killed_run_is_made_good_by_the_next(
    office: Office, undisturbed: Undisturbed, turn: int, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    row = made_good.killed_and_made_good(office, undisturbed, seed=SEED, turn=turn, folder=tmp_path)
    _say(pytestconfig, table([row]))
