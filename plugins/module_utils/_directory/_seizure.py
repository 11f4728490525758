# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking the roles of a controller that is gone for good. Private to this collection.

Nothing brings back what a seizure takes, so it wants proof: the name twice, silence on every protocol from several
places, a backup. It is written into the directory, and every other controller has it, before anything else changes;
by that record the dead one is kept from starting should it come back (`_gate`), and its address is fenced.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES, TAKEN
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "dead_controller": {"type": "str"},
    "confirm": {"type": "str"},
    "dead_addresses": {"type": "list", "elements": "str", "default": []},
    "observations": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "host": {"type": "str", "required": True},
            "results": {"type": "list", "elements": "dict", "required": True},
        },
    },
    "lone_vantage_point": {"type": "bool", "default": False},
    "backup_directory": {"type": "path"},
    "absent_controllers": {"type": "list", "elements": "str", "default": []},
    "announce_wait": {"type": "int", "default": 120},
}
PORTS = {22: "ssh", 53: "dns", 88: "kerberos", 135: "rpc", 389: "ldap", 445: "smb", 636: "ldaps", 3268: "catalog"}
"""What a domain controller answers on; ssh shows that the machine is on."""
_ALIVE = frozenset({"open", "refused", "wrong-protocol", "wrong-tls", "bad-certificate"})
"""Verdicts that only something alive at the address gives."""
_LOOKED = _ALIVE | {"filtered", "unreachable"}
_ENOUGH = 3
"""Ports of the dead one that an observation has looked at."""


@dataclass(frozen=True, kw_only=True)
class Victim:
    """A controller as the directory has it."""

    name: str
    fqdn: str
    settings_guid: str
    invocation_id: str
    addresses: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """A seizure as the directory has it; open until another controller has taken the name."""

    name: str
    fqdn: str
    settings_guid: str
    invocation_id: str
    addresses: Sequence[str]
    by: str
    when: str
    open: bool

    def shown(self) -> dict[str, Any]:
        """What modules return of it."""
        return {**vars(self), "addresses": list(self.addresses)}


class Directory(Protocol):
    """What the survivor's directory knows, and what is done to it. Errors are `ResourceError`."""

    own: str

    def controllers(self) -> list[str]:
        """Short names of all domain controllers."""

    def owners(self) -> dict[str, str | None]:
        """Each role's owner."""

    def victim(self, name: str) -> Victim | None:
        """The controller of this name."""

    def left_over(self, name: str) -> bool:
        """Whether there is still a server object of this name."""

    def records(self) -> list[Record]:
        """All seizures."""

    def record(self, victim: Victim, when: str) -> None:
        """Write a seizure down."""

    def announce(self, name: str, *, wait: int) -> None:
        """Have another controller get all that was written here; an error when it has not in time."""

    def take(self, role: str) -> None:
        """Ask the owner for a role."""

    def seize(self, role: str) -> None:
        """Take a role without asking."""

    def remove(self, name: str) -> None:
        """Remove a controller, with all that refers to it."""

    def spread(self) -> None:
        """Have the others pull; who does not is told by their own confirmation."""


Look = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
"""Probes `PORTS` of these addresses from here; results as `reachable` returns them."""


class SeizeResource:
    """The resource of the module `fsmo` with `state: seized`."""

    batch = 1

    def __init__(
        self,
        directory: Directory,
        options: Mapping[str, Any],
        *,
        look: Look,
        back_up: Callable[[], str],
        publish: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Check the names; nothing else is looked at before it is known that there is something to do."""
        self._directory = directory
        self._options = options
        self._look = look
        self._back_up = back_up
        self._backup = ""
        self._publish = publish
        self._now = now
        self._name = _short(options["dead_controller"] or "")
        self._absent = sorted({_short(name) for name in options["absent_controllers"]})
        self._vantage_points: list[str] = []
        if not self._name or _short(options["confirm"] or "") != self._name:
            raise ResourceError(
                f"dead_controller is '{self._name}' and confirm is '{options['confirm'] or ''}'. Nothing was changed."
                " A seizure cannot be undone: the controller is removed from the directory and must never start again"
                " as it is. Give its name in both options."
            )
        if self._name == directory.own:
            raise ResourceError(
                f"{self._name} is this controller itself. Nothing was changed. Run this on the controller that is to"
                " have the roles."
            )
        self._victim = directory.victim(self._name)
        self._record = self._known()
        self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        known = self._directory.controllers()
        unknown = [name for name in self._absent if name not in known]
        if unknown or (not self._victim and not self._record):
            names = ", ".join(unknown or [self._name])
            raise ResourceError(
                f"No domain controller has this name: {names}. Nothing was changed. The controllers that this"
                f" directory knows are {', '.join(known)}. Correct the name.",
                controllers=known,
            )

    def _known(self) -> Record | None:
        """The record of this seizure, when there is one from an earlier run."""
        for record in self._directory.records():
            if self._victim and record.settings_guid == self._victim.settings_guid:
                return record
            if not self._victim and record.name == self._name and record.open:
                return record
        return None

    def _others(self) -> list[str]:
        """The living controllers that have to learn of it."""
        return [
            name
            for name in self._directory.controllers()
            if name not in (self._directory.own, self._name, *self._absent)
        ]

    def current(self) -> State:
        """The owners, the controllers, and whether the seizure is on record."""
        directory = self._directory
        recorded = self._record is not None
        return {"owners": directory.owners(), "controllers": directory.controllers(), "recorded": recorded}

    def desired(self, before: State) -> State:
        """Without the dead one."""
        own = self._directory.own
        return {
            "owners": {role: own if owner == self._name else owner for role, owner in before["owners"].items()},
            "controllers": [name for name in before["controllers"] if name != self._name],
            "recorded": True,
        }

    def plan(self, before: State, after: State) -> list[Step]:
        """Only what is proven harmless is planned; an interrupted run is taken up where it ended."""
        if not self._victim and not self._directory.left_over(self._name):
            return []
        self._prove_dead()
        held = [role for role in ROLES if before["owners"][role] != after["owners"][role]]
        steps = [Step(verb="back_up", target=self._directory.own)]
        asked = next((role for role in held if role in TAKEN), None)
        if asked and not self._record:
            steps.append(Step(verb="try_transfer", target=asked, change={"from": self._name}))
        if self._victim and not self._record:
            identity = {"settings_guid": self._victim.settings_guid, "invocation_id": self._victim.invocation_id}
            steps.append(Step(verb="record", target=self._name, change=identity))
        steps += [Step(verb="announce", target=name, change={"seizure": self._name}) for name in self._others()]
        change = {"from": self._name, "to": self._directory.own}
        steps += [Step(verb="seize", target=role, change=change) for role in held]
        return [*steps, Step(verb="remove", target=self._name)]

    def _prove_dead(self) -> None:
        addresses = self._addresses()
        if not addresses:
            raise ResourceError(
                f"No address of {self._name} is known, so it cannot be proven that it is silent. Nothing was changed."
                " Give it in dead_addresses."
            )
        seen = {self._directory.own: answers(self._look(addresses), addresses)}
        for observation in self._options["observations"]:
            results = observation["results"]
            if is_vantage_point(results, addresses):
                found = seen.setdefault(_short(observation["host"]), [])
                found += [answer for answer in answers(results, addresses) if answer not in found]
        self._vantage_points = sorted(seen)
        alive = {host: found for host, found in seen.items() if found}
        if alive:
            told = "; ".join(f"from {host}: {', '.join(found)}" for host, found in alive.items())
            raise ResourceError(
                f"{self._name} answers ({told}). Nothing was changed: roles are not seized from a machine that is on."
                " If its directory works, use state=transferred. If it does not, switch the machine off first, for"
                " good.",
                answers=alive,
            )
        if len(seen) == 1 and not self._options["lone_vantage_point"]:
            raise ResourceError(
                f"Only {self._directory.own} has looked for {self._name}. Nothing was changed: from one place a broken"
                " network looks like a dead host. Give `observations` of at least one other host, each of which also"
                f" reached somebody else (playbook fsmo_seize.yml does), or, if {self._directory.own} is the only host"
                " that is left, lone_vantage_point=true.",
                vantage_points=self._vantage_points,
            )

    def _addresses(self) -> list[str]:
        found = [*self._options["dead_addresses"], *(self._victim.addresses if self._victim else ())]
        found += self._record.addresses if self._record else ()
        return sorted(set(found))

    def transaction(self) -> AbstractContextManager[object]:
        """None: every step stands for itself, and is found done by the next run."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        directory = self._directory
        if step.verb == "back_up":
            self._backup = self._back_up()
        elif step.verb == "try_transfer":
            self._try_transfer(step.target)
        elif step.verb == "record" and self._victim:
            known = Victim(**{**vars(self._victim), "addresses": self._addresses()})
            directory.record(known, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now())))
        elif step.verb == "announce":
            directory.announce(step.target, wait=self._options["announce_wait"])
        elif step.verb == "seize":
            directory.seize(step.target)
            if step.target == "pdc":
                self._publish()
        else:
            directory.remove(step.target)

    def _try_transfer(self, role: str) -> None:
        try:
            self._directory.take(role)
        except ResourceError:
            return
        raise ResourceError(
            f"{self._name} has given the role {role} away when it was asked: it is alive. Nothing was seized. Use"
            " state=transferred for the other roles, and demote it if it has to go.",
            role=role,
        )

    def finish(self) -> None:
        """The others shall know it soon."""
        if self._others():
            self._directory.spread()

    def result(self) -> Mapping[str, Any]:
        """The owners now, the record, and from where was looked."""
        record = self._known()
        return {
            "owners": self._directory.owners(),
            "pending": {},
            "seizure": record.shown() if record else {},
            "vantage_points": self._vantage_points,
            "backup_file": self._backup,
            "announced_to": self._others(),
        }


def _short(name: str) -> str:
    return name.split(".")[0].lower()


def answers(results: Iterable[Mapping[str, Any]], addresses: Sequence[str]) -> list[str]:
    """What came from these addresses that shows life."""
    found = [
        f"{result.get('host')} port {result.get('port')} {result.get('verdict')}"
        for result in results
        if _of(result, addresses) and result.get("verdict") in _ALIVE
    ]
    return list(dict.fromkeys(found))


def is_vantage_point(results: Sequence[Mapping[str, Any]], addresses: Sequence[str]) -> bool:
    """Whether enough of the dead one was looked at, from a place that reaches somebody else."""
    looked = {result.get("port") for result in results if _of(result, addresses) and result.get("verdict") in _LOOKED}
    control = any(result.get("verdict") == "open" for result in results if not _of(result, addresses))
    return len(looked) >= _ENOUGH and control


def _of(result: Mapping[str, Any], addresses: Sequence[str]) -> bool:
    return result.get("host") in addresses


def checks(addresses: Iterable[str]) -> list[dict[str, Any]]:
    """What is probed of a controller: whether anything accepts or refuses a connection."""
    return [
        {"name": name, "host": address, "port": port, "expect": "closed"}
        for address in addresses
        for port, name in PORTS.items()
    ]
