# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every vantage point must find open, and what closed.

Who checks what grows with the number of hosts, not with its square: one host of each kind in a site checks every port
of every server there, the first also every port of the other hosts; the rest check what they use themselves. Observers
check every port of every host.
Over UDP only questions that a service answers can be asked. Where it must be closed, no answer is what is expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .firewall import Firewall, Opening
from .model import Host, Site, Topology
from .plan import CheckPlan
from .records import fqdn
from .services import ANSWERS_UDP, Function, Service, Tls, tcp_services, udp_services

CA_FILE = "/etc/ssl/mailforest/ca.crt"
_CLOSED_REQUIREMENT = "AD-10"
_NO_ANSWER = "open-or-filtered"
_PROBE_TLS = {Tls.NONE: "none", Tls.OFFERED: "starttls", Tls.REQUIRED: "starttls", Tls.IMPLICIT: "implicit"}
_SERVERS = (Function.DOMAIN_CONTROLLER, Function.MAIL_SERVER)


@dataclass(frozen=True)
class Expectations:
    """The checks of one topology."""

    topology: Topology
    firewall: Firewall

    def all(self) -> dict[str, list[CheckPlan]]:
        """Vantage host to checks."""
        found = {host.name: list(self._from_outside(host)) for host in self.topology.observers}
        for hosts in self.topology.by_site.values():
            seen: set[tuple[Function, ...]] = set()
            for host in hosts:
                full = host.functions not in seen
                seen.add(host.functions)
                found[host.name] = list(self._from_inside(host, hosts, full=full))
            self._across(hosts, found)
        return found

    @cached_property
    def _arguments(self) -> dict[str, str]:
        """What a probe needs to know beside the port."""
        forest = self.topology.forest
        return {"dns": forest.dns_domain, "kerberos": forest.realm, "cldap": forest.dns_domain}

    def _from_inside(self, vantage: Host, hosts: tuple[Host, ...], *, full: bool) -> Iterator[CheckPlan]:
        """What a host finds in its own site."""
        for target in hosts:
            sweep = full and (target.functions != (Function.MEMBER,) or vantage is hosts[0])
            if target is vantage or not (sweep or _serves(target)):
                continue
            opened = self._admitted(target, vantage)
            for opening in opened:
                yield from self._open(target, opening.service, target.address, inside=True)
            if sweep:
                yield from self._closed(target, target.address, {opening.service.name for opening in opened})

    def _across(self, hosts: tuple[Host, ...], found: dict[str, list[CheckPlan]]) -> None:
        """One host of each site proves that linked sites cannot be reached past the gateways."""
        vantage = next((host for host in hosts if not host.has(Function.GATEWAY)), None)
        if vantage is None or not self._site(vantage).gateway:
            return
        for name in sorted(self.topology.linked_sites[vantage.site]):
            if self.topology.sites[name].gateway:
                for target in self.topology.by_site[name]:
                    if _serves(target) and not target.has(Function.GATEWAY):
                        found[vantage.name] += self._closed(target, target.address, set())

    def _from_outside(self, vantage: Host) -> Iterator[CheckPlan]:
        """What an observer finds. What is open there counts on public addresses only: to others there may be no way."""
        for target in self.topology.members:
            admitted = {opening.service.name for opening in self._admitted(target, vantage)}
            public = target.public_address or ""
            if target.address != public:
                shielded = bool(self._site(target).gateway) and not target.has(Function.GATEWAY)
                yield from self._closed(target, target.address, set() if shielded else admitted)
            if public:
                for opening in self._admitted(target, vantage):
                    yield from self._open(target, opening.service, public, inside=False)
                yield from self._closed(target, public, admitted)

    def _site(self, host: Host) -> Site:
        return self.topology.sites[host.site]

    def _admitted(self, target: Host, vantage: Host) -> list[Opening]:
        """What the target's own rules let in from the vantage point."""
        source = vantage.ip
        return [row for row in (self.firewall.ssh, *self.firewall.openings(target)) if row.admits(source)]

    def _open(self, target: Host, service: Service, address: str, *, inside: bool) -> Iterator[CheckPlan]:
        """The service answers, and speaks TLS as declared. Observers have no CA certificate."""
        for transport in service.transports:
            if transport == "udp" and service.protocol not in ANSWERS_UDP:
                continue
            check: CheckPlan = {
                "name": f"{target.name} {service.name}/{transport}",
                "host": address,
                "port": service.port,
                "transport": transport,
                "protocol": service.protocol,
                "tls": _PROBE_TLS[service.tls] if inside else "none",
                "expect": "open",
                "requirement": service.requirement,
            }
            if check["tls"] != "none":
                check["server_name"] = fqdn(self.topology, target)
                check["ca_file"] = CA_FILE
            yield self._asked(check, service)

    def _asked(self, check: CheckPlan, service: Service) -> CheckPlan:
        """The check, with what is asked beyond an answer."""
        if service.protocol in self._arguments:
            check["argument"] = self._arguments[service.protocol]
        if service.tls in (Tls.OFFERED, Tls.REQUIRED):
            check["cleartext_auth"] = "refused"
        if service.login is False or (service.login and check["tls"] != "none"):
            check["auth_offered"] = service.login
        return check

    def _closed(self, target: Host, address: str, admitted: set[str]) -> Iterator[CheckPlan]:
        """Every TCP port of the catalogue that is not let in, and every UDP service of the target that is not."""
        for service in tcp_services():
            if service.name not in admitted:
                yield _closed(target, service, address, "tcp")
        for service in udp_services():
            if service.name not in admitted and service.provider in target.functions:
                check = _closed(target, service, address, "udp")
                check["protocol"], check["accept"] = service.protocol, [_NO_ANSWER]
                if service.protocol in self._arguments:
                    check["argument"] = self._arguments[service.protocol]
                yield check


def _serves(host: Host) -> bool:
    """Whether others in the site need the host."""
    return any(host.has(function) for function in _SERVERS)


def _closed(target: Host, service: Service, address: str, transport: str) -> CheckPlan:
    """The port must not answer."""
    return {
        "name": f"{target.name} {service.name}/{transport}",
        "host": address,
        "port": service.port,
        "transport": transport,
        "protocol": "none",
        "tls": "none",
        "expect": "closed",
        "requirement": _CLOSED_REQUIREMENT,
    }
