# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects at once: all that is wrong is told first, what differs is written, a rerun completes the run before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk import BulkObjects, Tree
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Login, Realm
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_progress import Progress
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_run import tree_of
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import Example, Policy, Secret
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_write import Writer
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulkdb import _left
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Values
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    STAFF,
    USERS,
    MemoryStore,
)

OPTIONS: dict[str, Any] = {
    **dict.fromkeys(("ous", "groups", "users", "people", "people_delimiter", "user_path", "group_path")),
    **dict.fromkeys(("initial_password", "guid_attribute", "home_attribute", "purge")),
    "update_password": "on_create",
    "memberships": "add",
    "chunk": 500,
}


class BulkMemory(MemoryStore):
    """The directory in memory, with what only bulk work needs."""

    def __init__(self) -> None:
        super().__init__()
        self.put(DOMAIN, objectClass="domainDNS")
        self.with_keys: list[str] = []
        self.left: int | None = None
        self.made = 0

    def policy(self) -> Policy:
        return Policy(
            min_length=7, is_complex=True, history=24, has_script=False, is_good=lambda text: text != "simple1"
        )

    def realm(self) -> Realm:
        return Realm(dns=self.dns_domain, netbios="CORP")

    def example(self, dn: str) -> tuple[Example, bytes, bytes]:
        return Example(b"example"), b"hash", b"hash"

    def add_with_keys(self, dn: str, attributes: Mapping[str, Values], secret: Secret, *, history: bool) -> None:
        assert history
        self.with_keys.append(dn)
        self.add(dn, attributes)

    def rids_left(self) -> int | None:
        return self.left

    def accounts(self) -> int:
        return self.made

    def find_any(self, attribute: str, values: Sequence[str], attributes: Sequence[str]) -> list[Entry]:
        return [entry for value in values for entry in self.find({attribute: value}, attributes=attributes)]

    def below(self, base: str, wanted: str, attributes: list[str]) -> Iterator[Entry]:
        for guid, (dn, values) in list(self.objects.items()):
            if wanted.encode() in values["objectClass"] and dn.upper().endswith(f",{base}".upper()):
                yield self._entry(guid, attributes)


class FakeHands:
    """Derives at once, and only secrets that can be recognised."""

    def secrets(self, realm: Realm, logins: Sequence[Login], example: Example) -> Iterator[Secret]:
        return (Secret(nt_hash=login.account.encode(), credentials=b"keys") for login in logins)


def tree(**options: Any) -> Tree:
    return tree_of({**OPTIONS, **options})


def run(store: BulkMemory, *, check_mode: bool = False, hands: Any = None, **options: Any) -> dict[str, Any]:
    resource = BulkObjects(store, tree(**options), Writer(store, hands), Progress(None, lambda line: None))
    return _engine._run(resource, check_mode=check_mode)


def faults(store: BulkMemory, **options: Any) -> list[tuple[str, int, str]]:
    with pytest.raises(ResourceError) as caught:
        run(store, **options)
    assert not store.writes
    return [(fault["file"], fault["line"], fault["column"]) for fault in caught.value.details["faults"]]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> BulkMemory:
    """An empty directory, to which nobody else writes."""
    monkeypatch.setattr(_bulk, "_BREATH", 0.0)
    return BulkMemory()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people, as a spreadsheet would save them."""
    path = tmp_path / "people.csv"
    path.write_text(
        "\ufeffname;firstname;surname;groups;enabled;attribute:proxyAddresses\n"
        "alice;Alice;Jones;class-1a|choir;;smtp:a@example.test|SMTP:b@example.test\n"
        "\n"
        'bob;Bob;"Jones; the elder";class-1a;no;\n'
        "carol;Carol;Smith;;;\n",
        encoding="utf-8",
    )
    return path


def wanted(people: Path) -> dict[str, Any]:
    return {
        "ous": [{"name": "School"}, {"name": "Pupils", "path": "OU=School", "description": "All of them"}],
        "groups": [{"name": "class-1a"}, {"name": "choir"}, {"name": "everybody", "members": ["class-1a", "carol"]}],
        "people": str(people),
        "user_path": "OU=Pupils,OU=School",
        "guid_attribute": "adminDescription",
    }


def test_a_tree_is_made_and_then_nothing_is_to_be_done(store: BulkMemory, people: Path) -> None:
    outcome = run(store, **wanted(people))
    assert outcome["changed"]
    assert outcome["ous"]["created"] == 2
    assert outcome["groups"]["created"] == 3
    assert outcome["users"] == {"total": 3, "created": 3, "changed": 0, "deleted": 0}
    assert outcome["memberships"] == {"added": 5, "removed": 0}
    alice = store._guid(f"CN=alice,OU=Pupils,OU=School,{DOMAIN}")
    assert alice is not None
    assert store.text(alice, "adminDescription") == [alice]
    assert store.text(alice, "proxyAddresses") == ["SMTP:b@example.test", "smtp:a@example.test"]
    bob = store._guid(f"CN=bob,OU=Pupils,OU=School,{DOMAIN}")
    assert bob is not None
    assert store.text(bob, "sn") == ["Jones; the elder"]
    writes = len(store.writes)
    again = run(store, **wanted(people))
    assert not again["changed"]
    assert again["operations"] == []
    assert len(store.writes) == writes


def test_check_mode_announces_the_same_and_does_nothing(store: BulkMemory, people: Path) -> None:
    announced = run(store, check_mode=True, **wanted(people))
    assert not store.writes
    assert announced["operations"] == run(store, **wanted(people))["operations"]


def test_only_what_differs_is_written(store: BulkMemory, people: Path) -> None:
    run(store, **wanted(people))
    people.write_text(people.read_text().replace("Smith", "Brown").replace("bob;Bob", "bob;Robert"))
    before = len(store.writes)
    outcome = run(store, **wanted(people))
    assert outcome["users"]["changed"] == 2
    place = f"OU=Pupils,OU=School,{DOMAIN}"
    assert store.writes[before:] == [("modify", f"CN=bob,{place}"), ("modify", f"CN=carol,{place}")]
    assert outcome["diff"]["before"][f"CN=carol,{place}"] == {"surname": "Smith"}


def test_an_interrupted_run_is_completed_by_the_next(store: BulkMemory, people: Path) -> None:
    place = f"OU=Pupils,OU=School,{DOMAIN}"
    store.fail_on = f"CN=carol,{place}"
    with pytest.raises(ResourceError) as caught:
        run(store, chunk=1, **wanted(people))
    verbs = [step["verb"] for step in caught.value.details["done"]]
    assert verbs == ["write_ous"] * 2 + ["write_groups"] * 3 + ["write_users"] * 2
    store.fail_on = None
    outcome = run(store, chunk=1, **wanted(people))
    assert outcome["users"]["created"] == 1
    assert not run(store, **wanted(people))["changed"]
    everybody = store._guid(f"CN=everybody,{USERS}")
    assert everybody is not None
    assert store.text(everybody, "member") == [f"CN=carol,{place}", f"CN=class-1a,{USERS}"]


def test_all_that_is_wrong_is_told_at_once(store: BulkMemory, tmp_path: Path) -> None:
    store.group("printer")
    store.user("dave", userPrincipalName="dave@example.test")
    path = tmp_path / "people.csv"
    path.write_text(
        "name,sam_account_name,path,upn,enabled,country,groups,password\n"
        "a,printer,,,,,,\n"
        "b,x*y,,,,,,\n"
        "c,,OU=Nowhere,,,,,\n"
        "d,,,nonsense,,,,\n"
        "e,,,dave@example.test,,,,\n"
        "f,,,,maybe,,,\n"
        "g,,,,,Germany,,\n"
        "h,,,,,,nobody,\n"
        "i,,,,,,,short\n"
        "j,,,,,,,simple1\n"
        "k,,,,yes,,,\n"
        "l,m,,,,,,\n"
        "n,m,,,,,,\n"
        "o,p\n",
        encoding="utf-8",
    )
    assert [(line, column) for _, line, column in faults(store, people=str(path))] == [
        (2, "sam_account_name"),
        (3, "sam_account_name"),
        (4, "path"),
        (5, "upn"),
        (6, "upn"),
        (7, "enabled"),
        (8, "country"),
        (9, "groups"),
        (10, "password"),
        (11, "password"),
        (12, "enabled"),
        (14, "sam_account_name"),
        (15, ""),
    ]


def test_lines_are_counted_as_an_editor_does(store: BulkMemory, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('name,description\na,"two\nlines"\nb*,x\n', encoding="utf-8")
    assert faults(store, people=str(path)) == [(str(path), 4, "sam_account_name")]


def test_a_file_in_another_encoding_is_told_with_its_line(store: BulkMemory, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("name\nanna\nj\xfcrgen\n".encode("latin-1"))
    assert faults(store, people=str(path)) == [(str(path), 3, "")]


@pytest.mark.parametrize(("header", "said"), [("name,nmae", "'nmae', which is unknown"), ("name,name", "twice")])
def test_columns_are_checked(store: BulkMemory, tmp_path: Path, header: str, said: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(ResourceError, match=said):
        run(store, people=str(path))


def test_lists_are_told_by_their_numbers(store: BulkMemory) -> None:
    users = [{"name": "a"}, {"name": "b", "attributes": {"unknownThing": 1}}]
    assert faults(store, users=users) == [("users", 2, "attribute:unknownThing")]


def test_an_attribute_is_held_once(store: BulkMemory) -> None:
    users = [{"name": "a", "description": "x", "attributes": {"description": "y"}}]
    assert faults(store, users=users) == [("users", 1, "attribute:description")]


# Names and places


def test_accounts_are_found_whatever_their_case(store: BulkMemory) -> None:
    store.user("Alice")
    store.user("JÜRGEN")
    outcome = run(store, users=[{"sam_account_name": "alice"}, {"sam_account_name": "jürgen"}])
    assert outcome["users"]["created"] == 0


def test_an_object_is_followed_by_its_guid(store: BulkMemory) -> None:
    guid = store.user("alice")
    outcome = run(
        store, users=[{"identity": guid, "name": "Alice Jones", "sam_account_name": "a.jones", "path": STAFF}]
    )
    assert outcome["users"]["changed"] == 1
    assert store.dn(guid) == f"CN=Alice Jones,{STAFF}"
    assert store.text(guid, "sAMAccountName") == ["a.jones"]
    assert not run(store, users=[{"sam_account_name": "a.jones", "name": "Alice Jones"}])["changed"]


def test_another_object_in_the_place_is_no_surprise(store: BulkMemory) -> None:
    store.user("alice")
    assert faults(store, users=[{"name": "alice", "sam_account_name": "a.jones"}]) == [("users", 1, "name")]


def test_the_same_object_is_not_listed_twice(store: BulkMemory) -> None:
    guid = store.user("alice")
    users = [{"name": "alice"}, {"identity": guid, "name": "alice jones"}]
    assert ("users", 2, "identity") in faults(store, users=users)


def test_a_path_may_be_the_part_below_the_domain(store: BulkMemory) -> None:
    run(store, users=[{"name": "a", "path": "OU=Staff"}, {"name": "b", "path": STAFF}])
    assert store._guid(f"CN=a,{STAFF}")
    assert store._guid(f"CN=b,{STAFF}")


# Memberships


def test_set_takes_a_user_out_of_other_groups(store: BulkMemory) -> None:
    alice = store.user("alice")
    old = store.group("old", member=[f"CN=alice,{USERS}"])
    new = store.group("new")
    users = [{"name": "alice", "groups": ["new"]}]
    assert run(store, users=users, memberships="set")["memberships"] == {"added": 1, "removed": 1}
    assert store.text(old, "member") == []
    assert store.text(new, "member") == [store.dn(alice)]
    assert not run(store, users=[{"name": "alice"}], memberships="set")["changed"]


def test_add_leaves_other_memberships(store: BulkMemory) -> None:
    store.user("alice")
    old = store.group("old", member=[f"CN=alice,{USERS}"])
    store.group("new")
    run(store, users=[{"name": "alice", "groups": ["NEW"]}])
    assert store.text(old, "member") == [f"CN=alice,{USERS}"]


def test_illegal_nesting_is_refused_with_the_rule(store: BulkMemory) -> None:
    groups = [{"name": "local", "scope": "domainlocal"}, {"name": "world", "scope": "global", "members": ["local"]}]
    assert faults(store, groups=groups) == [("groups", 2, "members")]


def test_groups_do_not_hold_each_other(store: BulkMemory) -> None:
    store.group("inner", member=[f"CN=outer,{USERS}"])
    store.group("outer")
    assert faults(store, groups=[{"name": "outer", "members": ["inner"]}]) == [("groups", 1, "members")]
    assert faults(store, groups=[{"name": "a", "members": ["b"]}, {"name": "b", "members": ["a"]}])
    assert faults(store, groups=[{"name": "a", "members": ["a"]}])


def test_a_scope_is_not_changed_in_bulk(store: BulkMemory) -> None:
    store.group("staff")
    assert faults(store, groups=[{"name": "staff", "scope": "universal"}]) == [("groups", 1, "scope")]


def test_many_members_are_written_in_portions(store: BulkMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk_edges

    monkeypatch.setattr(_bulk_edges, "VALUES", 4)
    store.group("g1")
    store.group("g2")
    users = [{"name": f"u{number}", "groups": ["g1", "g2"]} for number in range(5)]
    steps = [step for step in run(store, users=users)["operations"] if step["verb"] == "write_memberships"]
    assert [step["change"]["count"] for step in steps] == [4, 4, 2]
    assert not run(store, users=users)["changed"]


# Passwords


def _transactions(store: BulkMemory) -> list[int]:
    """How many users each transaction made."""
    users = [{"sam_account_name": f"user{number}"} for number in range(100)]
    outcome = run(store, users=users)
    return [op["change"]["count"] for op in outcome["operations"] if op["verb"] == "write_users"]


def test_transactions_are_smaller_where_the_directory_is_large(
    store: BulkMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samba keeps 56 bytes of each object there for each that is added: 500 of them took 2.8 GB beside 100,000."""
    assert _transactions(store) == [100]
    large = BulkMemory()
    large.made = 100_000
    assert _transactions(large) == [26, 26, 26, 22]
    huge = BulkMemory()
    huge.made = 5_000_000
    assert _transactions(huge) == [1] * 100


def test_keys_are_derived_beside_once_the_first_agrees(store: BulkMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk_secrets

    monkeypatch.setattr(_bulk_secrets, "check", lambda realm, login, example, nt_hash: None)
    users = [{"name": name} for name in ("a", "jürgen", "b", "c")]
    outcome = run(store, users=users, initial_password="Secret-12", hands=FakeHands())
    assert store.with_keys == [f"CN=b,{USERS}", f"CN=c,{USERS}"]
    assert outcome["key_derivation"] == {"by": "openssl", "reason": None}
    assert "Secret-12" not in json.dumps(outcome, default=str)


def test_samba_derives_them_when_the_first_differs(store: BulkMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk_secrets

    def differ(*_: Any) -> None:
        raise _bulk_secrets.Unlike("the keys differ")

    monkeypatch.setattr(_bulk_secrets, "check", differ)
    users = [{"name": "a"}, {"name": "b"}]
    outcome = run(store, users=users, initial_password="Secret-12", hands=FakeHands())
    assert not store.with_keys
    assert outcome["key_derivation"]["by"] == "samba"
    assert "the keys differ" in outcome["key_derivation"]["reason"]


def test_without_a_password_a_new_user_is_disabled(store: BulkMemory) -> None:
    run(store, users=[{"name": "a"}])
    guid = store._guid(f"CN=a,{USERS}")
    assert guid is not None
    assert store.text(guid, "userAccountControl") == ["514"]


def test_a_password_is_set_when_it_differs_if_wanted(store: BulkMemory) -> None:
    store.user("alice", unicodePwd='"Secret-12"'.encode("utf-16-le").decode())
    users = [{"name": "alice", "password": "Secret-13"}]
    assert not run(store, users=users)["changed"]
    assert run(store, users=users, update_password="when_changed")["changed"]
    assert not run(store, users=users, update_password="when_changed")["changed"]


# The rest


def test_a_home_that_is_set_stays(store: BulkMemory) -> None:
    store.user("alice", adminDisplayName="mx1")
    store.user("bob")
    users = [{"name": "alice", "mail_home": "mx2"}, {"name": "bob", "mail_home": "mx2"}]
    outcome = run(store, users=users, home_attribute="adminDisplayName")
    assert outcome["users"]["changed"] == 1
    assert "alice" in outcome["warnings"][0]
    assert faults(BulkMemory(), users=users[1:]) == [("users", 1, "mail_home")]


def test_purge_deletes_what_is_not_listed(store: BulkMemory) -> None:
    store.user("alice", parent=STAFF)
    store.user("bob", parent=STAFF)
    store.user("carol")
    store.user("krbtgt", parent=STAFF, isCriticalSystemObject="TRUE")
    options: dict[str, Any] = {"users": [{"name": "alice"}], "purge": {"under": ["OU=Staff"], "max_deletions": 1}}
    announced = run(store, check_mode=True, **options)
    assert announced["users"]["deleted"] == 1
    outcome = run(store, **options)
    assert store.writes == [("delete", f"CN=bob,{STAFF}")]
    assert outcome["users"]["deleted"] == 1
    assert not run(store, **options)["changed"]


def test_purge_has_a_limit(store: BulkMemory) -> None:
    for name in ("alice", "bob", "carol"):
        store.user(name, parent=STAFF)
    with pytest.raises(ResourceError, match="2 objects would be deleted"):
        run(store, users=[{"name": "alice"}], purge={"under": [STAFF], "max_deletions": 1})
    with pytest.raises(ResourceError, match="no container below the domain"):
        run(store, users=[{"name": "alice"}], purge={"under": [DOMAIN], "max_deletions": 9})
    assert not store.writes


def test_a_controller_waits_for_rids(store: BulkMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        if seconds:
            naps.append(seconds)
            store.left = 500

    monkeypatch.setattr("time.sleep", nap)
    store.left = 1
    outcome = run(store, users=[{"name": f"u{number}"} for number in range(300)])
    assert [step["change"]["count"] for step in outcome["operations"]] == [200, 100]
    assert len(naps) == 1


def test_rids_that_never_come_are_an_error(store: BulkMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bulk, "_RID_SECONDS", 0.0)
    store.left = 1
    with pytest.raises(ResourceError, match="1 RIDs left, 2 are needed"):
        run(store, users=[{"name": "a"}, {"name": "b"}])


@pytest.mark.parametrize(
    ("current", "following", "used", "left"),
    [
        ((1100, 1599), (1100, 1599), 1199, 400),
        ((1100, 1599), (2100, 2599), 1599, 500),
        (None, (1100, 1599), 0, 500),
    ],
)
def test_what_is_left_of_the_rids(
    current: tuple[int, int] | None, following: tuple[int, int], used: int, left: int
) -> None:
    def pool(bounds: tuple[int, int] | None) -> Values:
        return (str(bounds[1] << 32 | bounds[0]).encode(),) if bounds else ()

    attributes = {"rIDAllocationPool": pool(following), "rIDPreviousAllocationPool": pool(current)}
    entry = Entry(dn="CN=RID Set", attributes={**attributes, "rIDNextRID": (str(used).encode(),)})
    assert _left(entry) == left


def test_progress_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    progress = Progress(str(tmp_path / "run" / "progress.json"), lines.append)
    progress.examined(7)
    assert json.loads((tmp_path / "run" / "progress.json").read_text())["phase"] == "examine"
    progress.begin(10)
    progress.add("write_users", 4)
    state = json.loads((tmp_path / "run" / "progress.json").read_text())
    assert (state["phase"], state["done"], state["total"]) == ("write_users", 4, 10)
    progress.end()
    assert lines[0].startswith("begins: 0 of 10")
    assert lines[-1].startswith("done: 4 of 10")


def test_progress_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Progress(str(tmp_path / "file" / "progress.json"), lambda line: None).begin(1)
