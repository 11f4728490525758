# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests run as the verification of Molecule's office scenarios; `office` is the one that was deployed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.side_by_side import prepare

if offices.DIRECTORY in os.environ:
    offices.write_mail_target()


def pytest_configure(config: pytest.Config) -> None:
    """Where a scenario has two processes, they know of each other."""
    if offices.DIRECTORY in os.environ:
        prepare(config, Path(os.environ[offices.DIRECTORY]))


@pytest.fixture(scope="session")
def office() -> offices.Office:
    """The office that the scenario has deployed."""
    return offices.current()
