# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roles an operation moves, and where to."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailforest.stack.plugins.filter.fsmo_moves import fsmo_moves
from ansible_collections.mailforest.stack.plugins.filter.fsmo_relief import fsmo_relief

ALL = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
OWNERS: dict[str, str | None] = {**dict.fromkeys(ALL, "dc1"), "pdc": "dc2", "forestdns": None}
CONTROLLERS = ["dc1", "dc2", "dc3"]


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        ({}, dict.fromkeys(ALL, "dc3")),
        ({"source": "DC2"}, {"pdc": "dc3"}),
        ({"source": "dc1"}, dict.fromkeys(["schema", "naming", "rid", "infrastructure", "domaindns"], "dc3")),
        ({"source": "dc3"}, {}),
        ({"roles": ["rid", "forestdns"]}, {"rid": "dc3", "forestdns": "dc3"}),
        ({"roles": "pdc, rid"}, {"pdc": "dc3", "rid": "dc3"}),
    ],
)
def test_what_is_named_moves_or_all_of_one_or_all(options: dict[str, Any], moves: dict[str, str]) -> None:
    assert fsmo_moves(OWNERS, CONTROLLERS, "DC3", **options) == moves


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"to": "dc4"}, "'dc4', the new owner, is no domain controller.*dc1, dc2, dc3"),
        ({"to": "dc1", "source": "mx1"}, "'mx1', the one that gives its roles away, is no domain controller"),
        ({"to": "dc1", "roles": ["gc"]}, "no role gc.*The roles are: schema"),
        ({"to": "dc1", "roles": ["pdc"], "source": "dc2"}, "one of the two"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        fsmo_moves(OWNERS, CONTROLLERS, **options)


@pytest.mark.parametrize(("leaving", "taker"), [("dc1", "dc2"), ("dc2", "dc1"), ("dc3", "dc1")])
def test_one_of_the_same_site_takes_the_roles_else_the_first(leaving: str, taker: str) -> None:
    sites = {"dc1": "hq", "dc2": "hq", "dc3": "branch"}
    assert fsmo_relief(leaving, CONTROLLERS, sites) == taker


def test_where_there_is_no_other_the_roles_stay() -> None:
    assert fsmo_relief("dc1", ["dc1"], {"dc1": "hq"}) == ""
