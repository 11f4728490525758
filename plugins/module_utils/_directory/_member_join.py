# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of the domain: joined once, through the controller that is named. Private to this collection.

Whether it has joined is read from the secret it keeps and from what the directory makes of that secret, never from a
marker: a host whose account was deleted, or that was wiped, joins anew.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _names
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import MAXIMUM_SKEW, Unreachable
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "dns_domain_name": {"type": "str", "required": True},
    "domain_netbios_name": {"type": "str"},
    "domain_servers": {"type": "list", "elements": "str", "required": True},
    "domain_admin_user": {"type": "str", "default": "Administrator"},
    "domain_admin_password": {"type": "str", "no_log": True},
    "domain_ou_path": {"type": "str"},
    "hostname": {"type": "str"},
    "state": {"type": "str", "choices": ["domain", "workgroup"], "default": "domain"},
}


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What is wanted."""

    dns_name: str
    netbios_name: str
    servers: Sequence[str]
    host_name: str
    ou: str | None
    joined: bool

    @property
    def fqdn(self) -> str:
        """This host's name in DNS."""
        return f"{self.host_name}.{self.dns_name}".lower()


@dataclass(frozen=True, kw_only=True)
class MemberSettings:
    """What smb.conf says, as far as joining depends on it."""

    server_role: str
    realm: str
    workgroup: str
    netbios_name: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """A computer's account."""

    dn: str
    guid: str
    sid: str
    kind: str = "member"
    """`member`, `controller`, or what else has the name."""


@dataclass(frozen=True, kw_only=True)
class MemberSurvey:
    """What the directory knows that decides whether this host may join under its name."""

    netbios_name: str
    account: Account | None = None
    addresses: Sequence[str] = ()
    """What the domain's DNS has as addresses of the name, without this host's own."""


class Host(Protocol):
    """Samba on this host."""

    def is_controller(self) -> bool:
        """Whether a directory stands here."""

    def secrets(self) -> Sequence[str]:
        """The NetBIOS names of the domains for which there is a secret."""

    def settings(self) -> MemberSettings | None:
        """Read smb.conf; None = there is none."""

    def forget(self, netbios_name: str) -> None:
        """Delete the secret of a domain."""


class Partner(Protocol):
    """A domain controller, and what is asked through it."""

    server: str

    def greet(self) -> Root:
        """Ask it without a password; raises Unreachable."""

    def own_account(self) -> Account | None:
        """Log in with this host's secret; None = the directory does not take it."""

    def survey(self, host_name: str) -> MemberSurvey:
        """Log in as administrator, and look at what concerns a member of this name."""

    def at_work(self, address: str) -> bool:
        """Whether a host answers at the address."""

    def join(self) -> None:
        """Join this host."""

    def leave(self) -> None:
        """Delete this host's account and secret."""

    def remove(self, dn: str) -> None:
        """Delete an account that a failed join has made."""


def membership_of(params: Mapping[str, Any]) -> Membership:
    """Take what is wanted from the module's options."""
    dns_name = params["dns_domain_name"].lower()
    return Membership(
        dns_name=dns_name,
        netbios_name=(params["domain_netbios_name"] or dns_name.split(".")[0]).upper(),
        servers=tuple(server.lower().rstrip(".") for server in params["domain_servers"]),
        host_name=(params["hostname"] or socket.gethostname().split(".")[0]).lower(),
        ou=params["domain_ou_path"],
        joined=params["state"] == "domain",
    )


def name_faults(wanted: Membership) -> list[str]:
    """Everything that is wrong with the wanted names, each as option, value, reason."""
    checks = [
        ("dns_domain_name", wanted.dns_name, _names.dns_name_fault(wanted.dns_name)),
        ("domain_netbios_name", wanted.netbios_name, _names.netbios_name_fault(wanted.netbios_name)),
        ("hostname", wanted.host_name, _names.netbios_name_fault(wanted.host_name)),
    ]
    checks += [("domain_servers", server, _server_fault(server, wanted)) for server in wanted.servers]
    if not wanted.servers:
        checks.append(("domain_servers", "", "at least one controller must be named"))
    return [f"{option} '{value}': {fault}" for option, value, fault in checks if fault]


def _server_fault(server: str, wanted: Membership) -> str | None:
    if server == wanted.fqdn:
        return "it is this host itself"
    if not server.endswith(f".{wanted.dns_name}"):
        return f"it is no full name of a host in {wanted.dns_name}"
    return None


class MemberResource:
    """The resource of the module `membership`."""

    batch = 1

    def __init__(
        self,
        connect: Callable[[], Host],
        partner: Callable[[str], Partner],
        wanted: Membership,
        *,
        password: str | None,
        check_mode: bool,
    ) -> None:
        """Check the names at once, before Samba is even looked for: nothing of them depends on the host."""
        faults = name_faults(wanted)
        if faults:
            raise ResourceError(
                f"This host cannot be a member so, nothing was changed: {'; '.join(faults)}. Correct these options.",
                faults=faults,
            )
        self._host = connect()
        self._connect_partner = partner
        self._wanted = wanted
        self._password = password
        self._check_mode = check_mode
        self._partner: Partner | None = None
        self._account: Account | None = None
        self._previous: Account | None = None
        self._refused = False
        self._unknown: list[str] = []

    def current(self) -> State:
        """What the directory makes of this host's secret; another domain's, or a controller, ends the module."""
        if self._host.is_controller():
            raise ResourceError(
                "This host is a domain controller. Nothing was changed: it is in its domain already, and shares for"
                " users do not belong on it. Choose another host, or demote this one first."
            )
        wanted = self._wanted
        secrets = [name.upper() for name in self._host.secrets()]
        others = [name for name in secrets if name != wanted.netbios_name]
        if others:
            raise ResourceError(
                f"This host is a member of {', '.join(others)} and not of {wanted.netbios_name}. Nothing was changed."
                " Correct domain_netbios_name, or leave that domain first (state: workgroup).",
                domains=others,
            )
        if wanted.netbios_name not in secrets:
            return {}
        try:
            self._account = self._first_partner().own_account()
        except Unreachable as exc:
            if not self._check_mode:
                raise
            self._unknown.append(f"whether the directory still takes this host's secret: {exc}")
            return self._shown(None)
        self._refused = self._account is None
        return self._shown(self._account) if self._account else {}

    def _shown(self, account: Account | None) -> State:
        state = {"dns_name": self._wanted.dns_name, "netbios_name": self._wanted.netbios_name}
        return {**state, "account": account.dn, "guid": account.guid, "sid": account.sid} if account else state

    def _first_partner(self) -> Partner:
        """The first controller that answers, and rightly."""
        if self._partner:
            return self._partner
        faults = []
        for server in self._wanted.servers:
            partner = self._connect_partner(server)
            try:
                self._judge_greeting(server, partner.greet())
            except Unreachable as exc:
                faults.append(str(exc))
            else:
                self._partner = partner
                return partner
        raise Unreachable(" ".join(faults))

    def _judge_greeting(self, server: str, greeting: Root) -> None:
        if greeting.dns_name.lower() != self._wanted.dns_name:
            raise ResourceError(
                f"{server} serves the domain {greeting.dns_name} and not {self._wanted.dns_name}. Nothing was changed."
                " Correct dns_domain_name or domain_servers."
            )
        if abs(greeting.skew) > MAXIMUM_SKEW:
            way = "ahead of" if greeting.skew > 0 else "behind"
            raise ResourceError(
                f"The clock of {server} is {abs(greeting.skew):.0f} s {way} this host's. Nothing was changed: beyond"
                f" 300 s neither would accept the other's tickets, and this module stops at {MAXIMUM_SKEW} s. Set both"
                " clocks right (role host sets up chrony), then run this again.",
                clock_skew=round(greeting.skew),
            )

    def desired(self, before: State) -> State:
        """A member stays as it is; one that is to leave ends as nothing."""
        if not self._wanted.joined:
            return {}
        if before:
            return before
        wanted = self._wanted
        return {
            "dns_name": wanted.dns_name,
            "netbios_name": wanted.netbios_name,
            "hostname": wanted.host_name,
            **({"domain_ou_path": wanted.ou} if wanted.ou else {}),
        }

    def plan(self, before: State, after: State) -> list[Step]:
        """Join, leave, or forget a secret that the directory does not take."""
        if self._wanted.joined:
            return [] if before else self._plan_join(after)
        if before:
            self._need_password("leave")
            return [Step(verb="leave", target=self._wanted.dns_name)]
        return [Step(verb="forget", target=self._wanted.netbios_name)] if self._refused else []

    def _plan_join(self, after: State) -> list[Step]:
        self._need_password("join")
        self._check_settings()
        try:
            partner = self._first_partner()
        except Unreachable as exc:
            if not self._check_mode:
                raise
            self._unknown.append(f"whether the domain lets this host join: {exc}")
            return [Step(verb="join", target=self._wanted.dns_name, change=after)]
        survey = partner.survey(self._wanted.host_name)
        self._judge_survey(survey, partner)
        self._previous = survey.account
        change = {**after, "server": partner.server}
        if self._refused:
            change["reason"] = "the directory does not take the secret that this host has"
        elif survey.account:
            change["reason"] = f"the account {survey.account.dn} is taken over; this host has no secret of it"
        return [Step(verb="join", target=self._wanted.dns_name, change=change)]

    def _need_password(self, what: str) -> None:
        if self._password is None:
            raise ResourceError(
                f"domain_admin_password is not given, and this host has to {what}. Nothing was changed. Give it for"
                " this run; it is not needed later."
            )

    def _check_settings(self) -> None:
        settings, wanted = self._host.settings(), self._wanted
        pairs = (
            ()
            if settings is None
            else (
                ("server role", settings.server_role.lower(), "member server"),
                ("realm", settings.realm.upper(), wanted.dns_name.upper()),
                ("workgroup", settings.workgroup.upper(), wanted.netbios_name),
                ("netbios name", settings.netbios_name.upper(), wanted.host_name.upper()),
            )
        )
        faults = [f"{key} is '{value}' and must be '{want}'" for key, value, want in pairs if value != want]
        if settings is None:
            faults = ["it does not exist"]
        if faults and self._check_mode:
            self._unknown.append(f"whether smb.conf will suit: now {'; '.join(faults)}")
        elif faults:
            raise ResourceError(
                f"smb.conf does not suit the domain to join: {'; '.join(faults)}. Nothing was changed."
                " Write it first (role samba_member does), then run this again.",
                faults=faults,
            )

    def _judge_survey(self, survey: MemberSurvey, partner: Partner) -> None:
        wanted = self._wanted
        if survey.netbios_name.upper() != wanted.netbios_name:
            raise ResourceError(
                f"The NetBIOS name of {wanted.dns_name} is {survey.netbios_name} and not {wanted.netbios_name}. Nothing"
                " was changed. Correct domain_netbios_name."
            )
        account = survey.account
        if account is None:
            return
        if account.kind != "member":
            raise ResourceError(
                f"In the directory {wanted.host_name} is a {account.kind}: {account.dn}. Nothing was changed: the join"
                " would take its account away. Choose another hostname, or remove that one first."
            )
        alive = [address for address in survey.addresses if partner.at_work(address)]
        if alive:
            raise ResourceError(
                f"Another host named {wanted.fqdn} is at work: {alive[0]} answers. Nothing was changed: the join would"
                " take its account away. Choose another hostname for this host, or correct the name's address in DNS.",
                addresses=alive,
            )

    def transaction(self) -> AbstractContextManager[object]:
        """Samba keeps its own."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "forget":
            self._host.forget(step.target)
        elif step.verb == "leave":
            self._first_partner().leave()
            self._account = None
        else:
            self._join(self._first_partner())

    def _join(self, partner: Partner) -> None:
        try:
            partner.join()
        except ResourceError as exc:
            self._take_back(partner, exc)
            raise
        self._account = partner.own_account()
        if self._account is None:
            raise ResourceError(
                f"The join ended without an error, yet {partner.server} does not take this host's new secret. Run this"
                " again: the host then joins anew. If it goes on, look at the clocks and at the log of Samba there."
            )

    def _take_back(self, partner: Partner, error: ResourceError) -> None:
        """Leave no account behind that was not there before, and no secret of it."""
        try:
            left = None if self._previous else partner.survey(self._wanted.host_name).account
            if left is not None:
                partner.remove(left.dn)
            if self._wanted.netbios_name in (name.upper() for name in self._host.secrets()):
                self._host.forget(self._wanted.netbios_name)
        except ResourceError as exc:
            error.details["not_taken_back"] = str(exc)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The account, the controller that was asked, and what check mode cannot know."""
        values: dict[str, Any] = {
            "account": dict(self._shown(self._account)) if self._account else {},
            "server": self._partner.server if self._partner else None,
        }
        if self._unknown:
            values["unknown"] = self._unknown
        return values
