# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that leave: one that is demoted, and one that is dead. Private to this collection.

A controller is demoted by itself, while it can still hand over what it alone has. A dead one is taken out of the
directory by a survivor. Neither is done while roles would be left without an owner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _domain
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import Found
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import GIVEN
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Survey, Wanted
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

REMOVAL_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "name": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "default": []},
}


class Leaving(Protocol):
    """Samba on the host that is demoted. Errors are `ResourceError`."""

    private_dir: str

    def find(self) -> Found:
        """Read what stands in the private directory."""

    def controllers(self) -> list[str]:
        """Short names of all controllers, in lower case."""

    def give(self, role: str, owner: str) -> None:
        """Pass one of the DNS partitions' roles on, in the own database."""

    def deliver(self) -> None:
        """Wait until the survivor has all changes that were made here."""

    def stop(self) -> None:
        """Stop Samba, for good."""

    def retire(self) -> str:
        """Rename the private directory; returns where it is now."""


class Survivor(Protocol):
    """The controller that stays. Errors are `ResourceError`."""

    def greet(self) -> Root:
        """Ask it without a password."""

    def survey(self, host_name: str) -> Survey:
        """Log in, and look at what concerns a controller of this name."""

    def take(self, role: str) -> None:
        """Have it take one of the five roles from its owner."""

    def remove(self, host_name: str) -> None:
        """Remove a controller from its directory, with all that refers to it."""


class DemotionResource:
    """The resource of the module `domain_controller` with `state: absent`."""

    batch = 1

    def __init__(
        self,
        connect: Callable[[], Leaving],
        survivor: Callable[[], Survivor],
        wanted: Wanted,
        *,
        password: str | None,
        hand_over: bool,
    ) -> None:
        """`wanted.server` is the survivor; `hand_over` = it takes the roles that are held here."""
        if wanted.server.split(".")[0] == wanted.host_name:
            raise ResourceError(
                f"replication_source_dc is {wanted.server}, this host itself. Nothing was changed. Name the controller"
                " that stays."
            )
        self._host = connect()
        self._connect_survivor = survivor
        self._wanted = wanted
        self._password = password
        self._hand_over = hand_over
        self._retired: str | None = None

    @property
    def _survivor_name(self) -> str:
        return self._wanted.server.split(".")[0]

    def current(self) -> State:
        """The domain of this host, if it is a controller."""
        found = self._host.find()
        if found.domain is None:
            return self._left_behind(found.fault) if found.fault else {}
        domain = found.domain
        if domain.dns_name.lower() != self._wanted.dns_name:
            raise ResourceError(
                f"This host is a controller of {domain.dns_name} and not of {self._wanted.dns_name}. Nothing was"
                " changed. Correct dns_domain_name."
            )
        return _domain.shown(domain)

    def _left_behind(self, fault: str) -> State:
        """A database that learned of its own removal, before an interrupted run could put it aside."""
        self._check_password()
        if self._survey().previous:
            raise ResourceError(
                f"{self._host.private_dir} cannot be read as a domain: {fault}. Nothing was changed. Remove this host"
                f" on {self._wanted.server} (playbook mailforest.stack.dc_remove_dead), and move the directory away"
                " yourself."
            )
        return {"fault": fault}

    def desired(self, before: State) -> State:
        """Nothing of it."""
        return {}

    def plan(self, before: State, after: State) -> list[Step]:
        """Hand over, deliver, stop, leave the directory. Stopped first, so that nothing is written here any more."""
        if not before:
            return []
        stop = Step(verb="stop", target="samba-ad-dc.service")
        retire = Step(verb="retire", target=self._host.private_dir)
        if "fault" in before:
            return [stop, retire]
        self._check_others()
        self._check_password()
        survey = self._survey()
        if not survey.previous:
            return [stop, retire]
        if survey.roles and not self._hand_over:
            raise ResourceError(
                f"{self._wanted.host_name} holds {', '.join(survey.roles)}. Nothing was changed: these roles would be"
                " left without an owner. Move them first (mailforest_fsmo, module fsmo), or set `hand_over_roles` so"
                f" that {self._survivor_name} takes them.",
                roles=list(survey.roles),
            )
        change = {"from": self._wanted.host_name, "to": self._survivor_name}
        return [
            *(Step(verb="hand_over", target=role, change=change) for role in survey.roles),
            Step(verb="deliver", target=self._survivor_name),
            stop,
            Step(verb="remove", target=self._wanted.host_name, change={"at": self._survivor_name}),
            retire,
        ]

    def _check_others(self) -> None:
        others = [name for name in self._host.controllers() if name != self._wanted.host_name]
        if not others:
            raise ResourceError(
                f"{self._wanted.host_name} is the last controller of {self._wanted.dns_name}. Nothing was changed:"
                " demoting it would destroy the domain. Back it up, then stop and remove Samba yourself if that is"
                " what you want."
            )
        if self._survivor_name not in others:
            raise ResourceError(
                f"{self._wanted.server} is no controller of {self._wanted.dns_name}; the others are"
                f" {', '.join(others)}. Nothing was changed. Correct replication_source_dc."
            )

    def _check_password(self) -> None:
        if self._password is None:
            raise ResourceError(
                "domain_admin_password is not given, and the directory has to be changed at"
                f" {self._wanted.server}. Nothing was changed. Give it."
            )

    def _survey(self) -> Survey:
        survivor = self._connect_survivor()
        answering = survivor.greet().fqdn.lower()
        if answering != self._wanted.server:
            raise ResourceError(
                f"At the address of {self._wanted.server} answers {answering}. Nothing was changed. Correct the name's"
                " address, or replication_source_dc."
            )
        return survivor.survey(self._wanted.host_name)

    def transaction(self) -> AbstractContextManager[object]:
        """None: a demotion is a conversation of two hosts."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """One step; each may be done again after an interruption."""
        if step.verb == "hand_over" and step.target in GIVEN:
            self._host.give(step.target, self._survivor_name)
        elif step.verb == "hand_over":
            self._connect_survivor().take(step.target)
        elif step.verb == "deliver":
            self._deliver()
        elif step.verb == "remove":
            self._connect_survivor().remove(self._wanted.host_name)
        elif step.verb == "stop":
            self._host.stop()
        else:
            self._retired = self._host.retire()

    def _deliver(self) -> None:
        self._host.deliver()
        left = self._connect_survivor().survey(self._wanted.host_name).roles
        if left:
            raise ResourceError(
                f"{self._wanted.server} still has {self._wanted.host_name} as owner of {', '.join(left)}. The host is"
                " still a controller. Check replication between them, and run again.",
                roles=list(left),
            )

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """As a joined controller's, and where the database is that still holds the domain's secrets."""
        return {"domain": {}, "site": None, "moved_aside": self._retired, "old_tickets": False}


class Directory(Protocol):
    """The survivor's own directory. Errors are `ResourceError`."""

    own: str

    def controllers(self) -> list[str]:
        """Short names of all controllers, in lower case, those without NTDS Settings too."""

    def roles_of(self, name: str) -> list[str]:
        """The roles that a controller holds."""

    def fqdn_of(self, name: str) -> str:
        """Its full name, in lower case."""

    def addresses_of(self, name: str) -> list[str]:
        """What the domain's DNS has as its addresses."""

    def answers(self, address: str) -> str | None:
        """The full name of the controller that answers at an address, if one does."""

    def remove(self, name: str) -> Sequence[str]:
        """Remove it, with all that refers to it; what was done."""


class RemovalResource:
    """The resource of the module `domain_controller_removal`."""

    batch = 1

    def __init__(self, directory: Directory, name: str, addresses: Sequence[str]) -> None:
        """`addresses` are asked besides those that DNS has."""
        self._directory = directory
        self._name = name.split(".")[0].lower()
        self._addresses = addresses
        self._done: Sequence[str] = ()

    def current(self) -> State:
        """Whether the directory knows the controller."""
        if self._name == self._directory.own:
            raise ResourceError(
                f"{self._name} is the controller that this runs on. Nothing was changed. To give up a controller that"
                " works, demote it (playbook mailforest.stack.dc_demote)."
            )
        return {"controller": self._name} if self._name in self._directory.controllers() else {}

    def desired(self, before: State) -> State:
        """It is gone."""
        return {}

    def plan(self, before: State, after: State) -> list[Step]:
        """One step, unless it lives or is needed."""
        if not before:
            return []
        roles = self._directory.roles_of(self._name)
        if roles:
            raise ResourceError(
                f"{self._name} still holds {', '.join(roles)}. Nothing was changed: removing it would have"
                f" {self._directory.own} seize these roles without any proof that their owner is dead. Seize them first"
                " (playbook mailforest.stack.fsmo_seize), which removes it too.",
                roles=roles,
            )
        self._refuse_living()
        return [Step(verb="remove", target=self._name)]

    def _refuse_living(self) -> None:
        fqdn = self._directory.fqdn_of(self._name)
        for address in dict.fromkeys([*self._directory.addresses_of(self._name), *self._addresses]):
            if (self._directory.answers(address) or "").lower() == fqdn:
                raise ResourceError(
                    f"{fqdn} is at work: {address} answers. Nothing was changed. Demote it (playbook"
                    " mailforest.stack.dc_demote); it then hands over what it alone has.",
                    address=address,
                )

    def transaction(self) -> AbstractContextManager[object]:
        """The removal has one of its own."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Remove it."""
        self._done = self._directory.remove(self._name)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """What was removed."""
        return {"removed": list(self._done)}
