# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of the directory: made, proven, encrypted, and only then put in place. Private to this collection.

`backup_now` is for whoever is about to do what cannot be undone, on a domain controller as root.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import (
    _backupplan,
    _backupsamba,
    _bindings,
    _sambaprocess,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupfiles import Shelf, free, sha256, used
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import (
    ARCHIVE,
    DIRECTORY,
    ENCRYPTED,
    KINDS,
    Contents,
    Controller,
    Keep,
    Manifest,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, State, Step

CONFIGURATION = "/etc/mailforest/backup.json"
"""What role `backup` writes: the options of the timer, and of backups that other modules ask for."""
KEEP_ARGUMENTS: dict[str, dict[str, Any]] = {
    "last": {"type": "int", "default": 3},
    "daily": {"type": "int", "default": 7},
    "weekly": {"type": "int", "default": 5},
    "monthly": {"type": "int", "default": 12},
    "labelled_days": {"type": "int", "default": 90},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "directory": {"type": "path", "default": DIRECTORY},
    "kind": {"type": "str", "choices": list(KINDS), "default": "offline"},
    "recipients": {"type": "list", "elements": "str", "default": []},
    "label": {"type": "str", "default": ""},
    "max_age": {"type": "int", "default": 24},
    "keep": {"type": "dict", "apply_defaults": True, "options": KEEP_ARGUMENTS},
    "timeout": {"type": "int", "default": 3600},
}
INFO_ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "default": DIRECTORY},
    "max_age": {"type": "int", "default": 26},
    "verify": {"type": "bool", "default": True},
}
_COPIES = 4
"""At the worst moment there are a raw copy, the archive, the unpacked proof and the encrypted archive."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How backups are made."""

    directory: str = DIRECTORY
    kind: str = "offline"
    recipients: Sequence[str] = ()
    keep: Keep = field(default_factory=Keep)
    configuration_file: str = "/etc/samba/smb.conf"
    timeout: int = 3600


def settings_of(params: Mapping[str, Any]) -> Settings:
    """From a module's options, or the timer's configuration."""
    known = {name: params[name] for name in Settings.__dataclass_fields__ if params.get(name) is not None}
    return Settings(**{**known, "keep": Keep(**(params.get("keep") or {}))})


def configured(path: str = CONFIGURATION) -> Settings:
    """As role `backup` has set it up here; the defaults where it has not."""
    file = Path(path)
    return settings_of(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else Settings()


def backup_now(directory: str | None = None, label: str = "", kind: str = "offline", **other: Any) -> str:
    """Make a backup before something that cannot be undone; returns the path of the archive.

    Directory and recipients are those of role `backup` where it has run. Without recipients the archive is as readable
    as the database itself: for root on this host. `other` are further fields of `Settings`.
    """
    settings = replace(configured(), kind=kind, **other)
    if directory:
        settings = replace(settings, directory=directory)
    check(settings, label)
    return str(make(settings, label, now=datetime.now(UTC)).path)


def check(settings: Settings, label: str) -> None:
    """Refuse options that cannot work, all at once."""
    faults = _backupplan.faults(
        directory=settings.directory, recipients=settings.recipients, label=label, keep=settings.keep
    )
    if settings.recipients and shutil.which("age", path=_sambaprocess.PATH) is None:
        raise NotYetKnowable(
            "recipients are given, and the program age is not installed on this host. Nothing was backed up."
            " Install the package age (role backup does)."
        )
    if faults:
        raise ResourceError(f"No backup was made: {'; '.join(faults)}. Correct these options.", faults=faults)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A backup that has just been made."""

    path: Path
    manifest: Manifest


def make(settings: Settings, label: str, *, now: datetime) -> Made:
    """Make one. Nothing is visible before it is whole, proven and safe on disk."""
    shelf = Shelf(settings.directory)
    with shelf.locked() as lock, shelf.workspace() as work:
        _require_space(settings)
        answer = _sambaprocess.call(
            _backupsamba.__name__,
            {
                "what": "The backup",
                "consequence": "No backup was made; those before it stand. See `log`.",
                "configuration_file": settings.configuration_file,
                "kind": settings.kind,
                "directory": str(work),
            },
            temporary=str(work),
            timeout=settings.timeout,
            keep_open=[lock],
        )
        archive, contents = Path(answer["archive"]), _contents(answer["contents"])
        name = _backupplan.name_of(
            domain=contents.domain, server=contents.server, created=_backupplan.stamp(now), label=label
        )
        suffix = ARCHIVE
        if settings.recipients:
            archive, suffix = _encrypted(archive, settings.recipients), ARCHIVE + ENCRYPTED
        manifest = Manifest(
            name=name,
            file=f"{name}{suffix}",
            size=archive.stat().st_size,
            sha256=sha256(archive),
            created=_backupplan.stamp(now),
            kind=settings.kind,
            label=label,
            recipients=list(settings.recipients),
            contents=contents,
        )
        return Made(path=shelf.commit(archive, manifest), manifest=manifest)


def _contents(values: Mapping[str, Any]) -> Contents:
    fields = dict(values)
    return Contents(controllers=[Controller(**one) for one in fields.pop("controllers")], **fields)


def _require_space(settings: Settings) -> None:
    lp = _bindings.load_settings(settings.configuration_file)
    private = Path(str(lp.get("private dir")))
    sysvol = [Path(str(lp.get("path", "sysvol")))] if "sysvol" in lp.services() else []
    needed = used([private]) * _COPIES + used(sysvol) * 2
    for place, bytes_needed in ((Path(settings.directory), needed), (private, used([private]))):
        left = free(place)
        if left < bytes_needed:
            raise ResourceError(
                f"{place} has {left >> 20} MiB left, and a backup may need {bytes_needed >> 20} MiB for its copies"
                " while it is made. No backup was made; those before it stand. Make room, or choose another directory."
            )


def _encrypted(archive: Path, recipients: Sequence[str]) -> Path:
    """To the recipients' public keys; this host could not read the result. The readable one is gone then."""
    target = archive.with_name(f"{archive.name}{ENCRYPTED}")
    words = [word for key in recipients for word in ("--recipient", key)]
    done = subprocess.run(
        ["age", "--encrypt", *words, "--output", str(target), str(archive)],
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
        env={"PATH": _sambaprocess.PATH},
    )
    if done.returncode:
        raise ResourceError(
            f"age did not encrypt the backup: {done.stderr.strip()}. No backup was made; those before it stand. Correct"
            " the recipients."
        )
    archive.unlink()
    return target


class Place(Protocol):
    """Where backups lie and are made. Errors are `ResourceError`."""

    def complete(self) -> list[Manifest]:
        """All complete backups, oldest first."""

    def make(self, label: str) -> Manifest:
        """Make one."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove these."""


class LocalPlace:
    """This host."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._shelf = Shelf(settings.directory)

    def complete(self) -> list[Manifest]:
        """Read the manifests; what is broken is told by `domain_backup_info`."""
        return self._shelf.listing().complete

    def make(self, label: str) -> Manifest:
        """Make one now."""
        return make(self._settings, label, now=datetime.now(UTC)).manifest

    def remove(self, names: Sequence[str]) -> None:
        """Under the lock, as another run may be counting them."""
        with self._shelf.locked():
            for manifest in self.complete():
                if manifest.name in names:
                    self._shelf.remove(manifest)


class BackupResource:
    """The resource of the module `domain_backup`."""

    batch = 1

    def __init__(
        self,
        place: Place,
        settings: Settings,
        *,
        label: str,
        max_age: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Check the options before anything is read."""
        check(settings, label)
        self._place, self._settings = place, settings
        self._label, self._max_age = label, max_age
        self._now = now()
        self._made: Manifest | None = None
        self._known: list[Manifest] = []

    def current(self) -> State:
        """The newest backup with this label, of this kind and for these recipients."""
        self._known = self._place.complete()
        newest = self._newest()
        return {"backups": [one.name for one in self._known], "fresh": bool(newest and self._is_fresh(newest))}

    def _newest(self) -> Manifest | None:
        alike = [one for one in self._known if one.label == self._label and self._is_as_wanted(one)]
        return alike[-1] if alike else None

    def _is_as_wanted(self, manifest: Manifest) -> bool:
        return manifest.kind == self._settings.kind and set(manifest.recipients) == set(self._settings.recipients)

    def _is_fresh(self, manifest: Manifest) -> bool:
        return self._max_age > 0 and _backupplan.age_hours(manifest, self._now) < self._max_age

    def desired(self, before: State) -> State:
        """A fresh one, and none that retention lets go."""
        names = [name for name in before["backups"] if name not in self._leaving(before)]
        return {"backups": names if before["fresh"] else [*names, _NEW], "fresh": True}

    def _leaving(self, before: State) -> list[str]:
        keep = self._settings.keep
        if not before["fresh"] and not self._label and keep.last:
            keep = replace(keep, last=keep.last - 1)  # the new one is the first of them
        stay = _backupplan.staying(self._known, keep, self._now)
        return [one.name for one in self._known if one.name not in stay]

    def plan(self, before: State, after: State) -> list[Step]:
        """Make one, then remove those that are not to stay."""
        steps = []
        if not before["fresh"]:
            change = {"kind": self._settings.kind, "label": self._label, "encrypted": bool(self._settings.recipients)}
            steps.append(Step(verb="back_up", target=self._settings.directory, change=change))
        gone = [name for name in before["backups"] if name not in after["backups"]]
        return steps + [Step(verb="remove", target=name) for name in gone]

    def transaction(self) -> AbstractContextManager[object]:
        """Each step is one by itself."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Make or remove."""
        if step.verb == "back_up":
            self._made = self._place.make(self._label)
        else:
            self._place.remove([step.target])

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The newest backup."""
        newest = self._made or self._newest()
        return {"backup": shown(newest, self._settings.directory, self._now) if newest else {}}


_NEW = "(one made now)"


def shown(manifest: Manifest, directory: str, now: datetime) -> dict[str, Any]:
    """What a result tells of a backup."""
    told: dict[str, Any] = json.loads(manifest.text())
    contents = told.pop("contents")
    return {
        **told,
        **contents,
        "path": str(Path(directory) / manifest.file),
        "encrypted": manifest.encrypted,
        "age_hours": _backupplan.age_hours(manifest, now),
    }


def info(params: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
    """What the module `domain_backup_info` returns."""
    moment = now or datetime.now(UTC)
    shelf = Shelf(params["directory"])
    listing = shelf.listing()
    backups = [shown(one, params["directory"], moment) for one in listing.complete]
    broken = dict(listing.broken)
    if params["verify"]:
        for manifest, told in zip(listing.complete, backups, strict=True):
            told["intact"] = shelf.is_intact(manifest)
            if not told["intact"]:
                broken[manifest.file] = "it is not what was written: its SHA-256 differs from the manifest's"
    good = [told for told in backups if told.get("intact", True)]
    newest = good[-1] if good else None
    return {
        "directory": params["directory"],
        "backups": backups,
        "newest": newest,
        "fresh": newest is not None and newest["age_hours"] <= params["max_age"],
        "findings": _findings(params, newest, broken),
    }


def _findings(params: Mapping[str, Any], newest: Mapping[str, Any] | None, broken: Mapping[str, str]) -> list[str]:
    place = params["directory"]
    remedy = "It cannot be restored. Remove it when you know why."
    found = [f"{place}/{file}: {why}. {remedy}" for file, why in broken.items()]
    if newest is None:
        found.append(f"There is no good backup in {place}. Make one (module domain_backup, playbook backup).")
    elif newest["age_hours"] > params["max_age"]:
        found.append(
            f"The newest good backup in {place} is {newest['age_hours']:.0f} hours old, more than {params['max_age']}."
            " See the log of mailforest-backup.service."
        )
    if newest is not None and not newest["encrypted"]:
        found.append(f"{newest['path']} is not encrypted. Give backup_recipients a public key.")
    return found
