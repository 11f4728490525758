# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons are killed while both offices work; one fault after another, for longer, is in `make test-faults`."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.tests.system.support import traffic
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from ansible_collections.mailforest.stack.tests.system.support.traffic import Row
from ansible_collections.mailforest.stack.tests.system.support.troubles import DAEMONS_KILLED, survived


def test_daemons_that_are_killed_lose_nothing(office: Office, pytestconfig: pytest.Config) -> None:
    """MAIL-13: every accepted message is found, every change that was acknowledged is on every controller."""

    def told(row: Row) -> None:
        pytestconfig.get_terminal_writer().write(f"\n{table([row])}\n")

    with traffic.place(office):
        survived(office, DAEMONS_KILLED, told=told, hurried=True)
