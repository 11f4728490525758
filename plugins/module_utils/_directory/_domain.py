# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forest's first domain: made once, never over another. Private to this collection.

Samba's own provisioning writes over whatever stands in its private directory, without a warning and with rc 0.
So all that decides whether it may run is read and judged here first, from the databases and never from markers.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _names
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

DC_ROLE = "active directory domain controller"
LEVELS = {"2008_R2": 4, "2016": 7}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "dns_domain_name": {"type": "str", "required": True},
    "domain_netbios_name": {"type": "str"},
    "administrator_password": {"type": "str", "no_log": True},
    "site": {"type": "str", "default": "Default-First-Site-Name"},
    "host_name": {"type": "str"},
    "host_address": {"type": "str"},
    "host_address6": {"type": "str"},
    "functional_level": {"type": "str", "choices": list(LEVELS), "default": "2008_R2"},
    "backend_store": {"type": "str", "choices": ["tdb", "mdb"], "default": "tdb"},
    "backend_store_size": {"type": "int", "default": 8},
    "rfc2307": {"type": "bool", "default": True},
    "peers": {"type": "list", "elements": "str", "default": []},
}


@dataclass(frozen=True, kw_only=True)
class Forest:
    """What is wanted."""

    dns_name: str
    netbios_name: str
    site: str
    host_name: str
    host_address: str | None
    host_address6: str | None
    functional_level: str
    backend_store: str
    rfc2307: bool
    backend_store_size: int = 8
    peers: Sequence[str] = ()

    @property
    def realm(self) -> str:
        """The Kerberos realm: the DNS name in upper case."""
        return self.dns_name.upper()


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A domain as its database tells it."""

    dns_name: str
    netbios_name: str
    dn: str
    sid: str
    guid: str
    domain_level: int
    forest_level: int
    controller_level: int
    backend_store: str = "tdb"
    controller_name: str = ""
    """The short name of this controller, in lower case; the directory follows no other."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What smb.conf says, as far as provisioning depends on it; None = not set."""

    server_role: str
    realm: str
    workgroup: str
    netbios_name: str
    sysvol: str | None
    netlogon: str | None
    controller_level: str | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What stands in the private directory: a domain, or a fault that keeps it from being one, or nothing."""

    domain: Domain | None = None
    fault: str | None = None
    served: bool = False


class Samba(Protocol):
    """What this needs of Samba on this host."""

    private_dir: str

    def find(self) -> Found:
        """Read what stands in the private directory."""

    def settings(self) -> Settings | None:
        """Read smb.conf; None = there is none."""

    def supports(self, level: str) -> bool:
        """Whether this release can hold a domain of this functional level."""

    def password_fault(self, password: str) -> str | None:
        """Why the default password policy refuses this password, or None."""

    def served_by(self, address: str) -> str | None:
        """The DNS name of the domain that a controller at this address serves, if one answers there."""

    def move_aside(self) -> str:
        """Rename the private directory; returns where it is now."""

    def provision(self, forest: Forest, password: str) -> None:
        """Make the forest."""


def forest_of(params: Mapping[str, Any]) -> Forest:
    """Take the wanted forest from the module's options."""
    dns_name = params["dns_domain_name"]
    return Forest(
        dns_name=dns_name,
        netbios_name=params["domain_netbios_name"] or dns_name.split(".")[0].upper(),
        host_name=params["host_name"] or socket.gethostname().split(".")[0],
        **{key: params[key] for key in _SAME_NAMED},
    )


_SAME_NAMED = (
    *("site", "host_address", "host_address6", "functional_level"),
    *("backend_store", "backend_store_size", "rfc2307", "peers"),
)
_LARGEST = 1024


def forest_faults(forest: Forest) -> list[str]:
    """Everything that is wrong with the wanted names, each as option, value, reason."""
    checks = [
        ("dns_domain_name", forest.dns_name, _names.dns_name_fault(forest.dns_name)),
        ("domain_netbios_name", forest.netbios_name, _netbios_fault(forest)),
        ("host_name", forest.host_name, _names.netbios_name_fault(forest.host_name)),
        ("site", forest.site, _names.site_name_fault(forest.site)),
    ]
    checks.append(("backend_store_size", str(forest.backend_store_size), size_fault(forest.backend_store_size)))
    for option, address, version in (
        ("host_address", forest.host_address, 4),
        ("host_address6", forest.host_address6, 6),
    ):
        if address is not None:
            checks.append((option, address, _names.host_address_fault(address, version=version)))
    return [f"{option} '{value}': {fault}" for option, value, fault in checks if fault]


def size_fault(size: int) -> str | None:
    """Why a database cannot have this size, or None."""
    return None if 1 <= size <= _LARGEST else f"it is not from 1 to {_LARGEST} GB"


def refuse_other_backend(domain: Domain, wanted: str) -> None:
    """Samba converts no database; what is there stays what it is."""
    if domain.backend_store != wanted:
        raise ResourceError(
            f"This controller's database is of kind {domain.backend_store} and not {wanted}. Nothing was changed: Samba"
            f" converts none. Give backend_store {domain.backend_store} (samba_dc_backend) for this host. Or demote it"
            f" (playbook mailforest.stack.dc_demote) and join it anew with {wanted}, if there is another controller.",
            backend_store=domain.backend_store,
        )


def refuse_rename(domain: Domain, host_name: str) -> None:
    """Account, NTDS Settings and the names in DNS follow the old name (AD-48)."""
    if domain.controller_name and domain.controller_name != host_name.lower():
        raise ResourceError(
            f"This host is the domain controller {domain.controller_name}, and host_name says {host_name}. Nothing was"
            " changed: Samba renames no controller. Take the old name back in the inventory; or demote it under the old"
            " name (playbook mailforest.stack.dc_demote) and join it anew under the new one.",
            controller_name=domain.controller_name,
        )


def _netbios_fault(forest: Forest) -> str | None:
    name = forest.netbios_name.upper()
    if name == forest.host_name.upper():
        return "it equals the host's name; domain and host cannot share a NetBIOS name"
    if name == forest.realm:
        return "it equals the realm"
    return _names.netbios_name_fault(forest.netbios_name)


def settings_faults(forest: Forest, settings: Settings) -> list[str]:
    """Where smb.conf and the wanted forest disagree; Samba finds some of it only with databases half written."""
    faults = smb_conf_faults(settings, realm=forest.realm, netbios_name=forest.netbios_name, host_name=forest.host_name)
    if forest.functional_level != "2008_R2" and settings.controller_level != forest.functional_level:
        faults.append(f"'ad dc functional level' is not '{forest.functional_level}'")
    return faults


def smb_conf_faults(settings: Settings, *, realm: str, netbios_name: str, host_name: str) -> list[str]:
    """Where smb.conf is not that of this controller."""
    wanted = [
        ("server role", settings.server_role.lower(), DC_ROLE),
        ("realm", settings.realm.upper(), realm.upper()),
        ("workgroup", settings.workgroup.upper(), netbios_name.upper()),
        ("netbios name", settings.netbios_name.upper(), host_name.upper()),
    ]
    faults = [f"{key} is '{value}' and must be '{want}'" for key, value, want in wanted if value != want]
    return faults + [
        f"the share [{share}] has no path"
        for share, path in (("sysvol", settings.sysvol), ("netlogon", settings.netlogon))
        if not path
    ]


class DomainResource:
    """The resource of the module `domain`."""

    batch = 1

    def __init__(self, connect: Callable[[], Samba], forest: Forest, *, password: str | None, check_mode: bool) -> None:
        """Check the names at once, before Samba is even looked for: nothing of them depends on the host."""
        faults = forest_faults(forest)
        if faults:
            raise ResourceError(
                f"Not a legal forest, nothing was changed: {'; '.join(faults)}. Correct these options.", faults=faults
            )
        self._samba = connect()
        self._forest = forest
        self._password = password
        self._check_mode = check_mode
        self._found = Found()
        self._unknown: list[str] = []
        self._moved: str | None = None

    def current(self) -> State:
        """Read the domain; another one than the wanted ends the module."""
        self._found = self._samba.find()
        domain = self._found.domain
        if domain is None:
            return {}
        self._refuse_other(domain)
        refuse_rename(domain, self._forest.host_name)
        refuse_other_backend(domain, self._forest.backend_store)
        return shown(domain)

    def _refuse_other(self, domain: Domain) -> None:
        wanted = (self._forest.dns_name.lower(), self._forest.netbios_name.upper())
        if (domain.dns_name.lower(), domain.netbios_name.upper()) != wanted:
            raise ResourceError(
                f"This host already holds the domain {domain.dns_name} ({domain.netbios_name}, {domain.sid}) and not"
                f" {wanted[0]} ({wanted[1]}). Nothing was changed: a domain cannot be renamed, and making another would"
                " destroy it. Correct dns_domain_name or domain_netbios_name, or demote this host and empty"
                f" {self._samba.private_dir} yourself first.",
                domain=shown(domain),
            )

    def desired(self, before: State) -> State:
        """An existing domain stays as it is: levels and names have modules of their own, or none."""
        if before:
            return before
        forest = self._forest
        level = LEVELS[forest.functional_level]
        return {
            "dns_name": forest.dns_name.lower(),
            "netbios_name": forest.netbios_name.upper(),
            "functional_levels": {"domain": level, "forest": level, "domain_controller": level},
            "site": forest.site,
            "host_name": forest.host_name,
            "host_address": forest.host_address,
            "backend_store": forest.backend_store,
        }

    def plan(self, before: State, after: State) -> list[Step]:
        """At most two steps: put an interrupted provisioning aside, and provision."""
        if before:
            return []
        self._check_ready()
        steps = []
        if self._found.fault:
            self._refuse_served()
            change = {"reason": self._found.fault}
            steps.append(Step(verb="move_aside", target=self._samba.private_dir, change=change))
        steps.append(Step(verb="provision", target=self._forest.dns_name.lower(), change=after))
        return steps

    def _refuse_served(self) -> None:
        if self._found.served:
            raise ResourceError(
                f"{self._samba.private_dir} holds a directory that Samba has served from and that cannot be read:"
                f" {self._found.fault}. Nothing was changed, for this is no interrupted provisioning. Restore it from a"
                " backup or another domain controller, or move it away yourself."
            )

    def _refuse_second(self) -> None:
        for address in self._forest.peers:
            served = (self._samba.served_by(address) or "").lower()
            if served == self._forest.dns_name.lower():
                raise ResourceError(
                    f"The domain {served} is there already: the controller at {address} serves it, and this host holds"
                    " nothing. Nothing was changed: making it here would start a second forest of the same name, and"
                    " the two would never agree. If this host was wiped, join it from that controller (samba_dc_mode:"
                    " join), after seizing there the roles that this host held. If that controller is the one to be"
                    " given up, stop it first.",
                    peer=address,
                )

    def _check_ready(self) -> None:
        self._refuse_second()
        self._check_inputs()
        if not self._samba.supports(self._forest.functional_level):
            raise ResourceError(
                f"functional_level {self._forest.functional_level} needs a Samba that knows 'ad dc functional level'"
                " (Debian 13 has it), not this host's. Nothing was changed. Choose 2008_R2, or a newer release for"
                " every controller."
            )
        settings = self._samba.settings()
        faults = ["it does not exist"] if settings is None else settings_faults(self._forest, settings)
        if faults and self._check_mode:
            self._unknown.append(f"whether smb.conf will suit: now {'; '.join(faults)}")
        elif faults:
            raise ResourceError(
                f"smb.conf does not suit the wanted forest: {'; '.join(faults)}. Nothing was changed."
                " Write it first (role samba_dc does), then run this again.",
                faults=faults,
            )

    def _check_inputs(self) -> None:
        if self._forest.host_address is None:
            raise ResourceError(
                "host_address is not given, and there is no domain yet. Nothing was changed. Give the IPv4 address that"
                " clients and other controllers reach this host at; Samba's own guess may be a wrong interface."
            )
        if self._password is None:
            raise ResourceError(
                "administrator_password is not given, and there is no domain yet. Nothing was changed. Give it for the"
                " first run; it is not needed later."
            )
        fault = self._samba.password_fault(self._password)
        if fault:
            raise ResourceError(
                f"administrator_password: {fault}. Nothing was changed. Choose a password of at least 7 characters with"
                " three of: upper case, lower case, digit, other."
            )

    def transaction(self) -> AbstractContextManager[object]:
        """Samba's provisioning keeps its own transactions over several databases."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Move aside, or provision."""
        if step.verb == "move_aside":
            self._moved = self._samba.move_aside()
        else:
            self._samba.provision(self._forest, self._password or "")
            self._found = self._samba.find()
            if self._found.domain is None:
                raise ResourceError(
                    f"Provisioning ended without an error, yet its databases cannot be read: {self._found.fault}."
                    " This host holds no domain. Run again: what was written is then moved aside."
                )

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The domain, where an interrupted one was put, and what check mode cannot know."""
        domain = self._found.domain
        values: dict[str, Any] = {"domain": shown(domain) if domain else {}, "moved_aside": self._moved}
        if domain is None:
            self._unknown.append("the SID and GUID of the domain: they are made with it")
        if self._unknown:
            values["unknown"] = self._unknown
        return values


def shown(domain: Domain) -> dict[str, Any]:
    """What a result tells of a domain."""
    levels = {
        "domain": domain.domain_level,
        "forest": domain.forest_level,
        "domain_controller": domain.controller_level,
    }
    names = {key: value for key, value in asdict(domain).items() if not key.endswith("_level")}
    return {**names, "functional_levels": levels}
