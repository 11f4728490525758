# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests run as the verification of Molecule's office scenarios; `office` is the one that was deployed."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices

if offices.DIRECTORY in os.environ:
    offices.write_mail_target()


@pytest.fixture(scope="session")
def office() -> offices.Office:
    """The office that the scenario has deployed."""
    return offices.current()
