# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights on objects: composed from names, compared before they are written."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory._delegation import ENTRY, ObjectRights
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    STAFF,
    MemoryStore,
)

USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
RESET = "00299570-246d-11d0-a768-00aa006e0529"
SID = "S-1-5-21-1-2-3-1104"
DELEGATED = {"principal": "helpdesk", "rights": ["extended_right"], "object_type": "User-Force-Change-Password"}


class Store(MemoryStore):
    """With a schema."""

    schema_dn = f"CN=Schema,CN=Configuration,{DOMAIN}"


@pytest.fixture
def store() -> Store:
    """A unit, a group, a class and an extended right."""
    held = Store()
    held.group("helpdesk", objectSid=bytes.fromhex("01050000000000051500000001000000020000000300000050040000"))
    raw = uuid.UUID(USER_CLASS).bytes_le
    held.put(f"CN=User,{held.schema_dn}", objectClass=["top"], lDAPDisplayName="user", schemaIDGUID=raw)
    place = f"CN=Extended-Rights,CN=Configuration,{DOMAIN}"
    held.put(f"CN=User-Force-Change-Password,{place}", objectClass=["top"], rightsGuid=RESET)
    return held


def run(store: Store, *entries: dict[str, Any], check_mode: bool = False, **options: Any) -> dict[str, Any]:
    filled = [{key: entry.get(key, spec.get("default")) for key, spec in ENTRY.items()} for entry in entries]
    given = {"identity": STAFF, "entries": filled, "state": "present", **options}
    return _engine._run(ObjectRights(store, given), check_mode=check_mode)


@pytest.mark.parametrize(
    ("entry", "sddl"),
    [
        ({**DELEGATED, "inherited_object_type": "user"}, f"(OA;CIIO;CR;{RESET};{USER_CLASS};{SID})"),
        (DELEGATED, f"(OA;;CR;{RESET};;{SID})"),
        ({**DELEGATED, "object_type": RESET.upper(), "access": "deny"}, f"(OD;;CR;{RESET};;{SID})"),
        ({"principal": "S-1-5-11", "rights": ["generic_read", "read_property"]}, "(A;;LCRPLORC;;;S-1-5-11)"),
        ({"sddl": "(A;CI;RP;;;AU)"}, "(A;CI;RP;;;AU)"),
        ({"principal": "helpdesk", "rights": ["delete"], "inheritance": "children"}, f"(A;CIIONP;SD;;;{SID})"),
    ],
)
def test_an_entry_is_added_once_and_removed(store: Store, entry: dict[str, Any], sddl: str) -> None:
    told = run(store, entry, check_mode=True)
    assert store.writes == []
    done = run(store, entry)
    assert told == done
    assert sorted(done["entries"]) == sorted([sddl, "(A;;RP;;;WD)"])
    assert done["operations"][0]["change"] == {"add": [sddl], "remove": []}
    assert not run(store, entry)["changed"]
    assert run(store, entry, state="absent")["entries"] == ["(A;;RP;;;WD)"]
    assert not run(store, entry, state="absent")["changed"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({**DELEGATED, "object_type": "Nonsense"}, "'Nonsense' is no attribute"),
        ({**DELEGATED, "inherited_object_type": "user", "inheritance": "none"}, "who inherits"),
        ({"sddl": "(A;;RP;;;AU)(A;;WP;;;AU)"}, "not one entry"),
        ({"sddl": "(A;ID;RP;;;AU)"}, "not one entry"),
    ],
)
def test_wrong_entries_are_refused(store: Store, entry: dict[str, Any], text: str) -> None:
    with pytest.raises(ResourceError, match=text):
        run(store, entry)
    assert store.writes == []


@pytest.mark.parametrize("options", [{"identity": f"OU=None,{DOMAIN}"}, {}])
def test_what_is_not_there_yet(store: Store, options: dict[str, Any]) -> None:
    with pytest.raises(NotYetKnowable):
        run(store, {**DELEGATED, "principal": "nobody"}, **options)
