# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter to sam.ldb, as far as it goes without Samba: errors, transactions, missing bindings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _samdb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import roles_info
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Change, Operation
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError


class LdbError(Exception):
    """What ldb raises."""


class Dn:
    """Enough of ldb.Dn."""

    def __init__(self, _sam: object, text: str) -> None:
        if "=" not in text:
            raise ValueError("unable to parse dn string")
        self.text = text


class FakeSam:
    """A database that fails with what it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: list[str] = []
        self.messages: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> None:
            self.calls.append(name)
            self.messages.extend(arguments)
            if self.error and not name.startswith("transaction"):
                raise self.error

        return call


@pytest.fixture(autouse=True)
def fake_ldb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the bindings that exist on domain controllers only."""

    class Message(dict[str, Any]):
        def __init__(self, dn: Dn) -> None:
            super().__init__()
            self.dn = dn

    ldb = SimpleNamespace(
        LdbError=LdbError,
        Dn=Dn,
        Message=Message,
        MessageElement=lambda values, flag, name: (name, flag, values),
        FLAG_MOD_ADD="add",
        FLAG_MOD_DELETE="delete",
        FLAG_MOD_REPLACE="replace",
        SCOPE_SUBTREE=2,
        SCOPE_ONELEVEL=1,
        SCOPE_BASE=0,
        ERR_NO_SUCH_OBJECT=32,
        binary_encode=lambda value: value.replace("*", "\\2a").replace("(", "\\28").replace(")", "\\29"),
    )
    monkeypatch.setattr(_samdb, "ldb", ldb)


def store(error: Exception | None = None) -> _samdb.SamStore:
    made = _samdb.SamStore.__new__(_samdb.SamStore)
    made.sam = FakeSam(error)
    made.domain_dn = "DC=corp"
    return made


@pytest.mark.parametrize(
    ("code", "remedy"), [(68, "Another object"), (19, "Correct the value"), (10, "read-only"), (999, "Samba's log")]
)
def test_a_refusal_says_what_and_how_to_cure_it(code: int, remedy: str) -> None:
    with pytest.raises(ResourceError) as caught:
        store(LdbError(code, "samldb:\n  text")).delete("CN=x,DC=corp")
    assert f"refuses to delete CN=x,DC=corp: samldb: text (LDAP error {code})" in str(caught.value)
    assert remedy in str(caught.value)
    assert caught.value.details["ldap_error"] == code


def test_a_bad_dn_is_an_error_of_the_user() -> None:
    with pytest.raises(ResourceError, match="Correct the DN"):
        store().delete("nonsense")


def test_an_error_inside_takes_the_transaction_back() -> None:
    held = store()
    with pytest.raises(KeyError), held.transaction():
        raise KeyError("anything")
    assert held.sam.calls == ["transaction_start", "transaction_cancel"]


def test_a_clean_transaction_is_committed() -> None:
    held = store()
    with held.transaction():
        held.delete("CN=x,DC=corp")
    assert held.sam.calls == ["transaction_start", "delete", "transaction_commit"]


def test_values_are_escaped_in_searches() -> None:
    held = store(LdbError(1, "stop here"))
    searched: dict[str, Any] = {}
    held.sam.search = searched.update
    with pytest.raises(TypeError):  # the fake returns nothing to read
        held.find({"sAMAccountName": "a*)(b"}, attributes=["cn"])
    assert searched["expression"] == "(&(sAMAccountName=a\\2a\\29\\28b))"


def test_an_attribute_may_be_deleted_from_and_added_to_at_once() -> None:
    held = store()
    changes = [
        Change(operation=Operation.DELETE, attribute="fSMORoleOwner", values=(b"old",)),
        Change(operation=Operation.ADD, attribute="fSMORoleOwner", values=(b"new",)),
    ]
    held.modify("CN=x,DC=corp", changes)
    assert list(held.sam.messages[0].values()) == [
        ("fSMORoleOwner", "delete", [b"old"]),
        ("fSMORoleOwner", "add", [b"new"]),
    ]


def test_an_object_that_is_not_there_is_read_as_none() -> None:
    def search(**_: Any) -> None:
        raise LdbError(32, "no such object")

    held = store()
    held.sam.search = search
    assert held.read("CN=x,DC=corp", ["cn"]) is None


@pytest.mark.parametrize("use", [LocalSamba, _samdb.SamStore, DirectoryZones, roles_info])
def test_without_bindings_nothing_is_known_yet(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bindings, "MISSING", "No module named 'samba'")
    with pytest.raises(NotYetKnowable, match="python3-samba"):
        use("/etc/samba/smb.conf")
