# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a site may not go yet, and what is left of one that goes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter.site_departure import site_departure
from ansible_collections.mailforest.stack.plugins.filter.site_traces import site_traces

ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
OWNERS: dict[str, str | None] = dict.fromkeys(ROLES, "dc1")
LEAVING: dict[str, Any] = {
    "site": "branch",
    "hosts": ["gw-branch", "dc3", "mx2"],
    "controllers": {"dc1": "hq", "dc2": "hq", "dc3": "branch"},
    "staying": ["dc1", "dc2"],
    "owners": OWNERS,
    "mailboxes": {"mx2": 0},
    "messages": {"mx2": 0},
}


def test_a_site_without_anything_of_its_own_may_go() -> None:
    assert site_departure(LEAVING) == []
    assert site_departure(LEAVING | {"controllers": {"dc1": "hq", "dc2": "hq"}}) == []
    assert site_departure(LEAVING | {"shares": ["member1"], "copied": True}) == []


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"controllers": LEAVING["controllers"] | {"dc9": "Branch"}}, "has the controller dc9.*dc_remove_dead"),
        ({"hosts": ["dc2", "dc3"]}, "dc2 is a controller of another site"),
        ({"controllers": {"dc3": "branch"}}, "last copy of the directory"),
        ({"owners": OWNERS | {"rid": "DC3", "pdc": "dc3"}}, "holds pdc, rid.*fsmo_transfer"),
        ({"mailboxes": {"mx2": 4}}, "mx2 is the home of 4 mailboxes"),
        ({"messages": {"mx2": 7}}, "mx2 has 7 messages"),
        ({"authorities": ["dc3"]}, "dc3 has the key of the CA"),
        ({"shares": ["member1"]}, "member1 serves folders.*site_remove_shares_copied"),
    ],
)
def test_a_site_stays_while_it_holds_something(differs: dict[str, Any], said: str) -> None:
    (refusal,) = site_departure(LEAVING | differs)
    assert re.search(said, refusal)


def test_what_is_left_of_a_site_is_told_from_what_is_of_others() -> None:
    sites = {name: f"CN={name},CN=Sites,CN=Configuration,DC=corp" for name in ("hq", "Branch", "branch-2")}
    traces = {
        "site": "branch",
        "hosts": {"dc3": ["198.51.100.134"], "mx2": ["198.51.100.144", "203.0.113.3"]},
        "domain": "corp.example.test",
        "zones": ["100.51.198.in-addr.arpa", "51.198.in-addr.arpa", "example.test"],
        "mail_domains": ["Example.test", "elsewhere.test"],
        "links": {
            "one": [sites["hq"], sites["Branch"]],
            "kept": [sites["hq"], sites["Branch"], sites["branch-2"]],
            "other": [sites["hq"], sites["branch-2"]],
        },
        "kept_links": ["kept", "other"],
        "subnets": {"198.51.100.128/26": "Branch", "198.51.100.64/26": "hq", "203.0.113.0/24": None},
    }
    assert site_traces(traces) == {
        "links": [{"name": "one", "state": "absent"}],
        "subnets": [{"name": "198.51.100.128/26", "state": "absent"}],
        "records": [
            {"zone": zone, "name": name, "type": kind, "state": "absent"}
            for zone, name, kind in (
                ("corp.example.test", "dc3", "A"),
                ("100.51.198.in-addr.arpa", "134", "PTR"),
                ("example.test", "dc3._domainkey", "TXT"),
                ("corp.example.test", "mx2", "A"),
                ("100.51.198.in-addr.arpa", "144", "PTR"),
                ("example.test", "mx2._domainkey", "TXT"),
            )
        ],
    }
