# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member leaves a far domain controller as soon as a nearer one answers, and only then."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._home import go_home, nearer

CONTROLLERS = ["dc3.corp.test", "dc1.corp.test", "dc2.corp.test"]


class Winbind:
    """A member that talks to one controller, and reaches some."""

    def __init__(self, current: str, reached: set[str]) -> None:
        self._current, self._reached = current, reached
        self.forgotten = False

    def current(self) -> str:
        return self._current

    def answers(self, controller: str) -> bool:
        return controller in self._reached

    def forget(self) -> None:
        self.forgotten = True


@pytest.mark.parametrize(
    ("current", "before"),
    [("dc3.corp.test", 0), ("DC1.corp.test", 1), ("dc2.corp.test", 2), ("dc9.corp.test", 3)],
)
def test_those_before_it_are_nearer(current: str, before: int) -> None:
    assert nearer(CONTROLLERS, current) == CONTROLLERS[:before]


def test_it_goes_home_when_its_own_one_answers() -> None:
    member = Winbind("dc1.corp.test", {"dc3.corp.test", "dc1.corp.test"})
    assert "dc3.corp.test is nearer" in go_home(member, CONTROLLERS)
    assert member.forgotten


@pytest.mark.parametrize(
    ("current", "reached"),
    [
        ("dc3.corp.test", set(CONTROLLERS)),
        ("dc1.corp.test", {"dc1.corp.test", "dc2.corp.test"}),
        ("", set(CONTROLLERS)),
    ],
)
def test_it_stays_where_nothing_is_nearer(current: str, reached: set[str]) -> None:
    member = Winbind(current, reached)
    go_home(member, CONTROLLERS)
    assert not member.forgotten
