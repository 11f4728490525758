# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seven roles that only one domain controller at a time holds. Private to this collection.

No password is needed: five roles are taken by their new owner, and the two of the DNS partitions are given away by
their present owner, each with the system's own rights. So every controller is told the whole map and does its part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

TAKEN = ("schema", "naming", "rid", "pdc", "infrastructure")
GIVEN = ("domaindns", "forestdns")
ROLES = (*TAKEN, *GIVEN)
ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "state": {"type": "str", "choices": ["transferred", "seized"], "default": "transferred"},
    "roles": {"type": "dict", "options": {role: {"type": "str"} for role in ROLES}},
    "wait": {"type": "int", "default": 0},
}
_PAUSE = 1.0


class Roles(Protocol):
    """What the directory of this controller knows of the roles. Errors are `ResourceError`."""

    own: str
    """This controller's short name, in lower case."""

    def controllers(self) -> list[str]:
        """Short names of all domain controllers, in lower case."""

    def owners(self) -> dict[str, str | None]:
        """Each role's owner; None = a controller that is no more, or none."""

    def take(self, role: str) -> None:
        """Ask the owner of one of the five roles for it."""

    def give(self, role: str, owner: str) -> None:
        """Pass one of the DNS partitions' roles on."""


class FsmoResource:
    """The resource of the module `fsmo`."""

    batch = 1

    def __init__(
        self,
        roles: Roles,
        wanted: Mapping[str, str | None],
        *,
        wait: int,
        check_mode: bool,
        replicate: Callable[[], Sequence[str]] = lambda: (),
        publish: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Check the names against the directory's own list of controllers; `replicate` has changes pulled at once.

        `publish` tells clients where the PDC emulator is, once it is here.
        """
        self._roles = roles
        self._wanted = {role: name.split(".")[0].lower() for role, name in wanted.items() if name}
        self._wait = wait
        self._check_mode = check_mode
        self._replicate = replicate
        self._publish = publish
        self._clock = clock
        self._sleep = sleep
        controllers = roles.controllers()
        unknown = {role: name for role, name in self._wanted.items() if name not in controllers}
        if unknown:
            wishes = ", ".join(f"{role}: {name}" for role, name in unknown.items())
            raise ResourceError(
                f"No domain controller has this name: {wishes}. Nothing was changed. The controllers that this"
                f" directory knows are {', '.join(controllers)}. Correct `roles`, or join the controller first.",
                controllers=controllers,
            )

    def current(self) -> State:
        """The owners, as this controller's own database says."""
        return self._roles.owners()

    def desired(self, before: State) -> State:
        """The owners after this controller's part."""
        return {role: self._wanted[role] if self._is_own_part(role, owner) else owner for role, owner in before.items()}

    def _is_own_part(self, role: str, owner: str | None) -> bool:
        wanted = self._wanted.get(role)
        if wanted is None or wanted == owner:
            return False
        return wanted == self._roles.own if role in TAKEN else owner == self._roles.own

    def plan(self, before: State, after: State) -> list[Step]:
        """What this controller takes, and then what it gives."""
        steps = []
        for role in ROLES:
            if before[role] != after[role]:
                change = {"from": before[role], "to": after[role]}
                steps.append(Step(verb="take" if role in TAKEN else "give", target=role, change=change))
        return steps

    def transaction(self) -> AbstractContextManager[object]:
        """None: each transfer is a conversation of two controllers."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Transfer one role."""
        if step.verb == "take":
            self._roles.take(step.target)
            if step.target == "pdc":
                self._publish()
        else:
            self._roles.give(step.target, step.change["to"])

    def finish(self) -> None:
        """Have the parts of the other controllers pulled until they are here, if asked to."""
        deadline = self._clock() + self._wait
        faults: Sequence[str] = ()
        while self._wait and self._pending():
            if self._clock() >= deadline:
                raise self._late(faults)
            faults = self._replicate()
            if self._pending():
                self._sleep(_PAUSE)

    def _late(self, faults: Sequence[str]) -> ResourceError:
        pending = self._pending()
        shown = ", ".join(f"{role}: {found['owner']}, not {found['wanted']}" for role, found in pending.items())
        return ResourceError(
            f"After {self._wait} s the database of {self._roles.own} still has other owners than wanted ({shown})."
            f" {' '.join(dict.fromkeys([*faults, 'Its own part is done.']))} Run this on every controller and check"
            " replication between them; for an owner that is gone for good, its role has to be seized"
            " (playbook fsmo_seize.yml).",
            owners=self._roles.owners(),
            pending=pending,
        )

    def _pending(self) -> dict[str, dict[str, str | None]]:
        owners = self._roles.owners()
        return {
            role: {"owner": owners[role], "wanted": wanted}
            for role, wanted in self._wanted.items()
            if owners[role] != wanted
        }

    def result(self) -> Mapping[str, Any]:
        """The owners now, and what other controllers still have to do."""
        pending = self._pending()
        if self._check_mode:
            owners = self._roles.owners()
            pending = {role: value for role, value in pending.items() if not self._is_own_part(role, owners[role])}
        return {"owners": self._roles.owners(), "pending": pending}
