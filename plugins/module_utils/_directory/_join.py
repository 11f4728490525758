# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A further domain controller: joined once, into the site that was asked for. Private to this collection.

Samba's own join deletes whatever has the new controller's name before it looks closer, takes a site that does not
exist, and goes by NTLM where Kerberos refuses a wrong clock. So both sides are read and judged here first.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _domain, _names
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import LEVELS, Found, Settings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

MAXIMUM_SKEW = 150
"""Seconds between the clocks; Kerberos refuses 300, and both may still drift apart."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "dns_domain_name": {"type": "str", "required": True},
    "domain_netbios_name": {"type": "str"},
    "domain_admin_user": {"type": "str", "default": "Administrator"},
    "domain_admin_password": {"type": "str", "no_log": True},
    "replication_source_dc": {"type": "str", "required": True},
    "site_name": {"type": "str"},
    "host_name": {"type": "str"},
    "backend_store": {"type": "str", "choices": ["tdb", "mdb"], "default": "tdb"},
    "backend_store_size": {"type": "int", "default": 8},
    "wait": {"type": "int", "default": 0},
    "report_old_tickets": {"type": "bool", "default": False},
    "read_only": {"type": "bool", "default": False},
    "password_allowed_groups": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "password_denied_groups": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "state": {"type": "str", "choices": ["domain_controller", "absent"], "default": "domain_controller"},
    "hand_over_roles": {"type": "bool", "default": False},
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted."""

    dns_name: str
    netbios_name: str
    server: str
    site: str
    host_name: str
    backend_store: str
    backend_store_size: int = 8
    read_only: bool = False
    allowed: Sequence[str] = ()
    denied: Sequence[str] = ()
    """Groups of whose members a read-only controller may, and may never, hold the passwords."""

    @property
    def fqdn(self) -> str:
        """The controller's name in DNS."""
        return f"{self.host_name}.{self.dns_name}".lower()


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the directory knows that decides whether this host may join under its name."""

    netbios_name: str
    domain_level: int
    sites: Sequence[str]
    member: str | None = None
    """The DN of an ordinary member's account with the host's name."""
    previous: Sequence[str] = ()
    """NTDS Settings objects of controllers with the host's name."""
    roles: Sequence[str] = ()
    """The roles that those hold."""
    unknown_groups: Sequence[str] = ()
    """Those of the groups that are asked for and that the directory does not have."""
    addresses: Sequence[str] = ()
    """What the domain's DNS has as addresses of the host's name, without this host's own."""


class Unreachable(ResourceError):
    """The other controller does not answer: perhaps it is not there yet."""


class Host(Protocol):
    """Samba on this host."""

    private_dir: str

    def find(self) -> Found:
        """Read what stands in the private directory."""

    def settings(self) -> Settings | None:
        """Read smb.conf; None = there is none."""

    def site(self) -> str:
        """The site in which this host's own database has it."""

    def read_only(self) -> bool:
        """Whether this host's own database is one of a read-only controller."""

    def move_aside(self) -> str:
        """Rename the private directory; returns where it is now."""


class Partner(Protocol):
    """The domain controller to join from, and what is asked through it."""

    def greet(self) -> Root:
        """Ask it without a password; raises Unreachable."""

    def survey(self, host_name: str) -> Survey:
        """Log in, and look at what concerns a controller of this name."""

    def answers(self, address: str) -> str | None:
        """The name of the domain controller that answers at this address, if one does."""

    def remove(self, host_name: str) -> None:
        """Remove a dead controller from the directory, with all that refers to it."""

    def join(self) -> None:
        """Join this host."""

    def sites_of(self, host_name: str) -> list[str]:
        """The sites in which a controller of this name is, in the partner's database."""


def wanted_of(params: Mapping[str, Any]) -> Wanted:
    """Take what is wanted from the module's options."""
    dns_name = params["dns_domain_name"].lower()
    return Wanted(
        dns_name=dns_name,
        netbios_name=(params["domain_netbios_name"] or dns_name.split(".")[0]).upper(),
        server=params["replication_source_dc"].lower().rstrip("."),
        site=params["site_name"] or "",
        host_name=(params["host_name"] or socket.gethostname().split(".")[0]).lower(),
        backend_store=params["backend_store"],
        backend_store_size=params.get("backend_store_size", 8),
        read_only=params.get("read_only", False),
        allowed=params.get("password_allowed_groups", ()),
        denied=params.get("password_denied_groups", ()),
    )


def name_faults(wanted: Wanted) -> list[str]:
    """Everything that is wrong with the wanted names, each as option, value, reason."""
    checks = (
        ("dns_domain_name", wanted.dns_name, _names.dns_name_fault(wanted.dns_name)),
        ("domain_netbios_name", wanted.netbios_name, _names.netbios_name_fault(wanted.netbios_name)),
        ("host_name", wanted.host_name, _names.netbios_name_fault(wanted.host_name)),
        ("site_name", wanted.site, _names.site_name_fault(wanted.site)),
        ("replication_source_dc", wanted.server, _server_fault(wanted)),
        ("backend_store_size", str(wanted.backend_store_size), _domain.size_fault(wanted.backend_store_size)),
    )
    return [f"{option} '{value}': {fault}" for option, value, fault in checks if fault]


def _server_fault(wanted: Wanted) -> str | None:
    if wanted.server == wanted.fqdn:
        return "it is this host itself"
    if not wanted.server.endswith(f".{wanted.dns_name}"):
        return f"it is no full name of a host in {wanted.dns_name}"
    return None


class ControllerResource:
    """The resource of the module `domain_controller`."""

    batch = 1

    def __init__(
        self,
        connect: Callable[[], Host],
        partner: Callable[[], Partner],
        wanted: Wanted,
        *,
        password: str | None,
        settle: Callable[[], bool] | None,
        check_mode: bool,
    ) -> None:
        """Check the names at once, before Samba is even looked for: nothing of them depends on the host."""
        faults = name_faults(wanted)
        if faults:
            raise ResourceError(
                f"This host cannot join so, nothing was changed: {'; '.join(faults)}. Correct these options.",
                faults=faults,
            )
        self._host = connect()
        self._connect_partner = partner
        self._wanted = wanted
        self._password = password
        self._settle = settle
        self._check_mode = check_mode
        self._found = Found()
        self._unknown: list[str] = []
        self._moved: str | None = None
        self._old_tickets = False

    def current(self) -> State:
        """Read the domain of this host; another one than the wanted ends the module."""
        self._found = self._host.find()
        domain = self._found.domain
        if domain is None:
            return {}
        wanted = (self._wanted.dns_name, self._wanted.netbios_name)
        if (domain.dns_name.lower(), domain.netbios_name.upper()) != wanted:
            raise ResourceError(
                f"This host already holds the domain {domain.dns_name} ({domain.netbios_name}, {domain.sid}) and not"
                f" {wanted[0]} ({wanted[1]}). Nothing was changed: a join would destroy what it holds. Correct"
                " dns_domain_name or domain_netbios_name, or demote this host and empty"
                f" {self._host.private_dir} yourself first.",
                domain=_domain.shown(domain),
            )
        _domain.refuse_rename(domain, self._wanted.host_name)
        _domain.refuse_other_backend(domain, self._wanted.backend_store)
        if self._host.read_only() != self._wanted.read_only:
            now, then = ("read-only", "writable") if self._host.read_only() else ("writable", "read-only")
            raise ResourceError(
                f"This host is a {now} controller and not a {then} one. Nothing was changed: none becomes the other."
                " Correct read_only, or demote it (playbook mailforest.stack.dc_demote) and join it anew."
            )
        return {**_domain.shown(domain), "site": self._host.site()}

    def desired(self, before: State) -> State:
        """A joined controller stays as it is; its site is changed by `directory_sites`."""
        if before:
            return before
        wanted = self._wanted
        return {
            "dns_name": wanted.dns_name,
            "netbios_name": wanted.netbios_name,
            "site": wanted.site,
            "host_name": wanted.host_name,
            "replication_source_dc": wanted.server,
            "backend_store": wanted.backend_store,
            **({"read_only": True} if wanted.read_only else {}),
        }

    def plan(self, before: State, after: State) -> list[Step]:
        """Put an interrupted run aside, remove a dead controller of the same name, join."""
        if before:
            return []
        self._check_settings()
        steps = []
        if self._found.fault:
            self._refuse_served()
            change = {"reason": self._found.fault}
            steps.append(Step(verb="move_aside", target=self._host.private_dir, change=change))
        steps += [
            Step(verb="remove_dead", target=settings, change={"reason": "a controller of this name was here before"})
            for settings in self._judge_partner()
        ]
        return [*steps, Step(verb="join", target=self._wanted.dns_name, change=after)]

    def _refuse_served(self) -> None:
        if self._found.served:
            raise ResourceError(
                f"{self._host.private_dir} holds a directory that Samba has served from and that cannot be read:"
                f" {self._found.fault}. Nothing was changed, for this is no interrupted join. Restore it from a backup,"
                " or move it away yourself: this host is then joined anew."
            )

    def _check_settings(self) -> None:
        if self._password is None:
            raise ResourceError(
                "domain_admin_password is not given, and this host is not joined yet. Nothing was changed. Give it for"
                " the first run; it is not needed later."
            )
        settings = self._host.settings()
        faults = ["it does not exist"] if settings is None else self._settings_faults(settings)
        if faults and self._check_mode:
            self._unknown.append(f"whether smb.conf will suit: now {'; '.join(faults)}")
        elif faults:
            raise ResourceError(
                f"smb.conf does not suit the domain to join: {'; '.join(faults)}. Nothing was changed."
                " Write it first (role samba_dc does), then run this again.",
                faults=faults,
            )

    def _settings_faults(self, settings: Settings) -> list[str]:
        wanted = self._wanted
        return _domain.smb_conf_faults(
            settings, realm=wanted.dns_name, netbios_name=wanted.netbios_name, host_name=wanted.host_name
        )

    def _judge_partner(self) -> Sequence[str]:
        """Everything that can be known before the join; returns the dead controllers of the same name."""
        partner = self._connect_partner()
        try:
            greeting = partner.greet()
        except Unreachable as exc:
            if not self._check_mode:
                raise
            self._unknown.append(f"whether {self._wanted.server} lets this host join: {exc}")
            return ()
        self._judge_greeting(greeting)
        survey = partner.survey(self._wanted.host_name)
        self._judge_survey(survey)
        self._judge_name(survey, partner)
        return survey.previous

    def _judge_greeting(self, greeting: Root) -> None:
        server = self._wanted.server
        if greeting.fqdn.lower() != server:
            raise ResourceError(
                f"At the address of {server} answers {greeting.fqdn}. Nothing was changed. Correct the name's address"
                " in DNS or /etc/hosts, or replication_source_dc."
            )
        if greeting.dns_name.lower() != self._wanted.dns_name:
            raise ResourceError(
                f"{server} serves the domain {greeting.dns_name} and not {self._wanted.dns_name}. Nothing was changed."
                " Correct dns_domain_name or replication_source_dc."
            )
        if abs(greeting.skew) > MAXIMUM_SKEW:
            way = "ahead of" if greeting.skew > 0 else "behind"
            raise ResourceError(
                f"The clock of {server} is {abs(greeting.skew):.0f} s {way} this host's. Nothing was changed: beyond"
                f" 300 s neither would accept the other's tickets, and this module stops at {MAXIMUM_SKEW} s. Set both"
                " clocks right (role host sets up chrony), then run this again.",
                clock_skew=round(greeting.skew),
            )

    def _judge_survey(self, survey: Survey) -> None:
        wanted = self._wanted
        if survey.netbios_name.upper() != wanted.netbios_name:
            raise ResourceError(
                f"The NetBIOS name of {wanted.dns_name} is {survey.netbios_name} and not {wanted.netbios_name}. Nothing"
                " was changed. Correct domain_netbios_name."
            )
        if wanted.site.lower() not in (site.lower() for site in survey.sites):
            raise ResourceError(
                f"The directory has no site '{wanted.site}', it has {', '.join(survey.sites)}. Nothing was changed."
                f" Make the site on {wanted.server} first (role directory_sites does), or correct site_name.",
                sites=list(survey.sites),
            )
        if survey.unknown_groups:
            raise ResourceError(
                f"The directory has no group {', '.join(survey.unknown_groups)}. Nothing was changed. Make it first, or"
                " correct password_allowed_groups or password_denied_groups.",
                unknown_groups=list(survey.unknown_groups),
            )
        settings = self._host.settings()
        own = LEVELS.get((settings.controller_level if settings else None) or "2008_R2", 0)
        if survey.domain_level > own:
            raise ResourceError(
                f"The functional level of {wanted.dns_name} is {survey.domain_level}, and this host's controller would"
                f" offer {own}. Nothing was changed. Set 'ad dc functional level' in smb.conf"
                " (samba_dc_functional_level), which needs Debian 13."
            )

    def _judge_name(self, survey: Survey, partner: Partner) -> None:
        name = self._wanted.host_name
        if survey.member:
            raise ResourceError(
                f"The directory has an ordinary member named {name}: {survey.member}. Nothing was changed: the join"
                " would delete its account. Choose another host_name, or delete that account if its host is gone."
            )
        for address in survey.addresses:
            if (partner.answers(address) or "").lower() == self._wanted.fqdn:
                raise ResourceError(
                    f"Another domain controller named {self._wanted.fqdn} is at work: {address} answers. Nothing was"
                    " changed: the join would take its account away. Choose another host_name for this host, or demote"
                    " that one first."
                )
        if survey.roles:
            raise ResourceError(
                f"In the directory a former {name} still holds {', '.join(survey.roles)}. Nothing was changed: joining"
                f" it anew would leave these roles without an owner. Seize them on {self._wanted.server} first"
                " (playbook mailforest.stack.fsmo_seize), then run this again.",
                roles=list(survey.roles),
            )

    def transaction(self) -> AbstractContextManager[object]:
        """None: a join is a conversation of two hosts."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Move aside, remove, or join."""
        if step.verb == "move_aside":
            self._moved = self._host.move_aside()
        elif step.verb == "remove_dead":
            self._connect_partner().remove(self._wanted.host_name)
        else:
            partner = self._connect_partner()
            partner.join()
            self._check_joined(partner)

    def _check_joined(self, partner: Partner) -> None:
        self._found = self._host.find()
        if self._found.domain is None:
            raise ResourceError(
                f"The join ended without an error, yet its databases cannot be read: {self._found.fault}. This host is"
                " no domain controller. Run again: what was written is then moved aside, and the join is done anew."
            )
        wanted, own, theirs = self._wanted.site, self._host.site(), partner.sites_of(self._wanted.host_name)
        if [site.lower() for site in (own, *theirs)] != [wanted.lower()] * 2:
            raise ResourceError(
                f"This host has joined, but not as asked: it should be in the site {wanted}, its own database has it in"
                f" {own}, that of {self._wanted.server} in {', '.join(theirs) or 'none'}. Move it with role"
                " directory_sites, and check who else changes it.",
                own_site=own,
                server_sites=theirs,
            )

    def finish(self) -> None:
        """Wait for replication and DNS, if asked to."""
        if self._settle:
            self._old_tickets = self._settle()

    def result(self) -> Mapping[str, Any]:
        """The domain, this controller's site, where an interrupted run was put, and what check mode cannot know."""
        domain = self._found.domain
        values: dict[str, Any] = {
            "domain": _domain.shown(domain) if domain else {},
            "site": self._host.site() if domain else None,
            "moved_aside": self._moved,
            "old_tickets": self._old_tickets,
        }
        if self._unknown:
            values["unknown"] = self._unknown
        return values
