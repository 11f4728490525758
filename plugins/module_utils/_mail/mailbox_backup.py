# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backs up every mailbox of this server, and brings one back. Role dovecot installs it; it needs nothing but Python.

    mailbox_backup.py SETTINGS backup
    mailbox_backup.py SETTINGS list USER
    mailbox_backup.py SETTINGS restore USER SNAPSHOT FOLDER

Dovecot's own tool brings a copy of each mailbox up to date, as consistent as a client would see it. Each run then makes
a snapshot of the copies: messages, which nobody changes, are linked to, all else is copied, so that a snapshot costs
what is new. One that was interrupted has another name and is removed by the next run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_MESSAGES = frozenset({"cur", "new"})
_UNFINISHED = ".unfinished"
_USERS = "users.json"


class BackupError(Exception):
    """Fact, consequence, remedy."""


@dataclass(frozen=True)
class Settings:
    """What the role has written."""

    directory: Path
    keep: int
    owner: str

    @property
    def copies(self) -> Path:
        """The mailboxes as they were at the last run; Dovecot writes there as the owner of the mailboxes."""
        return self.directory / "copies"

    @property
    def snapshots(self) -> Path:
        """One directory per run, named by its time; for root alone."""
        return self.directory / "snapshots"

    def finished(self) -> list[Path]:
        """The snapshots that are whole, oldest first."""
        found = self.snapshots.iterdir() if self.snapshots.is_dir() else ()
        return sorted(path for path in found if not path.name.endswith(_UNFINISHED))


def doveadm(*words: str) -> str:
    """What Dovecot's tool prints."""
    done = subprocess.run(("doveadm", *words), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupError(f"doveadm {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def users() -> Iterator[tuple[str, Path]]:
    """Every user whose mailbox is here, and its home, whose name never changes."""
    for user in sorted(set(doveadm("user", "*").split())):
        home = Path(doveadm("user", "-f", "home", user).strip())
        if (home / "Maildir").is_dir():
            yield user, home


def backup(settings: Settings, name: str) -> list[str]:
    """Make a snapshot of this name; what went wrong, as a mailbox that fails keeps no other from being backed up."""
    wrong: list[str] = []
    known: dict[str, str] = {}
    settings.snapshots.mkdir(mode=0o700, parents=True, exist_ok=True)
    _own(settings.copies, settings.owner)
    for user, home in users():
        try:
            _copy(user, home, settings.copies / home.name, settings.owner)
            known[home.name] = user
        except (BackupError, OSError) as exc:
            wrong.append(f"{user} was not backed up; the last snapshot with it stays until its turn comes. {exc}")
    _snapshot(settings, name, known)
    _forget(settings)
    return wrong


def _own(path: Path, owner: str) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.chown(path, owner, owner)


def _copy(user: str, home: Path, target: Path, owner: str) -> None:
    _own(target, owner)
    doveadm("backup", "-u", user, f"maildir:{target / 'Maildir'}")
    for name in ("sieve", ".dovecot.sieve"):
        _renew(home / name, target / name)


def _renew(source: Path, target: Path) -> None:
    """The user's rules: a directory, and a link to the one in use."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        shutil.copytree(source, target, symlinks=True)


def _snapshot(settings: Settings, name: str, known: dict[str, str]) -> None:
    unfinished = settings.snapshots / f"{name}{_UNFINISHED}"
    for left in settings.snapshots.glob(f"*{_UNFINISHED}"):
        shutil.rmtree(left)
    unfinished.mkdir(mode=0o700)
    for mailbox in known:
        link_tree(settings.copies / mailbox, unfinished / mailbox)
    (unfinished / _USERS).write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.rename(settings.snapshots / name)


def link_tree(source: Path, target: Path) -> None:
    """A copy in which messages are the same files."""

    def put(one: str, other: str) -> str:
        if Path(one).parent.name in _MESSAGES:
            os.link(one, other)
        else:
            shutil.copy2(one, other)
        return other

    shutil.copytree(source, target, symlinks=True, copy_function=put)


def _forget(settings: Settings) -> None:
    """The oldest snapshots beyond the number to keep, and copies of mailboxes that are in none."""
    for old in settings.finished()[: -settings.keep]:
        shutil.rmtree(old)
    held = {mailbox for snapshot in settings.finished() for mailbox in _known(snapshot)}
    for copy in settings.copies.iterdir():
        if copy.name not in held:
            shutil.rmtree(copy)


def _known(snapshot: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads((snapshot / _USERS).read_text(encoding="utf-8"))
    return known


def _mailbox(user: str) -> str:
    return Path(doveadm("user", "-f", "home", user).strip()).name


def having(settings: Settings, user: str) -> list[str]:
    """The snapshots that have the user's mailbox, whatever the user was called then."""
    mailbox = _mailbox(user)
    return [snapshot.name for snapshot in settings.finished() if mailbox in _known(snapshot)]


def restore(settings: Settings, user: str, snapshot: str, folder: str) -> None:
    """Put the messages of a snapshot into a new folder of the user; what is there now is not touched."""
    there = having(settings, user)
    name = snapshot or (there[-1] if there else "")
    if name not in there:
        raise BackupError(
            f"No snapshot {name or 'at all'} has the mailbox of {user}; nothing was changed. There are: "
            f"{', '.join(there) or 'none'}."
        )
    if doveadm("mailbox", "list", "-u", user, folder, f"{folder}/*").strip():
        raise BackupError(
            f"{user} has a folder {folder} already; nothing was changed. Name another, or remove it first."
        )
    with TemporaryDirectory(prefix="restore-", dir=settings.directory) as made:
        work = Path(made)
        _own(work, settings.owner)
        shutil.copytree(settings.snapshots / name / _mailbox(user) / "Maildir", work / "Maildir", symlinks=True)
        for path in (work / "Maildir").rglob("*"):
            shutil.chown(path, settings.owner, settings.owner)
        shutil.chown(work / "Maildir", settings.owner, settings.owner)
        doveadm("import", "-u", user, f"maildir:{work / 'Maildir'}", folder, "ALL")


def main(argv: list[str]) -> int:
    """The command line."""
    os.umask(0o077)
    found = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    settings = Settings(directory=Path(found["directory"]), keep=int(found["keep"]), owner=str(found["owner"]))
    try:
        if argv[1] == "backup":
            wrong = backup(settings, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
            sys.stderr.write("".join(f"{line}\n" for line in wrong))
            return 1 if wrong else 0
        if argv[1] == "list":
            sys.stdout.write("".join(f"{name}\n" for name in having(settings, argv[2])))
            return 0
        restore(settings, *argv[2:5])
    except BackupError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
