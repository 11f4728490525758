# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on placement: domain controllers, FSMO roles, functional level."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Severity, Violation
from ..model import Topology
from ..placement import PDC_ON_GATEWAY, internet_facing
from ..reader import nearest
from ..schema import RELEASES
from ..services import Function
from .registry import rule

_SHARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SECTIONS = ("global", "homes", "printers", "print$", "ipc$", "sysvol", "netlogon")


@rule("forest-has-dc", "AD-13", "There is a domain controller.")
def forest_has_dc(topology: Topology) -> Iterator[Violation]:
    """Nothing else can work without one."""
    if not topology.domain_controllers:
        yield Violation(
            place="mailforest_domain_controllers",
            value=None,
            message="The group has no host: there is nothing to create the forest on.",
            remedy="Put a host into the inventory group mailforest_domain_controllers.",
        )


@rule("site-with-clients-has-dc", "AD-11", "Every site that has hosts or users has a domain controller.")
def site_with_clients_has_dc(topology: Topology) -> Iterator[Violation]:
    """Else every login there waits for the line to another office. A gateway alone is no client."""
    users = {user.site for user in topology.users}
    for name, hosts in topology.by_site.items():
        clients = [host.name for host in hosts if host.functions != (Function.GATEWAY,)]
        if (clients or name in users) and not any(host.has(Function.DOMAIN_CONTROLLER) for host in hosts):
            who = ", ".join(clients[:3]) + (" and others" if len(clients) > 3 else "") if clients else "users"
            yield Violation(
                place=f"mailforest_sites.{name}",
                value=None,
                message=f"The site has clients ({who}), but no domain controller.",
                remedy="Put a domain controller into the site, or the clients into another one.",
            )


@rule("fsmo-holder-exists", "AD-19", "Every FSMO role's owner is a host of the inventory.")
def fsmo_holder_exists(topology: Topology) -> Iterator[Violation]:
    """A role cannot be given to a host that is not there."""
    for role, owner in topology.fsmo.items():
        if owner and owner not in topology.hosts:
            names = [host.name for host in topology.domain_controllers]
            yield Violation(
                place=f"mailforest_fsmo.{role}",
                value=owner,
                message="There is no such host in the mailforest groups.",
                remedy=f"{nearest(owner, names)}The domain controllers are: {', '.join(names) or 'none'}.",
            )


@rule("fsmo-holder-is-dc", "AD-19", "Every FSMO role's owner is a domain controller.")
def fsmo_holder_is_dc(topology: Topology) -> Iterator[Violation]:
    """Only a domain controller can own a role."""
    for role, owner in topology.fsmo.items():
        host = topology.hosts.get(owner)
        if host and not host.has(Function.DOMAIN_CONTROLLER):
            names = ", ".join(controller.name for controller in topology.domain_controllers)
            yield Violation(
                place=f"mailforest_fsmo.{role}",
                value=owner,
                host=owner,
                message=f"Host {owner} is no domain controller.",
                remedy=f"Name one of: {names or 'none'}.",
            )


@rule(
    PDC_ON_GATEWAY,
    "AD-36",
    "The PDC emulator is on no gateway and on no other host that faces the Internet.",
    waivable=True,
)
def pdc_not_on_gateway(topology: Topology) -> Iterator[Violation]:
    """The host that all passwords and policies come from must not be the one that strangers reach."""
    host = topology.hosts.get(topology.owners["pdc"])
    if host and (why := internet_facing(topology, host)):
        yield Violation(
            place="mailforest_fsmo.pdc",
            value=host.name,
            host=host.name,
            message=f"Host {host.name} {why}, and would be the PDC emulator as well.",
            remedy="Name another domain controller, or move that function; else a waiver with a reason and an end.",
        )


@rule(
    "pdc-has-host-of-its-own",
    "AD-31",
    "The PDC emulator shares its host with no other function, where there is a controller that does not.",
    severity=Severity.WARNING,
    waivable=True,
)
def pdc_has_host_of_its_own(topology: Topology) -> Iterator[Violation]:
    """It takes every change of a password and every second try of a failed login, for the whole domain."""
    host = topology.hosts.get(topology.owners["pdc"])
    if host is None or not host.has(Function.DOMAIN_CONTROLLER) or internet_facing(topology, host):
        return
    others = [function.value.replace("_", " ") for function in host.functions if function != Function.DOMAIN_CONTROLLER]
    free = [one.name for one in topology.domain_controllers if one.functions == (Function.DOMAIN_CONTROLLER,)]
    if others and free:
        yield Violation(
            place="mailforest_fsmo.pdc",
            value=host.name,
            host=host.name,
            message=f"Host {host.name} is a {' and a '.join(others)} as well as the PDC emulator, the role that needs "
            "most resources.",
            remedy=f"Name a controller that is nothing else ({', '.join(free)}), or waive the rule.",
        )


@rule("member-is-no-dc", "AD-38", "A member, which may serve files, is no domain controller.")
def member_is_no_dc(topology: Topology) -> Iterator[Violation]:
    """A domain controller is in the domain already, and cannot join it as a member."""
    for host in topology.by_function[Function.MEMBER]:
        if host.has(Function.DOMAIN_CONTROLLER):
            yield Violation(
                place=host.name,
                value=None,
                host=host.name,
                message="The host is in both mailforest_domain_controllers and mailforest_members.",
                remedy="Take it out of one of the two groups.",
            )


@rule("shares-on-members", "AD-38", "Only members that are nothing else but perhaps mail servers have shares.")
def shares_on_members(topology: Topology) -> Iterator[Violation]:
    """A domain controller serves no files of users, and a gateway none at all."""
    for host in topology.hosts.values():
        wrong = [one for one in (Function.DOMAIN_CONTROLLER, Function.GATEWAY) if host.has(one)]
        if host.shares and (wrong or not host.has(Function.MEMBER)):
            what = f"is a {wrong[0].value.replace('_', ' ')}" if wrong else "is not in group mailforest_members"
            yield Violation(
                place=f"{host.name}.mailforest_shares",
                value=", ".join(share.name for share in host.shares),
                host=host.name,
                message=f"The host has shares, but {what}.",
                remedy="Put the shares on a host of group mailforest_members that is neither controller nor gateway.",
            )


@rule("share-legal", "AD-38", "A share has a name of its own on its host that SMB can carry, and an absolute path.")
def share_legal(topology: Topology) -> Iterator[Violation]:
    """Samba takes any name; names of its own sections mean something else."""
    for host in topology.hosts.values():
        seen: set[str] = set()
        for index, share in enumerate(host.shares):
            name, place = share.name.lower(), f"{host.name}.mailforest_shares[{index}]"
            why = ""
            if share.name and not _SHARE.fullmatch(share.name):
                why = "a share's name has letters, digits, dots, hyphens and underscores, 80 at most"
            elif name in _SECTIONS:
                why = "Samba has a section of this name that is no share"
            elif name and name in seen:
                why = "another share of this host has this name"
            seen.add(name)
            if why:
                yield Violation(
                    place=f"{place}.name",
                    value=share.name,
                    host=host.name,
                    message=f"Not a legal share: {why}.",
                    remedy="Choose another name.",
                )
            if share.path and (not share.path.startswith("/") or ".." in share.path.split("/") or share.path == "/"):
                yield Violation(
                    place=f"{place}.path",
                    value=share.path,
                    host=host.name,
                    message="This is no folder that can be served: the path is not absolute, or is the root.",
                    remedy="Write it as /srv/projects.",
                )


@rule("share-group-is-local", "AD-4", "A share's group is one of this topology, with scope `domainlocal`.")
def share_group_is_local(topology: Topology) -> Iterator[Violation]:
    """Domain-local groups carry rights; users and global groups are put into them."""
    groups = {group.name.lower(): group for group in topology.groups}
    for host in topology.hosts.values():
        for index, share in enumerate(host.shares):
            group = groups.get(share.group.lower())
            if share.group and (group is None or group.scope != "domainlocal"):
                what = "There is no such group in mailforest_groups."
                if group:
                    what = f"The group's scope is {group.scope}; access is granted to domain-local groups."
                yield Violation(
                    place=f"{host.name}.mailforest_shares[{index}].group",
                    value=share.group,
                    host=host.name,
                    message=what,
                    remedy="Name a group of scope domainlocal, and put the group of the people into it.",
                )


@rule("release-supported", "AD-47", "A Debian release, where it is given, is 12 or 13.")
def release_supported(topology: Topology) -> Iterator[Violation]:
    """Nothing older or newer has been tried."""
    for host in topology.members:
        if host.release and host.release not in RELEASES:
            yield Violation(
                place=f"{host.name}.mailforest_release",
                value=host.release,
                host=host.name,
                message="This Debian release is not supported.",
                remedy="Install Debian 12 or 13 on the host, and write 12 or 13 here.",
            )


@rule("functional-level-2016-needs-debian-13", "AD-47", "Level 2016 has Debian 13 on every domain controller.")
def functional_level_2016_needs_debian_13(topology: Topology) -> Iterator[Violation]:
    """Samba 4.17 of Debian 12 refuses to start in a domain of that level."""
    if topology.forest.functional_level != "2016":
        return
    for host in topology.domain_controllers:
        if RELEASES.get(host.release) == "12":
            yield Violation(
                place=f"{host.name}.mailforest_release",
                value=host.release,
                host=host.name,
                message="mailforest_forest.functional_level is 2016, but this domain controller has Debian 12, whose "
                "Samba knows 2008_R2 only.",
                remedy="Install Debian 13 on it, or set the functional level to 2008_R2.",
            )
