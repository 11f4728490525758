# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model: what inventory and variables say, as frozen dataclasses. Nothing here judges; that is for the rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

from .schema import GROUPS, OBSERVERS
from .secrets import Verdict
from .services import AUTOCONFIG, DEFAULT_PUBLISHED, RELAY_PORTS, Function

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

MAIL_ACCOUNT = "svc-mail"
"""The account with which the mail servers look users up."""
PROBE_ACCOUNT = "svc-mail-probe"
"""The account whose mailbox proves that mail flows; with more mail servers each is the home of one such."""


EVERY_USER = "users"
"""As the senders of a group: all who log in."""


def parse_address(text: str) -> Address | None:
    """The address, or none when the text is no address."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_network(text: str) -> Network | None:
    """The network, or none when the text is none or has host bits."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class HostInput:
    """A host as the inventory has it."""

    groups: tuple[str, ...]
    variables: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class RawInput:
    """Everything the topology is made from, before it is read."""

    hosts: Mapping[str, HostInput]
    """Hosts of the `mailforest_*` groups, in the groups' order."""
    variables: Mapping[str, object]
    """The `mailforest_*` variables of `schema.VARIABLES` that are set."""
    secrets: Mapping[str, Verdict] = field(default_factory=dict)
    """A verdict per secret."""
    passwords: Mapping[str, Verdict] = field(default_factory=dict)
    """A verdict per user in `mailforest_user_passwords`."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Names of unknown variables, and a host that has them ("" when all have)."""
    undefined: Mapping[str, str] = field(default_factory=dict)
    """Places whose value could not be worked out, and why."""


@dataclass(frozen=True, kw_only=True)
class Forest:
    """The forest and its domain."""

    realm: str
    netbios: str
    functional_level: str
    parent: str

    @property
    def dns_domain(self) -> str:
        """The domain's name in DNS."""
        return self.realm.lower()

    @property
    def base_dn(self) -> str:
        """The domain's distinguished name."""
        return ",".join(f"DC={label}" for label in self.dns_domain.split("."))


@dataclass(frozen=True, kw_only=True)
class Site:
    """An office."""

    name: str
    subnets: tuple[str, ...]
    gateway: str

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """Those subnets that are well-formed."""
        return tuple(network for text in self.subnets if (network := parse_network(text)))

    @property
    def place(self) -> str:
        """Where it is written."""
        return f"mailforest_sites.{self.name}"

    def holds(self, address: Address) -> bool:
        """Whether the address is in one of the subnets."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True, kw_only=True)
class SiteLink:
    """A replication link between offices."""

    name: str
    sites: tuple[str, ...]
    cost: int
    interval: int
    schedule: object = None
    """Refused; kept to say so."""


@dataclass(frozen=True, kw_only=True)
class TunnelChoices:
    """What holds for all tunnels."""

    tcp: bool
    standby: bool
    mtu: int
    fingerprints: Mapping[str, tuple[str, ...]]
    """Of the certificates that gateways may show, by the gateway's name."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A folder that a member serves."""

    name: str
    path: str
    group: str
    read_only: bool


@dataclass(frozen=True, kw_only=True)
class Filtering:
    """What is said of the packet filters beside what follows from the rest."""

    logins_per_minute: int
    ssh_per_minute: int
    blocked: tuple[str, ...]
    log_per_minute: int


@dataclass(frozen=True, kw_only=True)
class Egress:
    """Something that a limited host may send beside what it must."""

    name: str
    transport: str
    ports: tuple[str, ...]
    destinations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host of the system, or an observer (no function)."""

    name: str
    functions: tuple[Function, ...]
    observer: bool
    """In the group of observers, whatever else it is."""
    site: str
    address: str
    address_name: str
    """The variable that the address comes from."""
    public_address: str
    release: str
    memory: int = 0
    """In MiB; 0 = not known."""
    processors: int = 0
    """0 = not known."""
    shares: tuple[Share, ...] = ()
    egress: tuple[Egress, ...] = ()
    """Empty: what it sends is not limited."""

    @cached_property
    def ip(self) -> Address | None:
        """The address, when it is one."""
        return parse_address(self.address)

    @cached_property
    def public_ip(self) -> Address | None:
        """The address on the Internet, when it is one."""
        return parse_address(self.public_address)

    def has(self, function: Function) -> bool:
        """Whether the host has the function."""
        return function in self.functions


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A smart host."""

    host: str
    ports: tuple[int, ...]
    user: str

    @property
    def ports_given(self) -> bool:
        """Whether somebody wrote the ports; the reader hands the default on as it is."""
        return self.ports is not RELAY_PORTS


@dataclass(frozen=True, kw_only=True)
class Mail:
    """How mail is laid out."""

    domains: tuple[str, ...]
    home: Mapping[str, str]
    services: tuple[str, ...]
    publish: tuple[str, ...]
    autoconfig: bool
    group: str
    quota: str
    direct_senders: tuple[str, ...]
    """Who may send to the Internet's port 25 beside the mail servers."""
    guesses_exempt: tuple[str, ...]
    relay: Mapping[str, Relay]
    """The smart host of each site that has one."""
    mta_sts: str
    tls_reports: str
    antispam: bool
    spf: str
    dmarc: str

    @property
    def published(self) -> tuple[str, ...]:
        """Those services that the Internet may reach."""
        return tuple(name for name in self.publish if name in self.services)

    @property
    def publish_given(self) -> bool:
        """Whether somebody wrote what is to be published; the reader hands the default on as it is."""
        return self.publish is not DEFAULT_PUBLISHED


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of the directory."""

    name: str
    scope: str
    category: str
    email: str
    senders: str
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the directory."""

    name: str
    firstname: str
    surname: str
    email: str
    aliases: tuple[str, ...]
    enabled: bool
    password_never_expires: bool
    groups: tuple[str, ...]
    site: str
    quota: str


@dataclass(frozen=True, kw_only=True)
class DnsRecord:
    """A DNS record that the user asks for."""

    zone: str
    name: str
    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A rule silenced for a host."""

    rule: str
    host: str
    reason: str
    until: date | None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Where an FSMO role is to be when nobody says where."""

    owner: str
    reason: str
    unfit: Mapping[str, str]
    """Hosts that must not keep the role, each with what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The whole, as read."""

    forest: Forest
    sites: Mapping[str, Site]
    links: tuple[SiteLink, ...]
    tunnels: TunnelChoices
    fsmo: Mapping[str, str]
    mail: Mail
    password_policy: Mapping[str, int | bool]
    """Those settings that are given."""
    groups: tuple[Group, ...]
    users: tuple[User, ...]
    zones: tuple[str, ...]
    forwarders: tuple[str, ...]
    records: tuple[DnsRecord, ...]
    time_servers: tuple[str, ...]
    admin_sources: tuple[str, ...]
    filtering: Filtering
    backup_recipients: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    hosts: Mapping[str, Host]
    secrets: Mapping[str, Verdict]
    passwords: Mapping[str, Verdict]
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    """Every FSMO role's place with `mailforest_fsmo: auto`; empty when somebody says where they are."""

    @cached_property
    def members(self) -> tuple[Host, ...]:
        """All hosts of the system, without observers."""
        return tuple(host for host in self.hosts.values() if host.functions)

    @cached_property
    def observers(self) -> tuple[Host, ...]:
        """The vantage points outside the system."""
        return tuple(host for host in self.hosts.values() if host.observer and not host.functions)

    @cached_property
    def by_function(self) -> Mapping[Function, tuple[Host, ...]]:
        """The hosts of each function, in the inventory's order."""
        return {function: tuple(host for host in self.members if host.has(function)) for function in Function}

    @property
    def domain_controllers(self) -> tuple[Host, ...]:
        """The domain controllers; the first creates the forest."""
        return self.by_function[Function.DOMAIN_CONTROLLER]

    @property
    def mail_servers(self) -> tuple[Host, ...]:
        """The mail servers."""
        return self.by_function[Function.MAIL_SERVER]

    @cached_property
    def by_site(self) -> Mapping[str, tuple[Host, ...]]:
        """The hosts of each declared site."""
        found: dict[str, list[Host]] = {name: [] for name in self.sites}
        for host in self.members:
            if host.site in found:
                found[host.site].append(host)
        return {name: tuple(hosts) for name, hosts in found.items()}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Every FSMO role and its owner: as named, else the first domain controller."""
        first = self.domain_controllers[0].name if self.domain_controllers else ""
        return {role: owner or first for role, owner in self.fsmo.items()}

    @cached_property
    def served_zones(self) -> tuple[str, ...]:
        """The zones that the directory's DNS serves, the forest's own first."""
        return (self.forest.dns_domain, *self.zones)

    @cached_property
    def linked_sites(self) -> Mapping[str, frozenset[str]]:
        """For each site, those that a link joins it with."""
        found: dict[str, set[str]] = {name: set() for name in self.sites}
        for link in self.links:
            for site in link.sites:
                found.setdefault(site, set()).update(other for other in link.sites if other != site)
        return {name: frozenset(others) for name, others in found.items()}

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """The mail server that keeps the mailboxes of each site's users."""
        if self.mail.home or len(self.mail_servers) != 1:
            return self.mail.home
        return {name: self.mail_servers[0].name for name in self.sites}

    @cached_property
    def led_inside(self) -> Mapping[str, Host]:
        """For each site whose gateway leads published ports inside, the mail server there; the site's home first.

        A mail server that has an address on the Internet, a gateway among them, needs nobody to lead there.
        """
        found: dict[str, Host] = {}
        for name, hosts in self.by_site.items() if self.mail.published else ():
            gateway = self.hosts.get(self.sites[name].gateway)
            if gateway is None or gateway.has(Function.MAIL_SERVER):
                continue
            hidden = [host for host in hosts if host.has(Function.MAIL_SERVER) and not host.public_address]
            if hidden:
                found[name] = next((host for host in hidden if host.name == self.homes.get(name)), hidden[0])
        return found

    @cached_property
    def probes(self) -> Mapping[str, Host]:
        """The accounts that prove that mail flows, and the mail server that is the home of each."""
        return {
            PROBE_ACCOUNT if number == 1 else f"{PROBE_ACCOUNT}-{number}": host
            for number, host in enumerate(self.mail_servers, start=1)
        }

    def sends_directly(self, host: Host) -> bool:
        """Whether a host that is no mail server may send to the Internet's port 25 nevertheless."""
        allowed = [network for text in self.mail.direct_senders if (network := parse_network(text))]
        return host.ip is not None and any(host.ip in network for network in allowed)

    def relays_through(self, host: Host) -> Host | None:
        """The mail server of the topology that is the host's smart host; none where it has none, or a foreign one."""
        relay = self.mail.relay.get(host.site)
        return self.mail_server_named(relay.host) if relay else None

    def mail_server_named(self, name: str) -> Host | None:
        """The mail server that has this name, in full or not, or this address."""
        wanted = name.lower()
        for host in self.mail_servers:
            own = (host.name, f"{host.name}.{self.forest.dns_domain}", host.address, host.public_address)
            if wanted and wanted in own:
                return host
        return None

    def home_of(self, user: User) -> str:
        """The mail server that keeps the user's mailbox; "" when the topology does not say."""
        if len(self.mail_servers) == 1:
            return self.mail_servers[0].name
        if user.site:
            return self.homes.get(user.site, "")
        servers = set(self.homes.values())
        return servers.pop() if len(servers) == 1 else ""


def functions_of(groups: tuple[str, ...]) -> tuple[Function, ...]:
    """The functions that the groups give a host, in the order of `Function`."""
    given = {GROUPS[group] for group in groups if group in GROUPS}
    return tuple(function for function in Function if function in given)


def make_host(name: str, source: HostInput, read: Mapping[str, Any]) -> Host:
    """The host, with its address from the first variable that has one."""
    fallback = source.variables.get("ansible_host", name)
    address, origin = read["mailforest_address"], "mailforest_address"
    if not address and isinstance(fallback, str) and parse_address(fallback):
        address, origin = str(fallback), "ansible_host"
    return Host(
        name=name,
        functions=functions_of(source.groups),
        observer=OBSERVERS in source.groups,
        site=read["mailforest_site"],
        address=address,
        address_name=origin,
        public_address=read["mailforest_public_address"],
        release=read["mailforest_release"],
        memory=read["mailforest_memory"] or 0,
        processors=read["mailforest_processors"] or 0,
        shares=tuple(Share(**row) for row in read["mailforest_shares"] or ()),
        egress=tuple(Egress(**row) for row in read["mailforest_egress"] or ()),
    )


def make_mail(read: Mapping[str, Any]) -> Mail:
    """How mail is laid out; what mail programs ask for their settings is one of its services."""
    mail = Mail(**{**read, "relay": {site: Relay(**row) for site, row in read["relay"].items()}})
    return replace(mail, services=(*mail.services, AUTOCONFIG)) if mail.autoconfig else mail


def make_topology(read: Mapping[str, Any], hosts: Mapping[str, Host], raw: RawInput) -> Topology:
    """The model from what the reader returned."""
    dns = read["mailforest_dns"]
    return Topology(
        forest=Forest(**read["mailforest_forest"]),
        sites={name: Site(name=name, **row) for name, row in read["mailforest_sites"].items()},
        links=tuple(SiteLink(name=name, **row) for name, row in read["mailforest_site_links"].items()),
        tunnels=TunnelChoices(**read["mailforest_tunnels"]),
        fsmo=read["mailforest_fsmo"],
        mail=make_mail(read["mailforest_mail"]),
        password_policy={
            name: value for name, value in read["mailforest_password_policy"].items() if value is not None
        },
        groups=tuple(Group(**row) for row in read["mailforest_groups"]),
        users=tuple(User(**row) for row in read["mailforest_users"]),
        zones=tuple(zone.lower() for zone in dns["zones"]),
        forwarders=dns["forwarders"],
        records=tuple(DnsRecord(**row) for row in dns["records"]),
        time_servers=read["mailforest_time"]["servers"],
        admin_sources=read["mailforest_admin"]["sources"],
        filtering=Filtering(**read["mailforest_firewall"]),
        backup_recipients=read["mailforest_backup_recipients"],
        waivers=tuple(Waiver(**row) for row in read["mailforest_waivers"]),
        hosts=hosts,
        secrets=raw.secrets,
        passwords=raw.passwords,
    )


def mail_service_account(host: Host) -> str:
    """The account of a mail server's services, for which clients get Kerberos tickets: 20 characters at most."""
    return f"mail-{host.name}"
