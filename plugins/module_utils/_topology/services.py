# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of services: the only place where a port number stands.

Firewall rules, probes, SRV records and the table in the documentation are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Function(StrEnum):
    """What a host is, by its inventory group."""

    DOMAIN_CONTROLLER = "domain_controller"
    MAIL_SERVER = "mail_server"
    GATEWAY = "gateway"
    MEMBER = "member"


class Tls(StrEnum):
    """How a service speaks TLS."""

    NONE = "none"
    OFFERED = "starttls offered"
    REQUIRED = "starttls required"
    IMPLICIT = "implicit"


class Audience(StrEnum):
    """Who may reach a service."""

    CLIENT = "client"
    DOMAIN_CONTROLLER = "domain controller"
    MAIL_SERVER = "mail server"
    PEER_GATEWAY = "peer gateway"
    INTERNET = "Internet"
    """Where `mailforest_mail.publish` names the service."""
    ADMINISTRATION = "administration"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One row: a name, its ports, how to probe it, and who may reach it."""

    name: str
    transports: tuple[str, ...]
    ports: str
    """A port or a range (`50000-50020`)."""
    provider: Function | None
    """The function that serves it; none: every host."""
    audiences: frozenset[Audience]
    """Who may reach it; empty: nobody, the port stays closed."""
    requirement: str
    source: str
    tls: Tls = Tls.NONE
    protocol: str = "none"
    srv: tuple[str, int] | None = None
    """Label and priority of its SRV record (RFC 6186, RFC 8314)."""
    choice: bool = False
    """Off until it is asked for."""
    login: bool | None = None
    """Whether a login is offered once there is TLS; none: there is no such thing, or it does not matter."""

    @property
    def refusal(self) -> str:
        """The reply, with its enhanced status code (RFC 3463), to mail for elsewhere from who has not logged in."""
        return "554 5.7.1" if self.protocol == "smtp" else ""

    @property
    def port(self) -> int:
        """The port to probe: the first one."""
        return int(self.ports.partition("-")[0])

    @property
    def last_port(self) -> int:
        """The last port of the range."""
        return int(self.ports.rpartition("-")[2])


RPC_PORTS = "50000-50020"
"""Samba's dynamic RPC ports: its default (49152-65535) would open sixteen thousand ports for the three it uses."""

_DC = Function.DOMAIN_CONTROLLER
_MAIL = Function.MAIL_SERVER
_SITES = frozenset({Audience.CLIENT, Audience.DOMAIN_CONTROLLER, Audience.MAIL_SERVER})
_READERS = frozenset({Audience.CLIENT})
_PUBLISHED = _READERS | {Audience.INTERNET}
_BOTH = ("tcp", "udp")
_TCP = ("tcp",)
_UDP = ("udp",)


def _directory(
    name: str, transports: tuple[str, ...], ports: str, *, protocol: str = "none", tls: Tls = Tls.NONE
) -> Service:
    """A service of a domain controller: open to the sites, closed to the Internet."""
    return Service(
        name=name,
        transports=transports,
        ports=ports,
        provider=_DC,
        audiences=_SITES,
        requirement="AD-10",
        source="Microsoft KB 832017, Samba wiki: Samba AD DC Port Usage",
        protocol=protocol,
        tls=tls,
    )


def _mail(
    name: str, ports: str, tls: Tls, protocol: str, requirement: str, source: str, srv: tuple[str, int] | None = None
) -> Service:
    """A service for mail clients: open to the sites, and those for phones and laptops on the way to anyone."""
    return Service(
        name=name,
        transports=_TCP,
        ports=ports,
        provider=_MAIL,
        audiences=_PUBLISHED if name in ("submission", "submissions", "imaps") else _READERS,
        requirement=requirement,
        source=source,
        protocol=protocol,
        tls=tls,
        srv=srv,
        choice=name == "submission-2525",
        login=True,
    )


CATALOGUE: tuple[Service, ...] = (
    Service(
        name="ssh",
        transports=_TCP,
        ports="22",
        provider=None,
        audiences=frozenset({Audience.ADMINISTRATION}),
        requirement="AD-10",
        source="RFC 4253",
        protocol="ssh",
    ),
    _directory("dns", _BOTH, "53", protocol="dns"),
    _directory("kerberos", _BOTH, "88", protocol="kerberos"),
    _directory("ntp", _UDP, "123", protocol="ntp"),
    _directory("rpc-endpoint", _TCP, "135", protocol="rpc"),
    Service(
        name="netbios-session",
        transports=_TCP,
        ports="139",
        provider=_DC,
        audiences=frozenset(),
        requirement="AD-10",
        source="Microsoft KB 832017: legacy, not needed since SMB over 445",
    ),
    _directory("ldap", _TCP, "389", protocol="ldap", tls=Tls.OFFERED),
    _directory("cldap", _UDP, "389", protocol="cldap"),
    _directory("smb", _TCP, "445", protocol="smb"),
    _directory("kpasswd", _BOTH, "464", protocol="kpasswd"),
    _directory("ldaps", _TCP, "636", protocol="ldap", tls=Tls.IMPLICIT),
    _directory("global-catalog", _TCP, "3268", protocol="ldap", tls=Tls.OFFERED),
    _directory("global-catalog-tls", _TCP, "3269", protocol="ldap", tls=Tls.IMPLICIT),
    _directory("rpc-dynamic", _TCP, RPC_PORTS),
    Service(
        name="file-share",
        transports=_TCP,
        ports="445",
        provider=Function.MEMBER,
        audiences=_SITES,
        requirement="AD-38",
        source="Microsoft KB 832017; open on members that have mailforest_shares",
        protocol="smb",
    ),
    Service(
        name="smtp",
        transports=_TCP,
        ports="25",
        provider=_MAIL,
        audiences=frozenset({Audience.INTERNET, Audience.MAIL_SERVER, Audience.CLIENT}),
        requirement="MAIL-3",
        source="RFC 5321",
        protocol="smtp",
        tls=Tls.OFFERED,
        login=False,
    ),
    _mail("submissions", "465", Tls.IMPLICIT, "smtp", "MAIL-5", "RFC 8314", ("_submissions._tcp", 0)),
    _mail("submission", "587", Tls.REQUIRED, "smtp", "MAIL-4", "RFC 6409", ("_submission._tcp", 10)),
    _mail("submission-2525", "2525", Tls.REQUIRED, "smtp", "MAIL-29", "custom of mail providers, no RFC"),
    _mail("imap", "143", Tls.REQUIRED, "imap", "MAIL-26", "RFC 9051, RFC 8314", ("_imap._tcp", 10)),
    _mail("imaps", "993", Tls.IMPLICIT, "imap", "MAIL-26", "RFC 8314", ("_imaps._tcp", 0)),
    _mail("pop3", "110", Tls.REQUIRED, "pop3", "MAIL-25", "RFC 1939, RFC 2595", ("_pop3._tcp", 10)),
    _mail("pop3s", "995", Tls.IMPLICIT, "pop3", "MAIL-25", "RFC 8314", ("_pop3s._tcp", 0)),
    _mail("sieve", "4190", Tls.REQUIRED, "managesieve", "MAIL-6", "RFC 5804", ("_sieve._tcp", 0)),
    Service(
        name="autoconfig",
        transports=_TCP,
        ports="443",
        provider=_MAIL,
        audiences=_PUBLISHED,
        requirement="MAIL-17",
        source="Thunderbird's config-v1.1.xml, MS-OXDSCLI; on with mailforest_mail.autoconfig",
        tls=Tls.IMPLICIT,
        srv=("_autodiscover._tcp", 0),
        choice=True,
    ),
    Service(
        name="openvpn",
        transports=_UDP,
        ports="1194-1293",
        provider=Function.GATEWAY,
        audiences=frozenset({Audience.PEER_GATEWAY}),
        requirement="AD-11",
        source="IANA; a port for each tunnel of a gateway",
    ),
)

SERVICES: dict[str, Service] = {service.name: service for service in CATALOGUE}

POSTFIX_SERVICES: tuple[str, ...] = ("smtp", "submission", "submissions", "submission-2525")
DOVECOT_SERVICES: tuple[str, ...] = ("imap", "imaps", "pop3", "pop3s", "sieve")
MAIL_SERVICES: tuple[str, ...] = POSTFIX_SERVICES + DOVECOT_SERVICES
"""What `mailforest_mail.services` may name."""
AUTOCONFIG = "autoconfig"
"""By which mail programs set themselves up; `mailforest_mail.autoconfig` has it served."""
AUTOCONFIG_NAMES: tuple[str, ...] = ("autoconfig", "autodiscover")
"""The hosts of a mail domain that Thunderbird and Outlook ask."""
PUBLISHABLE: tuple[str, ...] = (*MAIL_SERVICES, AUTOCONFIG)
"""What `mailforest_mail.publish` may name."""
DEFAULT_MAIL_SERVICES: tuple[str, ...] = tuple(name for name in MAIL_SERVICES if not SERVICES[name].choice)
DEFAULT_PUBLISHED: tuple[str, ...] = tuple(
    name for name in PUBLISHABLE if Audience.INTERNET in SERVICES[name].audiences
)
"""What mail servers let in from the Internet unless the topology says otherwise."""

RELAY_PORTS: tuple[int, ...] = tuple(SERVICES[name].port for name in ("submission", "submissions", "submission-2525"))
"""Where a smart host is asked unless it is said otherwise, the first first."""


ANSWERS_UDP: frozenset[str] = frozenset({"dns", "kerberos", "cldap", "ntp"})
"""Protocols that answer a stranger's question over UDP; others cannot be told from a closed port."""


def tcp_services() -> tuple[Service, ...]:
    """Every service with a TCP port: those can be proven closed."""
    return tuple(service for service in CATALOGUE if "tcp" in service.transports)


def udp_services() -> tuple[Service, ...]:
    """Every service that answers over UDP."""
    return tuple(row for row in CATALOGUE if "udp" in row.transports and row.protocol in ANSWERS_UDP)


def served_by(function: Function) -> tuple[Service, ...]:
    """The services of a function that somebody may reach, in the catalogue's order."""
    return tuple(service for service in CATALOGUE if service.provider is function and service.audiences)
