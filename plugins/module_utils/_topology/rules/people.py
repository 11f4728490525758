# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on users and groups."""

from __future__ import annotations

from collections.abc import Iterator

from .. import names
from ..findings import Violation
from ..flows import mail_probes
from ..model import EVERY_USER, MAIL_ACCOUNT, PROBE_ACCOUNT, Group, Topology, mail_service_account
from ..reader import nearest
from .registry import rule

_RESERVED = frozenset(
    {
        "administrator",
        "guest",
        "krbtgt",
        MAIL_ACCOUNT,
        PROBE_ACCOUNT,
        "domain admins",
        "domain users",
        "domain computers",
    }
    | {"domain controllers", "enterprise admins", "schema admins", "administrators", "users", "guests", "dnsadmins"}
)
_HOLDS: dict[str, frozenset[str]] = {
    "global": frozenset({"global"}),
    "universal": frozenset({"global", "universal"}),
    "domainlocal": frozenset({"global", "universal", "domainlocal"}),
}


def _accounts(topology: Topology) -> Iterator[tuple[str, str, int]]:
    """Every user and group: place, name, longest length allowed."""
    for index, user in enumerate(topology.users):
        yield f"mailforest_users[{index}].name", user.name, names.SAM_USER_LENGTH
    for index, group in enumerate(topology.groups):
        yield f"mailforest_groups[{index}].name", group.name, names.SAM_GROUP_LENGTH
    yield "mailforest_mail.group", topology.mail.group, names.SAM_GROUP_LENGTH


@rule("account-names-legal", "AD-42", "Names of users have 20 characters at most, and none that the directory forbids.")
def account_names_legal(topology: Topology) -> Iterator[Violation]:
    """Samba takes a name of 21 characters, with which Windows cannot log in."""
    for place, name, limit in _accounts(topology):
        if name and (why := names.account(name, limit=limit)):
            yield Violation(
                place=place,
                value=name,
                message=f"The name is not legal: {why}.",
                remedy="Choose another name, such as firstname.surname.",
            )


@rule("account-names-unique", "AD-42", "No two users or groups have the same name, nor one that the directory has.")
def account_names_unique(topology: Topology) -> Iterator[Violation]:
    """Users, groups and the built-in ones share one space of names, without regard to capitals."""
    seen: dict[str, str] = {}
    services = {mail_service_account(host) for host in topology.mail_servers}
    declared = any(group.name.lower() == topology.mail.group.lower() for group in topology.groups)
    for place, name, _limit in _accounts(topology):
        if declared and place == "mailforest_mail.group":
            continue
        reserved = name.lower() in _RESERVED or name.lower() in services | topology.probes.keys()
        other = "the directory itself" if reserved else seen.setdefault(name.lower(), place)
        if name and other != place:
            yield Violation(
                place=place,
                value=name,
                message=f"The name is taken: {other}.",
                remedy="Choose another name; capitals make no difference.",
            )


@rule("quotas-legal", "MAIL-27", "How much a mailbox may hold is a size.")
def quotas_legal(topology: Topology) -> Iterator[Violation]:
    """Dovecot lets nobody in whose limit it cannot read."""
    places = [("mailforest_mail.quota", topology.mail.quota)]
    places += [(f"mailforest_users[{index}].quota", user.quota) for index, user in enumerate(topology.users)]
    for place, value in places:
        if value and (why := names.size(value)):
            yield Violation(
                place=place, value=value, message=f"This is no size: {why}.", remedy="Write it as 500M or 2G."
            )


@rule("user-groups-exist", "AD-42", "Every group that a user is in is declared.")
def user_groups_exist(topology: Topology) -> Iterator[Violation]:
    """Groups are made by this topology."""
    known = [group.name for group in topology.groups] + [topology.mail.group]
    folded = {name.lower() for name in known}
    for index, user in enumerate(topology.users):
        for position, name in enumerate(user.groups):
            if name and name.lower() not in folded:
                yield Violation(
                    place=f"mailforest_users[{index}].groups[{position}]",
                    value=name,
                    message=f"User {user.name} is in a group that is not declared.",
                    remedy=f"{nearest(name, known)}Declare it in mailforest_groups.",
                )


@rule("user-site-exists", "AD-6", "Every site that a user is in is declared.")
def user_site_exists(topology: Topology) -> Iterator[Violation]:
    """The mailbox's home follows from it."""
    for index, user in enumerate(topology.users):
        if user.site and user.site not in topology.sites:
            yield Violation(
                place=f"mailforest_users[{index}].site",
                value=user.site,
                message="There is no such site.",
                remedy=f"{nearest(user.site, topology.sites)}Name a site of mailforest_sites.",
            )


@rule("group-members-exist", "AD-2", "Every member of a group is a declared user or group.")
def group_members_exist(topology: Topology) -> Iterator[Violation]:
    """A member that is not there cannot be added."""
    known = [user.name for user in topology.users] + [group.name for group in topology.groups]
    folded = {name.lower() for name in (*known, topology.mail.group)}
    for index, group in enumerate(topology.groups):
        for position, name in enumerate(group.members):
            if name and name.lower() not in folded:
                yield Violation(
                    place=f"mailforest_groups[{index}].members[{position}]",
                    value=name,
                    message=f"Group {group.name} has a member that is not declared.",
                    remedy=f"{nearest(name, known)}Declare it in mailforest_users or mailforest_groups.",
                )


@rule("group-senders-exist", "MAIL-23", "Who may send to a group is a declared group, and the group has an address.")
def group_senders_exist(topology: Topology) -> Iterator[Violation]:
    """Else nobody could send there, or the limit would hold for nothing."""
    known = {group.name for group in topology.groups}
    for index, group in enumerate(topology.groups):
        place = f"mailforest_groups[{index}].senders"
        if group.senders and not group.email:
            yield Violation(
                place=place,
                value=group.senders,
                message=f"Group {group.name} has no address, so nobody sends to it.",
                remedy="Give it an email, or remove its senders.",
            )
        elif group.senders and group.senders not in {EVERY_USER, *known}:
            yield Violation(
                place=place,
                value=group.senders,
                message="There is no such group.",
                remedy=f"{nearest(group.senders, known)}Name a group of mailforest_groups, or `users`.",
            )


@rule("group-nesting-legal", "AD-3", "Global groups hold global ones; universal also universal; domain-local any.")
def group_nesting_legal(topology: Topology) -> Iterator[Violation]:
    """Samba checks none of this; other members of the forest do."""
    groups = {group.name.lower(): group for group in topology.groups}
    for index, group in enumerate(topology.groups):
        for position, name in enumerate(group.members):
            member = groups.get(name.lower())
            if member and member.scope and group.scope and member.scope not in _HOLDS[group.scope]:
                yield Violation(
                    place=f"mailforest_groups[{index}].members[{position}]",
                    value=name,
                    message=f"Group {group.name} is {group.scope} and cannot hold {name}, which is {member.scope}.",
                    remedy="Change the scope of one of the two.",
                )


@rule("group-nesting-ends", "AD-3", "No group is a member of itself, directly or through others.")
def group_nesting_ends(topology: Topology) -> Iterator[Violation]:
    """Samba accepts a ring, and mail to it goes round."""
    groups = {group.name.lower(): group for group in topology.groups}
    for index, group in enumerate(topology.groups):
        if group.name and _reaches_itself(group, groups):
            yield Violation(
                place=f"mailforest_groups[{index}].members",
                value=", ".join(group.members),
                message=f"Group {group.name} is, through its members, a member of itself.",
                remedy="Take one group out of the ring.",
            )


def _reaches_itself(start: Group, groups: dict[str, Group]) -> bool:
    """Whether the group is found among its members' members."""
    waiting, seen = [start], set[str]()
    while waiting:
        for name in (member.lower() for member in waiting.pop().members):
            if name == start.name.lower():
                return True
            if name in groups and name not in seen:
                seen.add(name)
                waiting.append(groups[name])
    return False


def _addresses(topology: Topology) -> Iterator[tuple[str, str]]:
    """Every e-mail address and its place."""
    for index, user in enumerate(topology.users):
        yield f"mailforest_users[{index}].email", user.email
        for position, alias in enumerate(user.aliases):
            yield f"mailforest_users[{index}].aliases[{position}]", alias
    for index, group in enumerate(topology.groups):
        yield f"mailforest_groups[{index}].email", group.email


@rule("emails-legal", "AD-41", "Every e-mail address is well-formed and in a declared mail domain.")
def emails_legal(topology: Topology) -> Iterator[Violation]:
    """An address in a domain that is not ours would never get mail."""
    domains = {domain.lower() for domain in topology.mail.domains}
    for place, address in _addresses(topology):
        why = names.email(address) if address else ""
        if address and not why and address.rpartition("@")[2].lower() not in domains:
            why = "its domain is not in mailforest_mail.domains"
        if why:
            yield Violation(
                place=place,
                value=address,
                message=f"The address is not legal: {why}.",
                remedy=f"Use one of the mail domains: {', '.join(topology.mail.domains) or 'none is declared'}.",
            )


@rule("emails-unique", "MAIL-23", "No two users or groups have the same e-mail address.")
def emails_unique(topology: Topology) -> Iterator[Violation]:
    """Two owners of an address could send in each other's name."""
    probes = mail_probes(topology) if topology.mail.domains else []
    seen = {probe["address"]: f"the account {probe['account']}, which proves that mail flows" for probe in probes}
    for place, address in _addresses(topology):
        if address and (other := seen.setdefault(address.lower(), place)) != place:
            yield Violation(
                place=place,
                value=address,
                message=f"The address is taken: {other}.",
                remedy="Give each address to one user or one group.",
            )


@rule("aliases-need-email", "AD-41", "A user with aliases has an e-mail address.")
def aliases_need_email(topology: Topology) -> Iterator[Violation]:
    """Without the address there is no mailbox that the alias could lead to."""
    for index, user in enumerate(topology.users):
        if user.aliases and not user.email:
            yield Violation(
                place=f"mailforest_users[{index}].email",
                value=None,
                message=f"User {user.name} has aliases, but no e-mail address and so no mailbox.",
                remedy="Set email, or remove the aliases.",
            )


@rule("password-policy-fits", "AD-42", "The password policy's ages and times fit each other.")
def password_policy_fits(topology: Topology) -> Iterator[Violation]:
    """Samba takes both, and then nobody can change a password, or a lock ends with its failures still counted."""
    policy = topology.password_policy
    oldest, youngest = policy.get("max_password_age", 0), policy.get("min_password_age", 0)
    if 0 < oldest <= youngest:
        yield Violation(
            place="mailforest_password_policy.min_password_age",
            value=youngest,
            message=f"A password would expire after {oldest} days, before anybody may change it.",
            remedy="Make it less than max_password_age.",
        )
    window, duration = policy.get("lockout_observation_window", 0), policy.get("lockout_duration", 0)
    if 0 < duration < window:
        yield Violation(
            place="mailforest_password_policy.lockout_observation_window",
            value=window,
            message=f"A lock would end after {duration} minutes with its failures still counted.",
            remedy="Make it no more than lockout_duration.",
        )
