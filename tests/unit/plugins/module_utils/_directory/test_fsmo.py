# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each controller does its own part of one map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _fsmo
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


class Forest:
    """The roles in memory, seen by one controller at a time."""

    def __init__(self, own: str = "dc1") -> None:
        self.own = own
        self.held: dict[str, str | None] = dict.fromkeys(_fsmo.ROLES, "dc1")
        self.calls: list[str] = []
        self.dead: set[str] = set()

    def controllers(self) -> list[str]:
        return ["dc1", "dc2"]

    def owners(self) -> dict[str, str | None]:
        return dict(self.held)

    def take(self, role: str) -> None:
        if role in self.dead:
            raise ResourceError(f"The role {role} was not transferred")
        self.calls.append(f"take {role}")
        self.held[role] = self.own

    def give(self, role: str, owner: str) -> None:
        self.calls.append(f"give {role} {owner}")
        self.held[role] = owner


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def place(
    forest: Forest,
    roles: dict[str, str],
    *,
    wait: int = 0,
    check_mode: bool = False,
    replicate: Callable[[], list[str]] = lambda: [],
) -> dict[str, Any]:
    clock = Clock()
    resource = _fsmo.FsmoResource(
        forest, roles, wait=wait, check_mode=check_mode, replicate=replicate, clock=clock, sleep=clock.sleep
    )
    return _engine._run(resource, check_mode=check_mode)


ALL_TO_DC2 = dict.fromkeys(_fsmo.ROLES, "dc2")


@pytest.mark.parametrize(
    ("own", "calls"),
    [
        ("dc1", ["give domaindns dc2", "give forestdns dc2"]),
        ("dc2", [f"take {role}" for role in _fsmo.TAKEN]),
    ],
)
def test_five_are_taken_and_two_are_given(own: str, calls: list[str]) -> None:
    forest = Forest(own)
    told = place(forest, ALL_TO_DC2, check_mode=True)
    assert forest.calls == []
    done = place(forest, ALL_TO_DC2)
    assert forest.calls == calls
    assert told["operations"] == done["operations"]
    assert told["pending"] == done["pending"]
    assert set(done["pending"]) == {role for role in _fsmo.ROLES if forest.held[role] == "dc1"}
    assert not place(forest, ALL_TO_DC2)["changed"]


@pytest.mark.parametrize("roles", [{}, {"pdc": "DC1"}, {"pdc": "dc1.corp.example.test", "rid": None}])
def test_what_is_so_already_is_no_change(roles: dict[str, Any]) -> None:
    forest = Forest()
    result = place(forest, roles, wait=5)
    assert (result["changed"], result["pending"], forest.calls) == (False, {}, [])


def test_roles_that_the_map_does_not_name_stay() -> None:
    forest = Forest("dc2")
    result = place(forest, {"pdc": "dc2"})
    assert forest.calls == ["take pdc"]
    assert result["owners"] == {**dict.fromkeys(_fsmo.ROLES, "dc1"), "pdc": "dc2"}
    assert result["operations"] == [{"verb": "take", "target": "pdc", "change": {"from": "dc1", "to": "dc2"}}]


def test_unknown_controllers_are_refused_together() -> None:
    with pytest.raises(ResourceError, match=r"schema: dc9, rid: dc8.* are dc1, dc2\."):
        place(Forest(), {"schema": "dc9", "rid": "dc8"})


def test_waiting_ends_with_an_error_that_names_what_is_missing() -> None:
    forest = Forest("dc1")
    with pytest.raises(ResourceError, match=r"database of dc1 .*\(pdc: dc1, not dc2\)\. dc2 does not pull\.") as caught:
        place(forest, {"pdc": "dc2"}, wait=3, replicate=lambda: ["dc2 does not pull."])
    assert caught.value.details["pending"] == {"pdc": {"owner": "dc1", "wanted": "dc2"}}


def test_waiting_has_the_changes_of_others_pulled() -> None:
    forest = Forest("dc1")

    def replicate() -> list[str]:
        forest.held["pdc"] = "dc2"
        return []

    result = place(forest, {"pdc": "dc2"}, wait=3, replicate=replicate)
    assert (result["changed"], result["pending"], result["owners"]["pdc"]) == (False, {}, "dc2")


def test_a_transfer_that_fails_tells_which_were_done() -> None:
    forest = Forest("dc2")
    forest.dead = {"rid"}
    with pytest.raises(ResourceError, match="rid was not transferred") as caught:
        place(forest, ALL_TO_DC2)
    assert [step["target"] for step in caught.value.details["done"]] == ["schema", "naming"]
    assert caught.value.details["changed"]


def test_a_role_of_a_controller_that_is_no_more_is_asked_for() -> None:
    forest = Forest("dc2")
    forest.held["rid"] = None
    assert place(forest, {"rid": "dc2"})["changed"]
