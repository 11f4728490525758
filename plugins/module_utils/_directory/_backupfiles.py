# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory in which backups lie: complete ones, and what a killed run left. Private to this collection."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import (
    ARCHIVE,
    ENCRYPTED,
    MANIFEST,
    Manifest,
    manifest_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_UNFINISHED = ".unfinished-"
_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What lies there; `broken` says per file what is wrong with it."""

    complete: list[Manifest]
    broken: dict[str, str]


class Shelf:
    """The directory of the backups."""

    def __init__(self, directory: str) -> None:
        """Nothing is made or read yet."""
        self.path = Path(directory)

    def listing(self) -> Listing:
        """Read all manifests; a backup is complete when its archive is there in the size that was written."""
        complete: list[Manifest] = []
        broken: dict[str, str] = {}
        files = sorted(self.path.iterdir()) if self.path.is_dir() else []
        for file in files:
            if file.name.endswith(MANIFEST):
                try:
                    complete.append(self._checked(file))
                except (OSError, ValueError) as exc:
                    broken[file.name] = str(exc)
        known = {one.file for one in complete}
        for file in files:
            if file.name.endswith((ARCHIVE, ARCHIVE + ENCRYPTED)) and file.name not in known:
                broken[file.name] = "it has no good manifest, so it is not whole, or not ours"
        return Listing(complete=sorted(complete, key=lambda one: one.created), broken=broken)

    def _checked(self, file: Path) -> Manifest:
        manifest = manifest_of(file.read_text(encoding="utf-8"))
        size = (self.path / manifest.file).stat().st_size
        if size != manifest.size:
            raise ValueError(f"{manifest.file} has {size} bytes and not {manifest.size}")
        return manifest

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Make the directory, for root only, and keep every other run out; gives the lock to hand on to children."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ResourceError(
                f"Another backup into {self.path} is being made just now. Nothing was changed. Wait for its end, and"
                " run again."
            ) from exc
        else:
            yield lock
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private directory that goes away in the end, after those that killed runs left. Only under the lock."""
        for left in self.path.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.path))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def commit(self, archive: Path, manifest: Manifest) -> Path:
        """Put archive and manifest in place, both safe on disk, the manifest last: with it the backup exists."""
        target = self.path / manifest.file
        written = archive.with_name(f"{manifest.name}{MANIFEST}")
        written.write_text(manifest.text(), encoding="utf-8")
        for file in (archive, written):
            file.chmod(0o600)
            _sync(file)
        archive.rename(target)
        _sync(self.path)
        written.rename(self.path / written.name)
        _sync(self.path)
        return target

    def remove(self, manifest: Manifest) -> None:
        """The manifest first: what is removed halfway does not look whole."""
        (self.path / f"{manifest.name}{MANIFEST}").unlink(missing_ok=True)
        (self.path / manifest.file).unlink(missing_ok=True)

    def is_intact(self, manifest: Manifest) -> bool:
        """Whether the archive still is what was written."""
        try:
            return sha256(self.path / manifest.file) == manifest.sha256
        except OSError:
            return False


def sha256(file: Path) -> str:
    """The file's digest."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def used(paths: Iterable[Path]) -> int:
    """Bytes on disk below these directories; a sparse database counts as what it has."""
    total = 0
    for top in paths:
        for place, _directories, names in os.walk(top):
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(place) / name).lstat().st_blocks * 512
    return total


def free(path: Path) -> int:
    """Bytes that are left where `path` is, or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
