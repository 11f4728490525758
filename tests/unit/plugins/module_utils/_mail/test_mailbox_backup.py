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
        self.brought: dict[str, int] = {}
        self.loses = ""
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
        if words[:4] == ("-f", "json", "mailbox", "status"):
            return json.dumps([{"mailbox": name, "messages": str(count)} for name, count in self.brought.items()])
        assert words[0] == "import"
        return self._import(words[2], Path(words[3].removeprefix("maildir:")), words[4])

    def _import(self, user: str, found: Path, folder: str) -> str:
        self.imported += [(user, path.read_text(encoding="utf-8")) for path in sorted((found / "cur").iterdir())]
        self.folders[user].append(folder)
        counted = program.held(found)
        self.brought = {f"{folder}/{name}": count - (name == self.loses) for name, count in counted.items()}
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
    assert program.restore(settings, "anna", "", "Restored") == {"INBOX": 1}
    assert dovecot.imported == [("anna", "one")]
    assert not list(settings.directory.glob("restore-*"))


def _folder(home: Path, name: str, *messages: str) -> None:
    for number, message in enumerate(messages):
        place = home / "Maildir" / name / ("cur", "new")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / message).write_text(message, encoding="utf-8")


def test_messages_are_counted_by_the_names_that_programs_know(tmp_path: Path) -> None:
    _folder(tmp_path, "", "1", ".not-one")
    _folder(tmp_path, ".Work.2026", "1", "2", "3")
    _folder(tmp_path, ".&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-", "1")
    _folder(tmp_path, ".R&-D", "1", "2")
    (tmp_path / "Maildir/.Empty/cur").mkdir(parents=True)
    (tmp_path / "Maildir/.cache").mkdir()
    (tmp_path / "Maildir/dovecot-uidlist").write_text("state", encoding="utf-8")
    counts = {"INBOX": 1, "Work/2026": 3, "От\u043fравленные": 1, "R&D": 2, "Empty": 0}
    assert program.held(tmp_path / "Maildir") == counts


def test_a_folder_that_is_not_whole_is_told(settings: Settings, dovecot: Dovecot) -> None:
    """The control is the same restore without the loss. An empty folder need not come."""
    dovecot.deliver("ann", "one")
    _folder(dovecot.homes["ann"], ".Work", "1", "2")
    (dovecot.homes["ann"] / "Maildir/.Empty/new").mkdir(parents=True)
    program.backup(settings, "1")
    dovecot.loses = "Work"
    with pytest.raises(BackupError, match=r"Restored of ann has not what snapshot 1 has.*: Work: 1 of 2 messages. If"):
        program.restore(settings, "ann", "1", "Restored")
    assert not list(settings.directory.glob("restore-*"))
    dovecot.loses = ""
    assert program.restore(settings, "ann", "1", "Again") == {"INBOX": 1, "Work": 2, "Empty": 0}
    assert program.differences({"INBOX": 1, "Empty": 0}, {"INBOX": 1}) == []
    assert program.differences({"INBOX": 1}, {"INBOX": 1, "More": 2}) == ["More: 2 of 0 messages"]


@pytest.mark.parametrize("run", ["restore", "backup"])
def test_what_a_killed_run_left_goes_with_the_next(settings: Settings, dovecot: Dovecot, run: str) -> None:
    """Not what another run works with."""
    program.backup(settings, "1")
    left, used = settings.directory / "restore-left", settings.directory / "restore-used"
    for path in (left, used):
        (path / "Maildir/cur").mkdir(parents=True)
    with program._held(used):
        if run == "backup":
            program.backup(settings, "2")
        else:
            program.restore(settings, "ann", "", "Restored")
        assert (left.exists(), used.exists()) == (False, True)
    program.backup(settings, "3")
    assert not used.exists()


def test_the_program_tells_what_each_folder_got(
    settings: Settings, dovecot: Dovecot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dovecot.deliver("ann", "one")
    program.backup(settings, "1")
    file = tmp_path / "settings.json"
    written = {"directory": str(settings.directory), "keep": 2, "owner": ME}
    file.write_text(json.dumps(written), encoding="utf-8")
    assert program.main([str(file), "restore", "ann", "", "Restored"]) == 0
    assert capsys.readouterr().out == "INBOX: 1\n"
    dovecot.loses = "INBOX"
    assert program.main([str(file), "restore", "ann", "", "Again"]) == 1
    assert "INBOX: 0 of 1 messages" in capsys.readouterr().err


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
