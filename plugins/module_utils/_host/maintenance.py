# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are in maintenance, as playbook maintenance_on has all remember it, and which must stay in service.

Private to this collection.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

DIRECTORY = Path("/var/lib/mailforest/maintenance")
"""A file for each host that is in maintenance, by its inventory name; the playbooks that write it know the path too."""
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


@dataclass(frozen=True, kw_only=True)
class Leave:
    """A host that is to be taken out of service, and what the others have of it."""

    host: str
    controllers: Mapping[str, str]
    """Every domain controller of the inventory, with its site."""
    gateways: Sequence[str]
    owners: Mapping[str, str | None]
    """FSMO roles, where the host is a domain controller."""
    out: Sequence[str]
    """Hosts that are in maintenance."""
    alone: bool = False
    """Whether what its office has no other of may go."""
    hand_over: bool = False
    """Whether others may take its roles."""

    @property
    def others(self) -> list[str]:
        """The other domain controllers in service."""
        return [name for name in self.controllers if name != self.host and name not in self.out]

    @property
    def roles(self) -> list[str]:
        """The FSMO roles that it has."""
        return [role for role, owner in self.owners.items() if (owner or "").lower() == self.host.lower()]

    @property
    def refusals(self) -> list[str]:
        """Why it must stay, all at once, each with the remedy; nothing speaks against what was begun."""
        return [] if self.host in self.out else list(self._against())

    def _against(self) -> Iterator[str]:
        if self.host in self.gateways and not self.alone:
            yield (
                f"Without {self.host} its office has no way to the others and the Internet: -e maintenance_alone=true"
                " says that this is known."
            )
        if self.host in self.controllers:
            yield from self._of_controller()

    def _of_controller(self) -> Iterator[str]:
        site, roles = self.controllers[self.host], ", ".join(self.roles)
        if not self.alone and not any(self.controllers[name] == site for name in self.others):
            yield (
                f"No other domain controller of {site} serves, so its users would ask one of another office, or none:"
                " -e maintenance_alone=true says that this is known."
            )
        if roles and not self.others:
            yield f"{self.host} has the roles {roles}, and no other controller could take them. Add one first (dc_add)."
        elif roles and not self.hand_over:
            yield (
                f"{self.host} has the roles {roles}. Hand them over: -e maintenance_hand_over=true, or fsmo_transfer"
                " before."
            )
