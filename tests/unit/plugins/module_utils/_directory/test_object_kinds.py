# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units, computers, password policies, objects of any class, and the options that users share with them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access, _expiry, _kinds
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import (
    COMPUTER,
    GROUP,
    OBJECT,
    OU,
    PSO,
    USER,
    Kind,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._selected import selected
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    COMPUTERS,
    DOMAIN,
    POLICIES,
    STAFF,
    USERS,
    MemoryStore,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_plan import (
    run,
    verbs,
    wish,
)

PASSWORD = "Sesame-1"
DOMAIN_SID = bytes.fromhex("010400000000000515000000010000000200000003000000")
TRUSTED = "S-1-5-21-7-8-9"


def account_sid(rid: int) -> bytes:
    """A SID of the domain S-1-5-21-1-2-3."""
    return bytes([1, 5]) + DOMAIN_SID[2:] + rid.to_bytes(4, "little")


@pytest.fixture
def store() -> MemoryStore:
    """A directory with a policy and a few objects."""
    held = MemoryStore()
    held.put(
        DOMAIN,
        objectClass=["top", "domain"],
        minPwdLength="7",
        pwdProperties="1",
        pwdHistoryLength="24",
        minPwdAge="-864000000000",
        maxPwdAge="-36288000000000",
        lockoutThreshold="0",
        lockoutDuration="-18000000000",
        lockOutObservationWindow="-18000000000",
    )
    held.user("bob", userPrincipalName="bob@corp.example.test", servicePrincipalName=["HTTP/www.example.test"])
    held.user("carol", STAFF)
    held.group("staff")
    return held


def refused(store: MemoryStore, kind: Kind, *wishes: dict[str, Any]) -> str:
    """The text of a refusal before any write."""
    with pytest.raises(ResourceError) as caught:
        run(store, kind, *wishes)
    assert store.writes == []
    return str(caught.value)


def settles(store: MemoryStore, kind: Kind, *wishes: dict[str, Any]) -> dict[str, Any]:
    """The result of a run that a second one finds done."""
    told = run(store, kind, *wishes, check_mode=True)
    assert store.writes == []
    done = run(store, kind, *wishes)
    assert (told["operations"], told["diff"]) == (done["operations"], done["diff"])
    assert done["changed"]
    store.writes.clear()
    assert not run(store, kind, *wishes)["changed"]
    return done


# Units


def test_units_may_be_in_units_of_the_same_list(store: MemoryStore) -> None:
    """AD-42."""
    inner = {"name": "Sales", "path": f"OU=Office,{DOMAIN}"}
    result = settles(store, OU, inner, {"name": "Office", "city": "Riga"})
    assert [one["distinguished_name"] for one in result["objects"]] == [
        f"OU=Sales,OU=Office,{DOMAIN}",
        f"OU=Office,{DOMAIN}",
    ]
    assert verbs(result) == ["create", "create"]


def test_units_of_one_name_live_in_different_places(store: MemoryStore) -> None:
    result = settles(store, OU, {"name": "Sales"}, {"name": "Sales", "path": STAFF})
    assert len({one["object_guid"] for one in result["objects"]}) == 2


def test_a_unit_is_renamed_and_moved_with_all_that_is_in_it(store: MemoryStore) -> None:
    """AD-16."""
    carol = run(store, USER, {"identity": "carol"})["object_guid"]
    made = settles(store, OU, {"name": "Office"})["object_guid"]
    guid = settles(store, OU, {"identity": STAFF, "name": "People", "path": f"OU=Office,{DOMAIN}"})["object_guid"]
    assert store.dn(guid) == f"OU=People,OU=Office,{DOMAIN}"
    assert store.dn(carol) == f"CN=carol,{store.dn(guid)}"
    assert run(store, OU, {"identity": guid})["object_guid"] == guid != made


def test_a_name_that_looks_like_a_dn_is_a_name(store: MemoryStore) -> None:
    assert settles(store, OU, {"name": "a=b"})["distinguished_name"] == f"OU=a\\=b,{DOMAIN}"


def test_a_unit_that_was_renamed_by_its_dn_is_found_beside_it(store: MemoryStore) -> None:
    run(store, OU, {"name": "Sales", "path": STAFF})
    store.writes.clear()
    settles(store, OU, {"identity": f"OU=Sales,{STAFF}", "name": "Trade"})


def test_units_are_deleted_from_below_and_only_when_empty(store: MemoryStore) -> None:
    run(store, OU, {"name": "Office"}, {"name": "Sales", "path": f"OU=Office,{DOMAIN}"})
    store.writes.clear()
    gone = [{"name": "Office", "state": "absent"}, {"identity": f"OU=Sales,OU=Office,{DOMAIN}", "state": "absent"}]
    assert f"is not empty: OU=Sales,OU=Office,{DOMAIN}" in refused(store, OU, gone[0])
    assert verbs(settles(store, OU, *gone)) == ["delete", "delete"]


def test_a_protected_unit_stays(store: MemoryStore) -> None:
    options = {"name": "Office", "protect_from_deletion": True}
    guid = settles(store, OU, options)["object_guid"]
    assert _access.holds(store.dacl(f"<GUID={guid}>"), _access.PROTECTION)
    assert _access.holds(store.dacl(DOMAIN), [_access.PARENT_PROTECTION])
    store.writes.clear()
    assert "is protected from deletion" in refused(store, OU, {"name": "Office", "state": "absent"})
    assert verbs(settles(store, OU, {**options, "state": "absent", "protect_from_deletion": False})) == ["delete"]


def test_protection_is_taken_away(store: MemoryStore) -> None:
    run(store, OU, {"name": "Office", "protect_from_deletion": True})
    store.writes.clear()
    result = settles(store, OU, {"name": "Office", "protect_from_deletion": False})
    assert (verbs(result), result["operations"][0]["change"]) == (["change_access"], {"protect_from_deletion": False})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "Office", "path": f"OU=None,{DOMAIN}"}, "does not exist"),
        ({"identity": f"OU=None,{DOMAIN}"}, "names no ou"),
        ({"identity": USERS, "name": "x"}, "which is no organizationalUnit"),
    ],
)
def test_wrong_units_are_refused(store: MemoryStore, options: dict[str, Any], text: str) -> None:
    assert text in refused(store, OU, options)


def test_a_container_may_be_made_by_an_earlier_task_in_check_mode(store: MemoryStore) -> None:
    with pytest.raises(NotYetKnowable, match="does not exist; create it"):
        run(store, USER, {"name": "new", "path": f"OU=None,{DOMAIN}"}, check_mode=True)


def test_a_container_that_goes_takes_nothing_in(store: MemoryStore) -> None:
    run(store, OU, {"name": "Office"})
    store.writes.clear()
    wishes = ({"name": "Office", "state": "absent"}, {"name": "New", "path": f"OU=Office,{DOMAIN}"})
    assert "is deleted by this task" in refused(store, OU, *wishes)


# Managers


def test_a_manager_is_named_by_any_form(store: MemoryStore) -> None:
    guid = settles(store, GROUP, {"name": "staff", "managed_by": "bob"})["object_guid"]
    assert store.text(guid, "managedBy") == [f"CN=bob,{USERS}"]
    settles(store, GROUP, {"name": "staff", "managed_by": ""})
    with pytest.raises(NotYetKnowable, match="'nobody' is not in the directory"):
        run(store, OU, {"name": "Office", "managed_by": "nobody"})


# Computers


def test_a_computer_is_made_before_it_joins(store: MemoryStore) -> None:
    options = {"name": "desk7", "location": "hq", "kerberos_encryption_types": {"set": ["aes128", "aes256"]}}
    guid = settles(store, COMPUTER, options)["object_guid"]
    assert store.dn(guid) == f"CN=desk7,{COMPUTERS}"
    assert store.text(guid, "sAMAccountName") == ["desk7$"]
    assert store.text(guid, "userAccountControl") == ["4096"]
    assert store.text(guid, "msDS-SupportedEncryptionTypes") == ["24"]
    settles(store, COMPUTER, {"identity": "desk7", "enabled": False, "kerberos_encryption_types": {"add": ["rc4"]}})
    assert store.text(guid, "userAccountControl") == ["4098"]
    assert store.text(guid, "msDS-SupportedEncryptionTypes") == ["28"]


def test_a_computer_is_renamed(store: MemoryStore) -> None:
    guid = run(store, COMPUTER, {"name": "desk7"})["object_guid"]
    store.writes.clear()
    assert (
        settles(store, COMPUTER, {"identity": "desk7$", "name": "desk8", "sam_account_name": "desk8"})["object_guid"]
        == guid
    )
    assert store.text(guid, "sAMAccountName") == ["desk8$"]


def test_a_domain_controller_is_left_alone(store: MemoryStore) -> None:
    store.put(
        f"CN=dc1,OU=Domain Controllers,{DOMAIN}",
        objectClass=["top", "user", "computer"],
        sAMAccountName="dc1$",
        userAccountControl="532480",
    )
    assert "demote it instead" in refused(store, COMPUTER, {"name": "dc1", "state": "absent"})
    assert "is a domain controller" in refused(store, COMPUTER, {"identity": "dc1", "enabled": False})


def test_a_computers_name_is_short(store: MemoryStore) -> None:
    assert "longer than 16 characters" in refused(store, COMPUTER, {"name": "a" * 16})


# Users


@pytest.mark.parametrize(
    ("options", "attribute", "values"),
    [
        ({"spn": {"add": ["smtp/mx1"]}}, "servicePrincipalName", ["HTTP/www.example.test", "smtp/mx1"]),
        ({"spn": {"set": []}}, "servicePrincipalName", []),
        ({"account_expires": "2027-01-31"}, "accountExpires", ["134459136000000000"]),
        ({"account_locked": False}, "lockoutTime", ["0"]),
        ({"password_expired": True}, "pwdLastSet", ["0"]),
    ],
)
def test_a_users_account(store: MemoryStore, options: dict[str, Any], attribute: str, values: list[str]) -> None:
    guid = store.user("dave", lockoutTime="133000000000000000", pwdLastSet="133000000000000000")
    if "spn" in options:
        guid = run(store, USER, {"name": "bob"})["object_guid"]
    settles(store, USER, {"identity": guid, **options})
    assert store.text(guid, attribute) == values


def test_what_is_so_already(store: MemoryStore) -> None:
    store.user("dave", accountExpires="0", pwdLastSet="133000000000000000")
    options = {"account_expires": "never", "account_locked": False, "password_expired": False}
    more = {"user_cannot_change_password": False, "protect_from_deletion": False}
    assert not run(store, USER, {"name": "dave", **options, **more})["changed"]
    assert not run(store, USER, {"name": "bob", "spn": {"add": ["http/WWW.example.test"]}})["changed"]


def test_a_new_user_chooses_a_password_at_the_first_logon(store: MemoryStore) -> None:
    options = {"name": "eve", "password": PASSWORD, "password_expired": True, "user_cannot_change_password": True}
    options |= {"account_expires": "2027-01-31T18:00:00+01:00"}
    guid = settles(store, USER, options)["object_guid"]
    assert store.text(guid, "pwdLastSet") == ["0"]
    assert _access.holds(store.dacl(f"<GUID={guid}>"), _access.NO_PASSWORD_CHANGE)


def test_a_password_that_is_set_again_expires_again(store: MemoryStore) -> None:
    store.user("dave", pwdLastSet="0")
    options = {"name": "dave", "password": PASSWORD, "update_password": "always", "password_expired": True}
    assert verbs(run(store, USER, options)) == ["set_password", "set_state"]


@pytest.mark.parametrize(
    ("moment", "ticks"),
    [
        ("1601-01-01T00:00:00Z", 0),
        ("2027-01-31T18:00:00+01:00", 134458884000000000),
        ("never", _expiry.NEVER),
        ("", _expiry.NEVER),
    ],
)
def test_moments(moment: str, ticks: int) -> None:
    assert _expiry.ticks(moment) == ticks


def test_a_moment_that_is_none(store: MemoryStore) -> None:
    assert "is no date" in refused(store, USER, {"name": "bob", "account_expires": "soon"})


# What the directory would refuse in the middle


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "x", "sam_account_name": "STAFF"}, "account name 'STAFF' belongs to CN=staff"),
        ({"name": "x", "upn": "BOB@corp.example.test"}, "UPN 'BOB@corp.example.test' belongs to CN=bob"),
        ({"name": "x", "upn": "carol@corp.example.test"}, "that its UPN implies, 'carol' belongs to CN=carol"),
        ({"name": "x", "sam_account_name": "boss"}, "that its account name implies, 'boss@corp.example.test'"),
        ({"name": "x", "spn": {"add": ["http/www.example.test"]}}, "SPN 'http/www.example.test' belongs to CN=bob"),
        ({"name": "x", "spn": {"add": ["www"]}}, "the form service/host"),
        ({"name": "x", "password": "Se-1"}, "shorter than the 7 characters"),
        ({"name": "x", "password": "sesamesesame"}, "complexity"),
        ({"name": "bob", "password_expired": True, "password_never_expires": True}, "exclude each other"),
    ],
)
def test_it_is_said_before(store: MemoryStore, options: dict[str, Any], text: str) -> None:
    store.user("chief", userPrincipalName="boss@corp.example.test")
    assert text in refused(store, USER, options)


def test_names_that_two_of_a_list_want(store: MemoryStore) -> None:
    upn = {"upn": "x@corp.example.test"}
    assert "is given to 'x'" in refused(store, USER, {"name": "x"}, {"name": "b", **upn})
    assert "is given to" in refused(store, USER, {"name": "a", **upn}, {"name": "b", **upn})


def test_a_name_that_the_same_list_sets_free(store: MemoryStore) -> None:
    wishes = (
        {"identity": "bob", "upn": "robert@corp.example.test", "spn": {"set": []}},
        {"name": "x", "upn": "bob2@corp.example.test", "spn": {"add": ["HTTP/www.example.test"]}},
    )
    settles(store, USER, *wishes)


def test_a_users_own_policy_counts(store: MemoryStore) -> None:
    pso = store.put(f"CN=strict,{POLICIES}", objectClass=["top", "msDS-PasswordSettings"])
    store.objects[pso][1]["msDS-MinimumPasswordLength"] = (b"16",)
    guid = store.user("dave")
    store.objects[guid][1]["msDS-ResultantPSO"] = (f"CN=strict,{POLICIES}".encode(),)
    options = {"name": "dave", "password": PASSWORD, "update_password": "always"}
    assert "shorter than the 16 characters" in refused(store, USER, options)


def test_a_primary_group_is_not_deleted(store: MemoryStore) -> None:
    store.group("clerks", objectSid=account_sid(1200))
    store.user("dave", primaryGroupID="1200")
    assert "is the primary group of CN=dave" in refused(store, GROUP, {"name": "clerks", "state": "absent"})


def test_a_primary_group_holds_its_accounts_anyway(store: MemoryStore) -> None:
    store.group("everybody", objectSid=account_sid(513))
    store.user("dave", primaryGroupID="513")
    assert not run(store, GROUP, {"name": "everybody", "members": {"add": ["dave"]}})["changed"]
    assert verbs(run(store, USER, {"name": "new", "groups": {"set": ["everybody"]}})) == ["create"]


def test_a_group_that_the_domain_needs_keeps_its_scope(store: MemoryStore) -> None:
    store.group("Domain Users", isCriticalSystemObject="TRUE")
    assert "its scope and category stay" in refused(store, GROUP, {"name": "Domain Users", "scope": "universal"})


# Accounts of trusted domains


def test_a_foreign_account_is_in_a_domain_local_group(store: MemoryStore) -> None:
    """AD-51."""
    member = f"{TRUSTED}-1104"
    raw = bytes.fromhex("010400000000000515000000070000000800000009000000")
    store.put(f"CN=other.test,CN=System,{DOMAIN}", objectClass=["top", "trustedDomain"], securityIdentifier=raw)
    store.group("share-read", -2147483644)
    result = run(store, GROUP, {"name": "share-read", "members": {"add": [member]}})
    assert result["operations"][0]["change"] == {"members": [member]}
    assert store.text(result["object_guid"], "member") == [f"<SID={member}>"]
    store.writes.clear()
    assert "AD-51" in refused(store, GROUP, {"name": "staff", "members": {"add": [member]}})


def test_an_account_of_a_domain_that_nobody_trusts(store: MemoryStore) -> None:
    store.group("share-read", -2147483644)
    with pytest.raises(NotYetKnowable, match="not in the directory"):
        run(store, GROUP, {"name": "share-read", "members": {"add": [f"{TRUSTED}-1104"]}})


# Password policies


def test_a_policy_begins_as_the_domains(store: MemoryStore) -> None:
    options = {"name": "strict", "precedence": 10, "min_password_length": 16, "subjects": ["staff", "bob"]}
    guid = settles(store, PSO, options)["object_guid"]
    assert store.dn(guid) == f"CN=strict,{POLICIES}"
    held = {name: store.text(guid, f"msDS-{name}") for name in ("MinimumPasswordLength", "PSOAppliesTo")}
    assert held == {"MinimumPasswordLength": ["16"], "PSOAppliesTo": [f"CN=bob,{USERS}", f"CN=staff,{USERS}"]}
    assert store.text(guid, "msDS-MaximumPasswordAge") == ["-36288000000000"]
    assert store.text(guid, "msDS-PasswordComplexityEnabled") == ["TRUE"]
    settles(store, PSO, {"identity": "strict", "name": "stricter", "max_password_age": 0, "subjects": []})
    assert store.text(guid, "msDS-MaximumPasswordAge") == ["-9223372036854775808"]
    assert store.text(guid, "msDS-PSOAppliesTo") == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "needs `precedence`"),
        ({"precedence": 0}, "1 or more"),
        ({"precedence": -1}, "negative"),
        ({"precedence": 1, "min_password_length": 300}, "above 255"),
        ({"precedence": 1, "password_history_count": 2000}, "above 1024"),
        ({"precedence": 1, "min_password_age": 5, "max_password_age": 5}, "less than max_password_age"),
        ({"precedence": 1, "lockout_duration": 5}, "less than lockout_observation_window"),
        ({"precedence": 1, "subjects": ["local"]}, "is a domainlocal security group"),
        ({"precedence": 1, "subjects": ["list"]}, "is a global distribution group"),
        ({"precedence": 1, "subjects": ["desk7"]}, "is no user and no group"),
    ],
)
def test_a_policy_that_windows_would_refuse(store: MemoryStore, options: dict[str, Any], text: str) -> None:
    store.group("local", -2147483644)
    store.group("list", 2)
    store.put(f"CN=desk7,{COMPUTERS}", objectClass=["top", "user", "computer"], sAMAccountName="desk7$")
    assert text in refused(store, PSO, {"name": "strict", **options})


# Objects of any class


def test_an_object_of_any_class(store: MemoryStore) -> None:
    options = {"name": "Printer", "type": "contact", "path": STAFF, "attributes": {"set": {"mail": "p@example.test"}}}
    guid = settles(store, OBJECT, options)["object_guid"]
    assert store.text(guid, "objectClass") == ["contact"]
    settles(store, OBJECT, {"identity": guid, "name": "Copier"})
    assert store.dn(guid) == f"CN=Copier,{STAFF}"
    store.writes.clear()
    assert "give `type`" in refused(store, OBJECT, {"name": "Other"})


def many(store: MemoryStore, **options: Any) -> Any:
    """The resource of the module `object`."""
    return selected(
        store, {**wish(OBJECT, {}), **dict.fromkeys((*_kinds._SEVERAL, "objects")), "state": "present", **options}
    )


@pytest.mark.parametrize("way", [{"identities": ["bob", f"CN=carol,{STAFF}"]}, {"ldap_filter": "(objectClass=user)"}])
def test_attributes_of_many_at_once(store: MemoryStore, way: dict[str, Any]) -> None:
    """AD-44."""
    attributes = {"set": {"l": "Riga"}, "add": None, "remove": None}
    resource = many(store, attributes=attributes, **way)
    steps = resource.plan(before := resource.current(), resource.desired(before))
    assert [(step.verb, step.change) for step in steps] == [("change", {"l": "Riga"})] * 2


def test_a_filter_does_not_delete(store: MemoryStore) -> None:
    with pytest.raises(ResourceError, match="what is deleted"):
        many(store, ldap_filter="(objectClass=user)", state="absent")
