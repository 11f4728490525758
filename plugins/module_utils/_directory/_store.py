# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boundary to the directory's database: what the modules need of it, and no more. Private to this collection.

Everything above it is plain Python and is tested with a database in memory; `_samdb` is the real one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

Values = tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object as it was read; attribute names are those that were asked for."""

    dn: str
    attributes: Mapping[str, Values]

    def values(self, name: str) -> Values:
        """All values of an attribute; none when it is not there."""
        return self.attributes.get(name, ())

    def text(self, name: str) -> str | None:
        """The first value as text, or None."""
        values = self.values(name)
        return values[0].decode("utf-8", "replace") if values else None

    def number(self, name: str) -> int:
        """The first value as a number; 0 when it is not there."""
        return int(self.values(name)[0]) if self.values(name) else 0

    @property
    def rid(self) -> int:
        """The last part of the objectSid, which names the account in its domain; 0 without one."""
        raw = self.values("objectSid")
        return int.from_bytes(raw[0][-4:], "little") if raw else 0

    @property
    def guid(self) -> str:
        """The objectGUID as text; it has to be among the attributes read."""
        return guid_text(self.attributes["objectGUID"][0])


class Operation(Enum):
    """How a change treats the values that are there."""

    ADD = "add"
    DELETE = "delete"
    REPLACE = "replace"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One attribute's change in a modification."""

    operation: Operation
    attribute: str
    values: Values


class Store(Protocol):
    """The directory's database. Errors are `ResourceError`."""

    domain_dn: str
    domain_sid: str
    dns_domain: str
    users_dn: str
    computers_dn: str
    password_script: bool
    """Whether a program of the administrator, not Samba, judges how good a password is."""

    def find(
        self, where: Mapping[str, str], *, attributes: Sequence[str], base: str | None = None, children: bool = False
    ) -> list[Entry]:
        """Objects of which every attribute in `where` has the value given; `children` = one level below `base`."""

    def query(
        self, expression: str, *, attributes: Sequence[str], base: str, scope: str, deleted: bool = False
    ) -> list[Entry]:
        """Objects that an LDAP filter finds, all attributes for `*`; `scope` is base, one_level or subtree."""

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One object by its DN or by `guid_dn`, or None."""

    def child(self, parent: str, rdn: str, value: str) -> str:
        """The DN of a child, with the value escaped."""

    def parent(self, dn: str) -> str:
        """The DN above."""

    def rdn_value(self, dn: str) -> str:
        """The value of the first component, unescaped."""

    def key(self, dn: str) -> str:
        """A form of the DN in which equal ones are equal."""

    def is_dn(self, text: str) -> bool:
        """Whether the text is a DN."""

    def holds_dns(self, attribute: str) -> bool:
        """Whether an attribute's values are DNs; an unknown attribute is an error."""

    def dacl(self, dn: str) -> str:
        """An object's access list in SDDL."""

    def set_dacl(self, dn: str, sddl: str) -> None:
        """Write an access list; what is inherited is added by the directory."""

    def normal_dacl(self, sddl: str) -> str:
        """An access list as the directory would show it; nonsense is an error."""

    def has_password(self, dn: str, password: str) -> bool:
        """Whether the account has this password already; False when that cannot be told."""

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """Add an object."""

    def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """Change an object."""

    def rename(self, dn: str, new: str) -> None:
        """Rename or move an object; it stays the same object."""

    def delete(self, dn: str, *, tree: bool = False) -> None:
        """Delete an object, with all below it if `tree`."""

    def transaction(self) -> AbstractContextManager[object]:
        """All writes inside take effect together, or none."""


def guid_text(raw: bytes) -> str:
    """An objectGUID's bytes as the usual text."""
    return str(uuid.UUID(bytes_le=raw))


def sid_text(raw: bytes) -> str:
    """An objectSid's bytes as the usual text ([MS-DTYP] 2.4.2.2)."""
    authority = int.from_bytes(raw[2:8], "big")
    parts = (int.from_bytes(raw[place : place + 4], "little") for place in range(8, 8 + 4 * raw[1], 4))
    return "-".join(["S", str(raw[0]), str(authority), *map(str, parts)])


def guid_dn(guid: str) -> str:
    """The form of a DN that follows an object through renames."""
    return f"<GUID={guid}>"


def is_guid(text: str) -> bool:
    """Whether the text is a GUID, with or without braces."""
    try:
        return len(text.strip("{}")) == 36 and bool(uuid.UUID(text))
    except ValueError:
        return False


def encode(value: str | int | bool) -> bytes:
    """A value as the directory keeps it."""
    if isinstance(value, bool):
        return b"TRUE" if value else b"FALSE"
    return str(value).encode()
