# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups: what is planned, what is written, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _kinds
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import GROUP, USER, Kind
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    STAFF,
    USERS,
    MemoryStore,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_plan import run, verbs

PASSWORD = "Sesame-1"
GUID_ATTRIBUTE = "adminDescription"


@pytest.fixture
def store() -> MemoryStore:
    """A directory with a few objects."""
    held = MemoryStore()
    held.user("bob", givenName="Bob", mail="bob@example.test", telephoneNumber=["1", "2"])
    held.group("mail-users", member=[f"CN=bob,{USERS}"])
    held.group("staff")
    return held


# Creation


def test_a_new_user_is_enabled_with_its_password_and_knows_its_guid(store: MemoryStore) -> None:
    result = run(
        store,
        USER,
        {"name": "alice", "firstname": "Alice", "password": PASSWORD, "guid_attribute": GUID_ATTRIBUTE},
    )
    guid = result["object_guid"]
    assert store.dn(guid) == f"CN=alice,{USERS}" == result["distinguished_name"]
    assert store.text(guid, "userAccountControl") == ["512"]
    assert store.text(guid, "sAMAccountName") == ["alice"]
    assert store.text(guid, "givenName") == ["Alice"]
    assert store.text(guid, GUID_ATTRIBUTE) == [guid]
    assert store.has_password(f"CN=alice,{USERS}", PASSWORD)
    assert PASSWORD not in repr(result)
    assert result["diff"]["after"]["alice"]["password"] == "set"


def test_a_new_user_without_a_password_is_disabled(store: MemoryStore) -> None:
    result = run(store, USER, {"name": "alice"})
    assert store.text(result["object_guid"], "userAccountControl") == ["514"]


def test_a_new_group_is_global_and_for_security(store: MemoryStore) -> None:
    result = run(store, GROUP, {"name": "new"})
    assert store.text(result["object_guid"], "groupType") == ["-2147483646"]


def test_names_are_escaped_in_the_dn(store: MemoryStore) -> None:
    result = run(store, GROUP, {"name": "a, b+c", "sam_account_name": "abc", "path": STAFF})
    assert result["distinguished_name"] == f"CN=a\\, b\\+c,{STAFF}"
    assert not run(store, GROUP, {"name": "a, b+c", "sam_account_name": "abc", "path": STAFF})["changed"]


def test_check_mode_writes_nothing_and_tells_the_same(store: MemoryStore) -> None:
    wishes = ({"name": "alice", "password": PASSWORD, "groups": {"add": ["staff"]}}, {"name": "bob", "email": ""})
    told = run(store, USER, *wishes, check_mode=True)
    assert store.writes == []
    assert told["objects"][0]["object_guid"] is None
    done = run(store, USER, *wishes)
    assert (told["operations"], told["diff"]) == (done["operations"], done["diff"])


# Idempotence and change


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (USER, {"name": "bob"}),
        (USER, {"name": "bob", "firstname": "Bob", "email": "bob@example.test", "enabled": True, "city": ""}),
        (USER, {"name": "bob", "password": PASSWORD}),
        (USER, {"identity": "bob", "groups": {"set": ["mail-users"]}}),
        (USER, {"name": "bob", "groups": {"add": ["MAIL-USERS"], "remove": ["staff", "never-was"]}}),
        (USER, {"name": "bob", "attributes": {"set": {"telephoneNumber": ["2", "1"]}}}),
        (USER, {"name": "bob", "attributes": {"add": {"telephoneNumber": 1}, "remove": {"telephoneNumber": "9"}}}),
        (USER, {"name": "bob", "path": USERS.lower()}),
        (USER, {"name": "nobody", "state": "absent"}),
        (GROUP, {"name": "mail-users", "members": {"set": ["bob"]}}),
        (GROUP, {"name": "mail-users", "members": {"set": [f"cn=BOB,{USERS}"]}, "scope": "global"}),
    ],
)
def test_what_is_so_already_is_no_change(store: MemoryStore, kind: Kind, options: dict[str, Any]) -> None:
    result = run(store, kind, options)
    assert (result["changed"], store.writes) == (False, [])


@pytest.mark.parametrize(
    ("options", "attribute", "values"),
    [
        ({"firstname": "Robert"}, "givenName", ["Robert"]),
        ({"email": ""}, "mail", []),
        ({"enabled": False}, "userAccountControl", ["514"]),
        ({"password_never_expires": True}, "userAccountControl", ["66048"]),
        ({"attributes": {"set": {"telephoneNumber": "3"}}}, "telephoneNumber", ["3"]),
        ({"attributes": {"set": {"telephoneNumber": []}}}, "telephoneNumber", []),
        ({"attributes": {"add": {"telephoneNumber": ["3"]}}}, "telephoneNumber", ["1", "2", "3"]),
        ({"attributes": {"remove": {"telephoneNumber": ["1"]}}}, "telephoneNumber", ["2"]),
        ({"attributes": {"set": {"manager": f"cn=bob,{USERS}"}}}, "manager", [f"cn=bob,{USERS}"]),
    ],
)
def test_a_change_is_written_once(
    store: MemoryStore, options: dict[str, Any], attribute: str, values: list[str]
) -> None:
    first = run(store, USER, {"name": "bob", **options})
    assert (first["changed"], verbs(first)) == (True, ["change"])
    assert store.text(first["object_guid"], attribute) == values
    assert not run(store, USER, {"name": "bob", **options})["changed"]


@pytest.mark.parametrize(
    ("how", "held", "changes"),
    [
        (None, "Other-11", False),
        ("on_create", "Other-11", False),
        ("always", PASSWORD, True),
        ("when_changed", PASSWORD, False),
        ("when_changed", "Other-11", True),
    ],
)
def test_when_a_password_is_set(store: MemoryStore, how: str | None, held: str, changes: bool) -> None:
    run(store, USER, {"name": "carol", "password": held})
    result = run(store, USER, {"name": "carol", "password": PASSWORD, "update_password": how})
    assert result["changed"] is changes
    assert verbs(result) == (["set_password"] if changes else [])
    assert PASSWORD not in repr(result)
    assert store.has_password(f"CN=carol,{USERS}", PASSWORD if changes else held)


# Identity


@pytest.mark.parametrize(
    "identity",
    [
        lambda store, guid: guid,
        lambda store, guid: f"{{{guid}}}",
        lambda store, guid: f"CN=dave,{STAFF}",
        lambda store, guid: "dsmith",
        lambda store, guid: "dave",
        lambda store, guid: "dave@corp.example.test",
        lambda store, guid: "S-1-5-21-9",
    ],
    ids=["guid", "braces", "dn", "account", "name", "upn", "sid"],
)
def test_a_rename_and_move_keep_the_object(store: MemoryStore, identity: Callable[[MemoryStore, str], str]) -> None:
    guid = store.user(
        "dave",
        STAFF,
        sAMAccountName="dsmith",
        userPrincipalName="dave@corp.example.test",
        objectSid="S-1-5-21-9",
    )
    options = {"identity": identity(store, guid), "name": "david", "path": USERS}
    result = run(store, USER, options)
    assert (result["object_guid"], verbs(result)) == (guid, ["rename"])
    assert store.dn(guid) == f"CN=david,{USERS}"
    assert store.text(guid, "sAMAccountName") == ["dsmith"]
    assert not run(store, USER, options)["changed"]


def test_memberships_survive_a_rename(store: MemoryStore) -> None:
    result = run(store, USER, {"identity": "bob", "name": "robert", "groups": {"set": ["mail-users", "staff"]}})
    assert verbs(result) == ["rename", "add_members"]
    assert store.text(run(store, GROUP, {"name": "staff"})["object_guid"], "member") == [f"CN=robert,{USERS}"]


def test_an_identity_of_another_kind_is_refused(store: MemoryStore) -> None:
    with pytest.raises(ResourceError, match="is no user"):
        run(store, USER, {"identity": f"CN=staff,{USERS}"})


def test_an_ambiguous_name_is_refused(store: MemoryStore) -> None:
    for parent in (USERS, STAFF):
        store.user("twin", parent, sAMAccountName=f"t{len(parent)}")
    with pytest.raises(ResourceError, match="names 2 objects"):
        run(store, USER, {"name": "twin"})


# Lists


def test_a_list_is_one_plan_in_which_objects_may_name_each_other(store: MemoryStore) -> None:
    result = run(
        store,
        GROUP,
        {"name": "outer", "scope": "domainlocal", "members": {"set": ["inner", "bob"]}},
        {"name": "inner"},
        {"name": "staff", "state": "absent"},
    )
    assert verbs(result) == ["delete", "create", "create", "add_members"]
    assert store.text(result["objects"][0]["object_guid"], "member") == [f"CN=bob,{USERS}", f"CN=inner,{USERS}"]
    assert "object_guid" not in result


def test_many_members_of_one_group_are_one_write(store: MemoryStore) -> None:
    wishes = [{"name": f"u{number}", "groups": {"add": ["staff"]}} for number in range(5)]
    result = run(store, USER, *wishes)
    assert verbs(result) == ["create"] * 5 + ["add_members"]
    assert result["operations"][-1]["change"] == {"members": ["u0", "u1", "u2", "u3", "u4"]}
    assert not run(store, USER, *wishes)["changed"]


def test_leaving_groups(store: MemoryStore) -> None:
    assert verbs(run(store, USER, {"name": "bob", "groups": {"set": ["staff"]}})) == ["add_members", "remove_members"]
    assert verbs(run(store, USER, {"name": "bob", "groups": {"remove": ["staff"]}})) == ["remove_members"]


def test_a_failure_takes_the_whole_plan_back(store: MemoryStore) -> None:
    with pytest.raises(ResourceError, match="too short") as caught:
        run(store, USER, {"name": "alice", "password": PASSWORD}, {"name": "carl", "password": "x"})
    assert caught.value.details["done"] == []
    assert store.read(f"CN=alice,{USERS}", ["cn"]) is None


def test_options_beside_a_list_are_its_defaults() -> None:
    params = {
        "users": [{"name": "a", "path": None, "update_password": "always"}],
        "path": STAFF,
        "update_password": "on_create",
        "guid_attribute": None,
    }
    assert _kinds.entries(USER, params) == [{"name": "a", "path": STAFF, "update_password": "always"}]
    assert _kinds.entries(USER, {"users": None, "name": "a"}) == [{"users": None, "name": "a"}]


# The mailbox's home

HOME = {"mail_home": "mx1.example.test", "home_attribute": "adminDisplayName"}


@pytest.mark.parametrize("user", [{"name": "alice", "password": PASSWORD}, {"name": "bob"}], ids=["new", "there"])
def test_a_home_is_written_once(store: MemoryStore, user: dict[str, Any]) -> None:
    result = run(store, USER, {**user, **HOME})
    assert store.text(result["object_guid"], "adminDisplayName") == ["mx1.example.test"]
    assert verbs(run(store, USER, {**user, **HOME})) == []


def test_a_home_stays_with_a_warning(store: MemoryStore) -> None:
    run(store, USER, {"name": "bob", **HOME})
    result = run(store, USER, {"name": "bob", **HOME, "mail_home": "mx2.example.test"})
    assert verbs(result) == []
    assert "'bob': the mailbox stays on mx1.example.test" in result["warnings"][0]
    assert store.text(result["object_guid"], "adminDisplayName") == ["mx1.example.test"]


@pytest.mark.parametrize(("home", "held"), [("mx2.example.test", ["mx2.example.test"]), ("", [])])
def test_a_home_changes_on_demand(store: MemoryStore, home: str, held: list[str]) -> None:
    run(store, USER, {"name": "bob", **HOME})
    result = run(store, USER, {"name": "bob", **HOME, "mail_home": home, "update_home": "always"})
    assert verbs(result) == ["change"]
    assert "warnings" not in result
    assert store.text(result["object_guid"], "adminDisplayName") == held


def test_another_case_is_the_same_home(store: MemoryStore) -> None:
    run(store, USER, {"name": "bob", **HOME})
    result = run(store, USER, {"name": "bob", **HOME, "mail_home": "MX1.example.test"})
    assert (verbs(result), "warnings" in result) == ([], False)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"mail_home": "mx1.example.test"}, "mail_home needs home_attribute"),
        ({**HOME, "home_attribute": GUID_ATTRIBUTE, "guid_attribute": GUID_ATTRIBUTE}, "are both adminDescription"),
    ],
)
def test_a_home_needs_an_attribute_of_its_own(store: MemoryStore, options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ResourceError, match=fault):
        run(store, USER, {"name": "bob", **options})


# Scope


@pytest.mark.parametrize(
    ("old", "scope", "stages"),
    [
        (-2147483646, "universal", ["-2147483640"]),
        (-2147483646, "domainlocal", ["-2147483640", "-2147483644"]),
        (-2147483644, "global", ["-2147483640", "-2147483646"]),
        (2, "domainlocal", ["8", "4"]),
    ],
)
def test_a_scope_changes_by_way_of_universal(store: MemoryStore, old: int, scope: str, stages: list[str]) -> None:
    guid = store.group("scoped", old)
    result = run(store, GROUP, {"name": "scoped", "scope": scope})
    assert (verbs(result), store.text(guid, "groupType")) == (["change"] * len(stages), [stages[-1]])
    assert result["operations"][-1]["change"] == {"scope": scope}


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"name": "staff", "members": {"add": ["local"]}}, "AD-3"),
        ({"name": "universal", "members": {"set": ["local"]}}, "AD-2"),
        ({"name": "local", "members": {"add": ["builtin"]}}, "built-in"),
        ({"name": "inner", "scope": "domainlocal"}, "AD-3"),
        ({"name": "staff", "members": {"add": ["staff"]}}, "member of itself"),
        ({"name": "inner", "members": {"add": ["outer"]}}, "hold each other"),
        ({"name": "universal", "scope": "global"}, "AD-3"),
    ],
)
def test_illegal_nesting_is_refused_with_its_rule(store: MemoryStore, options: dict[str, Any], rule: str) -> None:
    store.group("local", -2147483644)
    store.group("builtin", -2147483643)
    store.group("inner")
    store.group("outer", member=[f"CN=inner,{USERS}"])
    store.group("leaf", -2147483640)
    store.group("universal", -2147483640, member=[f"CN=leaf,{USERS}"])
    with pytest.raises(ResourceError) as caught:
        run(store, GROUP, options)
    assert rule in str(caught.value)
    assert store.writes == []


def test_a_cycle_made_by_one_list_is_refused(store: MemoryStore) -> None:
    with pytest.raises(ResourceError, match="hold each other"):
        run(store, GROUP, {"name": "a", "members": {"add": ["b"]}}, {"name": "b", "members": {"add": ["a"]}})


# Refusals


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (USER, {"name": "new", "enabled": True}, "'new' is new and enabled but has no password"),
        (USER, {"name": "a" * 21}, "longer than 20"),
        (USER, {"name": "a/b"}, "may not hold /"),
        (USER, {"name": "dot."}, "a final dot"),
        (USER, {"name": "a" * 65, "sam_account_name": "a"}, "1 to 64"),
        (USER, {"name": "x", "upn": "x"}, "name@domain"),
        (USER, {"name": "x", "path": "nowhere"}, "is not a DN"),
        (USER, {"name": "x", "path": f"OU=None,{DOMAIN}"}, "does not exist; create it"),
        (USER, {"identity": "ghost"}, "names no user"),
        (USER, {"name": "krbtgt", "state": "absent"}, "the domain needs"),
        (USER, {"name": "bob", "groups": {"add": ["krbtgt"]}}, "is no group"),
        (USER, {"name": "bob", "email": "x", "attributes": {"set": {"mail": "y"}}}, "given twice"),
        (USER, {"name": "bob", "attributes": {"set": {"nosuch": "y"}}}, "no attribute 'nosuch'"),
        (USER, {"name": "staff", "sam_account_name": "s2"}, "another object is at"),
    ],
)
def test_wrong_wishes_are_refused_before_any_write(
    store: MemoryStore, kind: Kind, options: dict[str, Any], message: str
) -> None:
    store.user("krbtgt", isCriticalSystemObject="TRUE")
    with pytest.raises(ResourceError) as caught:
        run(store, kind, options)
    assert message in str(caught.value)
    assert store.writes == []


def test_the_same_object_twice_is_refused(store: MemoryStore) -> None:
    with pytest.raises(ResourceError, match="same object"):
        run(store, USER, {"name": "bob"}, {"identity": f"CN=bob,{USERS}", "email": ""})


def test_faults_of_many_objects_come_at_once(store: MemoryStore) -> None:
    with pytest.raises(ResourceError) as caught:
        run(store, USER, {"name": "a/b"}, {"name": "c/d"}, {"name": "ok"})
    assert len(caught.value.details["faults"]) == 2


def test_a_missing_group_may_be_made_by_an_earlier_task_in_check_mode(store: MemoryStore) -> None:
    with pytest.raises(NotYetKnowable, match="never-was"):
        run(store, USER, {"name": "bob", "groups": {"add": ["never-was"]}})


def test_a_member_that_the_same_list_deletes_is_refused(store: MemoryStore) -> None:
    wishes = ({"name": "staff", "members": {"add": ["mail-users"]}}, {"name": "mail-users", "state": "absent"})
    with pytest.raises(ResourceError, match="deleted by this task"):
        run(store, GROUP, *wishes)


def test_deleting(store: MemoryStore) -> None:
    result = run(store, USER, {"name": "bob", "state": "absent"})
    assert (verbs(result), result["distinguished_name"]) == (["delete"], None)
    assert store.read(f"CN=bob,{USERS}", ["cn"]) is None
