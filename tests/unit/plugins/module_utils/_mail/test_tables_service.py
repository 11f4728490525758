# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables are brought up to date, or stay; what the service tells of them is judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables import CONTACTS, GROUPS, Entry, Settings
from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables_info import mail_tables_errors, tables_info
from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables_service import (
    STATUS,
    Controller,
    Keeper,
    Store,
    TablesError,
    load,
)

TOLD: dict[str, Any] = {
    "directory": {
        "uris": ["ldaps://dc1.corp.test", "ldaps://dc2.corp.test"],
        "base_dn": "DC=corp,DC=test",
        "bind_dn": "CN=svc,DC=corp,DC=test",
        "mailbox_attribute": "adminDescription",
    },
    "ca_file": "/ca.crt",
    "hostname": "mx1.corp.test",
    "mail_root": "/var/vmail",
    "quota": "",
    "quota_field": "quota_storage_size=",
    "domains": ["corp.test"],
    "peers": [],
    "closed_lists": [],
    "interval": 15,
}


class Fake:
    """The controllers: who is there, what they hold, and how often they were read."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.people = ["alice", "boris"]
        self.changes = 1
        self.asked: list[str] = []
        self.read = 0
        self.uri = ""

    def connect(self, uri: str) -> Fake:
        self.asked.append(uri)
        if uri in self.away:
            raise TablesError(f"{uri}: Can't contact LDAP server")
        self.uri = uri
        return self

    def state(self) -> str:
        return f"{self.uri} {self.changes}"

    def search(self, filter_text: str, attributes: Sequence[str]) -> list[Entry]:
        if filter_text in (GROUPS, CONTACTS):
            return []
        assert "adminDescription" in attributes
        self.read += 1
        return [
            Entry(f"CN={n}", {"samaccountname": [n], "mail": [f"{n}@corp.test"], "admindescription": [f"box-{n}"]})
            for n in self.people
        ]

    def close(self) -> None:
        self.uri = ""


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**TOLD, "path": str(tmp_path / "tables")}))
    return load(file)[0]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One whose postmap copies the text."""
    (tmp_path / "tables").mkdir()
    postmap = 'from shutil import copy; import sys; n = sys.argv[1].partition(":")[2]; copy(n, n + ".lmdb")'
    return Store(tmp_path / "tables", ("python3", "-c", postmap))


@pytest.fixture
def keeper(settings: Settings, store: Store, fake: Fake) -> Keeper:
    return Keeper(settings, store, fake.connect)


def status(store: Store) -> dict[str, Any]:
    """What the service tells."""
    told: dict[str, Any] = json.loads((store.path / STATUS).read_text())
    return told


def test_the_first_turn_makes_all_tables(keeper: Keeper, store: Store) -> None:
    assert keeper.turn() == ["aliases", "delivery", "elsewhere", "homes", "recipients", "users"]
    assert (store.path / "users.lmdb").read_text() == "alice@corp.test alice\nboris@corp.test boris\n"
    assert (store.path / "delivery").read_text().count("\n") == 2
    assert list(store.path.glob("*.new*")) == []
    assert status(store)["entries"]["users"] == 2


def test_without_a_change_the_directory_is_not_read_again(keeper: Keeper, fake: Fake) -> None:
    keeper.turn()
    assert (keeper.turn(), fake.read) == ([], 1)


def test_a_disabled_user_is_gone_by_the_next_turn(keeper: Keeper, store: Store, fake: Fake) -> None:
    keeper.turn()
    fake.people, fake.changes = ["alice"], 2
    assert keeper.turn() == ["aliases", "delivery", "recipients", "users"]
    assert "boris" not in (store.path / "users.lmdb").read_text() + (store.path / "delivery").read_text()


def test_a_change_of_something_else_writes_nothing(keeper: Keeper, fake: Fake) -> None:
    keeper.turn()
    fake.changes = 2
    assert (keeper.turn(), fake.read) == ([], 2)


def test_the_next_controller_is_asked_when_the_first_is_away(keeper: Keeper, store: Store, fake: Fake) -> None:
    fake.away = {"ldaps://dc1.corp.test"}
    keeper.turn()
    assert status(store)["source"] == "ldaps://dc2.corp.test"
    fake.away = set()
    keeper.turn()
    assert fake.asked[-1] == status(store)["source"] == "ldaps://dc1.corp.test"


def test_the_tables_stay_while_no_controller_answers(keeper: Keeper, store: Store, fake: Fake) -> None:
    keeper.turn()
    before, checked = (store.path / "users.lmdb").read_text(), status(store)["checked"]
    fake.away = {"ldaps://dc1.corp.test", "ldaps://dc2.corp.test"}
    with pytest.raises(TablesError, match=r"dc1.*; .*dc2"):
        keeper.turn()
    assert (store.path / "users.lmdb").read_text() == before
    assert status(store)["checked"] == checked
    assert "Can't contact" in status(store)["fault"]


def test_a_table_that_cannot_be_indexed_leaves_the_old_one(
    settings: Settings, store: Store, fake: Fake, keeper: Keeper
) -> None:
    keeper.turn()
    fake.people = ["alice"]
    broken = Keeper(settings, Store(store.path, ("false",)), fake.connect)
    with pytest.raises(TablesError, match="postmap ended with 1"):
        broken.turn()
    assert "boris" in (store.path / "users.lmdb").read_text()
    again = Keeper(settings, store, fake.connect)
    assert "users" in again.turn()


def test_a_service_that_starts_anew_keeps_tables_that_are_right(settings: Settings, store: Store, fake: Fake) -> None:
    Keeper(settings, store, fake.connect).turn()
    assert Keeper(settings, store, fake.connect).turn() == []


def test_an_index_that_is_lost_is_made_again(settings: Settings, store: Store, fake: Fake) -> None:
    Keeper(settings, store, fake.connect).turn()
    (store.path / "users.lmdb").unlink()
    assert Keeper(settings, store, fake.connect).turn() == ["users"]


def test_controllers_are_read_by_one_class_of_connection(settings: Settings) -> None:
    """The real one has what the fake has; it needs python-ldap, which hosts have."""
    assert {"state", "search", "close"} <= set(dir(Controller))
    assert settings.attributes == (
        *("sAMAccountName", "mail", "userPrincipalName", "proxyAddresses", "memberOf"),
        "adminDescription",
    )


NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def _tell(path: Path, age: int, fault: str = "") -> None:
    told = {"checked": (NOW - timedelta(seconds=age)).isoformat(), "compiled": "", "source": "x", "entries": {}}
    (path / STATUS).write_text(json.dumps({**told, "fault": fault}))


def test_tables_are_as_old_as_the_last_answer(tmp_path: Path) -> None:
    _tell(tmp_path, 59, "dc1: away")
    assert tables_info(tmp_path, 60, NOW)["problems"] == []
    assert tables_info(tmp_path, 60, NOW)["age"] == 59


@pytest.mark.parametrize(("fault", "why"), [("dc1: away", "dc1: away"), ("", "the service does not run")])
def test_tables_that_are_too_old_are_a_problem(tmp_path: Path, fault: str, why: str) -> None:
    _tell(tmp_path, 61, fault)
    (problem,) = tables_info(tmp_path, 60, NOW)["problems"]
    assert "61 s old" in problem
    assert why in problem


def test_tables_that_are_not_there_are_a_problem(tmp_path: Path) -> None:
    (problem,) = tables_info(tmp_path, 60, NOW)["problems"]
    assert "no tables yet" in problem
    (tmp_path / STATUS).write_text(json.dumps({"checked": "", "fault": "dc1: away"}))
    (problem,) = tables_info(tmp_path, 60, NOW)["problems"]
    assert "No domain controller was read yet: dc1: away" in problem


GOOD: dict[str, Any] = {**TOLD, "password": "secret"}


def test_good_values_are_no_error() -> None:
    assert mail_tables_errors(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directory": {}}, "mail_tables_directory is empty"),
        ({"directory": {**TOLD["directory"], "uris": ["ldap://dc1"]}}, "mail_tables_directory.uris"),
        ({"password": ""}, "mail_tables_directory_password is empty"),
        ({"domains": []}, "mail_tables_domains is empty"),
        ({"peers": ["mx2.corp.test"]}, "home_attribute"),
        ({"interval": 4}, "mail_tables_interval: 4"),
        ({"interval": 51}, "mail_tables_interval: 51"),
    ],
)
def test_values_that_cannot_work_are_named(change: dict[str, Any], words: str) -> None:
    (error,) = mail_tables_errors({**GOOD, **change})
    assert words in error
