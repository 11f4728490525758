# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as data."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._lookup import lookup
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    USERS,
    MemoryStore,
)

SCHEMA = {
    "mail": ("2.5.5.12", "TRUE"),
    "memberOf": ("2.5.5.1", "FALSE"),
    "objectSid": ("2.5.5.17", "TRUE"),
    "userAccountControl": ("2.5.5.9", "TRUE"),
    "objectGUID": ("2.5.5.10", "TRUE"),
    "isCriticalSystemObject": ("2.5.5.8", "TRUE"),
    "jpegPhoto": ("2.5.5.10", "FALSE"),
}
NOTHING: dict[str, Any] = {
    "identity": None,
    "ldap_filter": None,
    "search_base": None,
    "search_scope": "subtree",
    "properties": None,
    "include_deleted": False,
}


class Store(MemoryStore):
    """With a schema."""

    schema_dn = f"CN=Schema,CN=Configuration,{DOMAIN}"


@pytest.fixture
def store() -> Store:
    """A few users."""
    held = Store()
    for name, (syntax, single) in SCHEMA.items():
        place = f"CN={name},{held.schema_dn}"
        given = {"lDAPDisplayName": name, "attributeSyntax": syntax, "isSingleValued": single}
        held.put(place, objectClass=["top", "attributeSchema"], **given)
    sid = bytes.fromhex("01050000000000051500000001000000020000000300000050040000")
    held.user("bob", mail="bob@example.test", objectSid=sid, isCriticalSystemObject="TRUE", jpegPhoto=b"\xff\xd8")
    held.user("alice")
    held.group("staff", member=[f"CN=bob,{USERS}"])
    return held


def test_values_have_the_types_of_the_schema(store: Store) -> None:
    guid = store.read(f"CN=bob,{USERS}", ["objectGUID"])
    assert guid
    found = lookup(store, {**NOTHING, "identity": "bob", "properties": list(SCHEMA)})["objects"]
    assert [entry["distinguished_name"] for entry in found] == [f"CN=bob,{USERS}"]
    assert found[0]["properties"] == {
        "mail": "bob@example.test",
        "memberOf": [f"CN=staff,{USERS}"],
        "objectSid": "S-1-5-21-1-2-3-1104",
        "userAccountControl": 512,
        "objectGUID": guid.guid,
        "isCriticalSystemObject": True,
        "jpegPhoto": ["/9g="],
    }
    assert (found[0]["object_class"], found[0]["object_guid"]) == ("user", guid.guid)


def test_what_is_not_there_is_empty(store: Store) -> None:
    found = lookup(store, {**NOTHING, "identity": "alice", "properties": ["mail", "memberOf"]})["objects"]
    assert found[0]["properties"] == {"mail": None, "memberOf": []}
    assert lookup(store, {**NOTHING, "identity": "nobody"}) == {"objects": []}


def test_a_filter_finds_in_order(store: Store) -> None:
    found = lookup(store, {**NOTHING, "ldap_filter": "(objectClass=user)", "search_base": USERS})["objects"]
    assert [entry["distinguished_name"] for entry in found] == [f"CN=alice,{USERS}", f"CN=bob,{USERS}"]


@pytest.mark.parametrize(("name", "text"), [("unicodepwd", "are not shown"), ("nosuch", "no attribute 'nosuch'")])
def test_secrets_and_nonsense_are_refused(store: Store, name: str, text: str) -> None:
    with pytest.raises(ResourceError, match=text):
        lookup(store, {**NOTHING, "identity": "bob", "properties": [name]})
