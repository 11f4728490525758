# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functional levels of the domain and the forest: raised, never lowered. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

LEVELS = {"2008_R2": 4, "2012": 5, "2012_R2": 6, "2016": 7}
"""As the directory keeps them ([MS-ADTS] 6.1.4.2)."""
_SCHEMAS = {"2008_R2": 47, "2012": 56, "2012_R2": 69, "2016": 87}
"""The objectVersion that a level's schema has at least."""
_NAMES = {0: "2000", 1: "2003 interim", 2: "2003", 3: "2008"} | {number: name for name, number in LEVELS.items()}
_TEXT: dict[str, Any] = {"type": "str"}
LEVEL_ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        "domain": {**_TEXT, "choices": list(LEVELS)},
        "forest": {**_TEXT, "choices": list(LEVELS)},
        "confirm": _TEXT,
        "backup_directory": {"type": "path"},
    },
    "supports_check_mode": True,
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the directory has, as numbers."""

    domain: int
    forest: int
    controllers: Mapping[str, int]
    """Short name to the level that the controller offers."""
    schema: int
    preparers: frozenset[str]
    """Who may prepare the directory: the owners of the roles schema and infrastructure."""


class Levels(Protocol):
    """The directory of this controller. Errors are `ResourceError`."""

    own: str
    dns_domain: str

    def read(self) -> Found:
        """The levels now."""

    def unprepared(self, level: int) -> bool:
        """Whether objects or rights of the level are missing."""

    def prepare(self, level: int) -> None:
        """Add them."""

    def raise_domain(self, level: int) -> None:
        """Write the domain's level."""

    def raise_forest(self, level: int) -> None:
        """Write the forest's level."""


def name(level: int) -> str:
    """The usual name of a level."""
    return _NAMES.get(level, str(level))


class LevelResource:
    """The resource of the module `functional_level`."""

    batch = 1

    def __init__(
        self,
        levels: Levels,
        *,
        domain: str | None,
        forest: str | None,
        confirm: str | None,
        back_up: Callable[[], str],
    ) -> None:
        """Nothing is read yet; `back_up` makes a backup and returns its path."""
        self._levels = levels
        self._wanted = {"domain": domain, "forest": forest}
        self._confirm = confirm
        self._back_up = back_up
        self._backup: str | None = None

    def current(self) -> State:
        """The two levels."""
        found = self._levels.read()
        return {"domain": name(found.domain), "forest": name(found.forest)}

    def desired(self, before: State) -> State:
        """As wanted; what is not named stays."""
        return {key: self._wanted[key] or before[key] for key in before}

    def plan(self, before: State, after: State) -> list[Step]:
        """A backup, preparations where they are missing, the domain, and then the forest."""
        found = self._levels.read()
        now = {"domain": found.domain, "forest": found.forest}
        new = {key: LEVELS[wanted] if (wanted := self._wanted[key]) else now[key] for key in now}
        if new == now:
            return []
        highest = max(new[key] for key in new if new[key] != now[key])
        prepare = self._levels.unprepared(highest)
        self._refuse(found, now, new, prepare=prepare)
        steps = [Step(verb="back_up", target=self._levels.dns_domain)]
        if prepare:
            steps.append(Step(verb="prepare", target=self._levels.dns_domain, payload=highest))
        for key, level in new.items():
            if level != now[key]:
                change = {"from": before[key], "to": after[key]}
                steps.append(Step(verb=f"raise_{key}", target=self._levels.dns_domain, change=change, payload=level))
        return steps

    def _refuse(self, found: Found, now: Mapping[str, int], new: Mapping[str, int], *, prepare: bool) -> None:
        faults = [
            f"the level of the {key} is {name(now[key])} and cannot be lowered to {name(new[key])}; only a backup from"
            " before it was raised leads back"
            for key in new
            if new[key] < now[key]
        ]
        if new["forest"] > new["domain"]:
            faults.append(
                f"the forest's level {name(new['forest'])} would be above the domain's, {name(new['domain'])}; raise"
                " `domain` as well"
            )
        top = max(new.values())
        below = [f"{host} offers {name(level)}" for host, level in sorted(found.controllers.items()) if level < top]
        if below:
            faults.append(
                f"{', '.join(below)}, and would not start again in a domain of level {name(top)}; set 'ad dc functional"
                f" level = {name(top)}' there (role samba_dc, option samba_dc_functional_level) and restart it, which"
                " needs Debian 13; the Samba of Debian 12 offers 2008_R2 and never more, so demote such a controller or"
                " join it anew on Debian 13"
            )
        need = _SCHEMAS[name(top)]
        if found.schema < need:
            faults.append(
                f"the schema has version {found.schema}, and level {name(top)} needs {need}; upgrade it on the owner of"
                " the role schema with 'samba-tool domain schemaupgrade --schema=2019'"
            )
        if prepare and found.preparers != {self._levels.own}:
            owners = ", ".join(sorted(found.preparers)) or "nobody"
            faults.append(
                "objects of the new level are missing, which are added on the owner of the roles schema and"
                f" infrastructure ({owners}); give both to one controller and run this there"
            )
        faults = faults or self._unconfirmed()
        if faults:
            raise ResourceError(
                f"Nothing was changed: {'; '.join(faults)}.",
                faults=faults,
                controllers={host: name(level) for host, level in found.controllers.items()},
            )

    def _unconfirmed(self) -> list[str]:
        if (self._confirm or "").lower() == self._levels.dns_domain.lower():
            return []
        given = f"is '{self._confirm}'" if self._confirm else "is not given"
        return [
            f"raising a level can never be undone, and `confirm` {given}; give the domain's name,"
            f" {self._levels.dns_domain}, to go on"
        ]

    def transaction(self) -> AbstractContextManager[object]:
        """None here: the backup must not run inside one."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """One step; each writes in a transaction of its own."""
        if step.verb == "back_up":
            self._backup = self._back_up()
        elif step.verb == "prepare":
            self._levels.prepare(step.payload)
        elif step.verb == "raise_domain":
            self._levels.raise_domain(step.payload)
        else:
            self._levels.raise_forest(step.payload)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The levels now, what every controller offers, and where the backup is."""
        found = self._levels.read()
        return {
            "levels": {"domain": name(found.domain), "forest": name(found.forest)},
            "controllers": {host: name(level) for host, level in sorted(found.controllers.items())},
            "backup": self._backup,
        }
