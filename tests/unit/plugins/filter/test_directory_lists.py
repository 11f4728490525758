# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain lists of groups, users and zones become the lists that the modules take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter.directory_groups import directory_groups
from ansible_collections.mailforest.stack.plugins.filter.directory_users import directory_users
from ansible_collections.mailforest.stack.plugins.filter.dns_probes import dns_probes

NO_GROUPS: dict[str, list[str]] = {"add": [], "remove": []}


@pytest.mark.parametrize(
    ("user", "entry"),
    [
        ({"name": "svc"}, {"name": "svc", "enabled": True, "groups": NO_GROUPS}),
        ({"name": "svc", "enabled": False}, {"name": "svc", "enabled": False, "groups": NO_GROUPS}),
        ({"name": "old", "email": "old@example.test", "state": "absent"}, {"name": "old", "state": "absent"}),
        (
            {"name": "svc", "email": None, "password_never_expires": True},
            {"name": "svc", "enabled": True, "groups": NO_GROUPS, "password_never_expires": True},
        ),
        (
            {"name": "alice", "home": "mx1.example.test"},
            {"name": "alice", "enabled": True, "groups": NO_GROUPS, "mail_home": "mx1.example.test"},
        ),
        (
            {"name": "alice", "firstname": "Alice", "surname": "Ash", "aliases": ["office@example.test"]},
            {
                "name": "alice",
                "firstname": "Alice",
                "surname": "Ash",
                "display_name": "Alice Ash",
                "enabled": True,
                "groups": NO_GROUPS,
                "attributes": {"set": {"proxyAddresses": ["smtp:office@example.test"]}},
            },
        ),
        (
            {"name": "carl", "quota": "2M"},
            {
                "name": "carl",
                "enabled": True,
                "groups": NO_GROUPS,
                "attributes": {"set": {"maxStorage": ["2097152"]}},
            },
        ),
        (
            {"name": "carl", "quota": "", "aliases": []},
            {
                "name": "carl",
                "enabled": True,
                "groups": NO_GROUPS,
                "attributes": {"set": {"maxStorage": [], "proxyAddresses": []}},
            },
        ),
        (
            {"name": "bob", "surname": "Birch", "display_name": "Uncle Bob", "aliases": []},
            {
                "name": "bob",
                "surname": "Birch",
                "display_name": "Uncle Bob",
                "enabled": True,
                "groups": NO_GROUPS,
                "attributes": {"set": {"proxyAddresses": []}},
            },
        ),
    ],
)
def test_user(user: dict[str, Any], entry: dict[str, Any]) -> None:
    assert directory_users([user]) == [entry]


def test_an_account_of_services_has_a_password_that_nobody_knows() -> None:
    user = {"name": "mail-mx1", "service_principals": ["imap/mx1.example.test"]}
    one, other = (directory_users([user])[0] for _turn in range(2))
    passwords = {one.pop("password"), other.pop("password")}
    assert len(passwords) == 2
    assert min(map(len, passwords)) > 80
    assert one == {
        "name": "mail-mx1",
        "enabled": True,
        "groups": NO_GROUPS,
        "spn": {"set": ["imap/mx1.example.test"]},
        "update_password": "on_create",
        "attributes": {"set": {"msDS-SupportedEncryptionTypes": ["24"]}},
    }


def test_only_the_user_of_that_name_gets_the_password() -> None:
    entries = directory_users([{"name": "alice"}, {"name": "bob"}], passwords={"alice": "first", "carol": "other"})
    assert [entry.get("password") for entry in entries] == ["first", None]


@pytest.mark.parametrize(
    ("user_groups", "listed", "add", "remove"),
    [
        (None, [], [], []),
        (["mail-users"], [], ["mail-users"], []),
        (["mail-users"], [{"name": "mail-users"}, {"name": "staff"}], ["mail-users"], ["staff"]),
        (["MAIL-users"], [{"name": "mail-users"}], ["MAIL-users"], []),
        ([], [{"name": "staff", "members": ["Alice"]}], ["staff"], []),
        (["staff"], [{"name": "staff", "members": ["alice"]}], ["staff"], []),
        ([], [{"name": "staff", "members": ["bob"]}], [], ["staff"]),
        ([], [{"name": "staff", "state": "absent"}], [], []),
    ],
)
def test_memberships(
    user_groups: list[str] | None, listed: list[dict[str, Any]], add: list[str], remove: list[str]
) -> None:
    [entry] = directory_users([{"name": "alice", "groups": user_groups}], listed)
    assert entry["groups"] == {"add": add, "remove": remove}


@pytest.mark.parametrize(
    ("group", "entry"),
    [
        (
            {"name": "staff", "scope": "global", "email": None, "members": None},
            {"name": "staff", "scope": "global"},
        ),
        ({"name": "staff", "members": ["ALICE"]}, {"name": "staff"}),
        ({"name": "staff", "members": ["sales", "alice"]}, {"name": "staff", "members": {"add": ["sales"]}}),
        ({"name": "staff", "scope": "global", "state": "absent"}, {"name": "staff", "state": "absent"}),
    ],
)
def test_group(group: dict[str, Any], entry: dict[str, Any]) -> None:
    assert directory_groups([group], [{"name": "alice"}]) == [entry]


def test_each_zone_is_asked_for() -> None:
    checks = dns_probes(["example.test", "100.51.198.in-addr.arpa"], "198.51.100.70")
    assert [check["argument"] for check in checks] == ["example.test", "100.51.198.in-addr.arpa"]
    assert {check["host"] for check in checks} == {"198.51.100.70"}
