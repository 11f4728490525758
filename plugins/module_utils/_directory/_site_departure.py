# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a site may go. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A site that is to go, its hosts, and what is still there."""

    site: str
    hosts: Sequence[str]
    controllers: Mapping[str, str]
    """Each controller that the forest knows, and its site."""
    staying: Sequence[str]
    """The controllers that stay."""
    owners: Mapping[str, str | None]
    mailboxes: Mapping[str, int]
    """Host to the number of users whose home it is."""
    messages: Mapping[str, int]
    """Host to the number of messages in its mailboxes and its queue."""
    authorities: Sequence[str] = ()
    """Hosts with a key of the CA."""
    shares: Sequence[str] = ()
    """Hosts that serve folders."""
    copied: bool = False
    """Whether somebody says that what the shares held was copied."""


def departure(leaving: Leaving) -> list[str]:
    """Why the site may not go yet, all at once."""
    return [*_against_controllers(leaving), *_against_last_copies(leaving)]


def _lower(names: Iterable[str | None]) -> set[str]:
    return {(name or "").lower() for name in names}


def _against_controllers(leaving: Leaving) -> Iterator[str]:
    hosts, staying = _lower(leaving.hosts), _lower(leaving.staying)
    there = {name for name, site in leaving.controllers.items() if site.lower() == leaving.site.lower()}
    if strangers := sorted(name for name in there if name.lower() not in hosts):
        yield (
            f"The site {leaving.site} has the controller {', '.join(strangers)}, which is not in the group"
            " mailforest_leaving. Put it there; one that is dead is removed first (mailforest.stack.dc_remove_dead)."
        )
    elsewhere = sorted(name for name in leaving.controllers if name.lower() in hosts and name not in there)
    if elsewhere:
        yield (
            f"{', '.join(elsewhere)} is a controller of another site. Only hosts of {leaving.site} may be in the group"
            " mailforest_leaving."
        )
    if not _lower(leaving.controllers) & staying:
        yield "No controller would stay: the last one holds the last copy of the directory."
    roles = sorted(role for role, owner in leaving.owners.items() if (owner or "").lower() in hosts)
    if roles:
        yield (
            f"The site holds {', '.join(roles)}. Move them first: mailforest.stack.fsmo_transfer, and name another"
            " owner in mailforest_fsmo."
        )


def _against_last_copies(leaving: Leaving) -> Iterator[str]:
    for host, count in sorted(leaving.mailboxes.items()):
        if count:
            yield f"{host} is the home of {count} mailboxes. Move them to another home first."
    for host, count in sorted(leaving.messages.items()):
        if count:
            yield f"{host} has {count} messages in mailboxes or in its queue. Move or remove them first."
    for host in leaving.authorities:
        yield f"{host} has the key of the CA. Bring /etc/ssl/mailforest-ca to the first controller, and remove it here."
    for host in () if leaving.copied else leaving.shares:
        yield (
            f"{host} serves folders. Copy what they hold; then run this again with -e site_remove_shares_copied=true."
        )


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What the directory may still have of a site whose controllers are gone."""

    site: str
    hosts: Mapping[str, Sequence[str]]
    """The site's hosts, and the addresses of each."""
    domain: str
    zones: Sequence[str]
    """The zones that the directory serves beside its own."""
    mail_domains: Sequence[str]
    links: Mapping[str, Sequence[str]]
    """The links of the directory, and the DNs of the sites that each joins."""
    kept_links: Sequence[str]
    """The links that the inventory has."""
    subnets: Mapping[str, str | None]
    """The subnets of the directory, and the site of each."""


def removals(traces: Traces) -> dict[str, list[dict[str, object]]]:
    """What is to go, as the modules `dns_record`, `site_link` and `site_subnet` take it."""
    site = traces.site.lower()
    links = [
        name
        for name, members in traces.links.items()
        if name not in traces.kept_links and any(dn.lower().startswith(f"cn={site},") for dn in members)
    ]
    subnets = [name for name, place in traces.subnets.items() if (place or "").lower() == site]
    return {
        "records": list(_records(traces)),
        "links": [_absent(name=name) for name in links],
        "subnets": [_absent(name=name) for name in subnets],
    }


def _absent(**names: str) -> dict[str, object]:
    return {**names, "state": "absent"}


def _records(traces: Traces) -> Iterator[dict[str, object]]:
    """Address and pointers of each host, and the key that it signs mail with."""
    for host, addresses in traces.hosts.items():
        yield _absent(zone=traces.domain, name=host, type="A")
        pointers = [(ip_address(text).reverse_pointer, "PTR") for text in addresses]
        keys = [(f"{host}._domainkey.{domain.lower()}", "TXT") for domain in traces.mail_domains]
        for name, kind in (*pointers, *keys):
            fitting = [zone for zone in traces.zones if name.endswith(f".{zone.lower()}")]
            if zone := max(fitting, key=len, default=""):
                yield _absent(zone=zone, name=name.removesuffix(f".{zone.lower()}"), type=kind)
