# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the planned files in place: each by one rename, all of them or none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .model import TreeError
from .plan import DirectoryStep, FileStep, Found, Plan, Removal
from .stage import write_file
from .state import sync_directory


def _beside(path: str) -> Path:
    """The name under which a file waits for its rename; always the same, so that nothing piles up."""
    target = Path(path)
    return target.with_name(f".{target.name}.mailforest-new")


def _make_directory(step: DirectoryStep) -> None:
    if step.found.kind == "absent":
        Path(step.path).mkdir(mode=0o700)
    if step.uid is not None and step.gid is not None:
        os.chown(step.path, step.uid, step.gid)
    Path(step.path).chmod(step.mode)


def _restore(path: str, found: Found) -> None:
    """Bring back what was at `path` before."""
    new = _beside(path)
    new.unlink(missing_ok=True)
    if found.kind == "absent":
        Path(path).unlink(missing_ok=True)
        return
    if found.kind == "link":
        new.symlink_to(os.fsdecode(found.content))
    else:
        new.touch(mode=0o600)
        new.write_bytes(found.content)
        os.chown(new, found.uid, found.gid)
        new.chmod(found.mode)
    new.replace(path)


def _prepare(steps: list[FileStep]) -> None:
    """Write every new file beside its place; what can fail for want of space fails here."""
    try:
        for step in steps:
            write_file(_beside(step.spec.path), step)
    except OSError as exc:
        for step in steps:
            with contextlib.suppress(OSError):
                _beside(step.spec.path).unlink(missing_ok=True)
        raise TreeError(
            f"{exc.filename or 'A file'} cannot be written: {exc.strerror}. No file was replaced; the old "
            "configuration stays active. Make room or correct the file system, and run again."
        ) from exc


def _put(step: FileStep | Removal) -> None:
    if isinstance(step, Removal):
        Path(step.path).unlink(missing_ok=True)
    elif step.rewrites:
        _beside(step.spec.path).replace(step.spec.path)
    elif step.uid is not None and step.gid is not None:
        os.chown(step.spec.path, step.uid, step.gid)
        Path(step.spec.path).chmod(step.spec.mode)


def _path(step: FileStep | Removal) -> str:
    return step.path if isinstance(step, Removal) else step.spec.path


def _put_all(steps: list[FileStep | Removal]) -> None:
    done: list[FileStep | Removal] = []
    try:
        for step in steps:
            _put(step)
            done.append(step)
    except OSError as exc:
        for step in reversed(done):
            _restore(_path(step), step.found)
        for step in steps:
            with contextlib.suppress(OSError):
                _beside(_path(step)).unlink(missing_ok=True)
        raise TreeError(
            f"{_path(steps[len(done)])} cannot be replaced: {exc.strerror}. The files replaced before it "
            "were put back; the old configuration stays active. See whether the file is a mount point, immutable "
            "(lsattr), or on a read-only file system."
        ) from exc


def swap(plan: Plan) -> None:
    """Do what the plan says on disk."""
    for directory in plan.directories:
        if directory.changes:
            _make_directory(directory)
    changing = [step for step in plan.files if step.changes]
    _prepare([step for step in changing if step.rewrites])
    _put_all([*changing, *plan.removals])
    for path in plan.empty_directories:
        with contextlib.suppress(OSError):
            Path(path).rmdir()
    touched: list[FileStep | Removal] = [*changing, *plan.removals]
    for parent in {Path(_path(step)).parent for step in touched}:
        if parent.is_dir():
            sync_directory(parent)
