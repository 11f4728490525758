# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are in maintenance, as playbook maintenance_on has every host remember it. Private to this collection."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

DIRECTORY = Path("/var/lib/mailforest/maintenance")
"""A file for each host that is in maintenance, by its inventory name; the playbooks know it by this path too."""
_DAY = 86400


@dataclass(frozen=True)
class Maintenance:
    """A host that was taken out of service."""

    host: str
    reason: str
    days: int

    def shown(self) -> dict[str, object]:
        """What the module returns of it."""
        return asdict(self)


def read(directory: Path = DIRECTORY, *, now: float | None = None) -> list[Maintenance]:
    """What this host remembers. The age is the file's: a file that cannot be read counts too, without a reason."""
    found = []
    for path in sorted(directory.glob("*.json")) if directory.is_dir() else ():
        try:
            reason = str(json.loads(path.read_text(encoding="utf-8"))["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            reason = "no reason given"
        age = (time.time() if now is None else now) - path.stat().st_mtime
        found.append(Maintenance(host=path.stem, reason=reason, days=int(age // _DAY)))
    return found
