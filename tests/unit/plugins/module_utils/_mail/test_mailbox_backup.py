# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of mailboxes: what a snapshot holds, what goes, and what is refused. Dovecot's tool is played here."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import mailbox_backup as program
from ansible_collections.mailforest.stack.plugins.module_utils._mail.mailbox_backup import BackupError, Settings

ME = pwd.getpwuid(os.getuid()).pw_name


class Dovecot:
    """Two users, whose mailboxes are named by what never changes."""

    def __init__(self, root: Path) -> None:
        self.homes = {"ann": root / "guid-a", "ben": root / "guid-b"}
        self.folders: dict[str, list[str]] = {"ann": [], "ben": []}
        self.broken = ""
        self.imported: list[tuple[str, str]] = []
        for home in self.homes.values():
            (home / "Maildir/cur").mkdir(parents=True)

    def __call__(self, *words: str) -> str:
        if words == ("user", "*"):
            return "\n".join(self.homes)
        if words[:3] == ("user", "-f", "home"):
            return f"{self.homes[words[3]]}\n"
        if words[0] == "backup":
            return self._backup(words[2], Path(words[3].removeprefix("maildir:")))
        if words[:2] == ("mailbox", "list"):
            return "\n".join(name for name in self.folders[words[3]] if name == words[4])
        assert words[0] == "import"
        found = Path(words[3].removeprefix("maildir:"))
        self.imported += [(words[2], path.read_text(encoding="utf-8")) for path in sorted((found / "cur").iterdir())]
        self.folders[words[2]].append(words[4])
        return ""

    def _backup(self, user: str, target: Path) -> str:
        if user == self.broken:
            raise BackupError("its index is broken")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.homes[user] / "Maildir", target)
        (target / "index").write_text("state", encoding="utf-8")
        return ""

    def deliver(self, user: str, text: str) -> None:
        (self.homes[user] / "Maildir/cur" / text).write_text(text, encoding="utf-8")


@pytest.fixture
def dovecot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    played = Dovecot(tmp_path / "vmail")
    monkeypatch.setattr(program, "doveadm", played)
    return played


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(directory=tmp_path / "backup", keep=2, owner=ME)


def test_a_snapshot_links_messages_and_copies_the_rest(settings: Settings, dovecot: Dovecot) -> None:
    dovecot.deliver("ann", "one")
    assert program.backup(settings, "1") == []
    copy, kept = settings.copies / "guid-a/Maildir", settings.snapshots / "1/guid-a/Maildir"
    assert (copy / "cur/one").samefile(kept / "cur/one")
    assert not (copy / "index").samefile(kept / "index")
    assert json.loads((settings.snapshots / "1/users.json").read_text()) == {"guid-a": "ann", "guid-b": "ben"}
    assert settings.snapshots.stat().st_mode & 0o777 == 0o700


def test_the_user_s_rules_are_in_it(settings: Settings, dovecot: Dovecot) -> None:
    home = dovecot.homes["ann"]
    (home / "sieve").mkdir()
    (home / "sieve/rules.sieve").write_text("keep;", encoding="utf-8")
    (home / ".dovecot.sieve").symlink_to("sieve/rules.sieve")
    for name in ("1", "2"):
        assert program.backup(settings, name) == []
    kept = settings.snapshots / "2/guid-a"
    assert (kept / ".dovecot.sieve").read_text(encoding="utf-8") == "keep;"


def test_only_so_many_stay_and_an_unfinished_one_goes(settings: Settings, dovecot: Dovecot) -> None:
    (settings.snapshots / "0.unfinished").mkdir(parents=True)
    for name in ("1", "2", "3"):
        dovecot.deliver("ann", name)
        program.backup(settings, name)
    assert sorted(path.name for path in settings.snapshots.iterdir()) == ["2", "3"]
    assert sorted(path.name for path in (settings.snapshots / "2/guid-a/Maildir/cur").iterdir()) == ["1", "2"]


def test_one_that_fails_keeps_no_other_from_being_backed_up(settings: Settings, dovecot: Dovecot) -> None:
    dovecot.broken = "ann"
    (wrong,) = program.backup(settings, "1")
    assert "ann was not backed up" in wrong
    assert program.having(settings, "ben") == ["1"]
    assert program.having(settings, "ann") == []


def test_a_renamed_user_s_mailbox_is_found(settings: Settings, dovecot: Dovecot) -> None:
    dovecot.deliver("ann", "one")
    program.backup(settings, "1")
    dovecot.homes["anna"], dovecot.folders["anna"] = dovecot.homes.pop("ann"), []
    program.restore(settings, "anna", "", "Restored")
    assert dovecot.imported == [("anna", "one")]
    assert not list(settings.directory.glob("restore-*"))


@pytest.mark.parametrize(("snapshot", "folder", "words"), [("9", "New", "No snapshot 9"), ("1", "Old", "folder Old")])
def test_what_cannot_be_restored_changes_nothing(
    settings: Settings, dovecot: Dovecot, snapshot: str, folder: str, words: str
) -> None:
    program.backup(settings, "1")
    dovecot.folders["ann"] = ["Old"]
    with pytest.raises(BackupError, match=words):
        program.restore(settings, "ann", snapshot, folder)
    assert dovecot.imported == []
    program.restore(settings, "ann", "1", "New")
    assert dovecot.folders["ann"] == ["Old", "New"]
