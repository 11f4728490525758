# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's form: what `compile_topology` returns. JSON types only, so that it can be a fact."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .findings import FindingDict


class ForestPlan(TypedDict):
    """What every host may need to know of the forest."""

    realm: str
    dns_domain: str
    netbios: str
    base_dn: str
    functional_level: str
    administrator: str
    rpc_ports: str
    dns_forwarders: list[str]
    subnets: list[str]
    certificate_permitted_names: list[str]
    certificate_permitted_addresses: list[str]


class SitePlan(TypedDict):
    """An office."""

    subnets: list[str]
    gateway: str
    domain_controllers: list[str]
    mail_home: str


class SiteLinkPlan(TypedDict):
    """A replication link."""

    sites: list[str]
    cost: int
    interval: int


class EntryPlan(TypedDict):
    """A line of /etc/hosts."""

    address: str
    names: list[str]


class RulePlan(TypedDict):
    """Traffic let in by a host."""

    name: str
    transport: str
    ports: list[str]
    sources: list[str]


class ForwardPlan(TypedDict):
    """Traffic let through by a gateway."""

    name: str
    transport: str
    ports: list[str]
    sources: list[str]
    destinations: list[str]
    not_destinations: list[str]
    in_interfaces: NotRequired[list[str]]
    out_interfaces: NotRequired[list[str]]


class RefusedPlan(TypedDict):
    """What a host neither sends nor passes on."""

    name: str
    transport: str
    ports: list[str]
    sources: list[str]
    not_sources: list[str]
    not_destinations: list[str]


class EgressPlan(TypedDict):
    """What a limited host may send."""

    name: str
    transport: str
    ports: list[str]
    destinations: list[str]


class LimitPlan(TypedDict):
    """How many new connections one source may open."""

    name: str
    ports: list[str]
    per_minute: int


class MasqueradePlan(TypedDict):
    """Traffic that leaves under the gateway's address."""

    sources: list[str]
    not_destinations: list[str]


class DnatPlan(TypedDict):
    """A port of the gateway that leads to a host behind it."""

    name: str
    transport: str
    port: int
    destination: str
    destination_port: int
    not_sources: list[str]
    not_destinations: list[str]


class TunnelledPlan(TypedDict):
    """Networks that are reached through one interface and no other."""

    interface: str
    networks: list[str]


class DoorPlan(TypedDict):
    """A port that answers through the host."""

    host: str
    port: int


class FirewallPlan(TypedDict):
    """Input of the role `firewall`."""

    rules: list[RulePlan]
    admin_sources: list[str]
    forward: bool
    forward_rules: list[ForwardPlan]
    masquerade: list[MasqueradePlan]
    dnat: list[DnatPlan]
    tunnelled: list[TunnelledPlan]
    refused: list[RefusedPlan]
    egress_limited: bool
    egress: list[EgressPlan]
    limits: list[LimitPlan]
    ssh_per_minute: int
    limits_exempt: list[str]
    blocked: list[str]
    log_per_minute: int
    confirm_through: list[DoorPlan]


class TunnelPlan(TypedDict):
    """One end of a tunnel between two offices' gateways; its inner addresses are their office addresses."""

    name: str
    interface: str
    peer: str
    peer_fqdn: str
    remote: str
    port: int
    listener: bool
    local_address: str
    peer_address: str
    routes: list[str]
    metric: int
    transport: str
    standby_routes: list[str]
    standby_metric: int
    mtu: int
    mssfix: int
    peer_fingerprints: list[str]


class PeerPlan(TypedDict):
    """Another mail server."""

    name: str
    address: str


class RelayPlan(TypedDict):
    """A smart host."""

    host: str
    ports: list[int]
    user: NotRequired[str]
    ca_file: NotRequired[str]
    through_peer: NotRequired[bool]


class SharePlan(TypedDict):
    """A folder that a member serves."""

    name: str
    path: str
    group: str
    read_only: bool


class SetupPlan(TypedDict):
    """A server that mail programs are told of."""

    type: str
    host: str
    port: int
    tls: str


class UnitPlan(TypedDict):
    """A unit that must run, and the requirement that breaks without it."""

    name: str
    requirement: str
    where_installed: bool


class HealthPlan(TypedDict):
    """Input of the module `host_health`."""

    units: list[UnitPlan]
    ports: list[str]
    certificates: list[int]
    time_servers: list[str]
    queue: bool
    backup: bool


class RelayAttemptPlan(TypedDict):
    """A mail server that must not pass on a stranger's mail."""

    server: str
    address: str
    port: int
    sender: str


class HostPlan(TypedDict):
    """What one host is to be."""

    site: str
    address: str
    public_address: str
    fqdn: str
    functions: list[str]
    resolvers: list[str]
    upstream_resolvers: list[str]
    ntp_servers: list[str]
    ntp_clients: list[str]
    certificate_names: list[str]
    certificate_addresses: list[str]
    directory_uris: list[str]
    own_site_controllers: list[str]
    controllers: list[str]
    shares: list[SharePlan]
    other_controllers: list[str]
    join_server: str
    mail_peers: list[PeerPlan]
    mail_relay: RelayPlan | dict[str, str]
    mail_relay_clients: list[str]
    mail_principals: list[str]
    tunnels: list[TunnelPlan]
    postfix_listeners: list[str]
    dovecot_listeners: list[str]
    autoconfig: list[SetupPlan]
    firewall: FirewallPlan
    health: HealthPlan


class EndpointPlan(TypedDict):
    """A port and how it speaks TLS, for the module `mail_flow`."""

    port: int
    tls: str


class ReaderPlan(TypedDict):
    """A mail server through which a message must be found."""

    server: str
    imap: EndpointPlan
    pop3: EndpointPlan | None


class FlowPlan(TypedDict):
    """One way for a message in, the account that sends it to itself, and the ways to find it."""

    server: str
    submission: EndpointPlan
    account: str
    address: str
    readers: list[ReaderPlan]


class ProbePlan(TypedDict):
    """An account that proves that mail flows, and its home."""

    account: str
    address: str
    home: str


class MailListPlan(TypedDict):
    """A group with an address to which not everybody may send."""

    group_dn: str
    senders_dn: NotRequired[str]


class TextRecordPlan(TypedDict):
    """A TXT record of a mail domain, as the directory's DNS must have it."""

    name: str
    value: str


class SigningPlan(TypedDict):
    """A mail server and a domain that it signs for, and where its first key is published, before any change of keys.

    `zone` is empty where the directory's DNS does not serve it.
    """

    host: str
    domain: str
    zone: str
    name: str


class StsPlan(TypedDict):
    """The MTA-STS policy; an empty mode is none."""

    mode: str
    servers: list[str]


class NamePlan(TypedDict):
    """A mail server's name and address on the Internet, the name of its PTR record, and whether the world has it."""

    host: str
    name: str
    address: str
    reverse: str
    worldwide: bool


class MailPlan(TypedDict):
    """Mail."""

    domains: list[str]
    services: list[str]
    published: list[str]
    servers: list[str]
    homes: dict[str, str]
    group: str
    group_dn: str
    bind_account: str
    bind_dn: str
    mailbox_attribute: str
    home_attribute: str
    quota_attribute: str
    quota: str
    guesses_exempt: list[str]
    lists: list[MailListPlan]
    probe_account: str
    probe_address: str
    probes: list[ProbePlan]
    flows: list[FlowPlan]
    antispam: bool
    texts: list[TextRecordPlan]
    names: list[NamePlan]
    sts: StsPlan
    signing: list[SigningPlan]


class GroupPlan(TypedDict):
    """A group of the directory."""

    name: str
    scope: str
    category: str
    email: NotRequired[str]
    members: NotRequired[list[str]]


class UserPlan(TypedDict):
    """A user of the directory."""

    name: str
    aliases: list[str]
    enabled: bool
    groups: list[str]
    password_never_expires: NotRequired[bool]
    update_password: NotRequired[str]
    firstname: NotRequired[str]
    surname: NotRequired[str]
    email: NotRequired[str]
    home: NotRequired[str]
    quota: NotRequired[str]
    service_principals: NotRequired[list[str]]


class DnsRecordPlan(TypedDict):
    """A DNS record of the directory."""

    zone: str
    name: str
    type: str
    values: list[str]


class NamedLinkPlan(TypedDict):
    """A replication link, as the directory is to have it."""

    name: str
    sites: list[str]
    cost: int
    interval: int
    notify: bool


class SubnetPlan(TypedDict):
    """A subnet and its site."""

    subnet: str
    site: str


class PlacementPlan(TypedDict):
    """A domain controller and its site."""

    name: str
    site: str


class DirectoryPlan(TypedDict):
    """Input of the roles `directory_sites` and `directory`."""

    sites: list[str]
    subnets: list[SubnetPlan]
    links: list[NamedLinkPlan]
    servers: list[PlacementPlan]
    password_policy: dict[str, int | bool]
    groups: list[GroupPlan]
    users: list[UserPlan]
    dns_zones: list[str]
    dns_records: list[DnsRecordPlan]


class OutsideZonePlan(TypedDict):
    """What the public DNS must say of a domain, as zone-file text."""

    zone: str
    lines: list[str]


class SrvPlan(TypedDict):
    """Where clients of a site look for its domain controllers, and whom they must find."""

    name: str
    site: str
    targets: list[str]


class RecordCheckPlan(TypedDict):
    """A record that every domain controller's DNS must have, with these values and no others."""

    name: str
    type: str
    values: list[str]
    requirement: str


class CheckPlan(TypedDict):
    """A check of the module `reachable`."""

    name: str
    host: str
    port: int
    transport: str
    protocol: str
    tls: str
    expect: str
    requirement: str
    server_name: NotRequired[str]
    ca_file: NotRequired[str]
    verify_chain: NotRequired[bool]
    tls_minimum: NotRequired[str]
    min_days_left: NotRequired[int]
    argument: NotRequired[str]
    accept: NotRequired[list[str]]
    cleartext_auth: NotRequired[str]
    auth_offered: NotRequired[bool]
    greeting: NotRequired[str]
    relay_reply: NotRequired[str]


class BackupPlan(TypedDict):
    """Input of the role `backup`."""

    recipients: list[str]


class ProposalPlan(TypedDict):
    """An FSMO role's proposed owner, why, and which hosts must not keep the role, each with what is wrong with it."""

    owner: str
    reason: str
    unfit: dict[str, str]


class Plan(TypedDict):
    """Everything that follows from the topology."""

    forest: ForestPlan
    first_dc: str
    fsmo: dict[str, str]
    fsmo_auto: dict[str, ProposalPlan]
    sites: dict[str, SitePlan]
    site_links: dict[str, SiteLinkPlan]
    entries: list[EntryPlan]
    hosts: dict[str, HostPlan]
    mail: MailPlan
    directory: DirectoryPlan
    backup: BackupPlan
    outside_dns: list[OutsideZonePlan]
    srv: list[SrvPlan]
    records: list[RecordCheckPlan]
    relay_attempts: dict[str, list[RelayAttemptPlan]]
    expectations: dict[str, list[CheckPlan]]
    warnings: list[FindingDict]
