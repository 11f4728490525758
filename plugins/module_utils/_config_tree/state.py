# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree owned at the last run, and what its unit last loaded; kept on the target."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .model import TreeError, TreeSpec

_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Managed:
    """A file that a tree put in place."""

    secret: bool = False
    loaded: bool = True


@dataclass(frozen=True, kw_only=True)
class State:
    """One tree's memory. `loaded` is the digest of what the unit runs with; empty while that is not known."""

    files: Mapping[str, Managed] = field(default_factory=dict)
    directories: frozenset[str] = frozenset()
    loaded: str = ""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the module keeps its own files."""

    state: Path = Path("/var/lib/mailforest/config_tree")
    run: Path = Path("/run/mailforest/config_tree")

    def state_file(self, name: str) -> Path:
        """The memory of the tree `name`."""
        return self.state / f"{name}.json"

    def written_file(self, name: str) -> Path:
        """What the files of the tree `name` were like when they were put in place."""
        return self.state / f"{name}.written"

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one run at a time change the tree `name`; the lock ends with the process."""
        make_private(self.run)
        with (self.run / f"{name}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TreeError(
                    f"Another run is changing the configuration {name!r} right now. This one changed nothing. "
                    "Run again when the other has ended."
                ) from None
            yield


def make_private(directory: Path) -> None:
    """Create `directory` so that only its owner can enter it."""
    directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)


def sync_directory(directory: Path) -> None:
    """Make renames and removals in `directory` survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(raw: Any) -> State:
    return State(
        files={path: Managed(**entry) for path, entry in raw["files"].items()},
        directories=frozenset(raw["directories"]),
        loaded=raw["loaded"],
    )


def load(layout: Layout, name: str) -> State:
    """The tree's memory; an empty one when it was never written."""
    file = layout.state_file(name)
    try:
        return _parse(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return State()
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise TreeError(
            f"{file} cannot be read ({exc}), so it is not known which files the tree {name!r} owned. Nothing was "
            "changed. Remove the file; then remove by hand what you dropped from the configuration since."
        ) from exc


def owned_by_others(layout: Layout, name: str) -> frozenset[str]:
    """Files that other trees own: never removed on behalf of this one."""
    others = (f.stem for f in layout.state.glob("*.json") if f.stem != name)
    return frozenset(path for other in others for path in load(layout, other).files)


def save(layout: Layout, name: str, state: State) -> None:
    """Write the tree's memory whole or not at all, readable by root only."""
    make_private(layout.state)
    document = {
        "version": _VERSION,
        "files": {p: {"secret": m.secret, "loaded": m.loaded} for p, m in sorted(state.files.items())},
        "directories": sorted(state.directories),
        "loaded": state.loaded,
    }
    _replace(layout.state_file(name), json.dumps(document, indent=1))


def _replace(file: Path, text: str) -> None:
    """Put a file in place at once, readable by root only."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(file)
    sync_directory(file.parent)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file as it was put in place."""

    sha256: str
    mode: int


def save_written(layout: Layout, name: str, spec: TreeSpec, *, loaded: str) -> None:
    """Remember what the files are like, so that a change by hand shows. Apart from the memory, which has to stay
    readable for older versions; `loaded` tells whether the last run was of a version that wrote this."""
    files = {f.path: asdict(Written(sha256=hashlib.sha256(f.content).hexdigest(), mode=f.mode)) for f in spec.files}
    text = json.dumps({"loaded": loaded, "files": dict(sorted(files.items()))}, indent=1)
    file = layout.written_file(name)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        make_private(layout.state)
        _replace(file, text)


def load_written(layout: Layout, name: str) -> dict[str, Written]:
    """Path to what was put there; nothing where that is not known."""
    try:
        raw = json.loads(layout.written_file(name).read_text(encoding="utf-8"))
        known = raw["loaded"] == load(layout, name).loaded
        return {path: Written(**entry) for path, entry in raw["files"].items()} if known else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _fingerprint(path: Path) -> str:
    if path.is_dir():
        return "".join(f"{f.name}={_fingerprint(f)};" for f in sorted(path.iterdir()))
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "absent"


def digest(spec: TreeSpec) -> str:
    """What the unit loads, in one value: the declared content and the watched files as they are now."""
    parts = [f"{f.path}\0{hashlib.sha256(f.content).hexdigest()}" for f in spec.files if f.loaded]
    parts += [f"{path}\0{_fingerprint(Path(path))}" for path in spec.watch]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
