# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the offices: mail from mail servers only, and, where a host is limited, what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import Host, Topology
from .plan import EgressPlan, RefusedPlan, TunnelPlan
from .services import OUTGOING, Function, Outgoing

_SMTP = OUTGOING["smtp"]


def refused(topology: Topology, host: Host, subnets: Sequence[str]) -> list[RefusedPlan]:
    """SMTP to the Internet, unless a mail server sends it. Without mail servers in the topology nobody is refused."""
    gateway = host.has(Function.GATEWAY)
    if not topology.mail_servers or not (gateway or _is_refused(topology, host)):
        return []
    rule: RefusedPlan = {
        "name": "only mail servers send mail",
        "transport": "tcp",
        "ports": [_SMTP.ports],
        "sources": [],
        "not_sources": [],
        "not_destinations": list(subnets),
    }
    if gateway:
        rule["not_sources"] = [*_senders(topology, host.site), *topology.mail.direct_senders]
    if not _is_refused(topology, host):
        # It sends mail itself, under addresses that may not be known here: what it passes on is looked at alone.
        rule["sources"] = [str(network) for network in topology.sites[host.site].networks]
        rule["not_sources"].append(host.address)
    return [rule]


def _is_refused(topology: Topology, host: Host) -> bool:
    return not host.has(Function.MAIL_SERVER) and not topology.sends_directly(host)


def _senders(topology: Topology, site: str) -> list[str]:
    """The addresses of a site's mail servers."""
    servers = (host for host in topology.by_site.get(site, ()) if host.has(Function.MAIL_SERVER))
    return [host.address for host in servers]


def egress(topology: Topology, host: Host, subnets: Sequence[str], tunnels: Sequence[TunnelPlan]) -> list[EgressPlan]:
    """All that a limited host may send."""
    rows: list[EgressPlan] = [_row("offices", "any", [], subnets)]
    rows += [_row(service.name, way, [service.ports], []) for service in _needed(host) for way in service.transports]
    rows += [_row(f"tunnel-{row['name']}"[:63], "udp", [str(row["port"])], [row["remote"]]) for row in tunnels]
    rows += list(_smart_host(topology, host))
    return rows + [_row(row.name, row.transport, row.ports, row.destinations) for row in host.egress]


def _needed(host: Host) -> Iterator[Outgoing]:
    return (service for service in OUTGOING.values() if any(host.has(function) for function in service.functions))


def _smart_host(topology: Topology, host: Host) -> Iterator[EgressPlan]:
    relay = topology.mail.relay.get(host.site) if host.has(Function.MAIL_SERVER) else None
    if relay:
        yield _row("smart-host", "tcp", [str(port) for port in relay.ports], [])


def _row(name: str, transport: str, ports: Sequence[str], destinations: Sequence[str]) -> EgressPlan:
    return {"name": name, "transport": transport, "ports": list(ports), "destinations": list(destinations)}
