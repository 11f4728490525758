# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on mail and on DNS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

from .. import names
from ..findings import Severity, Violation
from ..guesses import is_everybody
from ..model import Host, Relay, Topology, parse_address, parse_network
from ..reader import nearest
from ..records import public_address
from ..services import AUTOCONFIG, RELAY_PORTS, SERVICES, Function
from .network import bad_network
from .registry import rule

_TXT_LENGTH = 255


@rule("mail-server-without-domain", "MAIL-7", "With a mail server there is a mail domain.")
def mail_server_without_domain(topology: Topology) -> Iterator[Violation]:
    """A mail server that is responsible for no domain accepts no mail."""
    if topology.mail_servers and not topology.mail.domains:
        servers = ", ".join(host.name for host in topology.mail_servers)
        yield Violation(
            place="mailforest_mail.domains",
            value=None,
            message=f"There are mail servers ({servers}), but no mail domain.",
            remedy="Name the domains of your e-mail addresses.",
        )


@rule("mail-domain-without-server", "MAIL-2", "With a mail domain there is a mail server.")
def mail_domain_without_server(topology: Topology) -> Iterator[Violation]:
    """Nobody would accept the domain's mail."""
    if topology.mail.domains and not topology.mail_servers:
        yield Violation(
            place="mailforest_mail_servers",
            value=None,
            message=f"Mail for {', '.join(topology.mail.domains)} is declared, but no host is a mail server.",
            remedy="Put a host into the inventory group mailforest_mail_servers.",
        )


@rule("mail-home-exists", "MAIL-2", "Homes name mail servers, and every user with e-mail has one.")
def mail_home_exists(topology: Topology) -> Iterator[Violation]:
    """A mailbox has one home."""
    servers = [host.name for host in topology.mail_servers]
    for site, server in topology.mail.home.items():
        if site not in topology.sites:
            yield Violation(
                place=f"mailforest_mail.home.{site}",
                value=server,
                message="There is no such site.",
                remedy=f"{nearest(site, topology.sites)}Name a site of mailforest_sites.",
            )
        host = topology.hosts.get(server)
        if server and not (host and host.has(Function.MAIL_SERVER)):
            yield Violation(
                place=f"mailforest_mail.home.{site}",
                value=server,
                host=server if host else "",
                message="This is no mail server." if host else "There is no such host in the mailforest groups.",
                remedy=f"{nearest(server, servers)}The mail servers are: {', '.join(servers) or 'none'}.",
            )
    if servers:
        yield from _users_without_home(topology)


def _users_without_home(topology: Topology) -> Iterator[Violation]:
    """Users with an address for whom no mail server is named."""
    for index, user in enumerate(topology.users):
        if not user.email or topology.home_of(user):
            continue
        if user.site in topology.sites:
            message = f"User {user.name} has mail, but site {user.site} has no home."
            remedy = f"Set mailforest_mail.home.{user.site}."
            place = f"mailforest_mail.home.{user.site}"
        elif user.site:
            continue
        else:
            message = f"User {user.name} has mail; there are several mail servers, and nothing says which is the home."
            remedy = "Set the user's site."
            place = f"mailforest_users[{index}].site"
        yield Violation(place=place, value=None, message=message, remedy=remedy)


@rule("publish-is-served", "MAIL-2", "What is published to the Internet is served.")
def publish_is_served(topology: Topology) -> Iterator[Violation]:
    """A port that is open to the Internet, and behind which there is nobody, is a mistake."""
    mail = topology.mail
    for index, name in enumerate(mail.publish if mail.publish_given else ()):
        if name and name not in mail.services:
            yield Violation(
                place=f"mailforest_mail.publish[{index}]",
                value=name,
                message="The service is to be reached from the Internet, but is not among mailforest_mail.services.",
                remedy="Set mailforest_mail.autoconfig: true, or take it out of publish."
                if name == AUTOCONFIG
                else "Add it to services, or take it out of publish.",
            )


@rule("mail-relay-leads-out", "MAIL-11", "A smart host leads out: mail that is sent there does not come back.")
def mail_relay_leads_out(topology: Topology) -> Iterator[Violation]:
    """Mail in a loop ends after fifty rounds, as a bounce."""
    for site, relay in topology.mail.relay.items():
        place = f"mailforest_mail.relay.{site}"
        if site not in topology.sites:
            yield Violation(
                place=place,
                value=relay.host,
                message="There is no such site.",
                remedy=f"{nearest(site, topology.sites)}Name a site of mailforest_sites.",
            )
        elif relay.host.lower() in {domain.lower() for domain in topology.mail.domains}:
            yield Violation(
                place=f"{place}.host",
                value=relay.host,
                message="This is one of our mail domains, whose mail is sent to our servers.",
                remedy="Name the smart host by its own name.",
            )
        else:
            yield from _relay_host(topology, site, relay, place)


def _relay_host(topology: Topology, site: str, relay: Relay, place: str) -> Iterator[Violation]:
    """What is wrong with the smart host of a known site."""
    other = topology.mail_server_named(relay.host)
    if other is None:
        if relay.host and (why := names.domain(relay.host)):
            yield Violation(
                place=f"{place}.host",
                value=relay.host,
                message=f"This is neither a mail server of the topology nor a full name: {why}.",
                remedy="Give the name that is in its certificate.",
            )
        if bad := sorted(set(relay.ports) - {SERVICES["smtp"].port, *RELAY_PORTS}):
            yield Violation(
                place=f"{place}.ports",
                value=list(relay.ports),
                message=f"A smart host cannot be asked at {', '.join(map(str, bad))}.",
                remedy="Use 587, 465, 2525 or 25.",
            )
        return
    if relay.user or relay.ports_given:
        yield Violation(
            place=place,
            value=relay.host,
            host=other.name,
            message="This is a mail server of the topology, which is asked at 25 and takes no login there.",
            remedy="Leave out user and ports.",
        )
    chain = _chain(topology, site)
    if len(set(chain)) != len(chain):
        yield Violation(
            place=f"{place}.host",
            value=relay.host,
            host=other.name,
            message=f"Mail would go round: {', '.join(chain)}.",
            remedy="Let the last of them send to the recipients' servers, or to a smart host that is not ours.",
        )


def _chain(topology: Topology, site: str) -> list[str]:
    """The mail servers that mail of the site passes; the last stands twice where it goes round."""
    hosts = [host for host in topology.by_site[site] if host.has(Function.MAIL_SERVER)]
    for host in hosts:
        passed: list[str] = []
        current: Host | None = host
        while current is not None and current.name not in passed:
            passed.append(current.name)
            current = topology.relays_through(current)
        if current is not None:
            return [*passed, current.name]
    return []


@rule("spf-is-complete", "MAIL-24", "mailforest_mail.spf is an SPF record, and says what of all other hosts.")
def spf_is_complete(topology: Topology) -> Iterator[Violation]:
    """A record that others cannot read, or that leaves everything open, protects nobody."""
    words = topology.mail.spf.split(" ")
    if words[0] != "v=spf1" or not (words[-1] in ("-all", "~all") or words[-1].startswith("redirect=")):
        yield Violation(
            place="mailforest_mail.spf",
            value=topology.mail.spf,
            message="It does not begin with v=spf1, or does not end with what is to become of mail from other hosts.",
            remedy="Write it as `v=spf1 mx -all`, or with a provider: `v=spf1 mx include:spf.example.net -all`.",
        )


def _no_way(topology: Topology, host: Host) -> str:
    """Why no way leads to the mail server; "" where the gateway itself is wrong, which other rules say."""
    site = topology.sites[host.site]
    gateway = topology.hosts.get(site.gateway)
    gateways = [other for other in topology.by_site[site.name] if other.has(Function.GATEWAY)]
    if gateway not in gateways or (topology.linked_sites[site.name] and not gateway.public_address):
        return "" if site.gateway or gateways or topology.linked_sites[site.name] else "its site has no gateway"
    if not gateway.public_address:
        return f"gateway {gateway.name} has no address on the Internet"
    return f"gateway {gateway.name} leads to {topology.led_inside.get(site.name, gateway).name}"


@rule(
    "published-mail-has-way",
    "MAIL-2",
    "From the Internet there is a known way to every mail server that publishes something.",
    severity=Severity.WARNING,
)
def published_mail_has_way(topology: Topology) -> Iterator[Violation]:
    """A gateway leads to one mail server only: a port has one destination."""
    for host in topology.mail_servers if topology.mail.published else ():
        if host.site not in topology.sites or public_address(topology, host) or not (why := _no_way(topology, host)):
            continue
        yield Violation(
            place=f"{host.name}.mailforest_public_address",
            value=None,
            host=host.name,
            message=f"The Internet knows no way to mail server {host.name}: {why}. The public DNS records that follow "
            "from the topology leave it out.",
            remedy="Set mailforest_public_address of the gateway or of the mail server, or publish nothing "
            "(mailforest_mail.publish: []).",
        )


@rule("dns-zones-legal", "AD-10", "Every zone is a DNS name, stands once, and is not the forest's own.")
def dns_zones_legal(topology: Topology) -> Iterator[Violation]:
    """The forest's zones are made with the forest."""
    seen = {topology.forest.dns_domain: "the forest's own zone"}
    for index, zone in enumerate(topology.zones):
        place = f"mailforest_dns.zones[{index}]"
        why = names.domain(zone) if zone else ""
        if zone and not why and (other := seen.setdefault(zone, place)) != place:
            why = f"it is there already: {other}"
        if why:
            yield Violation(
                place=place, value=zone, message=f"The zone is not legal: {why}.", remedy="Correct or remove it."
            )


def _address_of(version: type) -> Callable[[str], str]:
    """A check that the value is an address of that version."""

    def check(value: str) -> str:
        return "" if isinstance(parse_address(value), version) else "it is no address of this type"

    return check


def _numbers_and_target(count: int) -> Callable[[str], str]:
    """A check for `numbers... host`."""

    def check(value: str) -> str:
        words = value.split()
        if len(words) != count + 1 or not all(word.isdigit() and int(word) < 65536 for word in words[:-1]):
            return f"it is not of the form of {count} numbers below 65536 and a host"
        return "" if words[-1] == "." else names.record_target(words[-1])

    return check


def _text(value: str) -> str:
    return "" if len(value) <= _TXT_LENGTH else f"it has {len(value)} characters, one string has {_TXT_LENGTH}"


_VALUE_CHECKS: dict[str, Callable[[str], str]] = {
    "A": _address_of(IPv4Address),
    "AAAA": _address_of(IPv6Address),
    "CNAME": names.record_target,
    "PTR": names.record_target,
    "MX": _numbers_and_target(1),
    "SRV": _numbers_and_target(3),
    "TXT": _text,
}


@rule("mta-sts-is-served", "MAIL-17", "The MTA-STS policy is served, and reports on TLS go to an address.")
def mta_sts_is_served(topology: Topology) -> Iterator[Violation]:
    """A record that leads to no policy says nothing."""
    mail = topology.mail
    served = mail.published if mail.publish_given else mail.services
    if mail.mta_sts and AUTOCONFIG not in served:
        yield Violation(
            place="mailforest_mail.mta_sts",
            value=mail.mta_sts,
            message="Nobody can fetch the policy: autoconfig, whose server has it, is off or not published.",
            remedy="Set mailforest_mail.autoconfig: true and publish it, or remove mta_sts.",
        )
    if mail.tls_reports and (why := names.email(mail.tls_reports)):
        yield Violation(
            place="mailforest_mail.tls_reports",
            value=mail.tls_reports,
            message=f"This is no address: {why}.",
            remedy="Give an address that somebody reads.",
        )


@rule("guesses-exempt-legal", "MAIL-19", "Networks where wrong passwords do not count are named, and not all.")
def guesses_exempt_legal(topology: Topology) -> Iterator[Violation]:
    """Everybody could guess without end."""
    for index, text in enumerate(topology.mail.guesses_exempt):
        message, remedy = "", "Name the networks that you trust."
        if text and parse_network(text) is None:
            message, remedy = bad_network(text)
        elif is_everybody(text):
            message = "From everywhere passwords could be guessed without end."
        if message:
            place = f"mailforest_mail.guesses_exempt[{index}]"
            yield Violation(place=place, value=text, message=message, remedy=remedy)


@rule("dns-records-legal", "AD-10", "Every DNS record is in a zone that is served, and well-formed.")
def dns_records_legal(topology: Topology) -> Iterator[Violation]:
    """The directory's DNS takes much that no resolver understands."""
    zones = topology.served_zones
    for index, record in enumerate(topology.records):
        place = f"mailforest_dns.records[{index}]"
        if record.zone and record.zone.lower() not in zones:
            yield Violation(
                place=f"{place}.zone",
                value=record.zone,
                message="The directory's DNS does not serve this zone.",
                remedy=f"{nearest(record.zone, zones)}Add it to mailforest_dns.zones.",
            )
        if record.name and (why := names.record_name(record.name)):
            yield Violation(
                place=f"{place}.name",
                value=record.name,
                message=f"The name is not legal: {why}.",
                remedy="Write the part before the zone, or @ for the zone itself.",
            )
        for position, value in enumerate(record.values if record.type else ()):
            if value and (why := _VALUE_CHECKS[record.type](value)):
                yield Violation(
                    place=f"{place}.values[{position}]",
                    value=value,
                    message=f"The value is not legal for type {record.type}: {why}.",
                    remedy="Write it as it stands in a zone file, such as '10 mx1.example.com' for MX.",
                )
