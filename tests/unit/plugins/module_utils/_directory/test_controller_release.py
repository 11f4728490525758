# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is next on a domain controller's way to the next release, and why it may not go it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter.controller_release import controller_release

SITES = {"dc1": "hq", "dc2": "hq", "dc3": "branch"}
OWNERS: dict[str, str | None] = {"schema": "dc1", "rid": "dc2", "pdc": "DC2", "naming": None}
KNOWING = {"controllers": ["dc1", "DC2", "dc3"], "owners": OWNERS}
GONE = {"controllers": ["dc1", "dc3"], "owners": dict.fromkeys(OWNERS, "dc1")}
LEAVING: dict[str, Any] = {
    "host": "dc2",
    "address": "198.51.100.71",
    "functions": ["domain_controller"],
    "sites": SITES,
    "system": "Debian",
    "release": "12",
    "holds_directory": True,
    "serves": True,
    "others": {"dc1": KNOWING, "dc3": KNOWING},
    "placed": {"schema": "dc1", "rid": "dc2", "pdc": "dc1"},
    "survivor": "",
}
"""It serves with the release of before, and has two roles."""
DEMOTED = LEAVING | {"holds_directory": False, "serves": False, "others": {"dc1": GONE, "dc3": GONE}}
REINSTALLED = DEMOTED | {"release": "13"}
JOINED = LEAVING | {"release": "13"}
FIRST = LEAVING | {"host": "dc1", "others": {"dc2": KNOWING, "dc3": KNOWING}}
ROLELESS = {"controllers": KNOWING["controllers"], "owners": GONE["owners"]}


@pytest.mark.parametrize(
    ("asked", "step", "told"),
    [
        (LEAVING, "leave", "dc2 leaves the directory: dc1 has a backup made.* dc1 takes its roles (rid, pdc)."),
        (LEAVING | {"survivor": "dc3"}, "leave", "dc3 takes its roles"),
        (LEAVING | {"serves": False, "others": {"dc1": ROLELESS}}, "leave", "has begun to leave.*completed with dc1"),
        (LEAVING | {"serves": False, "others": {"dc1": GONE, "dc3": GONE}}, "leave", "has begun to leave"),
        (DEMOTED | {"others": {"dc1": GONE, "dc3": ROLELESS}}, "leave", "has begun to leave"),
        (DEMOTED, "install", "nothing is to be done yet"),
        (REINSTALLED, "join", "it joins.*The inventory has rid there"),
        (REINSTALLED | {"others": {"dc1": KNOWING}}, "join", "it joins"),
        (JOINED, "join", "what an earlier run left open is done"),
        (JOINED | {"functions": ["domain_controller", "gateway"]}, "join", "left open is done"),
        (FIRST | {"release": "13"}, "nothing", "there is nothing to do"),
    ],
)
def test_the_step_is_read_from_what_is(asked: dict[str, Any], step: str, told: str) -> None:
    """A demotion is completed from wherever it was interrupted: before or after the others know, or the disk does."""
    found = controller_release(asked)
    assert (found["step"], found["refusals"]) == (step, [])
    assert re.search(told.replace("(", r"\(").replace(")", r"\)"), found["told"]), found["told"]


@pytest.mark.parametrize("asked", [LEAVING, DEMOTED])
def test_the_owner_is_told_what_to_do_then(asked: dict[str, Any]) -> None:
    after = controller_release(asked)["after"]
    assert re.search(r"install Debian 13 on dc2, .* 198\.51\.100\.71\. .*known_hosts.*this command again", after)
    assert "The inventory has rid there" in after


def test_roles_that_are_placed_by_themselves_are_not_promised_back() -> None:
    assert "come back" not in controller_release(DEMOTED | {"placed": {}})["after"]


def test_one_of_the_same_site_takes_over_unless_another_is_named() -> None:
    last = LEAVING | {"host": "dc3", "others": {"dc1": KNOWING, "dc2": KNOWING}}
    assert controller_release(LEAVING)["stays"] == "dc1"
    assert controller_release(LEAVING | {"survivor": "dc3"})["stays"] == "dc3"
    assert controller_release(last)["stays"] == "dc1"
    assert "branch has no other domain controller" in controller_release(last)["told"]
    assert "no other domain controller" not in controller_release(LEAVING)["told"]


@pytest.mark.parametrize(
    ("asked", "well", "gives"),
    [
        (LEAVING, ["dc1", "dc2", "dc3"], True),
        (LEAVING | {"serves": False, "others": {"dc1": ROLELESS}}, [], False),
        (DEMOTED, [], False),
        (REINSTALLED, ["dc1", "dc3"], False),
        (FIRST, [], False),
    ],
)
def test_who_must_be_well_before(asked: dict[str, Any], well: list[str], gives: bool) -> None:
    """Not the others of one that has begun to leave: they miss what they replicate from it."""
    found = controller_release(asked)
    assert (found["well"], found["gives"]) == (well, gives)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (LEAVING | {"release": "11"}, "has Debian 11: Debian 13 is reached from Debian 12 alone.*dc_demote"),
        (LEAVING | {"system": "Ubuntu", "release": "24"}, "has Ubuntu 24"),
        (FIRST, "first of mailforest_domain_controllers.*CA's key.*docs/operations/controller-release.md"),
        (LEAVING | {"sites": {"dc2": "hq"}, "others": {}}, "the only domain controller.*dc_add.*controller-release.md"),
        (FIRST | {"release": "13", "holds_directory": False}, "Put one that works above it"),
        (LEAVING | {"survivor": "dc2"}, "release_upgrade_survivor is 'dc2'.*Choose from: dc1, dc3"),
        (REINSTALLED | {"survivor": "mx1"}, "release_upgrade_survivor is 'mx1'"),
        (LEAVING | {"functions": ["domain_controller", "mail_server"]}, "is mail server, too.*move_mailbox"),
        (DEMOTED | {"functions": ["gateway", "domain_controller"]}, "is gateway, too"),
        (LEAVING | {"serves": False}, "roles rid, pdc, and Samba does not run.*systemctl start.*fsmo_seize"),
    ],
)
def test_what_would_not_end_well_is_refused(asked: dict[str, Any], said: str) -> None:
    found = controller_release(asked)
    (refusal,) = found["refusals"]
    assert found["step"] == "refused"
    assert re.search(said, refusal), refusal


def test_every_reason_comes_at_once() -> None:
    found = controller_release(FIRST | {"functions": ["domain_controller", "mail_server"], "survivor": "dc9"})
    assert len(found["refusals"]) == 3
