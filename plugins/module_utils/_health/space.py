# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: room and inodes that are left on every file system that is written to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .problem import ERROR, WARNING, Problem

_KEPT = ("bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "tmpfs", "xfs", "zfs")
"""Of this machine: one that is elsewhere may never answer."""
_NOT_OURS = ("/dev", "/proc", "/sys", "/run/credentials", "/run/lock", "/run/user")
_GIB = 2**30
_PLENTY = 20 * _GIB
"""Where so much is left it is enough, whatever share of a large disk that is."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From how few per cent free on it is a warning, and an error."""

    warning: int = 10
    error: int = 4


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a file system has, and has left for programs that are not root's."""

    mount: str
    size: int
    free: int
    inodes: int
    inodes_free: int


def mounts(table: str) -> list[str]:
    """Where file systems that are written to are mounted, from /proc/self/mounts."""
    found = []
    for line in table.splitlines():
        _device, mount, kind, options = line.split()[:4]
        mount = mount.encode().decode("unicode_escape")
        ours = mount not in _NOT_OURS and not mount.startswith(tuple(f"{place}/" for place in _NOT_OURS))
        if kind in _KEPT and ours and "rw" in options.split(",") and Path(mount).is_dir():
            found.append(mount)
    return list(dict.fromkeys(found))


def look(paths: Iterable[str]) -> Iterator[Space]:
    """Ask the kernel."""
    for mount in paths:
        seen = os.statvfs(mount)
        yield Space(
            mount=mount,
            size=seen.f_blocks * seen.f_frsize,
            free=seen.f_bavail * seen.f_frsize,
            inodes=seen.f_files,
            inodes_free=seen.f_favail,
        )


def judge(spaces: Iterable[Space], limits: Limits) -> Iterator[Problem]:
    """File systems that fill up."""
    for space in spaces:
        if space.free < _PLENTY:
            yield from _low(space.mount, "bytes", space.free, space.size, limits)
        yield from _low(space.mount, "inodes", space.inodes_free, space.inodes, limits)


def _low(mount: str, what: str, free: int, size: int, limits: Limits) -> Iterator[Problem]:
    percent = 100 * free / size if size else 100
    if percent < limits.warning:
        left = f"{free / 2**20:.0f} MiB" if what == "bytes" else f"{free} inodes"
        yield Problem(
            severity=ERROR if percent < limits.error else WARNING,
            requirement="MAIL-13",
            subject=f"file system {mount}",
            expected=f"at least {limits.warning} % of its {what} free",
            found=f"{percent:.0f} % ({left})",
            cause=f"Mail, logs or backups fill {mount}; when it is full, mail is deferred and databases stop.",
            remedy=f"du -x {mount} shows what takes it; make room, or a larger file system.",
        )
