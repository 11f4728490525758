# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may join as a domain controller."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter.controller_admission import controller_admission

ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
OWNERS: dict[str, str | None] = dict.fromkeys(ROLES, "dc1")
NEW: dict[str, Any] = {
    "name": "dc3",
    "fqdn": "dc3.corp.example.test",
    "address": "198.51.100.72",
    "site": "hq",
    "holds_directory": False,
    "known": ["dc1", "dc2"],
    "sites": ["hq", "branch"],
    "owners": OWNERS,
}


@pytest.mark.parametrize(
    ("differs", "told"),
    [
        ({}, "dc3 (198.51.100.72), in the site hq, joins."),
        ({"site": "HQ", "addresses": ["198.51.100.72"], "pointers": ["DC3.corp.example.test."]}, ", joins."),
        ({"known": ["dc1", "DC3"], "holds_directory": True, "accounts": ["CN=DC3"]}, "has joined; what an earlier run"),
        ({"known": ["dc1", "dc3"], "again": True}, "joins anew; what is left of the former one is removed"),
    ],
)
def test_a_host_that_nothing_speaks_against_may_join(differs: dict[str, Any], told: str) -> None:
    verdict = controller_admission(NEW | differs)
    assert verdict["refusals"] == []
    assert told in verdict["told"]


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"site": "annex"}, "no site annex, it has hq, branch.*site_add"),
        ({"holds_directory": True}, "dc3 holds a directory, and the forest does not know it.*blank disk"),
        (
            {"known": ["dc1", "Dc3"]},
            "knows a controller dc3, and dc3 holds no directory.*dc_add_again=true.*dc_remove_dead",
        ),
        ({"accounts": ["CN=DC3,CN=Computers"]}, "taken by the account CN=DC3,CN=Computers.*remove the account"),
        (
            {"addresses": ["198.51.100.72", "198.51.100.9"]},
            "has the address 198.51.100.9, in the inventory 198.51.100.72",
        ),
        ({"pointers": ["mx1.corp.example.test."]}, "address 198.51.100.72 is that of mx1"),
    ],
)
def test_a_host_that_would_do_harm_may_not(differs: dict[str, Any], said: str) -> None:
    (refusal,) = controller_admission(NEW | differs)["refusals"]
    assert re.search(said, refusal)


def test_a_former_controller_with_a_role_is_seized_from_even_where_it_may_be_removed() -> None:
    for again in (False, True):
        owners = OWNERS | {"rid": "dc3", "forestdns": None}
        differs = {"known": ["dc1", "dc3"], "owners": owners, "again": again}
        (refusal,) = controller_admission(NEW | differs)["refusals"]
        assert re.search("former dc3 holds rid.*fsmo_seize", refusal)


def test_all_reasons_come_at_once() -> None:
    differs = {"site": "annex", "accounts": ["CN=DC3"], "pointers": ["mx1."]}
    assert len(controller_admission(NEW | differs)["refusals"]) == 3
