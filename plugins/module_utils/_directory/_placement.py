# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the FSMO roles are to be when they are placed by themselves: once placed, they stay. Private.

A note in the directory says that they were placed. Without it, a forest whose roles are all on one controller is as its
making left it (AD-26), and any other was placed by somebody, whose work is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES, Roles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Store, encode
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

FOLDER = "mailforest.stack"
NOTE = "FSMO roles"
_TEXT = "The FSMO roles were placed by mailforest.stack. While this object is here, it moves none that breaks no rule."
_STAYS = "It stays where it was placed: no rule is broken."
PLACEMENT_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "roles": {
        "type": "dict",
        "required": True,
        "options": {
            role: {
                "type": "dict",
                "options": {
                    "owner": {"type": "str", "required": True},
                    "reason": {"type": "str", "default": ""},
                    "unfit": {"type": "dict", "default": {}},
                },
            }
            for role in ROLES
        },
    },
    "placed": {"type": "bool", "default": False},
}


class PlacementResource:
    """The resource of the module `fsmo_placement`: it decides, and at most writes the note."""

    batch = 1

    def __init__(self, store: Store, roles: Roles, wishes: Mapping[str, Any], *, placed: bool) -> None:
        """Nothing is read yet; `placed` = write the note."""
        self._store = store
        self._roles = roles
        self._wishes = {role: wish for role, wish in wishes.items() if wish}
        self._placed = placed
        self._noted = False
        self._folder = store.child(store.child(store.domain_dn, "CN", "Program Data"), "CN", FOLDER)
        self._note = store.child(self._folder, "CN", NOTE)

    def current(self) -> State:
        """Whether the note is there."""
        self._noted = self._store.read(self._note, ["objectGUID"]) is not None
        return {"placed": self._noted}

    def desired(self, before: State) -> State:
        """The note stays for good."""
        return {"placed": before["placed"] or self._placed}

    def plan(self, before: State, after: State) -> list[Step]:
        """The note, and the folder that other notes may have brought already."""
        return [] if before == after else [Step(verb="note", target=self._note)]

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()

    def apply(self, step: Step) -> None:
        """Write the note."""
        if self._store.read(self._folder, ["objectGUID"]) is None:
            self._store.add(self._folder, {"objectClass": (b"top", b"container")})
        values = {"objectClass": (b"top", b"container"), "description": (encode(_TEXT),)}
        self._store.add(step.target, values)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """Where each role is and is to be, and why."""
        owners = self._roles.owners()
        first = not self._noted and len(set(owners.values())) == 1
        rows = [_decided(role, owners[role], wish, first=first) for role, wish in self._wishes.items()]
        self._check(rows)
        return {
            "first": first,
            "roles": {row["role"]: row["wanted"] for row in rows},
            "placements": rows,
            "told": [_told(row) for row in rows],
        }

    def _check(self, rows: list[dict[str, Any]]) -> None:
        controllers = self._roles.controllers()
        missing = sorted({row["wanted"] for row in rows} - set(controllers))
        if missing:
            raise ResourceError(
                f"The roles are to be on {', '.join(missing)}, which the directory does not know as a domain"
                f" controller. Nothing was changed. The controllers are {', '.join(controllers)}. Join it first, or"
                " take it out of the inventory group.",
                controllers=controllers,
            )


def _decided(role: str, owner: str | None, wish: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """The role's present and wanted owner, and why."""
    proposed = wish["owner"].split(".")[0].lower()
    unfit = {name.split(".")[0].lower(): why for name, why in wish["unfit"].items()}
    wanted, reason = proposed, wish["reason"]
    if owner is None:
        reason = f"Its owner is no controller any more. {reason}"
    elif not first and owner in unfit and owner != proposed:
        reason = f"It cannot stay on {owner}, which {unfit[owner]}. {reason}"
    elif not first:
        wanted, reason = owner, _STAYS
    return {"role": role, "owner": owner, "wanted": wanted, "reason": reason.strip()}


def _told(row: Mapping[str, Any]) -> str:
    move = "" if row["owner"] == row["wanted"] else f", now on {row['owner'] or 'nobody'}"
    return f"{row['role']}: {row['wanted']}{move}. {row['reason']}"
