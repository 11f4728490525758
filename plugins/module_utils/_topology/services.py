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
    why: str = ""
    """Why it stays closed, where nobody may reach it."""
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


def _closed(
    name: str, transports: tuple[str, ...], ports: str, provider: Function | None, source: str, why: str
) -> Service:
    """A service that nobody may reach, whether something listens or not."""
    return Service(
        name=name,
        transports=transports,
        ports=ports,
        provider=provider,
        audiences=frozenset(),
        requirement="AD-10",
        source=source,
        why=why,
    )


_KB = "Microsoft KB 832017"
_LEGACY = "Legacy: clients find controllers in DNS, and files over 445."
_NOT_SAMBA = "A service of Windows controllers that Samba does not have."
_RSPAMD = "rspamd: its workers have no authentication of their own; Postfix asks on the same host."

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
    Service(
        name="openvpn-tcp",
        transports=_TCP,
        ports="1194-1293",
        provider=Function.GATEWAY,
        audiences=frozenset({Audience.PEER_GATEWAY}),
        requirement="AD-11",
        source="IANA; the same ports, on with mailforest_tunnels.tcp",
        choice=True,
    ),
    _closed("netbios-name", _UDP, "137", _DC, _KB, _LEGACY),
    _closed("netbios-datagram", _UDP, "138", _DC, _KB, _LEGACY),
    _closed("netbios-session", _TCP, "139", _DC, _KB, _LEGACY),
    _closed("dfs-replication", _TCP, "5722", _DC, _KB, f"{_NOT_SAMBA} SYSVOL is kept equal by role `sysvol_sync`."),
    _closed("ad-web-services", _TCP, "9389", _DC, _KB, _NOT_SAMBA),
    _closed("lmtp", _TCP, "24", _MAIL, "RFC 2033", "Delivery without any check. Postfix reaches Dovecot by a socket."),
    _closed("http", _TCP, "80", _MAIL, "RFC 9110", "Mail programs are told their settings over TLS only."),
    _closed("rspamd-proxy", _TCP, "11332", _MAIL, "rspamd's default", _RSPAMD),
    _closed("rspamd-scanner", _TCP, "11333", _MAIL, "rspamd's default", "rspamd: the proxy judges by itself."),
    _closed("rspamd-controller", _TCP, "11334", _MAIL, "rspamd's default", "rspamd: a socket for root in its place."),
    _closed("chrony-control", _UDP, "323", None, "IANA", "chrony's own control; it listens on loopback."),
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


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A service of the Internet that hosts of some functions need."""

    name: str
    transports: tuple[str, ...]
    ports: str
    functions: tuple[Function, ...]
    """Who may use it although the host is limited; for `smtp`: who may use it at all."""
    requirement: str
    source: str
    why: str


OUTGOING: dict[str, Outgoing] = {
    row.name: row
    for row in (
        Outgoing(
            name="smtp",
            transports=_TCP,
            ports="25",
            functions=(_MAIL,),
            requirement="MAIL-20",
            source="RFC 5321, M3AAWG: managing port 25",
            why="Mail for others. Nobody else in the offices may: an infected computer sends no spam under the "
            "offices' address.",
        ),
        Outgoing(
            name="dns",
            transports=_BOTH,
            ports="53",
            functions=tuple(Function),
            requirement="MAIL-20",
            source="RFC 1035, RFC 7766",
            why="Controllers ask the forwarders for what is not theirs, mail servers for block lists, all others until "
            "there are controllers.",
        ),
        Outgoing(
            name="ntp",
            transports=_UDP,
            ports="123",
            functions=(_DC,),
            requirement="MAIL-20",
            source="RFC 5905",
            why="The PDC emulator follows mailforest_time.servers; all others follow controllers.",
        ),
    )
}
"""What limited hosts may send to the Internet by what they are."""


ANSWERS_UDP: frozenset[str] = frozenset({"dns", "kerberos", "cldap", "ntp"})
"""Protocols that answer a stranger's question over UDP; others cannot be told from a closed port."""


def tcp_services() -> tuple[Service, ...]:
    """Every service with a TCP port: those can be proven closed. Those of tunnels differ from gateway to gateway."""
    return tuple(
        service for service in CATALOGUE if "tcp" in service.transports and service.provider is not Function.GATEWAY
    )


def udp_services() -> tuple[Service, ...]:
    """Every service that answers over UDP."""
    return tuple(row for row in CATALOGUE if "udp" in row.transports and row.protocol in ANSWERS_UDP)


def served_by(function: Function) -> tuple[Service, ...]:
    """The services of a function that somebody may reach, in the catalogue's order."""
    return tuple(service for service in CATALOGUE if service.provider is function and service.audiences)
