# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a topology without errors to the plan: everything that follows, for every host."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from .expectations import CA_FILE, Expectations
from .findings import Finding
from .firewall import Firewall
from .flows import mail_flows, mail_probes
from .guesses import exempt_networks
from .health import health, relay_attempts
from .model import (
    EVERY_USER,
    MAIL_ACCOUNT,
    PROBE_ACCOUNT,
    Group,
    Host,
    Share,
    Topology,
    User,
    mail_service_account,
)
from .plan import (
    DirectoryPlan,
    EntryPlan,
    ForestPlan,
    GroupPlan,
    HostPlan,
    MailListPlan,
    MailPlan,
    PeerPlan,
    Plan,
    RelayPlan,
    SetupPlan,
    SharePlan,
    SiteLinkPlan,
    SitePlan,
    UserPlan,
)
from .records import (
    controller_records,
    directory_records,
    fqdn,
    mail_names,
    outside_records,
    record_checks,
    signing,
    sts_policy,
    text_records,
    web_names,
)
from .services import (
    AUTOCONFIG,
    DOVECOT_SERVICES,
    POSTFIX_SERVICES,
    RPC_PORTS,
    SERVICES,
    Function,
    Tls,
)
from .tunnels import Tunnels

MAILBOX_ATTRIBUTE = "adminDescription"
"""Carries the user's GUID as text: LDAP gives the GUID itself in binary, which no mail server can look up."""
HOME_ATTRIBUTE = "adminDisplayName"
"""Carries the name of the mail server that keeps the user's mailbox."""
QUOTA_ATTRIBUTE = "maxStorage"
"""Carries how many bytes the mailbox may hold; only administrators write it."""
_PRINCIPALS = {"smtp": "smtp", "imap": "imap", "pop3": "pop", "managesieve": "sieve"}
"""Names of services in Kerberos (RFC 4954, RFC 9051, RFC 5034, RFC 5804)."""
ADMINISTRATOR = "Administrator"
_RESOLVERS = 3  # glibc reads no more
_TIME_SERVERS = 4
_SETUPS = {"imap": ("imaps", "imap"), "pop3": ("pop3s", "pop3"), "smtp": ("submissions", "submission")}
"""What mail programs are told of, the best first (RFC 8314)."""


def compile_topology(topology: Topology, warnings: Sequence[Finding] = ()) -> Plan:
    """The plan. The topology must be free of errors."""
    firewall = Firewall(topology, Tunnels(topology))
    hosts = _Hosts(topology, firewall)
    return {
        "forest": _forest(topology, firewall),
        "first_dc": topology.domain_controllers[0].name,
        "fsmo": dict(topology.owners),
        "fsmo_auto": {
            role: {"owner": proposal.owner, "reason": proposal.reason, "unfit": dict(proposal.unfit)}
            for role, proposal in topology.proposals.items()
        },
        "sites": {name: _site(topology, name) for name in topology.sites},
        "site_links": {link.name: _link(link.sites, link.cost, link.interval) for link in topology.links},
        "entries": [_entry(topology, host) for host in topology.members],
        "hosts": {host.name: hosts.plan(host) for host in topology.members},
        "mail": _mail(topology),
        "directory": _directory(topology),
        "backup": {"recipients": list(topology.backup_recipients)},
        "outside_dns": outside_records(topology) if topology.mail_servers else [],
        "srv": controller_records(topology),
        "records": record_checks(topology),
        "relay_attempts": relay_attempts(topology),
        "expectations": Expectations(topology, firewall).all(),
        "warnings": [finding.as_dict() for finding in warnings],
    }


def _forest(topology: Topology, firewall: Firewall) -> ForestPlan:
    forest = topology.forest
    public = [f"{host.public_address}/32" for host in topology.members if host.public_address]
    names = [forest.dns_domain, *(domain.lower() for domain in topology.mail.domains)]
    return {
        "realm": forest.realm,
        "dns_domain": forest.dns_domain,
        "netbios": forest.netbios,
        "base_dn": forest.base_dn,
        "functional_level": forest.functional_level,
        "administrator": ADMINISTRATOR,
        "rpc_ports": RPC_PORTS,
        "dns_forwarders": list(topology.forwarders),
        "subnets": list(firewall.subnets),
        "certificate_permitted_names": names,
        "certificate_permitted_addresses": [*firewall.subnets, *public],
    }


def _site(topology: Topology, name: str) -> SitePlan:
    site, hosts = topology.sites[name], topology.by_site[name]
    return {
        "subnets": [str(network) for network in site.networks],
        "gateway": site.gateway,
        "domain_controllers": [host.name for host in hosts if host.has(Function.DOMAIN_CONTROLLER)],
        "mail_home": topology.homes.get(name, ""),
    }


def _link(sites: Sequence[str], cost: int, interval: int) -> SiteLinkPlan:
    return {"sites": list(sites), "cost": cost, "interval": interval}


def _entry(topology: Topology, host: Host) -> EntryPlan:
    return {"address": host.address, "names": [fqdn(topology, host), host.name]}


@dataclass(frozen=True)
class _Hosts:
    """Plans of single hosts; what is the same for all of a site is worked out once."""

    topology: Topology
    firewall: Firewall

    @cached_property
    def _controllers(self) -> dict[str, list[Host]]:
        """For each site the domain controllers in the order in which its hosts ask them: their own site's first."""
        everyone = self.topology.domain_controllers
        return {
            site: [host for host in everyone if host.site == site] + [host for host in everyone if host.site != site]
            for site in self.topology.sites
        }

    def plan(self, host: Host) -> HostPlan:
        """What the host is to be."""
        controllers = self._controllers[host.site]
        own = [fqdn(self.topology, controller) for controller in controllers if controller.site == host.site]
        is_controller, is_mail = host.has(Function.DOMAIN_CONTROLLER), host.has(Function.MAIL_SERVER)
        if is_controller:
            controllers = [host, *(other for other in controllers if other is not host)]
        name = fqdn(self.topology, host)
        mail = set(self.topology.mail.services) if is_mail else set()
        return {
            "site": host.site,
            "address": host.address,
            "public_address": host.public_address,
            "fqdn": name,
            "functions": [function.value for function in host.functions],
            "resolvers": [controller.address for controller in controllers[:_RESOLVERS]],
            "upstream_resolvers": list(self.topology.forwarders),
            "ntp_servers": self._time_servers(host, controllers),
            "ntp_clients": list(self.firewall.subnets) if is_controller else [],
            "certificate_names": [name, *self._further_names(host)],
            "certificate_addresses": list(dict.fromkeys(filter(None, (host.address, host.public_address)))),
            "directory_uris": [f"ldaps://{fqdn(self.topology, controller)}" for controller in controllers],
            "own_site_controllers": own,
            "controllers": [fqdn(self.topology, controller) for controller in controllers],
            "shares": [_share(share) for share in host.shares],
            "other_controllers": [other.address for other in controllers if is_controller and other is not host],
            "join_server": self._join_server(host),
            "mail_peers": self._mail_peers(host) if is_mail else [],
            "mail_relay": self._mail_relay(host) if is_mail else {},
            "mail_relay_clients": self._mail_relay_clients(host) if is_mail else [],
            "mail_principals": mail_principals(self.topology, host) if is_mail else [],
            "tunnels": self.firewall.tunnels.plan(host.site) if host.has(Function.GATEWAY) else [],
            "postfix_listeners": [service for service in POSTFIX_SERVICES if service in mail],
            "dovecot_listeners": [service for service in DOVECOT_SERVICES if service in mail],
            "autoconfig": _setups(mail, name) if AUTOCONFIG in mail else [],
            "firewall": self.firewall.plan(host),
            "health": health(self.topology, self.firewall.tunnels, host, self._time_servers(host, controllers)),
        }

    def _further_names(self, host: Host) -> list[str]:
        """What the host's certificate carries beside its own name."""
        mail = self.topology.mail
        domain = [self.topology.forest.dns_domain] if host.has(Function.DOMAIN_CONTROLLER) else []
        labels = web_names(self.topology, mail.services) if host.has(Function.MAIL_SERVER) else ()
        return domain + [f"{label}.{mail_domain.lower()}" for mail_domain in mail.domains for label in labels]

    def _join_server(self, host: Host) -> str:
        """The domain controller that a later one joins from."""
        first = self.topology.domain_controllers[0]
        return fqdn(self.topology, first) if host.has(Function.DOMAIN_CONTROLLER) and host is not first else ""

    def _mail_peers(self, host: Host) -> list[PeerPlan]:
        """The other mail servers."""
        others = (other for other in self.topology.mail_servers if other is not host)
        return [{"name": fqdn(self.topology, other), "address": other.address} for other in others]

    def _mail_relay(self, host: Host) -> RelayPlan | dict[str, str]:
        """The host's smart host: a foreign one as it is described; one of ours at the port of mail servers."""
        relay = self.topology.mail.relay.get(host.site)
        if relay is None:
            return {}
        if (other := self.topology.relays_through(host)) is None:
            return {"host": relay.host.lower(), "ports": list(relay.ports), "user": relay.user}
        return {
            "host": fqdn(self.topology, other),
            "ports": [SERVICES["smtp"].port],
            "ca_file": CA_FILE,
            "through_peer": True,
        }

    def _mail_relay_clients(self, host: Host) -> list[str]:
        """The mail servers whose smart host it is."""
        return [other.address for other in self.topology.mail_servers if self.topology.relays_through(other) is host]

    def _time_servers(self, host: Host, controllers: Sequence[Host]) -> list[str]:
        """The PDC emulator follows the world, domain controllers follow it, all others follow them.

        Where nobody says who that is, it may have stayed elsewhere: then every controller follows the world.
        """
        owner = self.topology.owners["pdc"]
        if host.name == owner or (self.topology.proposals and host.has(Function.DOMAIN_CONTROLLER)):
            return list(self.topology.time_servers)
        if host.has(Function.DOMAIN_CONTROLLER):
            return [fqdn(self.topology, self.topology.hosts[owner])]
        return [fqdn(self.topology, controller) for controller in controllers[:_TIME_SERVERS]]


def _setups(served: Collection[str], server: str) -> list[SetupPlan]:
    """What mail programs are told of a mail server: for each kind the way with TLS from the first byte first."""
    return [
        {
            "type": kind,
            "host": server,
            "port": SERVICES[name].port,
            "tls": "implicit" if SERVICES[name].tls is Tls.IMPLICIT else "starttls",
        }
        for kind, names in _SETUPS.items()
        for name in names
        if name in served
    ]


def _share(share: Share) -> SharePlan:
    return {"name": share.name, "path": share.path, "group": share.group, "read_only": share.read_only}


def _container(topology: Topology, name: str) -> str:
    """The distinguished name of an account in the default container."""
    return f"CN={name},CN=Users,{topology.forest.base_dn}"


def _mail(topology: Topology) -> MailPlan:
    mail, probes = topology.mail, mail_probes(topology)
    return {
        "domains": [domain.lower() for domain in mail.domains],
        "services": list(mail.services) if topology.mail_servers else [],
        "published": list(mail.published) if topology.mail_servers else [],
        "servers": [host.name for host in topology.mail_servers],
        "homes": _homes(topology),
        "group": mail.group,
        "group_dn": _container(topology, mail.group),
        "bind_account": MAIL_ACCOUNT,
        "bind_dn": _container(topology, MAIL_ACCOUNT),
        "mailbox_attribute": MAILBOX_ATTRIBUTE,
        "home_attribute": HOME_ATTRIBUTE,
        "quota_attribute": QUOTA_ATTRIBUTE,
        "quota": mail.quota,
        "guesses_exempt": exempt_networks(topology),
        "lists": [_mail_list(topology, group) for group in topology.groups if group.senders],
        "probe_account": PROBE_ACCOUNT,
        "probe_address": probes[0]["address"] if probes else "",
        "probes": probes,
        "flows": mail_flows(topology),
        "antispam": mail.antispam and bool(topology.mail_servers),
        "texts": text_records(topology),
        "names": mail_names(topology),
        "sts": sts_policy(topology),
        "signing": signing(topology),
    }


def _mail_list(topology: Topology, group: Group) -> MailListPlan:
    plan: MailListPlan = {"group_dn": _container(topology, group.name)}
    if group.senders != EVERY_USER:
        plan["senders_dn"] = _container(topology, group.senders)
    return plan


def _homes(topology: Topology) -> dict[str, str]:
    """The mail server of every mailbox, those of the probes among them."""
    homes = {user.name: topology.home_of(user) for user in topology.users if user.email}
    return homes | {account: host.name for account, host in topology.probes.items()}


def _home(topology: Topology, server: str) -> str:
    """The full name of a home."""
    return fqdn(topology, topology.hosts[server])


def _directory(topology: Topology) -> DirectoryPlan:
    users = [_user(topology, user) for user in topology.users]
    groups = [_group(group) for group in topology.groups]
    if topology.mail_servers:
        for probe in mail_probes(topology):
            account = _service_account(probe["account"], groups=[topology.mail.group])
            users.append({**account, "email": probe["address"], "home": _home(topology, probe["home"])})
        for host in topology.mail_servers:
            account = _unattended(mail_service_account(host), groups=[])
            users.append({**account, "service_principals": mail_principals(topology, host)})
        users.append(_service_account(MAIL_ACCOUNT, groups=[]))
        if topology.mail.group.lower() not in {group.name.lower() for group in topology.groups}:
            groups.append({"name": topology.mail.group, "scope": "global", "category": "security"})
    return {
        "sites": list(topology.sites),
        "subnets": [
            {"subnet": str(network), "site": site.name} for site in topology.sites.values() for network in site.networks
        ],
        "links": [
            {
                "name": link.name,
                "sites": list(link.sites),
                "cost": link.cost,
                "interval": link.interval,
                "notify": True,
            }
            for link in topology.links
        ],
        "servers": [{"name": host.name, "site": host.site} for host in topology.domain_controllers],
        "password_policy": dict(topology.password_policy),
        "groups": groups,
        "users": users,
        "dns_zones": list(topology.zones),
        "dns_records": directory_records(topology),
    }


def mail_principals(topology: Topology, host: Host) -> list[str]:
    """What clients ask a ticket for, to use the mail server: a service for each protocol with logins."""
    protocols = [SERVICES[name].protocol for name in topology.mail.services if SERVICES[name].login]
    return [f"{_PRINCIPALS[protocol]}/{fqdn(topology, host)}" for protocol in dict.fromkeys(protocols)]


def _service_account(name: str, *, groups: list[str]) -> UserPlan:
    """The password in the vault is the one that programs use."""
    return {**_unattended(name, groups=groups), "update_password": "when_changed"}


def _unattended(name: str, *, groups: list[str]) -> UserPlan:
    """Nobody is there to change its password."""
    return {"name": name, "aliases": [], "enabled": True, "groups": groups, "password_never_expires": True}


def _user(topology: Topology, user: User) -> UserPlan:
    """The user, in the mail group when there is an address."""
    groups = list(user.groups)
    if user.email and topology.mail.group.lower() not in {name.lower() for name in groups}:
        groups.append(topology.mail.group)
    plan: UserPlan = {"name": user.name, "aliases": list(user.aliases), "enabled": user.enabled, "groups": groups}
    if user.password_never_expires:
        plan["password_never_expires"] = True
    if user.firstname:
        plan["firstname"] = user.firstname
    if user.surname:
        plan["surname"] = user.surname
    if user.email:
        plan["email"] = user.email
        if home := topology.home_of(user):
            plan["home"] = _home(topology, home)
    if user.quota:
        plan["quota"] = user.quota
    return plan


def _group(group: Group) -> GroupPlan:
    plan: GroupPlan = {"name": group.name, "scope": group.scope, "category": group.category}
    if group.email:
        plan["email"] = group.email
    if group.members:
        plan["members"] = list(group.members)
    return plan
