# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the FSMO roles go when nobody says where: a proposal with reasons, the same for the same topology.

What is placed already is not known here. The module `fsmo_placement` knows it, and keeps what breaks no rule.
"""

from __future__ import annotations

from collections.abc import Sequence

from .model import Host, Proposal, Topology
from .schema import FSMO_ROLES
from .services import Function

PDC_ON_GATEWAY = "pdc-not-on-gateway"
"""The rule that bars controllers from being the PDC emulator, unless it is waived for them."""
_FOLLOWING = {
    "schema": "together with naming, the other role of the forest",
    "naming": "together with schema, the other role of the forest",
    "rid": "where most controllers reach it: each asks it for its next pool of relative ids",
    "infrastructure": "every controller is a global catalogue, so it has little to do and stays with the others",
    "domaindns": "with the infrastructure role, of which it is the counterpart for the domain's DNS",
    "forestdns": "with the roles of the forest, of which it is the counterpart for the forest's DNS",
}


def internet_facing(topology: Topology, host: Host) -> str:
    """Why the host faces the Internet, or an empty text."""
    if host.has(Function.GATEWAY):
        return "is a gateway"
    if host.public_address:
        return "has an address on the Internet"
    site = topology.sites.get(host.site)
    gateway = topology.hosts.get(site.gateway) if site else None
    published = topology.mail.published and gateway and gateway.public_address
    if gateway and published and host.has(Function.MAIL_SERVER):
        return f"is a mail server that takes mail from the Internet through gateway {gateway.name}"
    return ""


def propose(topology: Topology) -> dict[str, Proposal]:
    """Every role's owner, with the reason, and whom the rules bar from the role; nothing without a controller.

    The PDC emulator goes to the strongest controller of the centre that strangers do not reach, the others to the one
    that made the forest, which has them from the start.
    """
    controllers = topology.domain_controllers
    if not controllers:
        return {}
    hidden = [host for host in controllers if not internet_facing(topology, host)] or list(controllers)
    centre, why = _centre(topology, hidden)
    there = [host for host in hidden if host.site == centre]
    first = controllers[0] if controllers[0] in there else there[0]
    pdc, merit = _strongest(there, first)
    strangers = _strangers(topology)
    found = {
        role: Proposal(
            owner=first.name,
            reason=f"{first.name} is in site {centre}, {why}; {_FOLLOWING[role]}.",
            unfit=dict(strangers),
        )
        for role in FSMO_ROLES
        if role != "pdc"
    }
    found["pdc"] = Proposal(
        owner=pdc.name,
        reason=f"{pdc.name} is in site {centre}, {why}, and {_exposed(topology, pdc)}; {merit}.",
        unfit=strangers | _barred(topology),
    )
    return {role: found[role] for role in FSMO_ROLES}


def _centre(topology: Topology, controllers: Sequence[Host]) -> tuple[str, str]:
    """The site that is linked with most others, then has most of these controllers, then most clients; and why."""
    sites = list(dict.fromkeys(host.site for host in controllers))
    if len(sites) == 1:
        return sites[0], "the only one with a controller for it"
    homes, users = [host.site for host in controllers], [user.site for user in topology.users]
    counts: list[tuple[str, dict[str, int]]] = [
        ("is linked with most others", {site: len(topology.linked_sites.get(site, ())) for site in sites}),
        ("has most controllers for it", {site: homes.count(site) for site in sites}),
        (
            "has most hosts and users",
            {site: len(topology.by_site.get(site, ())) + users.count(site) for site in sites},
        ),
    ]
    for merit, count in counts:
        most = max(count[site] for site in sites)
        sites = [site for site in sites if count[site] == most]
        if len(sites) == 1:
            return sites[0], f"which {merit} ({most})"
    return sites[0], "the first of equals"


def _strongest(controllers: list[Host], first: Host) -> tuple[Host, str]:
    """Who is to be the PDC emulator, and why: as good as any, and another than the one with all the other roles."""
    if len(controllers) == 1:
        return first, "there is no other controller for it"
    memory = all(host.memory for host in controllers)
    processors = all(host.processors for host in controllers)

    def rank(host: Host) -> tuple[int, int, int]:
        return (
            len(host.functions),
            -(host.memory if memory else 0),
            -(host.processors if processors else 0),
        )

    spare = min((host for host in controllers if host is not first), key=rank)
    best = first if rank(first) < rank(spare) else spare
    other = spare if best is first else first
    if rank(best) == rank(other):
        return best, f"it is as strong as {other.name}, which has the other roles"
    for index, merit in enumerate(("has fewer other functions", f"has more memory ({best.memory} MiB)")):
        if rank(best)[index] != rank(other)[index]:
            return best, f"it {merit} than {other.name}"
    return best, f"it has more processors ({best.processors}) than {other.name}"


def _exposed(topology: Topology, host: Host) -> str:
    why = internet_facing(topology, host)
    return why or "strangers do not reach it"


def _strangers(topology: Topology) -> dict[str, str]:
    """Hosts of the inventory that are to be no controllers, should one of them still be one."""
    return {
        host.name: "is no domain controller in the inventory any more"
        for host in topology.members
        if not host.has(Function.DOMAIN_CONTROLLER)
    }


def _barred(topology: Topology) -> dict[str, str]:
    """Controllers that may not be the PDC emulator."""
    waived = {waiver.host for waiver in topology.waivers if waiver.rule == PDC_ON_GATEWAY}
    return {
        host.name: why
        for host in topology.domain_controllers
        if host.name not in waived and (why := internet_facing(topology, host))
    }
