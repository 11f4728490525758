# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records that follow from the topology: in the directory's DNS, and what the public DNS must say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Host, Topology
from .plan import DnsRecordPlan, OutsideZonePlan, SrvPlan
from .services import AUTOCONFIG, AUTOCONFIG_NAMES, SERVICES, Function, Service

_MX_PREFERENCE = 10
_SRV_WEIGHT = 1
_TTL = 3600


def fqdn(topology: Topology, host: Host) -> str:
    """The host's full name."""
    return f"{host.name}.{topology.forest.dns_domain}"


def zone_of(topology: Topology, domain: str) -> str:
    """The served zone that the domain is in; "" when the directory's DNS does not serve it."""
    name = domain.lower()
    fitting = [zone for zone in topology.served_zones if name == zone or name.endswith(f".{zone}")]
    return max(fitting, key=len, default="")


def _below(domain: str, zone: str, label: str = "") -> str:
    """The record's name relative to its zone."""
    prefix = domain.lower().removesuffix(zone).removesuffix(".")
    return ".".join(part for part in (label, prefix) if part) or "@"


def _announced(names: Sequence[str]) -> list[tuple[str, int, Service]]:
    """Those of the mail services that have an SRV record: label, priority, service."""
    rows = (SERVICES[name] for name in names)
    return [(*service.srv, service) for service in rows if service.srv]


def _mail_values(names: Sequence[str], servers: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Label, type and values of the records that a mail domain has for these services of these servers."""
    yield "", "MX", [f"{_MX_PREFERENCE} {server}" for server in servers]
    for label, priority, service in _announced(names):
        yield label, "SRV", [f"{priority} {_SRV_WEIGHT} {service.port} {server}" for server in servers]


def directory_records(topology: Topology) -> list[DnsRecordPlan]:
    """All records of the directory's DNS; one that the user gives replaces one that would follow."""
    rows: dict[tuple[str, str, str], DnsRecordPlan] = {}
    given = (
        DnsRecordPlan(zone=row.zone.lower(), name=row.name.lower(), type=row.type, values=list(row.values))
        for row in topology.records
    )
    for row in (*_host_records(topology), *_mail_records(topology), *given):
        rows[row["zone"], row["name"], row["type"]] = row
    return list(rows.values())


def _host_records(topology: Topology) -> Iterator[DnsRecordPlan]:
    """A domain controller registers itself; every other host is registered here."""
    for host in topology.members:
        if not host.has(Function.DOMAIN_CONTROLLER):
            yield {"zone": topology.forest.dns_domain, "name": host.name, "type": "A", "values": [host.address]}


def _mail_records(topology: Topology) -> Iterator[DnsRecordPlan]:
    """MX, SRV and the hosts that mail programs ask, of the mail domains that the directory's DNS serves."""
    servers = [fqdn(topology, host) for host in topology.mail_servers]
    for domain in topology.mail.domains:
        if zone := zone_of(topology, domain):
            for label, kind, values in _mail_values(topology.mail.services, servers):
                yield {"zone": zone, "name": _below(domain, zone, label), "type": kind, "values": values}
            for label in AUTOCONFIG_NAMES if AUTOCONFIG in topology.mail.services else ():
                addresses = [host.address for host in topology.mail_servers]
                yield {"zone": zone, "name": _below(domain, zone, label), "type": "A", "values": addresses}


def controller_records(topology: Topology) -> list[SrvPlan]:
    """The names by which clients find the domain controllers of their site. These register themselves."""
    domain = topology.forest.dns_domain
    rows: list[SrvPlan] = []
    for site, hosts in topology.by_site.items():
        targets = [fqdn(topology, host) for host in hosts if host.has(Function.DOMAIN_CONTROLLER)]
        names = (
            f"_ldap._tcp.{site}._sites.{domain}",
            f"_kerberos._tcp.{site}._sites.{domain}",
            f"_ldap._tcp.{site}._sites.gc._msdcs.{domain}",
        )
        rows += [{"name": name, "site": site, "targets": targets} for name in names if targets]
    return rows


def public_address(topology: Topology, host: Host) -> str:
    """Where the Internet finds the mail server: itself, or the gateway that leads there; "" where no way is known."""
    if host.public_address:
        return host.public_address
    if topology.led_inside.get(host.site) is not host:
        return ""
    return topology.hosts[topology.sites[host.site].gateway].public_address


def outside_records(topology: Topology) -> list[OutsideZonePlan]:
    """What the public DNS must say of every mail domain, as zone-file text."""
    return [
        {"zone": domain.lower(), "lines": [*_outside_lines(topology, domain.lower()), *_outside_addresses(topology)]}
        for domain in topology.mail.domains
    ]


def _outside_lines(topology: Topology, domain: str) -> Iterator[str]:
    """MX and SRV of the domain: what is published, of servers to which a way is known; of all where none is."""
    if not topology.mail.published:
        yield f"; {domain}: mailforest_mail.publish names nothing, so the Internet is told of no mail server"
        return
    known = [host for host in topology.mail_servers if public_address(topology, host)] or topology.mail_servers
    servers = [f"{fqdn(topology, host)}." for host in known]
    for label, kind, values in _mail_values(topology.mail.published, servers):
        if kind == "MX" and "smtp" not in topology.mail.published:
            continue
        owner = f"{label}.{domain}." if label else f"{domain}."
        yield from (f"{owner} {_TTL} IN {kind} {value}" for value in values)
    for label in AUTOCONFIG_NAMES if AUTOCONFIG in topology.mail.published else ():
        for address in filter(None, (public_address(topology, host) for host in known)):
            yield f"{label}.{domain}. {_TTL} IN A {address}"


def _outside_addresses(topology: Topology) -> Iterator[str]:
    """The mail servers' addresses."""
    for host in topology.mail_servers if topology.mail.published else ():
        name, address = fqdn(topology, host), public_address(topology, host)
        if address:
            yield f"{name}. {_TTL} IN A {address}"
        else:
            yield f"; {name}: no address on the Internet is known, set mailforest_public_address"
