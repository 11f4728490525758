# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SYSVOL as files of this controller: read, staged, swapped, kept. Private to this collection.

Whatever is written is written to a place of root's own first: in the share, as smbd's code sets complete ACLs in it
only; what was replaced is kept beside the share. The swap is one system call, so a client sees the old state or the new
one; what was interrupted before it never happened, and is cleared away by the next run.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvol import Item, Source, Tree
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

PIECE = 1 << 20
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class Acls(Protocol):
    """Windows' ACLs of files, as text in which everybody is a SID."""

    def read(self, path: Path) -> str:
        """The ACL; empty when the file has none of its own."""

    def write(self, path: Path, acl: str) -> None:
        """Set it."""


class SysvolDisk:
    """The share's directory, and a private one beside it for what was replaced."""

    def __init__(self, root: Path, domain: str, acls: Acls) -> None:
        """`domain` is the one directory in the root that is looked at."""
        self._root = root
        self._domain = domain
        self._acls = acls
        self.work = root.parent / "sysvol_sync"
        self.stage = root / ".mailforest-sysvol-sync"

    def tree(self) -> Tree:
        """The root, and all in the domain's directory."""
        return {} if not self._root.is_dir() else dict(self._walk())

    def read(self, path: str) -> bytes:
        """A small file's content."""
        return (self._root / path).read_bytes()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One run at a time; what an interrupted one left half written is cleared away."""
        self.work.mkdir(mode=0o700, exist_ok=True)
        if self.work.stat().st_dev != self._root.stat().st_dev:
            raise ResourceError(
                f"{self._root} is a file system of its own, so no new state can be swapped in from {self.work}. Nothing"
                f" was changed. Mount the file system at {self._root.parent}, with the share as a directory in it."
            )
        with (self.work / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            shutil.rmtree(self.stage, ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(self.stage, ignore_errors=True)

    def place(self, unit: str, tree: Tree, source: Source) -> None:
        """Stage, verify, keep, swap."""
        staged = self._staged(unit)
        for path in sorted(tree):
            self._stage(path, tree[path], staged / path[len(unit) :].lstrip("/"), source)
        self.swap(unit, staged)

    def swap(self, unit: str, staged: Path) -> None:
        """Put what is staged in the place of the unit; the present one is kept."""
        target = self._root / unit
        if not os.path.lexists(target):
            staged.rename(target)
        else:
            self._keep(unit)
            _exchange(staged, target)
            _delete(staged)
        _flush(target.parent)

    def remove(self, unit: str) -> None:
        """Move the unit away to what is kept."""
        self._keep(unit)
        gone = self._staged(unit)
        (self._root / unit).rename(gone)
        _delete(gone)
        _flush((self._root / unit).parent)

    def settle(self, container: str, item: Item) -> None:
        """A directory that is never swapped."""
        path = self._root / container
        path.mkdir(exist_ok=True)
        self._acls.write(path, item.acl)

    def write(self, staged: Path, content: bytes | None, acl: str) -> None:
        """Stage a file, or a directory where there is no content."""
        if content is None:
            staged.mkdir()
        else:
            staged.write_bytes(content)
        self._acls.write(staged, acl)

    def staged(self, unit: str) -> Path:
        """An empty place to write the unit to."""
        return self._staged(unit)

    def _walk(self) -> Iterator[tuple[str, Item]]:
        yield "", self._item(self._root)
        top = self._root / self._domain
        if not top.is_dir():
            return
        yield self._domain, self._item(top)
        for directory, names, files in os.walk(top):
            for name in sorted(names + files):
                path = Path(directory) / name
                yield path.relative_to(self._root).as_posix(), self._item(path)

    def _item(self, path: Path) -> Item:
        state = path.lstat()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            # What is no file in SYSVOL differs from everything, so it is replaced.
            return Item(directory=False, acl="", digest="not a regular file")
        if path.is_dir():
            return Item(directory=True, acl=self._acls.read(path))
        return Item(
            directory=False,
            acl=self._acls.read(path),
            size=state.st_size,
            modified=int(state.st_mtime),
            digest=file_digest(path),
        )

    def _staged(self, unit: str) -> Path:
        self.stage.mkdir(mode=0o700, exist_ok=True)
        place = self.stage / hashlib.sha256(unit.encode()).hexdigest()
        _delete(place)
        return place

    def _stage(self, path: str, item: Item, place: Path, source: Source) -> None:
        if item.directory:
            place.mkdir()
        else:
            self._content(path, item, place, source)
        self._acls.write(place, item.acl)
        if not item.directory:
            os.utime(place, (item.modified, item.modified))

    def _content(self, path: str, item: Item, place: Path, source: Source) -> None:
        """From the copy that is here where it is the same, else from the source; verified by its digest."""
        present = self._root / path
        digest = hashlib.sha256()
        with place.open("xb") as out:
            write = _tee(out.write, digest.update)
            if present.is_file() and not present.is_symlink() and file_digest(present) == item.digest:
                for piece in _pieces(present):
                    write(piece)
            else:
                source.fetch(path, write)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != item.digest:
            raise ResourceError(
                f"{path} of {source.name} changed while it was read. The part it belongs to was not changed here; those"
                " before it were. Run again.",
                path=path,
            )

    def _keep(self, unit: str) -> None:
        """The present state, instead of the one kept before; as links, which take neither time nor room."""
        kept, new = self.work / "kept" / unit, self.work / "new"
        _delete(new)
        present = self._root / unit
        if present.is_dir() and not present.is_symlink():
            shutil.copytree(present, new, symlinks=True, copy_function=_link)
        else:
            _link(present, new)
        kept.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        _delete(kept)
        new.rename(kept)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while piece := handle.read(PIECE):
            yield piece


def _tee(*writers: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def write(piece: bytes) -> None:
        for writer in writers:
            writer(piece)

    return write


def _link(source: str | Path, target: str | Path) -> None:
    os.link(source, target, follow_symlinks=False)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> None:
    """Swap two names in one step (renameat2(2)), which Python has no function for."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        if code != errno.EINVAL:
            raise ResourceError(f"{other} cannot be swapped: {os.strerror(code)}. It was not changed. Run again.")
        raise ResourceError(
            f"The file system of {other} cannot swap two names at once. It was not changed. Keep SYSVOL on ext4, XFS or"
            " Btrfs."
        )


def _flush(directory: Path) -> None:
    """Have the swap survive a loss of power."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
