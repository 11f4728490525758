# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records that follow from the topology: in the directory's DNS, and what the public DNS must say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .model import Host, Topology, parse_address
from .plan import (
    DnsRecordPlan,
    NamePlan,
    OutsideZonePlan,
    RecordCheckPlan,
    SigningPlan,
    SrvPlan,
    StsPlan,
    TextRecordPlan,
)
from .services import AUTOCONFIG, AUTOCONFIG_NAMES, SERVICES, Function, Service
from .sts import STS_NAME, sts_texts

_MX_PREFERENCE = 10
_SRV_WEIGHT = 1
_TTL = 3600
_CHECKED = ("A", "AAAA", "CNAME", "MX", "SRV")
_BREAKS = {"MX": "MAIL-12", "SRV": "MAIL-17"}
"""What breaks without a record; with another, it is the host's name."""
_OUR_TAGS = ("v=spf1", "v=dmarc1", "v=stsv1", "v=tlsrptv1")


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


def sts_policy(topology: Topology) -> StsPlan:
    """The policy of every mail domain: all mail servers take its mail."""
    return {"mode": topology.mail.mta_sts, "servers": [fqdn(topology, host) for host in topology.mail_servers]}


def web_names(topology: Topology, services: Sequence[str]) -> tuple[str, ...]:
    """The hosts below a mail domain that are asked by HTTPS, where it is among the services."""
    if AUTOCONFIG not in services:
        return ()
    return (*AUTOCONFIG_NAMES, STS_NAME) if topology.mail.mta_sts else AUTOCONFIG_NAMES


def _text_values(topology: Topology) -> Iterator[tuple[str, str]]:
    """Label and value of the TXT records: of TLS, and what tells real mail from forged (RFC 7208, RFC 7489)."""
    policy = sts_policy(topology)
    yield from sts_texts(policy["mode"], policy["servers"], topology.mail.tls_reports)
    if topology.mail.antispam and topology.mail_servers:
        yield "", topology.mail.spf
        yield "_dmarc", f"v=DMARC1; p={topology.mail.dmarc}"


def _tag(value: str) -> str:
    """What a TXT record is of: `v=spf1`, `v=DMARC1`; a name has one of each kind."""
    return value.partition(";")[0].partition(" ")[0].lower()


def _beside(given: DnsRecordPlan, follows: DnsRecordPlan | None) -> DnsRecordPlan:
    """What the user gives, and of TXT records also what follows and is of another kind."""
    if given["type"] != "TXT" or follows is None:
        return given
    tags = {_tag(value) for value in given["values"]}
    others = [value for value in follows["values"] if _tag(value) not in tags]
    return {**given, "values": [*given["values"], *others]}


def text_records(topology: Topology) -> list[TextRecordPlan]:
    """SPF, DMARC and what is said of TLS, as the directory's DNS must have them."""
    return [
        {"name": row["zone"] if row["name"] == "@" else f"{row['name']}.{row['zone']}", "value": value}
        for row in directory_records(topology)
        for value in row["values"]
        if row["type"] == "TXT" and _tag(value) in _OUR_TAGS
    ]


def signing(topology: Topology) -> list[SigningPlan]:
    """Who signs for which domain. Each server has keys of its own, under its name, which only it knows."""
    return [
        {
            "host": host.name,
            "domain": domain.lower(),
            "zone": zone_of(topology, domain),
            "name": f"{host.name}._domainkey.{domain.lower()}",
        }
        for host in topology.mail_servers
        for domain in topology.mail.domains
        if topology.mail.antispam
    ]


def directory_records(topology: Topology) -> list[DnsRecordPlan]:
    """All records of the directory's DNS; one that the user gives replaces one that would follow."""
    rows: dict[tuple[str, str, str], DnsRecordPlan] = {}
    given = (
        DnsRecordPlan(zone=row.zone.lower(), name=row.name.lower(), type=row.type, values=list(row.values))
        for row in topology.records
    )
    for row in (*_host_records(topology), *_reverse_records(topology), *_mail_records(topology)):
        rows[row["zone"], row["name"], row["type"]] = row
    for row in given:
        key = row["zone"], row["name"], row["type"]
        rows[key] = _beside(row, rows.get(key))
    return list(rows.values())


def record_checks(topology: Topology) -> list[RecordCheckPlan]:
    """What every domain controller's DNS must say; TXT records are looked at by the mail servers."""
    controllers = [
        DnsRecordPlan(zone=topology.forest.dns_domain, name=host.name, type="A", values=[host.address])
        for host in topology.domain_controllers
    ]
    return [
        {
            "name": row["zone"] if row["name"] == "@" else f"{row['name']}.{row['zone']}",
            "type": row["type"],
            "values": list(row["values"]),
            "requirement": _BREAKS.get(row["type"], "MAIL-21"),
        }
        for row in (*controllers, *directory_records(topology))
        if row["type"] in _CHECKED
    ]


def _host_records(topology: Topology) -> Iterator[DnsRecordPlan]:
    """A domain controller registers itself; every other host is registered here."""
    for host in topology.members:
        if not host.has(Function.DOMAIN_CONTROLLER):
            yield {"zone": topology.forest.dns_domain, "name": host.name, "type": "A", "values": [host.address]}


def _reverse_records(topology: Topology) -> Iterator[DnsRecordPlan]:
    """Whose an address is, in the reverse zones that are served; a gateway's on the Internet is its mail server's."""
    inner = [(host.address, fqdn(topology, host)) for host in topology.members]
    for address, name in (*inner, *((row["address"], row["name"]) for row in mail_names(topology))):
        reverse = reverse_name(address)
        if zone := zone_of(topology, reverse):
            yield {"zone": zone, "name": _below(reverse, zone), "type": "PTR", "values": [name]}


def reverse_name(address: str) -> str:
    """Where the PTR record of an address stands; empty where the text is no address."""
    found = parse_address(address)
    return found.reverse_pointer if found else ""


def mail_names(topology: Topology) -> list[NamePlan]:
    """The names by which the mail servers greet, which others look up before they take mail (MAIL-21)."""
    return [
        {
            "host": host.name,
            "name": fqdn(topology, host),
            "address": address,
            "reverse": reverse_name(address),
            "worldwide": bool((found := parse_address(address)) and found.is_global),
        }
        for host in topology.mail_servers
        if (address := public_address(topology, host))
    ]


def _mail_records(topology: Topology) -> Iterator[DnsRecordPlan]:
    """MX, SRV, SPF, DMARC and the hosts that mail programs ask, of the domains that the directory's DNS serves."""
    servers = [fqdn(topology, host) for host in topology.mail_servers]
    for domain in topology.mail.domains:
        if zone := zone_of(topology, domain):
            for label, kind, values in _mail_values(topology.mail.services, servers):
                yield {"zone": zone, "name": _below(domain, zone, label), "type": kind, "values": values}
            for label in web_names(topology, topology.mail.services):
                addresses = [host.address for host in topology.mail_servers]
                yield {"zone": zone, "name": _below(domain, zone, label), "type": "A", "values": addresses}
            for label, value in _text_values(topology):
                yield {"zone": zone, "name": _below(domain, zone, label), "type": "TXT", "values": [value]}


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
    for label in web_names(topology, topology.mail.published):
        for address in filter(None, (public_address(topology, host) for host in known)):
            yield f"{label}.{domain}. {_TTL} IN A {address}"
    for label, text in _text_values(topology):
        yield _text_line(f"{label}.{domain}" if label else domain, [text])


def _text_line(name: str, strings: Sequence[str]) -> str:
    """A TXT record in a zone file; who reads it joins the strings."""
    quoted = " ".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in strings)
    return f"{name}. {_TTL} IN TXT {quoted}"


def signing_records(keys: Iterable[Mapping[str, Any]], plan: Iterable[SigningPlan]) -> list[DnsRecordPlan]:
    """The records of those keys whose domain the directory's DNS serves."""
    zones = {row["domain"]: row["zone"] for row in plan}
    return [
        {"zone": zone, "name": _below(key["name"], zone), "type": "TXT", "values": [key["value"]]}
        for key in keys
        if (zone := zones.get(key["domain"], ""))
    ]


def zone_text(zones: Iterable[OutsideZonePlan], keys: Iterable[Mapping[str, Any]]) -> str:
    """A file for the public DNS: what the topology says, and the keys that mail servers sign with (`dkim_key`)."""
    found = list(keys)
    lines = ["; What the public DNS must say of the mail domains. Copy it there; see docs/antispam.md."]
    for zone in zones:
        lines += ["", f"; {zone['zone']}", *zone["lines"]]
        lines += [_text_line(key["name"], key["strings"]) for key in found if key["domain"] == zone["zone"]]
    return "\n".join(lines) + "\n"


def _outside_addresses(topology: Topology) -> Iterator[str]:
    """The mail servers' addresses."""
    for host in topology.mail_servers if topology.mail.published else ():
        name, address = fqdn(topology, host), public_address(topology, host)
        if address:
            yield f"{name}. {_TTL} IN A {address}"
            yield f"; Ask who gave you {address} for this one; without it many refuse your mail:"
            yield f"; {reverse_name(address)}. {_TTL} IN PTR {name}."
        else:
            yield f"; {name}: no address on the Internet is known, set mailforest_public_address"
