# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares are granted to domain-local groups only; local accounts and PAM profiles are kept as declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import (
    _member_accounts,
    _member_pam,
    _member_shares,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_shares import (
    CHANGE,
    FULL,
    READ,
    ROOT,
    ROOT_GROUP,
    Access,
    Group,
    Share,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

SECURITY = -0x80000000
SHARE = Share(name="projects", path="/srv/projects", group="projects-change", local_accounts=["scanner"])
SID = "S-1-5-21-1-2-3-1104"
SCANNER = "S-1-5-21-7-8-9-1000"


class FakeServer:
    """A file server, in memory."""

    def __init__(self, scope: int = 4, *, security: bool = True) -> None:
        self.groups = {"projects-change": Group(sid=SID, group_type=scope + (SECURITY if security else 0))}
        self.accounts = {"scanner": SCANNER}
        self.lists: dict[str, Access] = {}
        self.calls: list[str] = []

    def group(self, name: str) -> Group | None:
        return self.groups.get(name)

    def local_account(self, name: str) -> str | None:
        return self.accounts.get(name)

    def access(self, share: Share) -> Access | None:
        return self.lists.get(share.path)

    def make(self, path: str) -> None:
        self.calls.append(f"make {path}")

    def grant(self, share: Share, access: Access) -> None:
        self.calls.append(f"grant {share.path}")
        self.lists[share.path] = access


def shared(server: FakeServer, *shares: Share, check_mode: bool = False) -> dict[str, Any]:
    resource = _member_shares.ShareResource(lambda: server, shares or (SHARE,))
    return _engine._run(resource, check_mode=check_mode)


def test_a_share_is_made_and_granted_once() -> None:
    server = FakeServer()
    assert shared(server, check_mode=True)["changed"]
    assert server.calls == []
    assert shared(server)["changed"]
    assert server.calls == ["make /srv/projects", "grant /srv/projects"]
    assert not shared(server)["changed"]
    assert server.lists["/srv/projects"].rights == {(ROOT, FULL), (SID, CHANGE), (SCANNER, CHANGE)}


def test_read_only_is_less() -> None:
    server = FakeServer()
    shared(server, replace(SHARE, read_only=True))
    assert (SID, READ) in server.lists["/srv/projects"].rights


def test_what_was_added_by_hand_is_taken_back() -> None:
    server = FakeServer()
    shared(server)
    good = server.lists["/srv/projects"]
    for bad in (
        replace(good, rights=good.rights | {("S-1-1-0", FULL)}),
        replace(good, inherited=False),
        replace(good, owner="S-1-22-1-1000"),
    ):
        server.lists["/srv/projects"] = bad
        assert shared(server)["changed"]
        assert server.lists["/srv/projects"] == good


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (FakeServer(2), "is a global group. Access is granted to domain-local groups only"),
        (FakeServer(8), "is a universal group"),
        (FakeServer(4, security=False), "is a distribution group"),
    ],
)
def test_any_other_group_is_refused(server: FakeServer, said: str) -> None:
    with pytest.raises(ResourceError, match=said):
        shared(server)
    assert server.calls == []


def test_all_faults_at_once() -> None:
    server = FakeServer()
    server.groups.clear()
    server.accounts.clear()
    with pytest.raises(ResourceError) as error:
        shared(server)
    assert "the domain has no group projects-change" in str(error.value)
    assert "no local account scanner" in str(error.value)


def test_the_list_as_samba_takes_it() -> None:
    access = Access(owner=ROOT, group=ROOT_GROUP, rights=frozenset({(ROOT, FULL), (SID, CHANGE)}))
    assert access.sddl() == f"O:{ROOT}G:{ROOT_GROUP}D:PAI(A;OICI;0x1f01ff;;;{ROOT})(A;OICI;0x1301bf;;;{SID})"


class FakeDatabase:
    """Samba's local accounts, in memory."""

    def __init__(self, **passwords: str) -> None:
        self.passwords: dict[str, str] = passwords
        self.calls: list[str] = []

    def sid(self, name: str) -> str | None:
        return SCANNER if name in self.passwords else None

    def has(self, name: str, password: str) -> bool:
        return self.passwords[name] == password

    def make(self, name: str) -> None:
        self.calls.append("make")
        self.passwords[name] = ""

    def set_password(self, name: str, password: str) -> None:
        self.calls.append("set")
        self.passwords[name] = password

    def remove(self, name: str) -> None:
        self.calls.append("remove")
        del self.passwords[name]


def account(database: FakeDatabase, **options: Any) -> dict[str, Any]:
    given = {"name": "scanner", "password": "Sesame-1", "update_password": "always", "state": "present"} | options
    return _engine._run(_member_accounts.AccountResource(lambda: database, given), check_mode=False)


def test_a_local_account_is_made_once() -> None:
    database = FakeDatabase()
    found = account(database)
    assert database.calls == ["make", "set"]
    assert "Sesame" not in str(found)
    assert not account(database)["changed"]


@pytest.mark.parametrize(("update", "calls"), [("always", ["set"]), ("on_create", [])])
def test_another_password(update: str, calls: list[str]) -> None:
    database = FakeDatabase(scanner="Other-1")
    account(database, update_password=update)
    assert database.calls == calls


def test_a_local_account_is_removed_once() -> None:
    database = FakeDatabase(scanner="x")
    assert account(database, state="absent")["changed"]
    assert not account(database, state="absent")["changed"]


def test_a_new_account_needs_a_password() -> None:
    with pytest.raises(ResourceError, match="password is not given"):
        account(FakeDatabase(), password=None)


PROFILE = """Name: Homes
Default: yes
Priority: 0
Session-Type: Additional
Session:
    optional pam_mkhomedir.so umask=0077
"""


class FakeUpdate:
    """pam-auth-update: it remembers the lines of the profiles in use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.deaf = False
        self.calls: list[list[str]] = []
        (root / "var/lib/pam").mkdir(parents=True)

    def __call__(self, words: Sequence[str]) -> tuple[int, str]:
        self.calls.append(list(words))
        if not self.deaf:
            used = "" if "--remove" in words else (self.root / "usr/share/pam-configs/homes").read_text()
            lines = [line.strip() for line in used.splitlines() if "pam_" in line]
            (self.root / "var/lib/pam/session").write_text("Module: homes\nSession:\n" + "\n".join(lines) + "\n")
        return 0, ""


def profile(update: FakeUpdate, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    given = {"name": "homes", "content": PROFILE, "state": "present"} | options
    resource = _member_pam.ProfileResource(_member_pam.DebianPam(update, update.root), given)
    return _engine._run(resource, check_mode=check_mode)


def test_a_profile_is_used_once(tmp_path: Path) -> None:
    update = FakeUpdate(tmp_path)
    assert profile(update, check_mode=True)["changed"]
    assert update.calls == []
    assert profile(update)["changed"]
    assert update.calls == [["pam-auth-update", "--enable", "homes"]]
    assert not profile(update)["changed"]
    assert not profile(update, check_mode=True)["changed"]


def test_an_interrupted_profile_is_completed(tmp_path: Path) -> None:
    update = FakeUpdate(tmp_path)
    profile(update)
    (tmp_path / "var/lib/pam/session").write_text("")
    found = profile(update)
    assert [step["verb"] for step in found["operations"]] == ["use"]


def test_a_profile_is_taken_out(tmp_path: Path) -> None:
    update = FakeUpdate(tmp_path)
    profile(update)
    assert profile(update, state="absent")["changed"]
    assert not (tmp_path / "usr/share/pam-configs/homes").exists()
    assert not profile(update, state="absent")["changed"]


def test_files_that_were_changed_by_hand_are_told(tmp_path: Path) -> None:
    update = FakeUpdate(tmp_path)
    update.deaf = True
    with pytest.raises(ResourceError, match="was changed by hand"):
        profile(update)


@pytest.mark.parametrize("options", [{"name": "../x"}, {"content": "Name: nothing\n"}])
def test_profiles_that_cannot_be(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="Nothing was changed"):
        profile(FakeUpdate(tmp_path), **options)
