# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Samba's topology generator (KCC) has made of sites and links, and where that leads nowhere. Private.

A connection is an object of the directory: one controller pulls from another. Changes go on from controller to
controller, so every writable one must lead to every other, by whatever steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Member:
    """A domain controller and its site."""

    name: str
    site: str
    read_only: bool


@dataclass(frozen=True, kw_only=True)
class Connection:
    """`controller` pulls from `source`."""

    controller: str
    source: str
    generated: bool
    """By the KCC, and not by hand."""
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The sites, and who pulls from whom."""

    sites: Mapping[str, str | None]
    """Each site and the controller that computes its connections with other sites (ISTG), if one has said so."""
    members: tuple[Member, ...]
    connections: tuple[Connection, ...]
    subnets: Mapping[str, str | None]
    """Each subnet and its site."""


def layout_shown(layout: Layout) -> dict[str, Any]:
    """What the module `replication_info` tells of it."""
    sites = {member.name: member.site for member in layout.members}
    return {
        "sites": {
            site: {
                "controllers": sorted(member.name for member in layout.members if member.site == site),
                "generator": generator,
                "bridgeheads": _bridgeheads(layout, sites, site),
            }
            for site, generator in sorted(layout.sites.items())
        },
        "connections": [
            {
                "controller": connection.controller,
                "source": connection.source,
                "between_sites": sites.get(connection.controller) != sites.get(connection.source),
                "generated": connection.generated,
                "enabled": connection.enabled,
            }
            for connection in sorted(layout.connections, key=lambda one: (one.controller, one.source))
        ],
        "subnets": dict(sorted(layout.subnets.items())),
    }


def _bridgeheads(layout: Layout, sites: Mapping[str, str], site: str) -> list[str]:
    """The controllers of the site that pull from other sites."""
    return sorted(
        {
            one.controller
            for one in layout.connections
            if one.enabled and sites.get(one.controller) == site and sites.get(one.source, site) != site
        }
    )


def layout_faults(layout: Layout) -> list[str]:
    """Sites and controllers that changes do not reach, and subnets that are in no site."""
    sites = {member.name: member.site for member in layout.members}
    used = [one for one in layout.connections if one.enabled and one.controller in sites and one.source in sites]
    alone = _sites_alone(layout, used, sites)
    faults = [
        f"Site {site} pulls from no other site: the topology generator (KCC) has made no connection into it, so that"
        " changes made elsewhere do not arrive there. Check that a site link names it and has no schedule."
        for site in alone
    ]
    for member in layout.members:
        missing = sorted(_sources(layout) - {member.name} - _reached(member.name, used))
        if missing and member.site not in alone:
            faults.append(
                f"No chain of connections leads from {', '.join(missing)} to {member.name}, so that their changes do"
                " not arrive there; run mailforest.stack.replication_sync, which has the connections computed."
            )
    lost = sorted(subnet for subnet, site in layout.subnets.items() if site is None)
    if lost:
        faults.append(
            f"The subnets {', '.join(lost)} belong to no site, so that clients there are sent to any controller; give"
            " them one with mailforest.stack.site_subnet."
        )
    return faults


def _sources(layout: Layout) -> set[str]:
    return {member.name for member in layout.members if not member.read_only}


def _sites_alone(layout: Layout, used: Iterable[Connection], sites: Mapping[str, str]) -> list[str]:
    """Sites with controllers that pull from nobody in another site that has writable ones."""
    fed = {sites[one.controller] for one in used if sites[one.controller] != sites[one.source]}
    writable = {member.site for member in layout.members if not member.read_only}
    return sorted({site for site in sites.values() if site not in fed and writable - {site}})


def _reached(controller: str, used: Iterable[Connection]) -> set[str]:
    """Those whose changes arrive at the controller, by whatever steps."""
    sources: dict[str, set[str]] = {}
    for one in used:
        sources.setdefault(one.controller, set()).add(one.source)
    found: set[str] = set()
    ahead = [controller]
    while ahead:
        for source in sources.get(ahead.pop(), ()):
            if source not in found:
                found.add(source)
                ahead.append(source)
    return found
