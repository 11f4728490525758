# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wanted object beside what was found of it. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import Kind
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Values, encode
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


@dataclass
class Target:
    """One wanted object beside what was found of it."""

    kind: Kind
    wanted: Mapping[str, Any]
    entry: Entry | None
    name: str
    dn: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    """Attributes that differ, with the values they get; none = the attribute goes."""
    state: dict[str, Values] = field(default_factory=dict)
    """Attributes that are written after all others and the password."""
    guards: dict[str, bool] = field(default_factory=dict)
    """Entries of the access list that differ, by option."""
    number: int = 0

    @property
    def present(self) -> bool:
        """Whether the object is wanted at all."""
        return bool(self.wanted["state"] == "present")

    @property
    def label(self) -> str:
        """How the user calls it."""
        return str(self.wanted.get("name") or self.wanted.get("identity"))

    @property
    def object_class(self) -> str:
        """The class that a new object gets."""
        return str(self.wanted.get("type") or self.kind.object_class)

    @property
    def sets_password(self) -> bool:
        """Filled in by the resource: whether the password is written."""
        return "password" in self.after

    @property
    def account(self) -> str | None:
        """The account name that the object has in the end; None for what has none."""
        if not self.kind.sam_limit:
            return None
        held = self.entry.text("sAMAccountName") if self.entry else None
        return account_name(self.kind, self.wanted) or held or self.name + self.kind.sam_suffix

    def texts(self, attribute: str) -> list[str]:
        """The values that an attribute has in the end."""
        held = self.entry.values(attribute) if self.entry else ()
        return [value.decode("utf-8", "replace") for value in self.values.get(attribute, held)]


def account_name(kind: Kind, wanted: Mapping[str, Any]) -> str | None:
    """The account name asked for, with the dollar that computers have."""
    name = wanted.get("sam_account_name")
    if not name:
        return None
    return str(name).removesuffix(kind.sam_suffix) + kind.sam_suffix


def plain_values(raw: Any) -> Values:
    """What an option gives as values of an attribute."""
    if raw is None or raw == "":
        return ()
    items = raw if isinstance(raw, list) else [raw]
    return tuple(dict.fromkeys(encode(item) for item in items))


def fail(faults: Sequence[str]) -> None:
    """End with all faults at once."""
    if faults:
        raise ResourceError(f"Nothing was changed: {'; '.join(faults)}.", faults=list(faults))
