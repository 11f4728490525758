# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that are placed by themselves stay where they are until a rule is broken."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES
from ansible_collections.mailforest.stack.plugins.module_utils._directory._placement import PlacementResource
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    MemoryStore,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.test_fsmo import Forest

FOLDER = f"CN=mailforest.stack,CN=Program Data,{DOMAIN}"
NOTE = f"CN=FSMO roles,{FOLDER}"


def wish(owner: str, **unfit: str) -> dict[str, Any]:
    return {"owner": owner, "reason": f"{owner} is best.", "unfit": unfit}


WISHES = {role: wish("dc1") for role in ROLES} | {"pdc": wish("dc2", gw1="is a gateway")}


def decide(
    store: MemoryStore,
    forest: Forest,
    wishes: dict[str, Any] | None = None,
    *,
    placed: bool = False,
    check_mode: bool = False,
) -> dict[str, Any]:
    resource = PlacementResource(store, forest, wishes or WISHES, placed=placed)
    return _engine._run(resource, check_mode=check_mode)


def of(result: dict[str, Any], role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in result["placements"] if row["role"] == role)
    return found


def test_a_new_forest_gets_the_proposal() -> None:
    result = decide(MemoryStore(), Forest())
    assert (result["first"], result["changed"]) == (True, False)
    assert result["roles"] == dict.fromkeys(ROLES, "dc1") | {"pdc": "dc2"}
    assert "pdc: dc2, now on dc1. dc2 is best." in result["told"]
    assert "rid: dc1. dc1 is best." in result["told"]


def test_roles_that_somebody_placed_stay() -> None:
    forest = Forest()
    forest.held["rid"] = "dc2"
    result = decide(MemoryStore(), forest)
    assert result["first"] is False
    assert result["roles"] == forest.held
    assert of(result, "pdc")["reason"] == "It stays where it was placed: no rule is broken."


def test_the_note_keeps_even_all_on_one() -> None:
    store = MemoryStore()
    written = decide(store, Forest(), placed=True)
    assert written["changed"] is True
    assert [dn for _verb, dn in store.writes] == [FOLDER, NOTE]
    assert decide(store, Forest(), placed=True)["changed"] is False
    assert decide(store, Forest())["roles"] == dict.fromkeys(ROLES, "dc1")


def test_check_mode_writes_no_note() -> None:
    store = MemoryStore()
    assert decide(store, Forest(), placed=True, check_mode=True)["changed"] is True
    assert store.writes == []


def test_the_folder_of_others_serves() -> None:
    store = MemoryStore()
    store.put(FOLDER, objectClass="container")
    decide(store, Forest(), placed=True)
    assert [dn for _verb, dn in store.writes] == [NOTE]


def test_a_broken_rule_moves_that_role_and_no_other() -> None:
    forest = Forest()
    forest.held |= {"pdc": "gw1", "rid": "dc2"}
    result = decide(MemoryStore(), forest)
    assert result["roles"] == dict.fromkeys(ROLES, "dc1") | {"pdc": "dc2", "rid": "dc2"}
    assert of(result, "pdc")["reason"] == "It cannot stay on gw1, which is a gateway. dc2 is best."


def test_an_unfit_owner_that_is_proposed_for_want_of_another_stays() -> None:
    forest = Forest()
    forest.held["rid"] = "dc2"
    result = decide(MemoryStore(), forest, {"pdc": wish("dc1", dc1="is a gateway")})
    assert result["roles"] == {"pdc": "dc1"}


def test_an_owner_that_is_no_more_is_replaced() -> None:
    forest = Forest()
    forest.held["pdc"] = None
    result = decide(MemoryStore(), forest)
    assert of(result, "pdc")["wanted"] == "dc2"
    assert "no controller any more" in of(result, "pdc")["reason"]
    assert "pdc: dc2, now on nobody." in " ".join(result["told"])


def test_a_proposal_beyond_the_directory_is_refused() -> None:
    with pytest.raises(ResourceError, match="to be on dc9, which the directory does not know") as caught:
        decide(MemoryStore(), Forest(), {"pdc": wish("dc9.corp.example.test")})
    assert caught.value.details["controllers"] == ["dc1", "dc2"]
