# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of group policies: directories with what the object says, and the files. Private to this collection."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _gpo
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import Backup, Files, Gpo, Policies
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

_FORMAT = 1
_TOLD = "policy.json"
_FILES = "files"


class BackupResource:
    """The resource of the module `gpo_backup`."""

    batch = 1

    def __init__(self, policies: Policies, dest: str, names: Sequence[str] | None) -> None:
        """`names` are display names or GUIDs; None means all."""
        self._policies = policies
        self._dest = Path(dest)
        self._names = names
        self._chosen: dict[str, Gpo] = {}

    def current(self) -> State:
        """The backups that are there, of the policies chosen."""
        known = self._policies.all()
        chosen = known if self._names is None else [self._choose(known, name) for name in self._names]
        self._chosen = {policy.guid: policy for policy in chosen}
        return {guid: told for guid in self._chosen if (told := _told(self._dest / guid))}

    def desired(self, before: State) -> State:
        """The policies as they are."""
        links = {dn: _gpo.parse_links(value, dn) for dn, value in self._policies.containers().items()}
        return {
            guid: {
                "format": _FORMAT,
                **policy.shown,
                "links": _gpo.links_of(self._policies, policy, links),
                "files": _digests(self._policies.files(policy)),
            }
            for guid, policy in self._chosen.items()
        }

    def plan(self, before: State, after: State) -> list[Step]:
        """One step for each policy whose backup differs."""
        return [
            Step(verb="back up", target=self._chosen[guid].name, change={"guid": guid}, payload=(guid, told))
            for guid, told in after.items()
            if before.get(guid) != told
        ]

    def transaction(self) -> AbstractContextManager[object]:
        """Each backup is whole in itself."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Write beside, then put it in place of the one before."""
        guid, told = step.payload
        new, old = self._dest / f".{guid}.new", self._dest / f".{guid}.old"
        self._dest.mkdir(parents=True, mode=0o700, exist_ok=True)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir(mode=0o700)
        for path, content in self._policies.files(self._chosen[guid]).items():
            _write(new / _FILES / path, content)
        _write(new / _TOLD, json.dumps(told, indent=2, sort_keys=True).encode())
        if _read(new).files.keys() != told["files"].keys():
            raise ResourceError(f"{guid} changed while it was backed up. The backup before it stands. Run again.")
        if (self._dest / guid).exists():
            (self._dest / guid).rename(old)
        new.rename(self._dest / guid)
        shutil.rmtree(old, ignore_errors=True)

    def finish(self) -> None:
        """Every step was completed."""

    def result(self) -> Mapping[str, Any]:
        """Where each backup is."""
        return {"backups": {policy.name: str(self._dest / guid) for guid, policy in self._chosen.items()}}

    @staticmethod
    def _choose(known: Sequence[Gpo], name: str) -> Gpo:
        guid = name if name.startswith("{") else None
        found = _gpo.select(known, None if guid else name, guid)
        if found is None:
            raise ResourceError(f"There is no group policy '{name}'. Nothing was backed up. Correct `names`.")
        return found


def read(path: str) -> Backup:
    """A backup whose files are as they were written."""
    return _read(Path(path))


def _read(place: Path) -> Backup:
    told = _told(place)
    if told.get("format") != _FORMAT:
        raise ResourceError(
            f"{place} is no backup of a group policy: {_TOLD} is missing or of another form. Nothing was changed. Name"
            " a directory that mailforest.stack.gpo_backup made."
        )
    strays = sorted(path for path in told["files"] if path.startswith("/") or ".." in path.split("/"))
    if strays:
        raise ResourceError(
            f"{place} names files outside a policy: {', '.join(strays)}. Nothing was changed. Do not use it."
        )
    files = {path: _load(place / _FILES / path) for path in told["files"]}
    damaged = sorted(path for path, digest in _digests(files).items() if digest != told["files"][path])
    if damaged:
        raise ResourceError(
            f"{place} is damaged: {', '.join(damaged)} is not what was backed up. Nothing was changed."
            " Use another backup.",
            damaged=damaged,
        )
    return Backup(files=files, computer_extensions=told["computer_extensions"], user_extensions=told["user_extensions"])


def _told(place: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((place / _TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _load(path: Path) -> bytes:
    """A file's content; nothing when it is not there, which its digest then tells."""
    return path.read_bytes() if path.is_file() else b""


def _digests(files: Files) -> dict[str, str]:
    return {path: hashlib.sha256(text).hexdigest() for path, text in sorted(files.items())}


def _write(path: Path, content: bytes) -> None:
    """Root only: policies may hold secrets."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
