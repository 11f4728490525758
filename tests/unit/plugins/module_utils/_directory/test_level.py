# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels rise, with every reason against it told before anything is done."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory._level import Found, LevelResource
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DOMAIN = "corp.example.test"


class Forest:
    """Levels in memory."""

    own = "dc1"
    dns_domain = DOMAIN

    def __init__(self) -> None:
        self.domain = self.forest = 4
        self.controllers = {"dc1": 7, "dc2": 7}
        self.schema = 88
        self.preparers = frozenset({"dc1"})
        self.missing = False
        self.calls: list[str] = []

    def read(self) -> Found:
        return Found(
            domain=self.domain,
            forest=self.forest,
            controllers=self.controllers,
            schema=self.schema,
            preparers=self.preparers,
        )

    def unprepared(self, level: int) -> bool:
        return self.missing

    def prepare(self, level: int) -> None:
        self.calls.append(f"prepare {level}")

    def raise_domain(self, level: int) -> None:
        self.calls.append(f"domain {level}")
        self.domain = level

    def raise_forest(self, level: int) -> None:
        self.calls.append(f"forest {level}")
        self.forest = level

    def back_up(self) -> str:
        self.calls.append("backup")
        return "/backup"


def lift(
    forest: Forest,
    domain: str | None = "2016",
    whole: str | None = "2016",
    *,
    confirm: str | None = DOMAIN,
    check_mode: bool = False,
) -> dict[str, Any]:
    resource = LevelResource(forest, domain=domain, forest=whole, confirm=confirm, back_up=forest.back_up)
    return _engine._run(resource, check_mode=check_mode)


def faults(forest: Forest, domain: str | None = "2016", whole: str | None = "2016", **more: Any) -> list[str]:
    with pytest.raises(ResourceError, match=r"^Nothing was changed: ") as caught:
        lift(forest, domain, whole, **more)
    assert forest.calls == []
    found: list[str] = caught.value.details["faults"]
    return found


def test_backup_domain_forest_in_this_order() -> None:
    forest = Forest()
    result = lift(forest)
    assert forest.calls == ["backup", "domain 7", "forest 7"]
    assert result["backup"] == "/backup"
    assert result["levels"] == {"domain": "2016", "forest": "2016"}
    assert result["diff"]["before"] == {"domain": "2008_R2", "forest": "2008_R2"}


def test_what_is_there_needs_no_confirmation_and_no_backup() -> None:
    forest = Forest()
    forest.domain = forest.forest = 7
    result = lift(forest, confirm=None)
    assert (result["changed"], result["backup"], forest.calls) == (False, None, [])


def test_check_mode_tells_and_does_nothing() -> None:
    forest = Forest()
    forest.missing = True
    result = lift(forest, check_mode=True)
    assert [step["verb"] for step in result["operations"]] == ["back_up", "prepare", "raise_domain", "raise_forest"]
    assert forest.calls == []


def test_missing_objects_are_added_first() -> None:
    forest = Forest()
    forest.missing = True
    lift(forest)
    assert forest.calls == ["backup", "prepare 7", "domain 7", "forest 7"]


def test_missing_objects_are_added_by_the_owner_of_both_roles() -> None:
    forest = Forest()
    forest.missing, forest.preparers = True, frozenset({"dc1", "dc2"})
    (fault,) = faults(forest)
    assert "schema and infrastructure (dc1, dc2)" in fault


@pytest.mark.parametrize("confirm", [None, "corp", "other.example.test"])
def test_without_the_domains_name_nothing_is_raised(confirm: str | None) -> None:
    (fault,) = faults(Forest(), confirm=confirm)
    assert "can never be undone" in fault
    assert DOMAIN in fault


def test_a_controller_that_offers_less_is_named() -> None:
    forest = Forest()
    forest.controllers = {"dc1": 7, "dc2": 4, "dc3": 6}
    (fault,) = faults(forest)
    assert fault.startswith("dc2 offers 2008_R2, dc3 offers 2012_R2, and would not start again")
    assert "Debian 12" in fault


def test_a_level_is_not_lowered() -> None:
    forest = Forest()
    forest.domain = forest.forest = 7
    found = faults(forest, "2008_R2", "2008_R2")
    assert [fault.split(" and ")[0] for fault in found] == [
        "the level of the domain is 2016",
        "the level of the forest is 2016",
    ]


def test_the_forest_is_not_above_the_domain() -> None:
    (fault,) = faults(Forest(), None, "2016")
    assert "would be above the domain's, 2008_R2" in fault


def test_the_domain_may_be_above_the_forest() -> None:
    forest = Forest()
    lift(forest, "2016", None)
    assert (forest.domain, forest.forest) == (7, 4)


def test_an_old_schema_is_refused() -> None:
    forest = Forest()
    forest.schema = 69
    (fault,) = faults(forest)
    assert "version 69" in fault
    assert "schemaupgrade" in fault


@pytest.mark.parametrize("owners", [frozenset({"dc2"}), frozenset({"dc1", "dc2"}), frozenset()])
def test_the_directory_is_prepared_on_the_owner_of_the_schema_alone(owners: frozenset[str]) -> None:
    forest = Forest()
    forest.missing, forest.preparers = True, owners
    (fault,) = faults(forest)
    assert f"on the owner of the roles schema and infrastructure ({', '.join(sorted(owners)) or 'nobody'})" in fault


def test_all_reasons_come_at_once() -> None:
    forest = Forest()
    forest.schema, forest.controllers = 69, {"dc1": 4}
    assert len(faults(forest, None, "2016")) == 3
