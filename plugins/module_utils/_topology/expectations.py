# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every vantage point must find open, and what closed.

Who checks what grows with the number of hosts, not with its square: one host of each kind in a site checks every port
of every server there, the first also every port of the other hosts; the rest check what they use themselves. One host
of each site checks every port of every server, and of the gateway, in the sites that a tunnel joins it with, and one
port of one server of each kind in the sites behind them. Observers check every port of every host, and what is
published at the gateways.
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
from .services import ANSWERS_UDP, SERVICES, Function, Service, Tls, tcp_services, udp_services

_SAMPLES = {Function.DOMAIN_CONTROLLER: "ldaps", Function.MAIL_SERVER: "smtp"}
"""What is looked at where a tunnel leads on to further sites."""
CA_FILE = "/etc/ssl/mailforest/ca.crt"
_CLOSED_REQUIREMENT = "AD-10"
_NO_ANSWER = "open-or-filtered"
TLS_MINIMUM = "TLSv1.2"
"""What is older is refused at every port (RFC 8996)."""
CERTIFICATE_DAYS = 14
"""Renewal begins with 30 days left, so that fewer than these mean that it does not happen, or is not loaded."""
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
        _ask_once(found)
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
        """One host of each site looks through the tunnels: not the gateway, if there is another."""
        vantage = next((host for host in hosts if not host.has(Function.GATEWAY)), next(iter(hosts), None))
        if vantage is None:
            return
        tunnels = self.firewall.tunnels
        for peer in tunnels.peers[vantage.site]:
            for name in tunnels.behind(vantage.site, peer):
                found[vantage.name] += self._beside(vantage, name) if name == peer else self._behind(vantage, name)

    def _beside(self, vantage: Host, site: str) -> Iterator[CheckPlan]:
        """All ports of the servers and the gateway of a site to which a tunnel leads."""
        for target in self.topology.by_site[site]:
            if not _serves(target) and not target.has(Function.GATEWAY):
                continue
            opened = self._admitted(target, vantage)
            for opening in opened:
                yield from self._open(target, opening.service, target.address, inside=True)
            yield from self._closed(target, target.address, {opening.service.name for opening in opened})

    def _behind(self, vantage: Host, site: str) -> Iterator[CheckPlan]:
        """A sample of a site to which the way leads through another."""
        for function, name in _SAMPLES.items():
            for target in [host for host in self.topology.by_site[site] if host.has(function)][:1]:
                for opening in self.firewall.openings(target):
                    if opening.service.name == name and opening.admits(vantage.ip):
                        yield from self._open(target, opening.service, target.address, inside=True)

    def _from_outside(self, vantage: Host) -> Iterator[CheckPlan]:
        """What an observer finds. What is open there counts on public addresses only: to others there may be no way."""
        for target in self.topology.members:
            opened = self._admitted(target, vantage)
            led = self._led_inside(target)
            admitted = {opening.service.name for opening in opened}
            if target.address != target.public_address:
                shielded = bool(self._site(target).gateway) and not target.has(Function.GATEWAY)
                yield from self._closed(target, target.address, set() if shielded else admitted)
            if public := target.public_address:
                for service in (opening.service for opening in opened):
                    yield from self._open(target, service, public, inside=False)
                for service in led:
                    yield from self._open(self.topology.led_inside[target.site], service, public, inside=False)
                yield from self._closed(target, public, admitted | {service.name for service in led})
                yield from self._closed_tunnels(target, public)

    def _led_inside(self, host: Host) -> list[Service]:
        """What the host, as a gateway, leads on to a mail server."""
        if not host.has(Function.GATEWAY) or host.site not in self.topology.led_inside:
            return []
        return [SERVICES[name] for name in self.topology.mail.published]

    def _closed_tunnels(self, target: Host, address: str) -> Iterator[CheckPlan]:
        """The ports at which a gateway waits for others' gateways."""
        for opening in self.firewall.openings(target):
            if opening.service.provider is Function.GATEWAY:
                (transport,) = opening.service.transports
                check = _closed(target, opening.service, address, transport)
                if transport == "udp":
                    check["accept"] = [_NO_ANSWER]
                yield {**check, "port": int(opening.ports)}

    def _site(self, host: Host) -> Site:
        return self.topology.sites[host.site]

    def _admitted(self, target: Host, vantage: Host) -> list[Opening]:
        """What the target's own rules let in from the vantage point."""
        source = vantage.ip
        return [row for row in (self.firewall.ssh, *self.firewall.openings(target)) if row.admits(source)]

    def _open(self, target: Host, service: Service, address: str, *, inside: bool) -> Iterator[CheckPlan]:
        """The service answers, and speaks TLS as declared. Observers judge all but the issuer, unknown to them."""
        for transport in service.transports:
            if transport == "udp" and service.protocol not in ANSWERS_UDP:
                continue
            check: CheckPlan = {
                "name": f"{target.name} {service.name}/{transport}",
                "host": address,
                "port": service.port,
                "transport": transport,
                "protocol": service.protocol,
                "tls": _PROBE_TLS[service.tls],
                "expect": "open",
                "requirement": service.requirement,
            }
            if check["tls"] != "none":
                check["server_name"] = fqdn(self.topology, target)
                check["tls_minimum"], check["min_days_left"] = TLS_MINIMUM, CERTIFICATE_DAYS
                if inside:
                    check["ca_file"] = CA_FILE
                else:
                    check["verify_chain"] = False
            if service.refusal and (service.login or not inside):  # at 25 some inside may relay
                check["relay_reply"] = service.refusal
            yield self._asked(check, service)

    def _asked(self, check: CheckPlan, service: Service) -> CheckPlan:
        """The check, with what is asked beyond an answer."""
        if service.protocol in self._arguments:
            check["argument"] = self._arguments[service.protocol]
        if service.tls in (Tls.OFFERED, Tls.REQUIRED):
            check["cleartext_auth"] = "refused"
        if service.protocol == "smtp" and "server_name" in check:
            check["greeting"] = check["server_name"]
        if service.login is False or (service.login and check["tls"] != "none"):
            check["auth_offered"] = service.login
        return check

    def _closed(self, target: Host, address: str, admitted: set[str]) -> Iterator[CheckPlan]:
        """Every TCP port of the catalogue that is not let in, and every UDP service of the target that is not."""
        ports = {SERVICES[name].ports for name in admitted}
        for service in tcp_services():
            if service.name not in admitted and service.ports not in ports:
                ports.add(service.ports)
                yield _closed(target, service, address, "tcp")
        for service in udp_services():
            if service.name not in admitted and service.provider in target.functions:
                check = _closed(target, service, address, "udp")
                check["protocol"], check["accept"] = service.protocol, [_NO_ANSWER]
                if service.protocol in self._arguments:
                    check["argument"] = self._arguments[service.protocol]
                yield check


def _ask_once(found: dict[str, list[CheckPlan]]) -> None:
    """What TLS versions a port takes does not depend on who asks: one vantage point does, at each address."""
    asked: set[tuple[str, int]] = set()
    for check in (check for checks in found.values() for check in checks if "tls_minimum" in check):
        endpoint = check["host"], check["port"]
        if endpoint in asked:
            del check["tls_minimum"]
        asked.add(endpoint)


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
