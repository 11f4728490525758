# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must be like inside: the units that run, the ports that something may wait at, who tells the time."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Host, Topology
from .plan import HealthPlan, RelayAttemptPlan
from .records import fqdn
from .services import AUTOCONFIG, CATALOGUE, DOVECOT_SERVICES, POSTFIX_SERVICES, SERVICES, Function, Tls
from .tunnels import Tunnels

_DC, _MAIL, _GATEWAY, _MEMBER = (
    Function.DOMAIN_CONTROLLER,
    Function.MAIL_SERVER,
    Function.GATEWAY,
    Function.MEMBER,
)
_SSH, _NTP = "22", "123"
_MEMBER_PORTS = ("139", "445")
"""Samba waits at them on every member; the firewall opens the one, where there are shares."""
_LOGIN_GUARD = "mailforest-login-guard.service"
"""Role dovecot leaves it out where no guess is to be counted."""
_FROM_THE_FIRST_BYTE = ("ldaps", "submissions", "imaps", AUTOCONFIG)
"""A port of each daemon that shows its certificate before anything is said."""


def health(topology: Topology, tunnels: Tunnels, host: Host, time_servers: list[str]) -> HealthPlan:
    """The input of the module `host_health`."""
    mail = set(topology.mail.services) if host.has(_MAIL) else set()
    return {
        "units": [
            {"name": name, "requirement": requirement, "where_installed": name == _LOGIN_GUARD}
            for name, requirement in _units(topology, tunnels, host)
        ],
        "ports": sorted(_ports(host, mail), key=lambda text: int(text.partition("-")[0])),
        "certificates": _certificates(host, mail),
        # A domain controller's clock is compared with the PDC emulator's by dc_info.
        "time_servers": [] if host.has(_DC) else time_servers,
        "queue": host.has(_MAIL),
        "backup": host.has(_DC) and bool(topology.backup_recipients),
    }


def _units(topology: Topology, tunnels: Tunnels, host: Host) -> Iterator[tuple[str, str]]:
    yield "chrony.service", "AD-14"
    yield "mailforest-firewall.service", "AD-10"
    if host.has(_GATEWAY):
        for tunnel in tunnels.plan(host.site):
            yield f"mailforest-tunnel@{tunnel['name']}.service", "AD-11"
    if host.has(_DC):
        yield "samba-ad-dc.service", "AD-13"
        yield "mailforest-sysvol-sync.timer", "AD-42"
        if topology.backup_recipients:
            yield "mailforest-backup.timer", "AD-15"
    if host.has(_MEMBER):
        yield "winbind.service", "AD-39"
        if host.shares:
            yield "smbd.service", "AD-38"
    if host.has(_MAIL):
        yield from _mail_units(topology)


def _mail_units(topology: Topology) -> Iterator[tuple[str, str]]:
    yield "postfix.service", "MAIL-1"
    yield "dovecot.service", "MAIL-2"
    yield "mailforest-mail-tables.service", "MAIL-13"
    yield _LOGIN_GUARD, "MAIL-19"
    if topology.mail.antispam:
        yield "rspamd.service", "MAIL-24"
        yield "redis-server@rspamd.service", "MAIL-24"
    if AUTOCONFIG in topology.mail.services:
        yield "nginx.service", "MAIL-17"


_WAIT_UNREACHED = frozenset({"netbios-session"})
"""Samba waits there as well; the firewall lets nobody through."""


def _ports(host: Host, mail: set[str]) -> set[str]:
    """Where something may wait, at other addresses than loopback's."""
    found = {_SSH, _NTP}
    for service in CATALOGUE:
        chosen = service.name in mail or service.name not in (*POSTFIX_SERVICES, *DOVECOT_SERVICES, AUTOCONFIG)
        waits = service.audiences or service.name in _WAIT_UNREACHED
        if waits and service.provider is not None and host.has(service.provider) and chosen:
            found.add(service.ports)
    return found | (set(_MEMBER_PORTS) if host.has(_MEMBER) else set())


def _certificates(host: Host, mail: set[str]) -> list[int]:
    """Ports whose certificate must be the one of the host."""
    rows = [SERVICES[name] for name in _FROM_THE_FIRST_BYTE]
    return [
        service.port
        for service in rows
        if service.tls is Tls.IMPLICIT
        and ((service.provider is _DC and host.has(_DC)) or (service.provider is _MAIL and service.name in mail))
    ]


def relay_attempts(topology: Topology) -> dict[str, list[RelayAttemptPlan]]:
    """Vantage point to the mail servers that it asks to pass on a stranger's mail: from outside, and from one host
    that may use them."""
    if not topology.mail_servers:
        return {}
    found = {host.name: list(_from_outside(topology)) for host in topology.observers}
    inside = next((host for host in topology.members if not host.has(_MAIL)), None)
    inside = next(iter(topology.by_function[_MEMBER]), inside)
    if inside is not None and not inside.has(_MAIL):
        found[inside.name] = [_attempt(topology, host, host.address) for host in topology.mail_servers]
    return {name: attempts for name, attempts in found.items() if attempts}


def _from_outside(topology: Topology) -> Iterator[RelayAttemptPlan]:
    if "smtp" not in topology.mail.published:
        return
    for host in topology.members:
        if host.public_address and host.has(_MAIL):
            yield _attempt(topology, host, host.public_address)
        elif host.public_address and host.has(_GATEWAY) and (led := topology.led_inside.get(host.site)):
            yield _attempt(topology, led, host.public_address)


def _attempt(topology: Topology, server: Host, address: str) -> RelayAttemptPlan:
    return {
        "server": fqdn(topology, server),
        "address": address,
        "port": SERVICES["smtp"].port,
        "sender": f"postmaster@{topology.mail.domains[0].lower()}",
    }
