# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how old the newest backup of the directory is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from .problem import Problem

_HOUR = 3600


def newest(directory: Path) -> float | None:
    """When the newest complete one was made; a backup without a manifest is none (see `domain_backup`)."""
    found = []
    for manifest in directory.glob("*.json") if directory.is_dir() else ():
        try:
            row = json.loads(manifest.read_text(encoding="utf-8"))
            made = datetime.fromisoformat(str(row["created"]).replace("Z", "+00:00")).timestamp()
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if (directory / str(row.get("file", ""))).is_file():
            found.append(made)
    return max(found, default=None)


def judge(directory: Path, made: float | None, *, hours: int, now: float) -> Iterator[Problem]:
    """None, or none of late."""
    age = None if made is None else (now - made) / _HOUR
    if age is None or age > hours:
        yield Problem(
            requirement="AD-15",
            subject="backup of the directory",
            expected=f"one that is not older than {hours} hours in {directory}",
            found="none" if age is None else f"the newest is {age:.0f} hours old",
            cause="The timer is stopped, or the backup fails.",
            remedy="systemctl status mailforest-backup.timer and journalctl -u mailforest-backup tell; backup.yml makes"
            " one now.",
        )
