# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on the network: sites, subnets, addresses, links, gateways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_interface

from ..findings import Severity, Violation
from ..model import Host, Network, Topology, parse_address, parse_network
from ..reader import nearest
from ..services import SERVICES, Function
from ..tunnels import Tunnels
from .registry import rule

_POINT_TO_POINT = 31
_SITE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


def bad_network(text: str) -> tuple[str, str]:
    """What is wrong with a network, and the remedy."""
    try:
        interface = ip_interface(text)
    except ValueError:
        return "This is not a network.", "Write it as 198.51.100.64/26."
    return f"The network has host bits: {text} is an address in {interface.network}.", f"Write {interface.network}."


@rule("site-has-subnet", "AD-35", "Every site has a subnet.")
def site_has_subnet(topology: Topology) -> Iterator[Violation]:
    """Without one no client can be told that it is there."""
    for site in topology.sites.values():
        if not site.subnets:
            yield Violation(
                place=f"{site.place}.subnets",
                value=None,
                message="The site has no subnet, so no computer can be found to be in it.",
                remedy="List the office's networks.",
            )


@rule("site-names-legal", "AD-6", "A site's name has letters and digits, with hyphens and underscores within.")
def site_names_legal(topology: Topology) -> Iterator[Violation]:
    """Site names stand in DNS: `_ldap._tcp.hq._sites`. Samba takes a name with a space or a slash."""
    for site in topology.sites.values():
        if not _SITE_NAME.fullmatch(site.name):
            yield Violation(
                place=site.place,
                value=None,
                message="The site's name cannot stand in DNS, where clients look for its domain controllers.",
                remedy="Use letters and digits, with hyphens and underscores within, 63 at most.",
            )


@rule("site-names-unique", "AD-6", "Site names differ by more than capital letters.")
def site_names_unique(topology: Topology) -> Iterator[Violation]:
    """The directory does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for site in topology.sites.values():
        other = seen.setdefault(site.name.lower(), site.name)
        if other != site.name:
            yield Violation(
                place=site.place,
                value=None,
                message=f"In the directory the site has the same name as {other}.",
                remedy="Rename one of the two.",
            )


@rule("subnet-well-formed", "AD-6", "Every subnet is a network in CIDR form, without host bits.")
def subnet_well_formed(topology: Topology) -> Iterator[Violation]:
    """A network with host bits is mostly a slip in the mask."""
    for site in topology.sites.values():
        for index, text in enumerate(site.subnets):
            if text and parse_network(text) is None:
                message, remedy = bad_network(text)
                yield Violation(place=f"{site.place}.subnets[{index}]", value=text, message=message, remedy=remedy)


@rule("subnets-not-overlapping", "AD-6", "No address is in two subnets.")
def subnets_not_overlapping(topology: Topology) -> Iterator[Violation]:
    """Sorted by first address, an overlap is always with the widest network seen so far."""
    for version in (4, 6):
        rows: list[tuple[Network, str]] = []
        for site in topology.sites.values():
            for index, text in enumerate(site.subnets):
                network = parse_network(text)
                if network is not None and network.version == version:
                    rows.append((network, f"{site.place}.subnets[{index}]"))
        yield from _overlaps(sorted(rows, key=lambda row: (int(row[0].network_address), row[0].prefixlen)))


def _overlaps(rows: list[tuple[Network, str]]) -> Iterator[Violation]:
    """Each network that begins before an earlier one ends."""
    widest: tuple[Network, str] | None = None
    for network, place in rows:
        if widest and int(network.network_address) <= int(widest[0].broadcast_address):
            yield Violation(
                place=place,
                value=str(network),
                message=f"It overlaps with {widest[0]} at {widest[1]}: which site is an address there in?",
                remedy="Make the subnets disjoint.",
            )
        if widest is None or int(network.broadcast_address) > int(widest[0].broadcast_address):
            widest = (network, place)


@rule("host-has-site", "AD-6", "Every host of the system is in a declared site.")
def host_has_site(topology: Topology) -> Iterator[Violation]:
    """Resolvers, time, rules and mail home follow from the site."""
    for host in topology.members:
        if host.site in topology.sites:
            continue
        names = ", ".join(topology.sites) or "none"
        what = "The host has no site." if not host.site else "There is no such site."
        hint = nearest(host.site, topology.sites)
        yield Violation(
            place=f"{host.name}.mailforest_site",
            value=host.site,
            host=host.name,
            message=what,
            remedy=f"{hint}Set mailforest_site to one of mailforest_sites: {names}.",
        )


@rule("observer-outside", "AD-10", "An observer is in no other group and in no site, nor is its address.")
def observer_outside(topology: Topology) -> Iterator[Violation]:
    """An observer proves what is closed to outsiders; one that is inside proves nothing."""
    for host in topology.hosts.values():
        if not host.observer:
            continue
        address = host.ip
        office = next((site.name for site in topology.sites.values() if address and site.holds(address)), "")
        if host.site or host.functions or office:
            what = f"has an address in site {office}" if office else "has a site"
            if host.functions:
                what = f"is a {host.functions[0].value.replace('_', ' ')} as well"
            yield Violation(
                place=host.name,
                value=None,
                host=host.name,
                message=f"The host is an observer from outside, but {what}.",
                remedy="Take it out of mailforest_observers, or out of everything else.",
            )


@rule("address-known", "AD-6", "Every host of the system has an IPv4 address.")
def address_known(topology: Topology) -> Iterator[Violation]:
    """Names cannot be resolved before the directory's DNS exists."""
    for host in topology.members:
        if host.ip is None or host.ip.version != 4:
            yield Violation(
                place=f"{host.name}.mailforest_address",
                value=host.address,
                host=host.name,
                message="The host's IPv4 address in its office is not known.",
                remedy="Set mailforest_address (ansible_host serves too, when it is an address).",
            )


@rule("address-unique", "AD-6", "No two hosts have the same address.")
def address_unique(topology: Topology) -> Iterator[Violation]:
    """Inner and public addresses alike; a host may use one address for both."""
    seen: dict[object, str] = {}
    for host in topology.hosts.values():
        for name, address in ((host.address_name, host.ip), ("mailforest_public_address", host.public_ip)):
            if address is not None and seen.setdefault(address, host.name) != host.name:
                yield Violation(
                    place=f"{host.name}.{name}",
                    value=address,
                    host=host.name,
                    message=f"Host {seen[address]} has the same address.",
                    remedy="Correct one of the two.",
                )


@rule("address-in-site-subnet", "AD-6", "A host's address is in a subnet of its site.")
def address_in_site_subnet(topology: Topology) -> Iterator[Violation]:
    """Else the directory would send its clients to another office."""
    for host in topology.members:
        site = topology.sites.get(host.site)
        if site is None or host.ip is None or site.holds(host.ip):
            continue
        if not site.networks or len(site.networks) < len(site.subnets):
            continue  # the subnets themselves are wrong, which another rule says
        yield Violation(
            place=f"{host.name}.{host.address_name}",
            value=host.address,
            host=host.name,
            message=f"The address is in no subnet of site {site.name} ({', '.join(site.subnets)}).",
            remedy="Correct the address or mailforest_site, or add the subnet to the site.",
        )


@rule("address-usable", "AD-6", "A host's address is not the first or last one of its subnet.")
def address_usable(topology: Topology) -> Iterator[Violation]:
    """The first names the network, the last all hosts of it."""
    for host in topology.members:
        for network in topology.sites[host.site].networks if host.site in topology.sites else ():
            ends = (network.network_address, network.broadcast_address)
            if network.version == 4 and network.prefixlen < _POINT_TO_POINT and host.ip in ends:
                yield Violation(
                    place=f"{host.name}.{host.address_name}",
                    value=host.address,
                    host=host.name,
                    message=f"No host can have this address: it is the first or last one of {network}.",
                    remedy="Give the host's own address, or correct the subnet's mask.",
                )


def _office_of(topology: Topology, host: Host) -> str:
    """The site whose subnets hold the host's public address; its own address may be the public one, in its site.

    A gateway that others must find cannot do so: packets of the tunnel itself would be taken for the office's.
    """
    address = host.public_ip
    for site in topology.sites.values() if address else ():
        direct = address == host.ip and not (host.has(Function.GATEWAY) and topology.linked_sites.get(host.site))
        if address and site.holds(address) and not (direct and site.name == host.site):
            return site.name
    return ""


@rule(
    "public-address-legal",
    "AD-10",
    "A public address is an IPv4 address outside the offices' subnets. A host whose only address it is may have it "
    "inside, if no tunnel ends there.",
)
def public_address_legal(topology: Topology) -> Iterator[Violation]:
    """An address inside an office cannot be the one on the Internet."""
    for host in topology.members:
        if not host.public_address:
            continue
        address, why = host.public_ip, ""
        if address is None or address.version != 4:
            why = "This is not an IPv4 address."
        elif office := _office_of(topology, host):
            why = f"The public address is inside site {office}."
        if why:
            yield Violation(
                place=f"{host.name}.mailforest_public_address",
                value=host.public_address,
                host=host.name,
                message=why,
                remedy="Set the host's address on the Internet, or remove the variable.",
            )


def _gateway_problem(topology: Topology, name: str, site: str) -> str:
    """Why the host cannot be the site's gateway."""
    host = topology.hosts.get(name)
    if host is None:
        return "There is no such host."
    if not host.has(Function.GATEWAY):
        return f"Host {name} is not in group mailforest_gateways."
    return "" if host.site == site else f"Gateway {name} is in site '{host.site}'."


@rule("site-gateway-exists", "AD-11", "A site's gateway is a host of mailforest_gateways in that site.")
def site_gateway_exists(topology: Topology) -> Iterator[Violation]:
    """A gateway is configured from its own group and site."""
    for site in topology.sites.values():
        if site.gateway and (why := _gateway_problem(topology, site.gateway, site.name)):
            yield Violation(
                place=f"{site.place}.gateway",
                value=site.gateway,
                message=why,
                remedy="Name a host of group mailforest_gateways whose mailforest_site is this site.",
            )


@rule("gateway-is-used", "AD-11", "Every host of mailforest_gateways is its site's gateway.")
def gateway_is_used(topology: Topology) -> Iterator[Violation]:
    """A site has one gateway; a second would forward for nobody."""
    for host in topology.by_function[Function.GATEWAY]:
        site = topology.sites.get(host.site)
        if site is not None and site.gateway != host.name:
            yield Violation(
                place=f"{site.place}.gateway",
                value=site.gateway,
                host=host.name,
                message=f"Host {host.name} is in group mailforest_gateways, but not the gateway of its site.",
                remedy=f"Set it to {host.name}, or take the host out of the group.",
            )


@rule("gateway-has-public-address", "AD-11", "The gateway of a linked site has an address on the Internet.")
def gateway_has_public_address(topology: Topology) -> Iterator[Violation]:
    """The other offices' gateways must find it."""
    for site in topology.sites.values():
        gateway = topology.hosts.get(site.gateway)
        if gateway and topology.linked_sites[site.name] and not gateway.public_address:
            yield Violation(
                place=f"{gateway.name}.mailforest_public_address",
                value=None,
                host=gateway.name,
                message=f"Site {site.name} is linked with others, but its gateway has no address on the Internet.",
                remedy="Set mailforest_public_address.",
            )


@rule("site-link-legal", "AD-7", "A site link joins two or more declared sites, each once.")
def site_link_legal(topology: Topology) -> Iterator[Violation]:
    """A link that names a site that is not there joins nothing."""
    for link in topology.links:
        place = f"mailforest_site_links.{link.name}.sites"
        for index, site in enumerate(link.sites):
            if site and site not in topology.sites:
                yield Violation(
                    place=f"{place}[{index}]",
                    value=site,
                    message="There is no such site.",
                    remedy=f"{nearest(site, topology.sites)}Name a site of mailforest_sites.",
                )
        if len(set(link.sites)) < 2 or len(set(link.sites)) < len(link.sites):
            yield Violation(
                place=place,
                value=", ".join(link.sites),
                message="A link joins two different sites or more.",
                remedy="Name each site once, and at least two.",
            )


@rule("no-link-schedule", "AD-7", "A site link has no schedule.")
def no_link_schedule(topology: Topology) -> Iterator[Violation]:
    """Samba 4.17 and 4.22 cannot read the attribute, so that their KCC ends before it has computed anything."""
    for link in topology.links:
        if link.schedule is not None:
            yield Violation(
                place=f"mailforest_site_links.{link.name}.schedule",
                value=link.schedule,
                message="A schedule on a site link stops Samba's topology generator (KCC) on every domain controller, "
                "so that no new replication partners are found.",
                remedy="Remove the key; say with cost and interval which way is taken and how often.",
            )


@rule("sites-are-linked", "AD-7", "With more than one site, each is in a link.")
def sites_are_linked(topology: Topology) -> Iterator[Violation]:
    """A site without a link gets no changes."""
    if len(topology.sites) < 2:
        return
    for site in topology.sites.values():
        if not topology.linked_sites[site.name]:
            yield Violation(
                place="mailforest_site_links",
                value=None,
                message=f"Site {site.name} is in no link: the directory would not replicate to it.",
                remedy=f"Add a link between {site.name} and another site.",
            )


@rule("sites-are-connected", "AD-7", "The links lead from every site to every other, through others or not.")
def sites_are_connected(topology: Topology) -> Iterator[Violation]:
    """Two groups of sites without a link between them are two directories that drift apart."""
    first, *others = list(topology.sites) or [""]
    reached = Tunnels(topology).first_steps.get(first, {})
    for name in others:
        if name not in reached and topology.linked_sites[name]:
            yield Violation(
                place="mailforest_site_links",
                value=None,
                message=f"No links lead from site {first} to site {name}: the directory would not replicate there.",
                remedy=f"Add a link between {name} and a site that is linked with {first}.",
            )


@rule("tunnels-fit", "AD-11", "A gateway has no more tunnels than there are ports for them.")
def tunnels_fit(topology: Topology) -> Iterator[Violation]:
    """Each tunnel of a gateway has a port of its own, the same at both ends."""
    tunnels, service = Tunnels(topology), SERVICES["openvpn"]
    left_out = [pair for pair, port in tunnels.ports.items() if port > service.last_port]
    if left_out:
        left, right = left_out[0]
        most = max((left, right), key=lambda name: len(tunnels.peers[name]))
        yield Violation(
            place="mailforest_site_links",
            value=None,
            message=f"There is no port for {len(left_out)} tunnels, such as that between {left} and {right}: site "
            f"{most} is linked with {len(tunnels.peers[most])} others, and UDP ports {service.ports} are to serve.",
            remedy="Link the sites through a few that lead on to the others, or give such links the lower cost.",
        )


@rule("tunnel-fingerprints-of-gateways", "AD-11", "Fingerprints are given for gateways of sites.")
def tunnel_fingerprints_of_gateways(topology: Topology) -> Iterator[Violation]:
    """A fingerprint under a wrong name would pin nothing, and nobody would notice."""
    gateways = [site.gateway for site in topology.sites.values() if site.gateway]
    for name in topology.tunnels.fingerprints:
        if name not in gateways:
            yield Violation(
                place=f"mailforest_tunnels.fingerprints.{name}",
                value=None,
                message="This is no site's gateway, so no tunnel would ask for the fingerprints.",
                remedy=f"{nearest(name, gateways)}Name a gateway of mailforest_sites: {', '.join(gateways) or 'none'}.",
            )


@rule("linked-subnets-ipv4", "AD-11", "The subnets of linked sites are IPv4.")
def linked_subnets_ipv4(topology: Topology) -> Iterator[Violation]:
    """The tunnels have IPv4 addresses inside, and so carry nothing else."""
    for site in topology.sites.values():
        for index, text in enumerate(site.subnets if topology.linked_sites[site.name] else ()):
            network = parse_network(text)
            if network is not None and network.version != 4:
                yield Violation(
                    place=f"{site.place}.subnets[{index}]",
                    value=text,
                    message="The site is linked with others, and this version's tunnels carry IPv4 only: other sites "
                    "could not be reached from this subnet.",
                    remedy="Remove the subnet; hosts of the system need no IPv6 address.",
                )


@rule("linked-sites-have-gateways", "AD-11", "Every linked site has a gateway.")
def linked_sites_have_gateways(topology: Topology) -> Iterator[Violation]:
    """Traffic between offices goes through tunnels, and tunnels end at gateways."""
    for site in topology.sites.values():
        if topology.linked_sites[site.name] and not site.gateway:
            yield Violation(
                place=f"{site.place}.gateway",
                value=None,
                message="The site is linked with others, but has no gateway at which a tunnel could end.",
                remedy="Name a host of group mailforest_gateways.",
            )


@rule("admin-sources-legal", "AD-10", "The sources of administration are networks, and at least one.")
def admin_sources_legal(topology: Topology) -> Iterator[Violation]:
    """With none, the next run could not log in."""
    if not topology.admin_sources:
        yield Violation(
            place="mailforest_admin.sources",
            value=None,
            message="No network may reach SSH: the run would lock itself out.",
            remedy="List the networks that you administer from, or remove the key for everywhere.",
        )
    for index, text in enumerate(topology.admin_sources):
        if text and parse_network(text) is None:
            message, remedy = bad_network(text)
            yield Violation(place=f"mailforest_admin.sources[{index}]", value=text, message=message, remedy=remedy)


@rule("forwarders-legal", "AD-10", "DNS forwarders are addresses, and no domain controllers.")
def forwarders_legal(topology: Topology) -> Iterator[Violation]:
    """A forwarder that is a domain controller asks itself without end."""
    own = {host.ip: host.name for host in topology.domain_controllers}
    for index, text in enumerate(topology.forwarders):
        address = parse_address(text)
        why = "This is not an address." if address is None else ""
        if address is not None and address in own:
            why = f"This is domain controller {own[address]}: it would forward to itself."
        if text and why:
            yield Violation(
                place=f"mailforest_dns.forwarders[{index}]",
                value=text,
                message=why,
                remedy="Give the address of the provider's DNS server, or of another one outside the forest.",
            )


@rule("site-has-hosts", "AD-35", "Every site has a host of the system.", severity=Severity.WARNING)
def site_has_hosts(topology: Topology) -> Iterator[Violation]:
    """A site without hosts is mostly a misspelt name."""
    for name, hosts in topology.by_site.items():
        if not hosts:
            yield Violation(
                place=f"mailforest_sites.{name}",
                value=None,
                message="No host is in this site.",
                remedy="Set mailforest_site of its hosts, or remove the site.",
            )
