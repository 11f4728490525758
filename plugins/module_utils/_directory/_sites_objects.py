# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sites, subnets and site links have in common as resources: one plan for any number. Private to this collection.

An object is followed by its objectGUID: a new name renames it, and never makes another one in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Store,
    Values,
    encode,
    guid_dn,
    is_guid,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, State, Step

Wish = Mapping[str, Any]
_ORDER = ("delete", "rename", "create", "change", "move")


class SiteStore(Store, Protocol):
    """The directory with its configuration partition."""

    sites_dn: str
    """The container of all sites."""


@dataclass
class Target:
    """One wanted object beside what was found of it."""

    label: str
    wish: Wish
    entry: Entry | None
    dn: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    """Attributes that differ, with the values they get; none = the attribute goes."""

    @property
    def present(self) -> bool:
        """Whether the object is wanted at all."""
        return bool(self.wish.get("state", "present") == "present")


class SiteObjects:
    """What the resources of sites, subnets and links have in common."""

    batch = 1000
    object_class = ""
    attributes: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    """Objects below a new one: name and class."""

    def __init__(self, store: SiteStore, wishes: Sequence[Wish], *, single: bool) -> None:
        """Nothing is read yet."""
        self._store = store
        self._wishes = wishes
        self._single = single
        self._targets: list[Target] = []

    # What the kinds differ in

    def container(self) -> str:
        """Where the objects are."""
        raise NotImplementedError

    def wish_faults(self, wish: Wish) -> Iterable[str]:
        """What is wrong with a wish by itself."""
        raise NotImplementedError

    def removal_faults(self, entry: Entry) -> Iterable[str]:
        """Why an object must stay."""
        return ()

    def compare(self, target: Target) -> None:
        """Note what differs, with `set_value`."""
        raise NotImplementedError

    # What is, and what should be

    def current(self) -> State:
        """Find every object, and everything that is wrong with the wishes, before anything changes."""
        fail([f"'{_label(wish)}': {fault}" for wish in self._wishes for fault in self.wish_faults(wish)])
        self._targets = [self._target(wish) for wish in self._wishes]
        fail(self._collisions())
        fail([fault for target in self._targets for fault in self._target_faults(target)])
        for target in self._targets:
            self._compare(target)
        return {target.label: target.before for target in self._targets if target.before != target.after}

    def desired(self, before: State) -> State:
        """What differs, as it will be."""
        return {target.label: target.after for target in self._targets if target.before != target.after}

    def _target(self, wish: Wish) -> Target:
        entry = None
        for identity in (wish.get("identity"), wish["name"]):
            entry = entry or (self.find(identity) if identity else None)
        name = wish["name"] or (self._store.rdn_value(entry.dn) if entry else wish["identity"])
        dn = self._store.child(self.container(), "CN", name)
        if entry and (wish["name"] is None or self._store.rdn_value(entry.dn) == name):
            dn = entry.dn
        return Target(label=_label(wish), wish=wish, entry=entry, dn=dn)

    def find(self, identity: str) -> Entry | None:
        """The object that a GUID, a DN or a name means."""
        attributes = ("objectGUID", "objectClass", *self.attributes)
        place = self._store.child(self.container(), "CN", identity)
        if is_guid(identity):
            place = guid_dn(identity.strip("{}"))
        elif self._store.is_dn(identity):
            place = identity
        entry = self._store.read(place, attributes)
        if entry and self.object_class.lower() not in [value.decode().lower() for value in entry.values("objectClass")]:
            fail([f"'{identity}' is {entry.dn}, which is no {self.object_class}; correct `identity`"])
        return entry

    def _collisions(self) -> list[str]:
        seen: dict[str, str] = {}
        faults = []
        for target in self._targets:
            keys = {f"dn {self._store.key(target.dn)}"}
            if target.entry:
                keys.add(f"guid {target.entry.guid}")
            other = next((seen[key] for key in sorted(keys) if key in seen), None)
            if other is not None:
                faults.append(f"'{target.label}' and '{other}' are the same object; give each once")
            seen.update(dict.fromkeys(keys, target.label))
        return faults

    def _target_faults(self, target: Target) -> list[str]:
        if not target.present:
            faults = self.removal_faults(target.entry) if target.entry else ()
            return [f"'{target.label}' is not removed: {fault}" for fault in faults]
        if target.entry is None and target.wish["name"] is None:
            return [f"identity '{target.label}' names no {self.object_class}; correct it, or give `name` to make one"]
        there = self._store.read(target.dn, ["objectGUID"]) if target.entry else None
        if there and target.entry and there.guid != target.entry.guid:
            return [f"'{target.label}': another object is at {target.dn}; choose another name"]
        return []

    def _compare(self, target: Target) -> None:
        if target.entry:
            target.before["distinguished_name"] = target.entry.dn
        if target.present:
            target.after["distinguished_name"] = target.dn
            self.compare(target)

    def set_value(self, target: Target, shown: str, attribute: str, values: Values, *, tell: Any = None) -> None:
        """Note an attribute's wanted values, and show them, or what `tell` makes of them, when they differ."""
        tell = tell or _plain
        old = target.entry.values(attribute) if target.entry else ()
        if sorted(old) == sorted(values):
            return
        target.values[attribute] = values
        if target.entry:
            target.before[shown] = tell(old)
        target.after[shown] = tell(values)

    def set_text(self, target: Target, option: str, attribute: str) -> None:
        """Compare an option that is an attribute's text; an empty one clears it."""
        value = target.wish.get(option)
        if value is not None:
            self.set_value(target, option, attribute, (encode(value),) if value else ())

    def set_sites(
        self, target: Target, shown: str, attribute: str, dns: Sequence[str], *, single: bool = False
    ) -> None:
        """Compare an attribute that names sites, whatever the case and order of the DNs."""
        store = self._store

        def names(values: Values) -> Any:
            found = sorted(store.rdn_value(value.decode("utf-8", "replace")) for value in values)
            return (found[0] if found else None) if single else found

        old = target.entry.values(attribute) if target.entry else ()
        held = sorted(store.key(value.decode("utf-8", "replace")) for value in old)
        if held != sorted({store.key(dn) for dn in dns}):
            values = tuple(dict.fromkeys(encode(dn) for dn in dns))
            self.set_value(target, shown, attribute, values, tell=names)

    def site_dns(self, names: Iterable[str]) -> list[str]:
        """The DNs of sites, as the directory has them."""
        found, missing = [], []
        for name in names:
            entry = self._store.read(self._store.child(self._store.sites_dn, "CN", name), ["objectGUID"])
            if entry:
                found.append(entry.dn)
            else:
                missing.append(name)
        if missing:
            raise NotYetKnowable(
                f"The directory has no site {', '.join(missing)}. Nothing was changed."
                " Make it with mailforest.stack.site first, or correct the name.",
                missing=missing,
            )
        return found

    # The plan

    def plan(self, before: State, after: State) -> list[Step]:
        """Deletions make room, then renames, then the rest."""
        steps = [step for target in self._targets for step in self._steps(target)]
        return sorted(steps, key=lambda step: _ORDER.index(step.verb))

    def _steps(self, target: Target) -> Iterable[Step]:
        entry = target.entry
        if entry is None:
            if target.present:
                yield Step(verb="create", target=target.dn, change=target.after, payload=target)
            return
        place = guid_dn(entry.guid)
        if not target.present:
            yield Step(verb="delete", target=entry.dn, payload=place)
            return
        if target.dn != entry.dn:
            yield Step(verb="rename", target=entry.dn, change={"to": target.dn}, payload=(place, target.dn))
        if target.values:
            shown = {key: value for key, value in target.after.items() if key != "distinguished_name"}
            changes = tuple(
                Change(operation=Operation.REPLACE, attribute=name, values=values)
                for name, values in target.values.items()
            )
            yield Step(verb="change", target=target.dn, change=shown, payload=(place, changes))

    # Doing it

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()

    def apply(self, step: Step) -> None:
        """One write."""
        if step.verb == "create":
            self._create(step.payload)
        elif step.verb in ("rename", "move"):
            self._store.rename(*step.payload)
        elif step.verb == "delete":
            self._store.delete(step.payload, tree=True)
        else:
            self._store.modify(*step.payload)

    def _create(self, target: Target) -> None:
        values: dict[str, Values] = {"objectClass": (b"top", encode(self.object_class))}
        self._store.add(target.dn, values | {name: value for name, value in target.values.items() if value})
        for name, object_class in self.parts:
            self._store.add(self._store.child(target.dn, "CN", name), {"objectClass": (b"top", encode(object_class))})

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """Each object's GUID and DN; of a single one also beside the rest."""
        objects = [self._told(target) for target in self._targets]
        values: dict[str, Any] = {"objects": objects}
        if self._single:
            values |= {key: objects[0][key] for key in ("object_guid", "distinguished_name")}
        return values

    def _told(self, target: Target) -> dict[str, Any]:
        entry = target.entry
        if target.present:
            entry = self._store.read(target.dn, ["objectGUID"]) or entry
        return {
            "name": target.label,
            "state": "present" if target.present else "absent",
            "object_guid": entry.guid if entry else None,
            "distinguished_name": target.dn if target.present else None,
        }


def _label(wish: Wish) -> str:
    return str(wish.get("name") or wish.get("identity"))


def _plain(values: Values) -> Any:
    return values[0].decode("utf-8", "backslashreplace") if values else None


def fail(faults: Sequence[str]) -> None:
    """End with everything that is wrong, if anything is."""
    if faults:
        raise ResourceError(f"Nothing was changed: {'; '.join(faults)}.", faults=list(faults))
