# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets mail, as tables for Postfix and Dovecot, made of what a search in the directory found.

The tables say the same as the look-ups in the directory of the roles postfix and dovecot, for what is in them. What is
in doubt is left out, so that the directory is asked: an address of two users for its mailbox, or one that the tables
cannot hold. Role mail_tables installs this; it needs nothing but Python.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

KNOWN = "known_recipient"
"""Postfix's restriction class for recipients that need no further look-up in the directory."""
LIMITED = "limited_recipient"
"""The same, where Dovecot is to be asked whether the mailbox has room."""
CLOSED = "550 5.7.1 Only users who log in may send to this list"
HOMELESS = "retry:4.3.5 The home of this mailbox is unknown"
ELSEWHERE = "450 4.4.6 This server is not the home of this mailbox"
HERE = ":"
"""In Postfix's transport table: go on as without the table."""
_ADDRESS = re.compile(r"[^\s\"#,:|@(){}<>]+@[^\s\"#,:|@(){}<>]+")
_PLAIN = re.compile(r"[^\s:/]+")
_SMTP = "smtp:"
_NO_LIMIT = ("", "0")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the role was told: the directory, and what this server is."""

    uris: tuple[str, ...]
    base_dn: str
    bind_dn: str
    ca_file: str
    mailbox_attribute: str
    domains: frozenset[str]
    hostname: str
    mail_root: str
    group_dn: str = ""
    home_attribute: str = ""
    quota_attribute: str = ""
    quota: str = ""
    quota_field: str = ""
    peers: frozenset[str] = frozenset()
    closed_lists: frozenset[str] = frozenset()

    @property
    def attributes(self) -> tuple[str, ...]:
        """Of a person; those that the settings name may be empty."""
        named = (self.mailbox_attribute, self.home_attribute, self.quota_attribute)
        return ("sAMAccountName", "mail", "userPrincipalName", "proxyAddresses", "memberOf", *filter(None, named))

    @property
    def people(self) -> str:
        """The filter for users who may have a mailbox; the group is looked at here, where that costs less."""
        enabled = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
        return f"(&(objectCategory=person)(objectClass=user){enabled}({self.mailbox_attribute}=*))"


GROUPS = "(objectCategory=group)"
CONTACTS = "(&(objectClass=contact)(mail=*))"
MEMBERSHIPS = ("mail", "proxyAddresses", "memberOf")


def normal(name: str) -> str:
    """A distinguished name as one can compare it."""
    return ",".join(part.strip() for part in re.split(r"(?<!\\),", name.lower()))


@dataclass(frozen=True)
class Entry:
    """An object of the directory; attributes by their names in small letters."""

    dn: str
    attributes: Mapping[str, Sequence[str]]

    def values(self, name: str) -> Sequence[str]:
        """All values of an attribute."""
        return self.attributes.get(name.lower(), ()) if name else ()

    def value(self, name: str) -> str:
        """The first one; empty without."""
        return next(iter(self.values(name)), "")

    def addresses(self, *, principal: bool) -> set[str]:
        """All addresses, in small letters."""
        found = {*self.values("mail"), *(self.values("userPrincipalName") if principal else ())}
        proxies = (value.lower() for value in self.values("proxyAddresses"))
        return {a.lower() for a in found} | {p.removeprefix(_SMTP) for p in proxies if p.startswith(_SMTP)}


@dataclass(frozen=True)
class Found:
    """What a search found."""

    people: Sequence[Entry]
    groups: Sequence[Entry] = ()
    contacts: Sequence[Entry] = ()

    @cached_property
    def _parents(self) -> dict[str, tuple[str, ...]]:
        return {normal(group.dn): tuple(map(normal, group.values("memberOf"))) for group in self.groups}

    def memberships(self, entry: Entry) -> set[str]:
        """The groups that it is in, nested ones too."""
        seen: set[str] = set()
        waiting = [normal(name) for name in entry.values("memberOf")]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(self._parents.get(name, ()))
        return seen


@dataclass
class Tables:
    """The tables by their names: `delivery` is Dovecot's, the others are Postfix's, of keys and values."""

    postfix: dict[str, dict[str, str]] = field(default_factory=dict)
    delivery: dict[str, str] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """As files, the same for the same content."""
        texts = {name: _lines(f"{key} {value}" for key, value in table.items()) for name, table in self.postfix.items()}
        return {**texts, "delivery": _lines(f"{key}:{value}" for key, value in self.delivery.items())}


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in sorted(rows))


@dataclass(frozen=True)
class User:
    """A person with a mailbox."""

    login: str
    mail: str
    addresses: frozenset[str]
    home: str
    row: str
    limited: bool
    groups: frozenset[str]


class Compiler:
    """Makes the tables of one search."""

    def __init__(self, settings: Settings, found: Found) -> None:
        """Take the users first, since everything else is about them."""
        self._settings = settings
        self._found = found
        self._users = tuple(self._mail_users())
        self._owners: dict[str, list[User]] = defaultdict(list)
        for user in self._users:
            for address in user.addresses:
                self._owners[address].append(user)

    def tables(self) -> Tables:
        """All of them."""
        groups = self._groups()
        lists = dict(self._lists(groups))
        users = {address: ",".join(sorted(u.login for u in owners)) for address, owners in self._owners.items()}
        alone = users.keys() - groups.keys()
        aliases = {address: address for address in alone} | {address: to for address, (to, _closed) in lists.items()}
        recipients = {address: self._class(self._owners[address]) for address in alone}
        recipients |= {address: CLOSED if closed else KNOWN for address, (_to, closed) in lists.items()}
        homes, elsewhere = self._homes()
        homes |= {address: HERE for address in lists if self._settings.peers}
        delivery = {address: user.row for address, user in self._single() if user.row and self._is_here(user)}
        postfix = {"users": users, "aliases": aliases, "recipients": recipients}
        return Tables(postfix | {"homes": homes, "elsewhere": elsewhere}, delivery)

    def _mail_users(self) -> Iterator[User]:
        wanted = normal(self._settings.group_dn)
        for person in self._found.people:
            groups = self._found.memberships(person)
            login = person.value("sAMAccountName")
            if (wanted in groups or not wanted) and _PLAIN.fullmatch(login):
                yield User(
                    login=login,
                    mail=person.value("mail"),
                    addresses=frozenset(self._ours(person.addresses(principal=True))),
                    home=person.value(self._settings.home_attribute).lower(),
                    row=self._row(person, login.lower()),
                    limited=self._quota(person) not in _NO_LIMIT,
                    groups=frozenset(groups),
                )

    def _ours(self, addresses: Iterable[str]) -> Iterator[str]:
        for address in addresses:
            if _ADDRESS.fullmatch(address) and address.rpartition("@")[2] in self._settings.domains:
                yield address

    def _row(self, person: Entry, login: str) -> str:
        """Of Dovecot's table, after the name: password, uid, gid, gecos, home, shell, further fields."""
        mailbox = person.value(self._settings.mailbox_attribute)
        quota = (self._quota(person) or "0") if self._settings.quota_attribute else ""
        if not _PLAIN.fullmatch(mailbox) or (quota and not _PLAIN.fullmatch(quota)):
            return ""
        further = [f"userdb_user={login}", *([f"userdb_{self._settings.quota_field}{quota}"] if quota else [])]
        return f"::::{self._settings.mail_root}/{mailbox}::{' '.join(further)}"

    def _quota(self, person: Entry) -> str:
        return person.value(self._settings.quota_attribute) or self._settings.quota

    @staticmethod
    def _class(owners: Sequence[User]) -> str:
        return LIMITED if any(user.limited for user in owners) else KNOWN

    def _single(self) -> Iterator[tuple[str, User]]:
        """Addresses that are one user's alone."""
        for address, owners in self._owners.items():
            if len(owners) == 1:
                yield address, owners[0]

    def _is_here(self, user: User) -> bool:
        return not self._settings.peers or user.home == self._settings.hostname

    def _homes(self) -> tuple[dict[str, str], dict[str, str]]:
        """Where mail for an address goes, and which addresses a peer must not send here."""
        homes: dict[str, str] = {}
        elsewhere: dict[str, str] = {}
        if not self._settings.peers:
            return homes, elsewhere
        for address, user in self._single():
            if self._is_here(user):
                homes[address] = HERE
            else:
                homes[address] = f"peer:[{user.home}]:25" if user.home in self._settings.peers else HOMELESS
                elsewhere[address] = ELSEWHERE
        return homes, elsewhere

    def _members(self) -> dict[str, set[str]]:
        """The addresses behind each group."""
        members: dict[str, set[str]] = defaultdict(set)
        rows = [(user.mail, user.groups) for user in self._users]
        rows += [
            (contact.value("mail"), frozenset(self._found.memberships(contact))) for contact in self._found.contacts
        ]
        for mail, groups in rows:
            for group in groups if _ADDRESS.fullmatch(mail) else ():
                members[group].add(mail)
        return members

    def _groups(self) -> dict[str, list[str]]:
        """The groups of each address."""
        groups: dict[str, list[str]] = defaultdict(list)
        for group in self._found.groups:
            for address in self._ours(group.addresses(principal=False)):
                groups[address].append(normal(group.dn))
        return groups

    def _lists(self, groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, tuple[str, bool]]]:
        """By address: to whom, and whether closed to all that have not logged in. A list of nobody is none."""
        members, closed = self._members(), {normal(name) for name in self._settings.closed_lists}
        for address, names in groups.items():
            if len(names) == 1 and names[0] in members:
                yield address, (", ".join(sorted(members[names[0]])), names[0] in closed)


def compile_tables(settings: Settings, found: Found) -> Tables:
    """The tables of what was found."""
    return Compiler(settings, found).tables()
