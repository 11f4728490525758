# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, what is found, and what is to be done about it."""

from __future__ import annotations

import base64
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

OnChange = Literal["reload", "restart", "none"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]*")
_MODE = re.compile(r"0?[0-7]{3,4}")
# Directories that belong to the system: their owner and mode are nobody's configuration.
_SYSTEM_DIRECTORIES = frozenset(
    {"/", "/etc/apt/apt.conf.d", "/etc/ssl", "/etc/ssl/certs", "/etc/ssl/private", "/etc/sysctl.d"}
)
_SYSTEM_PARENTS = frozenset({"/", "/etc/systemd", "/etc/apt", "/usr", "/var"})


class TreeError(Exception):
    """Something that the user must know: fact, consequence, remedy."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """One declared file with its whole content."""

    path: str
    content: bytes = field(repr=False)
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    secret: bool = False
    loaded: bool = True

    @property
    def hidden(self) -> bool:
        """Whether a difference must not show the content: it is secret, or others cannot read it on the host."""
        return self.secret or not self.mode & stat.S_IROTH


@dataclass(frozen=True, kw_only=True)
class DirectorySpec:
    """One declared directory; what is None stays as it is, or becomes root's 0755 when the directory is new."""

    path: str
    owner: str | None = None
    group: str | None = None
    mode: int | None = None


@dataclass(frozen=True, kw_only=True)
class TreeSpec:
    """One daemon's configuration."""

    name: str
    files: tuple[FileSpec, ...]
    directories: tuple[DirectorySpec, ...] = ()
    stage: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    validate: tuple[tuple[str, ...], ...] = ()
    validate_timeout: float = 60.0
    watch: tuple[str, ...] = ()
    unit: str | None = None
    on_change: OnChange = "reload"

    @property
    def paths(self) -> frozenset[str]:
        """The declared files."""
        return frozenset(f.path for f in self.files)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One step of the plan, as the module returns it."""

    verb: str
    target: str
    detail: str = ""


def _checked_path(value: str, *, option: str) -> str:
    pure = PurePosixPath(value)
    if not pure.is_absolute() or ".." in pure.parts or str(pure) != value or value == "/":
        raise TreeError(
            f"{option}: {value!r} is not a plain absolute path, so it is not clear what it names. "
            "Nothing was changed. Write it from / on, without '..', doubled or trailing slashes."
        )
    return value


def _checked_mode(value: str | None, *, path: str) -> int | None:
    if value is None:
        return None
    if not _MODE.fullmatch(value):
        raise TreeError(
            f'The mode {value!r} of {path} is not octal. Nothing was changed. Write it as a string such as "0640".'
        )
    return int(value, 8)


def _file(raw: Mapping[str, Any], contents: Mapping[str, str]) -> FileSpec:
    path = _checked_path(raw["path"], option="files")
    if path not in contents:
        raise TreeError(f"No content was given for {path}. Nothing was changed. Give a template or a content for it.")
    mode = _checked_mode(raw.get("mode"), path=path)
    return FileSpec(
        path=path,
        content=base64.b64decode(contents[path]),
        owner=raw.get("owner") or "root",
        group=raw.get("group") or "root",
        mode=0o644 if mode is None else mode,
        secret=bool(raw.get("secret")),
        loaded=raw.get("loaded") is not False,
    )


def _directory(raw: Mapping[str, Any]) -> DirectorySpec:
    path = _checked_path(raw["path"], option="directories")
    if path in _SYSTEM_DIRECTORIES | _SYSTEM_PARENTS or str(Path(path).parent) in _SYSTEM_PARENTS:
        raise TreeError(
            f"{path} belongs to the system; no daemon's configuration may set its owner or mode. Nothing was changed. "
            "Remove it from `directories`."
        )
    return DirectorySpec(
        path=path, owner=raw.get("owner"), group=raw.get("group"), mode=_checked_mode(raw.get("mode"), path=path)
    )


def _paths(params: Mapping[str, Any], option: str) -> tuple[str, ...]:
    return tuple(_checked_path(p, option=option) for p in params.get(option) or ())


def _refuse_contradictions(spec: TreeSpec) -> None:
    seen: set[str] = set()
    for path in [f.path for f in spec.files] + [d.path for d in spec.directories]:
        if path in seen:
            raise TreeError(f"{path} is declared twice. Nothing was changed. Declare each path once.")
        seen.add(path)
    for path in spec.absent:
        if path in seen:
            raise TreeError(f"{path} is declared and in `absent`. Nothing was changed. Remove it from one of the two.")
    for path in spec.paths:
        parent = next((str(p) for p in Path(path).parents if str(p) in spec.paths), None)
        if parent:
            raise TreeError(
                f"{path} would lie in {parent}, which is declared as a file. Nothing was changed. Correct the paths."
            )


def tree_spec(params: Mapping[str, Any]) -> TreeSpec:
    """The tree from the module's options, or a TreeError that says what is wrong with them."""
    name = params["name"]
    if not _NAME.fullmatch(name):
        raise TreeError(
            f"The name {name!r} cannot be used as a file name. Nothing was changed. Use a-z, 0-9 and . _ - @."
        )
    validate: Sequence[Sequence[str]] = params.get("validate") or ()
    if any(not argv for argv in validate):
        raise TreeError(
            "An entry of `validate` is empty. Nothing was changed. Give a command and its arguments as a list."
        )
    contents = params.get("contents") or {}
    spec = TreeSpec(
        name=name,
        files=tuple(_file(raw, contents) for raw in params.get("files") or ()),
        directories=tuple(_directory(raw) for raw in params.get("directories") or ()),
        stage=_paths(params, "stage"),
        exclusive=_paths(params, "exclusive"),
        absent=_paths(params, "absent"),
        validate=tuple(tuple(argv) for argv in validate),
        validate_timeout=float(params.get("validate_timeout") or 60.0),
        watch=_paths(params, "watch"),
        unit=params.get("unit"),
        on_change=params.get("on_change") or "reload",
    )
    _refuse_contradictions(spec)
    return spec
