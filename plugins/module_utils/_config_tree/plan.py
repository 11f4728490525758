# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what is declared with what is there; the plan is the only source of changed, diff and operations."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .model import DirectorySpec, FileSpec, Operation, TreeError, TreeSpec
from .state import Managed, State

Kind = Literal["absent", "file", "link", "directory", "other"]
HIDDEN = "content not shown"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is at a path. A link's content is its target."""

    kind: Kind = "absent"
    content: bytes = b""
    uid: int = 0
    gid: int = 0
    mode: int = 0

    @property
    def private(self) -> bool:
        """Whether others cannot read it on the host, so that a diff must not show it either."""
        return self.kind == "file" and not self.mode & stat.S_IROTH


@dataclass(frozen=True, kw_only=True)
class FileStep:
    """What becomes of one declared file. An id of None is not known yet (check mode, package not installed)."""

    spec: FileSpec
    found: Found
    uid: int | None
    gid: int | None

    @property
    def rewrites(self) -> bool:
        """Whether the content must be written."""
        return self.found.kind != "file" or self.found.content != self.spec.content

    @property
    def permits(self) -> bool:
        """Whether an existing file's owner, group or mode is to change."""
        now = (self.found.uid, self.found.gid, self.found.mode)
        return self.found.kind == "file" and now != (self.uid, self.gid, self.spec.mode)

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return self.rewrites or self.permits


@dataclass(frozen=True, kw_only=True)
class DirectoryStep:
    """What becomes of one directory."""

    path: str
    found: Found
    uid: int | None
    gid: int | None
    mode: int

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        now = (self.found.uid, self.found.gid, self.found.mode)
        return self.found.kind == "absent" or now != (self.uid, self.gid, self.mode)


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A file that is to go."""

    path: str
    found: Found
    secret: bool
    loaded: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is to be done on disk."""

    directories: tuple[DirectoryStep, ...]
    files: tuple[FileStep, ...]
    removals: tuple[Removal, ...]
    empty_directories: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether the disk is to change at all."""
        return bool(self.operations)

    @property
    def concerns_unit(self) -> bool:
        """Whether something changes that the unit loads."""
        return any(s.changes and s.spec.loaded for s in self.files) or any(r.loaded for r in self.removals)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The steps, in the order in which they are done."""
        made = [
            Operation(verb="create directory" if d.found.kind == "absent" else "set permissions", target=d.path)
            for d in self.directories
            if d.changes
        ]
        written = [_file_operation(s) for s in self.files if s.changes]
        removed = [Operation(verb="remove", target=r.path) for r in self.removals]
        emptied = [Operation(verb="remove directory", target=p) for p in self.empty_directories]
        return (*made, *written, *removed, *emptied)


def _file_operation(step: FileStep) -> Operation:
    if not step.rewrites:
        return Operation(verb="set permissions", target=step.spec.path)
    if step.found.kind == "absent":
        return Operation(verb="create", target=step.spec.path)
    detail = "replaces a symbolic link" if step.found.kind == "link" else ""
    return Operation(verb="change", target=step.spec.path, detail=detail)


def _kind(mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISREG(mode):
        return "file"
    return "directory" if stat.S_ISDIR(mode) else "other"


def find(path: str | Path) -> Found:
    """What is at `path`, without following a link there."""
    try:
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    kind, content = _kind(info.st_mode), b""
    if kind == "link":
        content = os.fsencode(Path(path).readlink())
    elif kind == "file":
        content = Path(path).read_bytes()
    mode = stat.S_IMODE(info.st_mode)
    return Found(kind=kind, content=content, uid=info.st_uid, gid=info.st_gid, mode=mode)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The host's users and groups; unknown names pass in check mode only, where packages may still bring them."""

    check_mode: bool

    def uid(self, name: str) -> int | None:
        """The number of the user `name`."""
        if name.isdecimal():
            return int(name)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
        self._unknown("user", name)
        return None

    def gid(self, name: str) -> int | None:
        """The number of the group `name`."""
        if name.isdecimal():
            return int(name)
        with contextlib.suppress(KeyError):
            return grp.getgrnam(name).gr_gid
        self._unknown("group", name)
        return None

    def _unknown(self, kind: str, name: str) -> None:
        if not self.check_mode:
            raise TreeError(
                f"The {kind} {name!r} does not exist on this host, so files cannot be given to it. "
                "Nothing was changed. Install the package that creates it before, or correct the name."
            )


def _file_step(spec: FileSpec, accounts: Accounts) -> FileStep:
    found = find(spec.path)
    if found.kind in ("directory", "other"):
        raise TreeError(
            f"{spec.path} is a {'directory' if found.kind == 'directory' else 'special file'}, not a file. "
            "Nothing was changed. Move it away, or declare another path."
        )
    return FileStep(spec=spec, found=found, uid=accounts.uid(spec.owner), gid=accounts.gid(spec.group))


def _directory_step(spec: DirectorySpec, accounts: Accounts) -> DirectoryStep:
    found = find(Path(spec.path).resolve())
    if found.kind not in ("absent", "directory"):
        raise TreeError(f"{spec.path} is not a directory. Nothing was changed. Move it away, or declare another path.")
    new = found.kind == "absent"
    return DirectoryStep(
        path=spec.path,
        found=found,
        uid=accounts.uid(spec.owner) if spec.owner else (0 if new else found.uid),
        gid=accounts.gid(spec.group) if spec.group else (0 if new else found.gid),
        mode=spec.mode if spec.mode is not None else (0o755 if new else found.mode),
    )


def _directory_specs(spec: TreeSpec) -> list[DirectorySpec]:
    """The declared directories and the missing parents of the declared files, parents first."""
    declared = {d.path: d for d in spec.directories}
    needed = {str(parent) for f in spec.files for parent in Path(f.path).parents}
    needed |= {str(parent) for d in spec.directories for parent in Path(d.path).parents}
    missing = {p: DirectorySpec(path=p) for p in needed if p not in declared and not Path(p).is_dir()}
    return sorted([*declared.values(), *missing.values()], key=lambda d: d.path)


def _superfluous(spec: TreeSpec, state: State, foreign: frozenset[str]) -> Iterator[tuple[str, Managed]]:
    """What is to go: files declared earlier, files in exclusive directories, files declared absent."""
    for path, managed in state.files.items():
        if path not in spec.paths and path not in foreign:
            yield path, managed
    for directory in spec.exclusive:
        for child in sorted(Path(directory).iterdir()) if Path(directory).is_dir() else ():
            if str(child) not in spec.paths and child.is_file():
                yield str(child), Managed()
    for path in spec.absent:
        yield path, Managed()


def _removals(spec: TreeSpec, state: State, foreign: frozenset[str]) -> tuple[Removal, ...]:
    chosen: dict[str, Removal] = {}
    for path, managed in _superfluous(spec, state, foreign):
        found = find(path)
        if path not in chosen and found.kind in ("file", "link"):
            secret = managed.secret or found.private
            chosen[path] = Removal(path=path, found=found, secret=secret, loaded=managed.loaded)
    return tuple(chosen[path] for path in sorted(chosen))


def _emptied(spec: TreeSpec, state: State, removals: tuple[Removal, ...]) -> tuple[str, ...]:
    """Directories that this tree made, that nothing needs any more, and that will be empty; children first."""
    needed = {str(p) for f in spec.files for p in Path(f.path).parents} | {d.path for d in spec.directories}
    needed |= {str(p) for d in needed for p in Path(d).parents}
    gone = {r.path for r in removals}
    for path in sorted(state.directories - needed, reverse=True):
        if Path(path).is_dir() and all(str(child) in gone for child in Path(path).iterdir()):
            gone.add(path)
    return tuple(sorted(gone & state.directories, reverse=True))


def make_plan(spec: TreeSpec, state: State, *, accounts: Accounts, foreign: frozenset[str] = frozenset()) -> Plan:
    """What must be done so that the disk is as declared."""
    removals = _removals(spec, state, foreign)
    return Plan(
        directories=tuple(_directory_step(d, accounts) for d in _directory_specs(spec)),
        files=tuple(_file_step(f, accounts) for f in sorted(spec.files, key=lambda f: f.path)),
        removals=removals,
        empty_directories=_emptied(spec, state, removals),
    )


def _text(found: Found, *, secret: bool) -> str:
    if found.kind == "absent":
        return ""
    if found.kind == "link":
        return f"symbolic link to {os.fsdecode(found.content)}\n"
    if secret:
        return f"old {HIDDEN}\n"
    try:
        return found.content.decode()
    except UnicodeDecodeError:
        return f"binary {HIDDEN}\n"


def _account_name(number: int | None, declared: str, *, group: bool) -> str:
    if number is None:
        return declared
    with contextlib.suppress(KeyError):
        return grp.getgrgid(number).gr_name if group else pwd.getpwuid(number).pw_name
    return str(number)


def _permissions(uid: int | None, gid: int | None, mode: int, *, owner: str = "", group: str = "") -> str:
    user, team = _account_name(uid, owner, group=False), _account_name(gid, group, group=True)
    return f"owner: {user}\ngroup: {team}\nmode: {mode:04o}\n"


def _entry(path: str, before: str, after: str, *, note: str = "") -> dict[str, str]:
    header = f"{path}{note}"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _file_diff(step: FileStep) -> Iterator[Mapping[str, str]]:
    spec, found = step.spec, step.found
    if step.rewrites:
        secret = spec.hidden or found.private
        new = Found(kind="file", content=spec.content)
        after = f"new {HIDDEN}\n" if secret else _text(new, secret=False)
        yield _entry(spec.path, _text(found, secret=secret), after)
    if step.permits:
        before = _permissions(found.uid, found.gid, found.mode)
        after = _permissions(step.uid, step.gid, spec.mode, owner=spec.owner, group=spec.group)
        yield _entry(spec.path, before, after, note=" (permissions)")


def _directory_diff(step: DirectoryStep) -> Mapping[str, str]:
    found = step.found
    before = _permissions(found.uid, found.gid, found.mode) if found.kind != "absent" else ""
    return _entry(f"{step.path}/", before, _permissions(step.uid, step.gid, step.mode, owner="?", group="?"))


def diff(plan: Plan) -> list[Mapping[str, str]]:
    """The plan as Ansible shows differences; never the content of what is secret or private on the host."""
    entries = [_directory_diff(d) for d in plan.directories if d.changes]
    entries += [entry for step in plan.files for entry in _file_diff(step)]
    entries += [_entry(r.path, _text(r.found, secret=r.secret), "") for r in plan.removals]
    return entries
