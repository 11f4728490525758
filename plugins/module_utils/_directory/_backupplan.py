# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup is, what its manifest tells, and which backups stay. Pure; private to this collection."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

FORMAT = 1
KINDS = ("offline", "online")
ARCHIVE, ENCRYPTED, MANIFEST = ".tar.bz2", ".age", ".json"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")
DIRECTORY = "/var/backups/mailforest/directory"
_STAMP = "%Y%m%dT%H%M%SZ"
_AGE_KEY = re.compile(r"age1[02-9ac-hj-np-z]{58}\Z")
_SSH_KEY = re.compile(r"ssh-(ed25519|rsa) [A-Za-z0-9+/]{60,}={0,2}( \S.*)?\Z")
_SAMBAS_OWN = ("/var/lib/samba", "/etc/samba", "/var/cache/samba", "/run")
"""Samba's offline backup takes its own directories whole: what lies below them would be part of the next backup."""


@dataclass(frozen=True, kw_only=True)
class Controller:
    """A domain controller, as the directory and its DNS zone know it."""

    name: str
    site: str
    dns_name: str = ""
    addresses: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in an archive, as read from the copy itself."""

    domain: str
    netbios_name: str
    sid: str
    server: str
    samba_version: str
    functional_levels: Mapping[str, int]
    roles: Mapping[str, str | None]
    controllers: Sequence[Controller]
    objects: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Lies beside the archive and is written last: an archive without one is no backup. Holds no secret."""

    name: str
    file: str
    size: int
    sha256: str
    created: str
    kind: str
    label: str
    recipients: Sequence[str]
    contents: Contents
    format: int = field(default=FORMAT)

    @property
    def time(self) -> datetime:
        """When it was made."""
        return datetime.strptime(self.created, _STAMP).replace(tzinfo=UTC)

    @property
    def encrypted(self) -> bool:
        """Whether it can be read with a recipient's key only."""
        return bool(self.recipients)

    def text(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True, kw_only=True)
class Keep:
    """How many stay: the newest, then the newest of each day, week and month; those with a label for some days."""

    last: int = 3
    daily: int = 7
    weekly: int = 5
    monthly: int = 12
    labelled_days: int = 90


def stamp(moment: datetime) -> str:
    """The moment as names and manifests carry it."""
    return moment.astimezone(UTC).strftime(_STAMP)


def name_of(*, domain: str, server: str, created: str, label: str) -> str:
    """The name without suffix; sorts by time within a server."""
    return "_".join(part for part in (domain, server, created, label) if part)


def manifest_of(text: str) -> Manifest:
    """Read a manifest; ValueError says what is wrong with it."""
    values = json.loads(text)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    try:
        contents = dict(values.pop("contents"))
        controllers = [Controller(**controller) for controller in contents.pop("controllers")]
        manifest = Manifest(contents=Contents(controllers=controllers, **contents), **values)
        manifest.time.isoformat()  # it is read when asked for
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"it is not complete ({exc})") from exc
    if PurePosixPath(manifest.file).name != manifest.file or not manifest.file.startswith(manifest.name):
        raise ValueError(f"it names {manifest.file!r}, which is no file beside it")
    return manifest


def staying(manifests: Iterable[Manifest], keep: Keep, now: datetime) -> set[str]:
    """The names of those that stay. The newest one always does, whatever `keep` says."""
    ordered = sorted(manifests, key=lambda one: one.time, reverse=True)
    plain = [one for one in ordered if not one.label]
    stay = {one.name for one in ordered[:1]}
    stay |= {one.name for one in ordered if one.label and now - one.time <= timedelta(days=keep.labelled_days)}
    stay |= {one.name for one in plain[: keep.last]}
    for count, period in _periods(keep):
        stay |= _newest_of_each(plain, count, period)
    return stay


def _periods(keep: Keep) -> list[tuple[int, Callable[[datetime], tuple[int, ...]]]]:
    return [
        (keep.daily, lambda moment: (moment.year, moment.month, moment.day)),
        (keep.weekly, lambda moment: tuple(moment.isocalendar()[:2])),
        (keep.monthly, lambda moment: (moment.year, moment.month)),
    ]


def _newest_of_each(ordered: Sequence[Manifest], count: int, period: Callable[[datetime], tuple[int, ...]]) -> set[str]:
    newest: dict[tuple[int, ...], str] = {}
    for one in ordered:
        if len(newest) == count and period(one.time) not in newest:
            break
        newest.setdefault(period(one.time), one.name)
    return set(newest.values())


def faults(*, directory: str, recipients: Sequence[str], label: str, keep: Keep) -> list[str]:
    """Everything that is wrong with the options, each with its reason."""
    found = [f"recipients: '{key}' {fault}" for key in recipients if (fault := recipient_fault(key))]
    if not directory.startswith("/"):
        found.append(f"directory: '{directory}' is no absolute path")
    own = [top for top in _SAMBAS_OWN if PurePosixPath(directory).is_relative_to(top)]
    if own:
        found.append(f"directory: '{directory}' is below {own[0]}, so each backup would hold those before it")
    if label and not LABEL.match(label):
        found.append(f"label: '{label}' is not made of small letters, digits and inner hyphens (at most 32)")
    found += [f"keep.{name}: {count} is negative" for name, count in asdict(keep).items() if count < 0]
    return found


def recipient_fault(key: str) -> str | None:
    """Why `key` is no public key that age encrypts to, or None."""
    if key.startswith("AGE-SECRET-KEY-"):
        return "is a private key, and is lost as such now; make another and give its public half"
    if _AGE_KEY.match(key) or _SSH_KEY.match(key):
        return None
    return "is neither a public key of age (age1...) nor one of SSH (ssh-ed25519 or ssh-rsa)"


def age_hours(manifest: Manifest, now: datetime) -> float:
    """How old it is; a clock that was set back makes none negative."""
    return max(round((now - manifest.time).total_seconds() / 3600, 2), 0.0)
