# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backs up every mailbox of this server, and brings one back. Role dovecot installs it; it needs nothing but Python.

    mailbox_backup.py SETTINGS backup
    mailbox_backup.py SETTINGS list USER
    mailbox_backup.py SETTINGS restore USER SNAPSHOT FOLDER

Dovecot's own tool brings a copy of each mailbox up to date, as consistent as a client would see it. Each run then makes
a snapshot of the copies: messages, which nobody changes, are linked to, all else is copied, so that a snapshot costs
what is new. One that was interrupted has another name and is removed by the next run. What is brought back is counted,
folder by folder, and has to be what the snapshot has.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_MESSAGES = frozenset({"cur", "new"})
_UNFINISHED = ".unfinished"
_USERS = "users.json"
_WORK = "restore-"
_SHIFTED = re.compile(r"&([^-]*)-")
"""A part of a folder's name in IMAP's UTF-7 (RFC 3501, 5.1.3)."""


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
    _sweep(settings)
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
    needed = {mailbox for snapshot in settings.finished() for mailbox in _known(snapshot)}
    for copy in settings.copies.iterdir():
        if copy.name not in needed:
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


def restore(settings: Settings, user: str, snapshot: str, folder: str) -> dict[str, int]:
    """Put the messages of a snapshot into a new folder of the user; what is there now is not touched.

    Returns how many each folder has got, which is what the snapshot has.
    """
    _sweep(settings)
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
    source = settings.snapshots / name / _mailbox(user) / "Maildir"
    with _work(settings) as work:
        shutil.copytree(source, work / "Maildir", symlinks=True)
        for path in (work / "Maildir").rglob("*"):
            shutil.chown(path, settings.owner, settings.owner)
        shutil.chown(work / "Maildir", settings.owner, settings.owner)
        doveadm("import", "-u", user, f"maildir:{work / 'Maildir'}", folder, "ALL")
    wanted, found = held(source), _brought(user, folder)
    if wrong := differences(wanted, found):
        raise BackupError(
            f"{folder} of {user} has not what snapshot {name} has, which is as it was: {'; '.join(wrong)}. If nobody "
            "moved messages meanwhile, look at the journal of Dovecot, remove the folder and run it again."
        )
    return wanted


@contextmanager
def _work(settings: Settings) -> Iterator[Path]:
    """A directory for Dovecot to read from, held while it is used, so that no other run takes it for left over."""
    with TemporaryDirectory(prefix=_WORK, dir=settings.directory) as made:
        work = Path(made)
        _own(work, settings.owner)
        with _held(work):
            yield work


def _sweep(settings: Settings) -> None:
    """Remove what runs left that were killed."""
    for left in settings.directory.glob(f"{_WORK}*"):
        try:
            with _held(left):
                shutil.rmtree(left)
        except (BlockingIOError, FileNotFoundError):
            continue  # another run is at it, or was


@contextmanager
def _held(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def held(maildir: Path) -> dict[str, int]:
    """The messages of each folder of a mailbox's files, by the name that mail programs know."""
    folders = {"INBOX": maildir}
    for path in sorted(maildir.iterdir()):
        if path.name.startswith(".") and any((path / kind).is_dir() for kind in _MESSAGES):
            folders[_spelled(path.name[1:])] = path
    return {name: sum(_count(path / kind) for kind in _MESSAGES) for name, path in folders.items()}


def _count(messages: Path) -> int:
    return sum(1 for _message in messages.glob("[!.]*"))


def _spelled(name: str) -> str:
    """A folder's name as it stands in the file system, as Dovecot tells it."""

    def plain(part: re.Match[str]) -> str:
        return f"+{part[1].replace(',', '/')}-".encode("ascii").decode("utf-7") if part[1] else "&"

    try:
        return _SHIFTED.sub(plain, name.replace(".", "/"))
    except ValueError:
        return name.replace(".", "/")  # whatever it is, it is not that


def _brought(user: str, folder: str) -> dict[str, int]:
    told = json.loads(doveadm("-f", "json", "mailbox", "status", "-u", user, "messages", f"{folder}/*") or "[]")
    return {row["mailbox"].removeprefix(f"{folder}/"): int(row["messages"]) for row in told}


def differences(wanted: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Folder by folder, in words; a folder that is empty need not be there."""
    return [
        f"{name}: {found.get(name, 0)} of {wanted.get(name, 0)} messages"
        for name in sorted({*wanted, *found})
        if found.get(name, 0) != wanted.get(name, 0)
    ]


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
        for name, count in restore(settings, *argv[2:5]).items():
            sys.stdout.write(f"{name}: {count}\n")
    except BackupError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
