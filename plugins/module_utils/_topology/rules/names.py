# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on names: realm, NetBIOS, hosts, mail domains. Samba accepts many that no client can use."""

from __future__ import annotations

from collections.abc import Iterator

from .. import names
from ..findings import Severity, Violation
from ..model import Topology
from ..records import fqdn
from .registry import rule

_COMMON_NAME_LENGTH = 64


@rule("realm-legal", "AD-34", "The realm is a DNS name of two labels or more, in capital letters.")
def realm_legal(topology: Topology) -> Iterator[Violation]:
    """Samba takes a realm with a space, and leaves a half-written database for one with two dots."""
    realm = topology.forest.realm
    if realm and (why := names.realm(realm)):
        yield Violation(
            place="mailforest_forest.realm",
            value=realm,
            message=f"The realm is not legal: {why}. It can never be changed afterwards.",
            remedy="Choose a name below a domain that you own, in capital letters, such as CORP.EXAMPLE.COM.",
        )


@rule("realm-not-local", "AD-34", "The realm does not end in `.LOCAL`.", severity=Severity.WARNING)
def realm_not_local(topology: Topology) -> Iterator[Violation]:
    """`.local` belongs to multicast DNS (RFC 6762)."""
    if topology.forest.realm.upper().endswith(".LOCAL"):
        yield Violation(
            place="mailforest_forest.realm",
            value=topology.forest.realm,
            message="Names in .local belong to multicast DNS (RFC 6762): clients look in the wrong place.",
            remedy="Choose a name below a domain that you own, before the forest is created.",
        )


@rule("no-child-domain", "AD-8", "The forest has one domain; a child domain is refused.")
def no_child_domain(topology: Topology) -> Iterator[Violation]:
    """Samba cannot create a second domain in a forest."""
    if topology.forest.parent:
        yield Violation(
            place="mailforest_forest.parent",
            value=topology.forest.parent,
            message="Samba cannot create a child domain in a forest.",
            remedy="Remove the key: make it a forest of its own, and join the two by a trust where that is enough.",
        )


@rule("netbios-legal", "AD-34", "The NetBIOS name has 15 characters at most: A-Z, 0-9, hyphens within.")
def netbios_legal(topology: Topology) -> Iterator[Violation]:
    """Samba takes a NetBIOS name with a dot, and fails with a traceback on a long one."""
    name = topology.forest.netbios
    if name and (why := names.netbios(name)):
        yield Violation(
            place="mailforest_forest.netbios",
            value=name,
            message=f"The NetBIOS name is not legal: {why}. It can never be changed afterwards.",
            remedy="Choose a short name in capital letters, such as CORP.",
        )


@rule("netbios-unique", "AD-34", "The NetBIOS name differs from the realm and from every host name.")
def netbios_unique(topology: Topology) -> Iterator[Violation]:
    """Samba refuses both, but only once the run has begun."""
    name = topology.forest.netbios.lower()
    if name and name == topology.forest.dns_domain:
        yield Violation(
            place="mailforest_forest.netbios",
            value=topology.forest.netbios,
            message="The NetBIOS name equals the realm; Samba refuses that.",
            remedy="Choose a short name, such as the realm's first label.",
        )
    if name in topology.hosts:
        yield Violation(
            place="mailforest_forest.netbios",
            value=topology.forest.netbios,
            host=name,
            message=f"The NetBIOS name is that of host {name}; two computers would answer to it.",
            remedy="Rename the host, or choose another NetBIOS name.",
        )


@rule("host-names-legal", "AD-34", "Host names have 15 characters at most: a-z, 0-9, hyphens within, no dot.")
def host_names_legal(topology: Topology) -> Iterator[Violation]:
    """Samba takes 26 characters, and cuts the name where clients look for it."""
    for host in topology.members:
        if why := names.hostname(host.name):
            yield Violation(
                place=host.name,
                value=None,
                host=host.name,
                message=f"The host name is not legal: {why}.",
                remedy="Rename the host in the inventory; its connection address can be set by ansible_host.",
            )


@rule("host-names-unique", "AD-34", "Host names differ by more than capital letters.")
def host_names_unique(topology: Topology) -> Iterator[Violation]:
    """DNS and NetBIOS do not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for host in topology.members:
        other = seen.setdefault(host.name.lower(), host.name)
        if other != host.name:
            yield Violation(
                place=host.name,
                value=None,
                host=host.name,
                message=f"In DNS and NetBIOS the host has the same name as {other}.",
                remedy="Rename one of the two.",
            )


@rule("full-names-fit", "AD-34", "Full host names have 64 characters at most.")
def full_names_fit(topology: Topology) -> Iterator[Violation]:
    """A certificate's common name has no more room (RFC 5280)."""
    for host in () if names.realm(topology.forest.realm) else topology.members:
        name = fqdn(topology, host)
        if len(name) > _COMMON_NAME_LENGTH and not names.hostname(host.name):
            yield Violation(
                place="mailforest_forest.realm",
                value=topology.forest.realm,
                host=host.name,
                message=f"The full name {name} has {len(name)} characters, a certificate's common name "
                f"{_COMMON_NAME_LENGTH}: the host could have no certificate.",
                remedy="Choose a shorter realm before the forest is created, or shorter host names.",
            )


@rule("mail-domains-legal", "MAIL-7", "Every mail domain is a DNS name of two labels or more, and stands once.")
def mail_domains_legal(topology: Topology) -> Iterator[Violation]:
    """Other mail systems find a domain by DNS."""
    seen: set[str] = set()
    for index, name in enumerate(topology.mail.domains):
        why = names.domain(name) if name else ""
        why = why or ("it is in the list twice" if name and name.lower() in seen else "")
        seen.add(name.lower())
        if why:
            yield Violation(
                place=f"mailforest_mail.domains[{index}]",
                value=name,
                message=f"The mail domain is not legal: {why}.",
                remedy="Write a domain that you own, such as example.com.",
            )
