# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a user's mailbox from one host to another in pieces, as playbook move_mailbox runs it on both.

    mailbox_move.py known DIRECTORY
    mailbox_move.py pack DIRECTORY PIECES KNOWN
    mailbox_move.py unpack DIRECTORY PIECES OWNER
    mailbox_move.py route ADDRESS

`known` tells what is there, in one line of JSON; `pack` writes what a host that knows KNOWN has not, in pieces that are
small enough to be passed on whole, and what there is altogether; `unpack` makes the directory the same.
A mailbox in use can be packed: what it becomes meanwhile comes with the next turn. Mail programs find the same one, for
Maildir keeps UIDs, flags and rules in files. Indexes and compiled rules stay: Dovecot makes them anew.
`route` tells where Postfix sends an address's mail.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

PIECE = 32 * 1024 * 1024
_ALL = "all.json"
_MESSAGES = frozenset({"cur", "new"})
_LEFT_OUT = ("dovecot.index", "dovecot.list.index", "dovecot-uidlist.lock", "fts-flatcurve")


def known(directory: Path) -> dict[str, str]:
    """What is in the directory, each with what tells whether it has changed."""
    return {str(path.relative_to(directory)): _mark(path) for path in _walk(directory)}


def _walk(directory: Path) -> Iterator[Path]:
    """Directories before what is in them. What goes away meanwhile is not there."""
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.name.startswith(_LEFT_OUT) or path.parent.name == "tmp" or path.suffix == ".svbin":
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _mark(path: Path) -> str:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return "gone"
    if stat.S_ISREG(found.st_mode):
        return f"{found.st_size} {found.st_mtime_ns}"
    return f"to {path.readlink()}" if stat.S_ISLNK(found.st_mode) else "directory"


def summary(marks: dict[str, str]) -> dict[str, object]:
    """How many messages there are, and one word for all that there is."""
    messages = sum(mark != "directory" and Path(name).parent.name in _MESSAGES for name, mark in marks.items())
    return {"messages": messages, "digest": sha256(json.dumps(marks, sort_keys=True).encode()).hexdigest()}


def pack(directory: Path, pieces: Path, other: dict[str, str]) -> dict[str, object]:
    """Write what the other host has not, or has otherwise."""
    shutil.rmtree(pieces, ignore_errors=True)
    pieces.mkdir(mode=0o700, parents=True)
    marks = {name: mark for name, mark in known(directory).items() if mark != "gone"}
    changed = [name for name, mark in marks.items() if other.get(name) != mark]
    for number, names in enumerate(_shared_out(directory, changed)):
        _piece(directory, pieces / f"{number:06}.tar", names)
    (pieces / _ALL).write_text(json.dumps(marks), encoding="utf-8")
    names = sorted(path.name for path in pieces.iterdir())
    return {**summary(marks), "changed": len(changed), "pieces": names}


def _piece(directory: Path, piece: Path, names: list[str]) -> None:
    with tarfile.open(piece, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            try:
                archive.add(directory / name, arcname=name, recursive=False)
            except FileNotFoundError:
                continue  # it was read, moved or deleted since: the next turn sees


def _shared_out(directory: Path, names: list[str]) -> Iterator[list[str]]:
    """Names of files that make a piece together."""
    piece, size = list[str](), 0
    for name in names:
        path = directory / name
        length = path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
        if piece and size + length > PIECE:
            yield piece
            piece, size = [], 0
        piece.append(name)
        size += length
    if piece:
        yield piece


def unpack(directory: Path, pieces: Path, owner: str) -> dict[str, object]:
    """Make the directory what was packed."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted: dict[str, str] = json.loads((pieces / _ALL).read_text(encoding="utf-8"))
    for piece in sorted(pieces.glob("*.tar")):
        for name in _extracted(piece, directory):
            _dated(directory / name, wanted[name])
    for path in reversed(list(_walk(directory))):
        if str(path.relative_to(directory)) not in wanted:
            _removed(path)
    found = pwd.getpwnam(owner)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, found.pw_uid, found.pw_gid, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
    marks = known(directory)
    return {**summary(marks), "missing": sum(marks.get(name) != mark for name, mark in wanted.items())}


def _extracted(piece: Path, directory: Path) -> list[str]:
    with tarfile.open(piece) as archive:
        if hasattr(tarfile, "data_filter"):  # Debian 12's Python has none yet
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(directory)
        return archive.getnames()


def _dated(path: Path, mark: str) -> None:
    """To the nanosecond, which a tar file does not hold; what was changed since it was listed is not dated so."""
    size, _blank, time = mark.partition(" ")
    if time.isdigit() and path.lstat().st_size == int(size):
        os.utime(path, ns=(int(time), int(time)))


def _removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()


def route(address: str) -> str:
    """Where Postfix sends the address's mail by its transport maps; empty where it is delivered here."""
    maps = subprocess.run(["postconf", "-h", "transport_maps"], capture_output=True, text=True, check=True).stdout
    for table in maps.replace(",", " ").split():
        asked = ["postmap", "-q", address, table]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.stderr:
            raise SystemExit(done.stderr)
        if done.stdout.strip():
            return done.stdout.strip()
    return ""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: list[str]) -> int:
    """Run one of the commands."""
    command, directory, *rest = arguments
    if command == "route":
        _say(route(directory))
    elif command == "known":
        _say(json.dumps(known(Path(directory))))
    elif command == "pack":
        other = json.loads(Path(rest[1]).read_text(encoding="utf-8"))
        _say(json.dumps(pack(Path(directory), Path(rest[0]), other)))
    else:
        _say(json.dumps(unpack(Path(directory), Path(rest[0]), rest[1])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
