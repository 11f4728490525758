# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights on objects, given and taken by name. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access
from ansible_collections.mailforest.stack.plugins.module_utils._directory._locate import Locator
from ansible_collections.mailforest.stack.plugins.module_utils._directory._lookup import SchemaStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    guid_dn,
    guid_text,
    is_guid,
    sid_text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._target import fail
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, State, Step

RIGHTS = {
    "create_child": "CC",
    "delete_child": "DC",
    "list_children": "LC",
    "self_write": "SW",
    "read_property": "RP",
    "write_property": "WP",
    "delete_tree": "DT",
    "list_object": "LO",
    "extended_right": "CR",
    "delete": "SD",
    "read_control": "RC",
    "write_dacl": "WD",
    "write_owner": "WO",
    "full_control": _access.GENERIC["GA"],
    "generic_read": _access.GENERIC["GR"],
    "generic_write": _access.GENERIC["GW"],
}
"""By name, as in SDDL."""
INHERITANCE = {"none": "", "all": "CI", "descendants": "CIIO", "children": "CIIONP"}
ENTRY: dict[str, Any] = {
    "principal": {"type": "str"},
    "access": {"type": "str", "choices": ["allow", "deny"], "default": "allow"},
    "rights": {"type": "list", "elements": "str", "choices": list(RIGHTS)},
    "object_type": {"type": "str"},
    "inherited_object_type": {"type": "str"},
    "inheritance": {"type": "str", "choices": list(INHERITANCE)},
    "sddl": {"type": "str"},
}
ARGUMENTS: dict[str, Any] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "identity": {"type": "str", "required": True},
    "entries": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": ENTRY,
        "required_together": [("principal", "rights")],
        "required_one_of": [("principal", "sddl")],
        "mutually_exclusive": [("sddl", "principal"), ("sddl", "object_type"), ("sddl", "inherited_object_type")],
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class ObjectRights:
    """The resource of the module `object_acl`."""

    batch = 1

    def __init__(self, store: SchemaStore, options: Mapping[str, Any]) -> None:
        """Nothing is read yet."""
        self._store = store
        self._options = options
        self._locator = Locator(store, ("objectSid",))
        self._place = self._dn = ""
        self._held = self._wanted = "D:"

    def current(self) -> State:
        """The entries that the object has of its own."""
        identity = self._options["identity"]
        entry = self._locator.reference(identity)
        if entry is None:
            raise NotYetKnowable(
                f"'{identity}' is not in the directory. Nothing was changed. Make it first, or correct `identity`.",
                missing=[identity],
            )
        self._place, self._dn = guid_dn(entry.guid), entry.dn
        self._held = self._store.dacl(self._place)
        asked = [self._normal(number, option) for number, option in enumerate(self._options["entries"], 1)]
        if self._options["state"] == "present":
            self._wanted = _access.changed(self._held, add=asked)
        else:
            self._wanted = _access.changed(self._held, remove=asked)
        return {"entries": _access.own(self._held)}

    def desired(self, before: State) -> State:
        """The entries that it will have."""
        same = sorted(_access.own(self._wanted)) == sorted(_access.own(self._held))
        return before if same else {"entries": _access.own(self._wanted)}

    def plan(self, before: State, after: State) -> list[Step]:
        """One write."""
        if before == after:
            return []
        changes = {
            "add": [entry for entry in after["entries"] if entry not in before["entries"]],
            "remove": [entry for entry in before["entries"] if entry not in after["entries"]],
        }
        return [Step(verb="change_access", target=self._dn, change=changes)]

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()

    def apply(self, step: Step) -> None:
        """Write the list."""
        self._store.set_dacl(self._place, self._wanted)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """Where it is, and what stands there now."""
        return {"distinguished_name": self._dn, "entries": _access.own(self._wanted)}

    def _normal(self, number: int, option: Mapping[str, Any]) -> str:
        """An entry as the directory shows it."""
        sddl = option["sddl"] or self._composed(option)
        given = "".join(map(_access.specific, _access.entries(sddl)))
        found = _access.entries(self._store.normal_dacl(f"D:{given}"))
        if len(found) != 1 or _access.inherited(found[0]):
            fail([f"entry {number}: '{sddl}' is not one entry of an access list that is the object's own"])
        return found[0]

    def _composed(self, option: Mapping[str, Any]) -> str:
        target = self._guid(option["object_type"]) if option["object_type"] else ""
        heir = self._guid(option["inherited_object_type"]) if option["inherited_object_type"] else ""
        inheritance = option["inheritance"] or ("descendants" if heir else "none")
        if heir and inheritance == "none":
            fail([f"'{option['principal']}': inherited_object_type says who inherits, but inheritance is none"])
        kind = {"allow": "A", "deny": "D"}[option["access"]]
        parts = (
            f"O{kind}" if target or heir else kind,
            INHERITANCE[inheritance],
            "".join(_rights(option["rights"])),
            target,
            heir,
            self._sid(option["principal"]),
        )
        return f"({';'.join(parts)})"

    def _sid(self, principal: str) -> str:
        if principal.upper().startswith("S-1-"):
            return principal
        entry = self._locator.reference(principal)
        if entry is None or not entry.values("objectSid"):
            raise NotYetKnowable(
                f"'{principal}' is no account or group of the directory. Nothing was changed. Make it first, correct"
                " the name, or give the SID.",
                missing=[principal],
            )
        return sid_text(entry.values("objectSid")[0])

    def _guid(self, name: str) -> str:
        """An attribute or class, else a set of attributes or an extended right."""
        if is_guid(name):
            return name.strip("{}").lower()
        schema = self._store.schema_dn
        found = self._store.find({"lDAPDisplayName": name}, attributes=["schemaIDGUID"], base=schema)
        if found:
            return guid_text(found[0].values("schemaIDGUID")[0])
        place = f"CN=Extended-Rights,{self._store.parent(schema)}"
        for attribute in ("cn", "displayName"):
            found = self._store.find({attribute: name}, attributes=["rightsGuid"], base=place)
            if found:
                return str(found[0].text("rightsGuid")).lower()
        fail([f"'{name}' is no attribute, class, set of attributes or extended right; correct the name"])
        raise AssertionError


def _rights(names: Sequence[str]) -> list[str]:
    letters = "".join(RIGHTS[name] for name in names)
    return list(dict.fromkeys(letters[place : place + 2] for place in range(0, len(letters), 2)))
