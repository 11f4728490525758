# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding objects by GUID, DN, SID, UPN, account name or name. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Store, guid_dn, is_guid
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_NAMED_CLASSES = ("user", "group", "contact")


class Locator:
    """Looks objects up by whatever names them."""

    def __init__(self, store: Store, attributes: Sequence[str]) -> None:
        """`attributes` are read of every object found."""
        self._store = store
        self._attributes = tuple(dict.fromkeys(("objectGUID", "objectClass", "sAMAccountName", "cn", *attributes)))
        self._cache: dict[str, Entry | None] = {}

    def managed(self, identity: str, where: Mapping[str, str], object_class: str, *, suffix: str = "") -> Entry | None:
        """The object of one kind that `identity` names, or None; of another kind is an error."""
        entry = self.formed(identity, object_class)
        if entry is not None or self.has_form(identity):
            return entry
        accounts = dict.fromkeys((identity.removesuffix(suffix) + suffix, identity))
        for account in accounts:
            entry = entry or self._one(identity, {"sAMAccountName": account, **where})
        return entry or self._one(identity, {"cn": identity, **where})

    def formed(self, identity: str, object_class: str) -> Entry | None:
        """The object of one kind that a GUID, SID, DN or UPN names, or None; of another kind is an error."""
        entry = self._by_form(identity)
        if entry is None:
            return None
        classes = {"top", *(value.decode().lower() for value in entry.values("objectClass"))}
        if object_class.lower() not in classes or (object_class == "user" and "computer" in classes):
            raise ResourceError(
                f"'{identity}' is {entry.dn}, which is no {object_class}. Nothing was changed. Correct `identity`."
            )
        return entry

    def at(self, dn: str) -> Entry | None:
        """The object at a DN."""
        return self._store.read(dn, self._attributes)

    def reference(self, identity: str) -> Entry | None:
        """Any object that can be a member of a group, or None; asked often, so remembered."""
        if identity not in self._cache:
            self._cache[identity] = self._reference(identity)
        return self._cache[identity]

    def has_form(self, identity: str) -> bool:
        """Whether it is a GUID, a SID or a DN."""
        return is_guid(identity) or identity.upper().startswith("S-1-") or self._store.is_dn(identity)

    def _reference(self, identity: str) -> Entry | None:
        entry = self._by_form(identity)
        if entry is not None or self.has_form(identity):
            return entry
        entry = self._one(identity, {"sAMAccountName": identity})
        for object_class in _NAMED_CLASSES:
            entry = entry or self._one(identity, {"cn": identity, "objectClass": object_class})
        return entry or self._one(identity, {"sAMAccountName": f"{identity}$"})

    def _by_form(self, identity: str) -> Entry | None:
        if is_guid(identity):
            return self._store.read(guid_dn(identity.strip("{}")), self._attributes)
        if identity.upper().startswith("S-1-"):
            return self._one(identity, {"objectSid": identity})
        if self._store.is_dn(identity):
            return self._store.read(identity, self._attributes)
        return self._one(identity, {"userPrincipalName": identity}) if "@" in identity else None

    def _one(self, identity: str, where: Mapping[str, str]) -> Entry | None:
        found = self._store.find(where, attributes=self._attributes)
        if len(found) > 1:
            raise ResourceError(
                f"'{identity}' names {len(found)} objects: {', '.join(entry.dn for entry in found)}. Nothing was"
                " changed. Give the DN or the objectGUID as `identity`.",
                candidates=[entry.dn for entry in found],
            )
        return found[0] if found else None
