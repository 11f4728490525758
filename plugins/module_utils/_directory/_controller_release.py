# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is next on a domain controller's way to Debian's next release. Private to this collection.

It leaves the directory, is installed anew by its owner, and joins again under its name. What has been done is read from
the host and from the other controllers, so nothing has to be remembered on a disk that is wiped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.mailforest.stack.plugins.module_utils._directory._moves import relieved

OLD, NEW = "12", "13"
LEAVE, INSTALL, JOIN, NOTHING, REFUSED = "leave", "install", "join", "nothing", "refused"
_RUNBOOK = "docs/operations/controller-release.md, 'The first of its group'"


@dataclass(frozen=True, kw_only=True)
class Other:
    """What another controller's own database says."""

    controllers: Sequence[str]
    owners: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Controller:
    """A host of the group of domain controllers that is to have the next release."""

    host: str
    address: str
    functions: Sequence[str]
    """All that the inventory has it for."""
    sites: Mapping[str, str]
    """Every domain controller of the inventory in its order, with its site."""
    system: str
    release: str
    """The distribution and its number, as facts have them."""
    holds_directory: bool
    """Whether a directory lies on its disk."""
    serves: bool
    """Whether Samba runs as a domain controller."""
    others: Mapping[str, Other]
    """What each of the other controllers knows."""
    placed: Mapping[str, str]
    """The owner of each role by the inventory; empty where the inventory leaves that open."""
    survivor: str = ""
    """Who was asked to take its roles and its last changes."""

    @property
    def is_first(self) -> bool:
        """Whether it has the CA's key, and is the one that others join from."""
        return next(iter(self.sites)) == self.host

    @property
    def is_known(self) -> bool:
        """Whether any of the others still has it for a controller."""
        return any(self._is(name) for other in self.others.values() for name in other.controllers)

    @property
    def stays(self) -> str:
        """The controller that takes its roles and its last changes; nothing where there is no other."""
        return self.survivor or relieved(self.host, controllers=list(self.sites), sites=self.sites)

    @property
    def roles(self) -> list[str]:
        """The roles that it has, as the one that stays knows it."""
        known = self.others.get(self.stays)
        return [role for role, owner in known.owners.items() if self._is(owner or "")] if known else []

    @property
    def returning(self) -> list[str]:
        """The roles that the inventory gives it."""
        return [role for role, owner in self.placed.items() if self._is(owner)]

    @property
    def is_alone(self) -> bool:
        """Whether its office has no other controller."""
        return not any(site == self.sites[self.host] for name, site in self.sites.items() if name != self.host)

    def _is(self, name: str) -> bool:
        return name.lower() == self.host.lower()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What this run does."""

    step: str
    refusals: Sequence[str]
    """Why nothing may be done, all at once, each with the remedy."""
    told: str
    """What is done, in a sentence or two."""
    after: str
    """What its owner does next."""
    stays: str
    well: Sequence[str]
    """The controllers that must be well before."""
    gives: bool
    """Whether it still serves, and so gives its roles away itself before it leaves."""


def stage(controller: Controller) -> Stage:
    """Read the step from what is."""
    refusals = list(_against(controller))
    step = REFUSED if refusals else _step(controller)
    told, after = _outlook(controller, step)
    return Stage(
        step=step,
        refusals=refusals,
        told=told,
        after=after,
        stays=controller.stays,
        well=_well(controller, step),
        gives=step == LEAVE and controller.serves,
    )


def _well(controller: Controller, step: str) -> list[str]:
    """Once it has begun to leave, the others miss what they replicate from it."""
    if step == JOIN:
        return [name for name in controller.sites if name != controller.host]
    return list(controller.sites) if step == LEAVE and controller.serves else []


def _step(controller: Controller) -> str:
    if controller.release == NEW:
        return NOTHING if controller.is_first else JOIN
    return LEAVE if controller.holds_directory or controller.is_known else INSTALL


def _against(controller: Controller) -> Iterator[str]:
    host = controller.host
    if controller.system != "Debian" or controller.release not in (OLD, NEW):
        yield (
            f"{host} has {controller.system} {controller.release}: Debian {NEW} is reached from Debian {OLD} alone."
            f" Install Debian {NEW} on it if it is no domain controller yet; otherwise demote it first"
            " (mailforest.stack.dc_demote)."
        )
    elif controller.release == OLD:
        yield from _against_leaving(controller)
    elif controller.is_first and not controller.holds_directory:
        yield (
            f"{host} is the first of mailforest_domain_controllers, and no domain controller: others would join from"
            f" it. Put one that works above it ({_RUNBOOK})."
        )
    if controller.survivor and (controller.survivor == host or controller.survivor not in controller.sites):
        yield (
            f"release_upgrade_survivor is '{controller.survivor}', and must be another domain controller. Choose from:"
            f" {', '.join(name for name in controller.sites if name != host)}; or leave it out."
        )


def _against_leaving(controller: Controller) -> Iterator[str]:
    host = controller.host
    if len(controller.sites) == 1:
        yield (
            f"{host} is the only domain controller: the forest would be gone with its disk. Have another one join first"
            f" (mailforest.stack.dc_add), then: {_RUNBOOK}."
        )
    elif controller.is_first:
        yield (
            f"{host} is the first of mailforest_domain_controllers: it has the CA's key, which would be gone with its"
            f" disk, and is the one that others join from. Put another one above it before ({_RUNBOOK})."
        )
    if more := [name.replace("_", " ") for name in controller.functions if name != "domain_controller"]:
        yield (
            f"{host} is {' and '.join(more)}, too: what it has as such would be gone with its disk. Move that to"
            " another host (mailboxes: mailforest.stack.move_mailbox), take it out of the other groups, and run"
            " site.yml."
        )
    if controller.is_known and not controller.serves and controller.roles:
        yield (
            f"{host} has the roles {', '.join(controller.roles)}, and Samba does not run on it, so it cannot give them"
            " away. Start it (systemctl start samba-ad-dc); if it never will, mailforest.stack.fsmo_seize."
        )


def _outlook(controller: Controller, step: str) -> tuple[str, str]:
    host = controller.host
    if step == LEAVE:
        return _leaving(controller), _install(controller)
    if step == INSTALL:
        return f"{host} is no domain controller, and has Debian {OLD}: nothing is to be done yet.", _install(controller)
    if step == JOIN and controller.holds_directory:
        return f"{host} has Debian {NEW} and a directory: what an earlier run left open is done, and all is proved.", ""
    if step == JOIN:
        return f"{host} has Debian {NEW}: it joins, the others are told, and all is proved.{_returning(controller)}", ""
    if step == NOTHING:
        return f"{host} is a domain controller with Debian {NEW}: there is nothing to do.", ""
    return "", ""


def _leaving(controller: Controller) -> str:
    host, stays = controller.host, controller.stays
    if not controller.serves:
        return f"{host} has begun to leave the directory; that is completed with {stays}."
    roles = f" {stays} takes its roles ({', '.join(controller.roles)})." if controller.roles else ""
    office = (
        f" {controller.sites[host]} has no other domain controller: until it is back, its office asks those of others."
        if controller.is_alone
        else ""
    )
    return (
        f"{host} leaves the directory: {stays} has a backup made, and gets its last changes.{roles} What lies on its"
        f" disk alone, backups too, will be gone.{office}"
    )


def _install(controller: Controller) -> str:
    return (
        f"Now install Debian {NEW} on {controller.host}, with the same name and the address {controller.address}."
        f" Remove its line from your known_hosts (ssh-keygen -R {controller.address}). Then give this command again: it"
        f" joins.{_returning(controller)} Until then leave it out of site.yml, which would have it join with"
        f" Debian {OLD}."
    )


def _returning(controller: Controller) -> str:
    if roles := controller.returning:
        return f" The inventory has {', '.join(roles)} there, which come back."
    return ""
