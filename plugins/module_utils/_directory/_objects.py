# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups: one plan for any number of them. Private to this collection.

An object is followed by its objectGUID: a new name or container moves it, and never makes another one in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import GROUP, USER, Kind
from ansible_collections.mailforest.stack.plugins.module_utils._directory._locate import Locator
from ansible_collections.mailforest.stack.plugins.module_utils._directory._members import Memberships, Reference
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Store,
    Values,
    encode,
    guid_dn,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, State, Step

_BAD_SAM = set('"/\\[]:;|=,+*?<>')
_READ = ("objectSid", "isCriticalSystemObject", "memberOf", "member", "userAccountControl", "groupType")
_ORDER = ("delete", "rename", "create", "change", "set_password", "add_members", "remove_members")


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
    def sets_password(self) -> bool:
        """Filled in by the resource: whether the password is written."""
        return "password" in self.after


class DirectoryObjects:
    """The resource of the modules `user` and `group`."""

    batch = 1000

    def __init__(self, store: Store, kind: Kind, wanted: Sequence[Mapping[str, Any]], *, single: bool) -> None:
        """Nothing is read yet."""
        self._store = store
        self._kind = kind
        self._wanted = wanted
        self._single = single
        self._warnings: list[str] = []
        self._targets: list[Target] = []
        self._memberships = Memberships(store)
        names = {key for want in wanted for change in (want["attributes"] or {}).values() for key in change or {}}
        extra = {str(want[key]) for want in wanted for key in ("guid_attribute", "home_attribute") if want.get(key)}
        self._locator = Locator(store, (*_READ, *kind.texts.values(), *sorted(names | extra)))

    # What is, and what should be

    def current(self) -> State:
        """Find every object, and everything that is wrong with the wishes, before anything changes."""
        faults: list[str] = []
        for want in self._wanted:
            faults += _wish_faults(self._kind, want)
        _fail(faults)
        self._targets = [self._target(want) for want in self._wanted]
        faults = self._collisions() + [fault for target in self._targets for fault in self._target_faults(target)]
        _fail(faults)
        for target in self._targets:
            if target.present:
                self._memberships.learn(self._reference(target), (target.name, _account(target)))
            elif target.entry:
                self._memberships.forget(target.entry.dn)
        for target in self._targets:
            self._compare(target)
        _fail(self._memberships.faults(self._scope_changes()))
        return {target.label: target.before for target in self._targets if target.before != target.after}

    def desired(self, before: State) -> State:
        """What differs, as it will be."""
        return {target.label: target.after for target in self._targets if target.before != target.after}

    def _target(self, want: Mapping[str, Any]) -> Target:
        entry = None
        for identity in dict.fromkeys(want[key] for key in ("identity", "sam_account_name", "name") if want[key]):
            entry = entry or self._locator.managed(identity, self._kind.where, self._kind.object_class)
        name = want["name"] or (self._store.rdn_value(entry.dn) if entry else want["identity"])
        parent = want["path"] or (self._store.parent(entry.dn) if entry else self._store.users_dn)
        dn = entry.dn if entry and not want["path"] and not want["name"] else self._place(entry, parent, name)
        return Target(kind=self._kind, wanted=want, entry=entry, name=name, dn=dn, number=self._number(want, entry))

    def _place(self, entry: Entry | None, parent: str, name: str) -> str:
        if not self._store.is_dn(parent):
            raise ResourceError(f"path '{parent}' of '{name}' is not a DN. Nothing was changed. Correct it.")
        wanted = self._store.child(parent, "CN", name)
        if entry and self._store.key(entry.dn) == self._store.key(wanted) and self._store.rdn_value(entry.dn) == name:
            return entry.dn
        return wanted

    def _number(self, want: Mapping[str, Any], entry: Entry | None) -> int:
        kind = self._kind
        number = entry.number(kind.number) & 0xFFFFFFFF if entry else kind.initial
        for option, part in kind.parts.items():
            if want.get(option) is not None:
                number = part.put(number, want[option])
        if kind is USER and entry is None and want["enabled"] is None and want["password"]:
            number = kind.parts["enabled"].put(number, True)
        return number

    # Faults that the directory would find late, or never

    def _collisions(self) -> list[str]:
        seen: dict[str, str] = {}
        faults = []
        for target in self._targets:
            keys = {f"dn {self._store.key(target.dn)}", f"account {_account(target).lower()}"}
            if target.entry:
                keys.add(f"guid {target.entry.guid}")
            other = next((seen[key] for key in sorted(keys) if key in seen), None)
            if other is not None:
                faults.append(f"'{target.label}' and '{other}' are the same object; give each once")
            seen.update(dict.fromkeys(keys, target.label))
        return faults

    def _target_faults(self, target: Target) -> list[str]:
        faults = []
        if not target.present:
            if target.entry and target.entry.text("isCriticalSystemObject") == "TRUE":
                faults.append(f"'{target.label}' is a system object that the domain needs; it is not deleted")
            return faults
        if target.entry is None and target.wanted["name"] is None:
            faults.append(
                f"identity '{target.label}' names no {self._kind.name}; correct it, or give `name` to make one"
            )
        if target.dn != (target.entry.dn if target.entry else None):
            faults += self._place_faults(target)
        if self._kind is USER and target.entry is None and target.wanted["enabled"] and not target.wanted["password"]:
            faults.append(
                f"'{target.label}' is new and enabled but has no password; give `password`, or `enabled: false`"
            )
        return faults

    def _place_faults(self, target: Target) -> list[str]:
        parent = self._store.parent(target.dn)
        if self._store.read(parent, ["objectGUID"]) is None:
            return [f"'{target.label}': the container {parent} does not exist; create it or correct `path`"]
        there = self._store.read(target.dn, ["objectGUID"])
        if there and (target.entry is None or there.guid != target.entry.guid) and not self._leaves(there.guid):
            return [f"'{target.label}': another object is at {target.dn}; choose another name or `path`"]
        return []

    def _leaves(self, guid: str) -> bool:
        return any(t.entry and t.entry.guid == guid and (not t.present or t.dn != t.entry.dn) for t in self._targets)

    def _reference(self, target: Target) -> Reference:
        key = self._store.key(target.entry.dn if target.entry else target.dn)
        group_type = target.number if self._kind is GROUP else 0
        return Reference(key=key, dn=target.dn, name=target.name, group_type=group_type)

    def _scope_changes(self) -> list[Entry]:
        changed = []
        for target in self._targets:
            if self._kind is GROUP and target.present and target.entry:
                old = target.entry.number("groupType") & 0xFFFFFFFF
                if _nesting.scope_of(old) != _nesting.scope_of(target.number):
                    changed.append(target.entry)
        return changed

    # The difference of one object

    def _compare(self, target: Target) -> None:
        if not target.present:
            target.before = {"distinguished_name": target.entry.dn} if target.entry else {}
            return
        if target.entry:
            target.before["distinguished_name"] = target.entry.dn
        target.after["distinguished_name"] = target.dn
        self._compare_texts(target)
        self._compare_number(target)
        self._compare_attributes(target)
        self._compare_guid_attribute(target)
        self._compare_home(target)
        self._compare_password(target)
        self._compare_edges(target)

    def _compare_texts(self, target: Target) -> None:
        for option, attribute in self._kind.texts.items():
            value = target.wanted[option]
            if option == "sam_account_name" and value is None and target.entry is None:
                value = target.name
            if value is not None:
                self._set(target, option, attribute, (encode(value),) if value else ())

    def _set(self, target: Target, shown: str, attribute: str, values: Values) -> None:
        """Note an attribute's wanted values, and show them when they differ."""
        old = target.entry.values(attribute) if target.entry else ()
        if self._normal(attribute, old) == self._normal(attribute, values):
            return
        if attribute in target.values:
            _fail([f"'{target.label}': {attribute} is given twice, by `{shown}` and by another option"])
        target.values[attribute] = values
        if target.entry:
            target.before[shown] = _plain(old)
        target.after[shown] = _plain(values)

    def _normal(self, attribute: str, values: Values) -> list[str]:
        texts = [value.decode("utf-8", "backslashreplace") for value in values]
        if texts and self._store.holds_dns(attribute):
            texts = [self._store.key(text) for text in texts]
        return sorted(texts)

    def _compare_number(self, target: Target) -> None:
        kind = self._kind
        old = target.entry.number(kind.number) & 0xFFFFFFFF if target.entry else None
        if old == target.number:
            return
        for option, part in kind.parts.items():
            after = part.get(target.number)
            if old is None or part.get(old) != after:
                target.after[option] = after
                if old is not None:
                    target.before[option] = part.get(old)
        target.values[kind.number] = (encode(_nesting.signed(target.number)),)

    def _compare_attributes(self, target: Target) -> None:
        wishes = target.wanted["attributes"] or {}
        names = dict.fromkeys(name for wish in ("set", "add", "remove") for name in wishes.get(wish) or {})
        for name in names:
            values = target.entry.values(name) if target.entry else ()
            if name in (wishes.get("set") or {}):
                values = _values(wishes["set"][name])
            removed = set(self._normal(name, _values((wishes.get("remove") or {}).get(name))))
            values = tuple(value for value in values if self._normal(name, (value,))[0] not in removed)
            kept = set(self._normal(name, values))
            added = _values((wishes.get("add") or {}).get(name))
            values += tuple(value for value in added if self._normal(name, (value,))[0] not in kept)
            self._set(target, name, name, values)

    def _compare_guid_attribute(self, target: Target) -> None:
        attribute = target.wanted.get("guid_attribute")
        if attribute and target.entry:
            self._set(target, attribute, attribute, (encode(target.entry.guid),))
        elif attribute:
            self._store.holds_dns(attribute)
            target.after[attribute] = "the objectGUID that the new object gets"

    def _compare_home(self, target: Target) -> None:
        """The mail that is there does not follow the attribute, so a home that is set changes on demand only."""
        home, attribute = target.wanted.get("mail_home"), target.wanted.get("home_attribute")
        if home is None or not attribute:
            return
        held = target.entry.text(attribute) if target.entry else None
        if held and held.casefold() != home.casefold() and target.wanted["update_home"] != "always":
            self._warnings.append(
                f"'{target.label}': the mailbox stays on {held}, though {home or 'none'} is wanted, for its mail would"
                " be left behind. Move the mail, then set `update_home: always`; or correct `mail_home`."
            )
        elif not held or held.casefold() != home.casefold():
            self._set(target, attribute, attribute, _values(home))

    def _compare_password(self, target: Target) -> None:
        password = target.wanted.get("password")
        if not password:
            return
        how = target.wanted["update_password"] or "on_create"
        if target.entry and (how == "on_create" or (how == "when_changed" and self._has(target.entry, password))):
            return
        target.after["password"] = "set"

    def _has(self, entry: Entry, password: str) -> bool:
        return self._store.has_password(guid_dn(entry.guid), password)

    def _compare_edges(self, target: Target) -> None:
        wishes = target.wanted[self._kind.edges]
        if not wishes:
            return
        held = target.entry.values(self._kind.edge_attribute) if target.entry else ()
        wish = self._memberships.wish(self._reference(target), wishes, held, into=self._kind is USER)
        _fail([f"'{target.label}': {fault}" for fault in wish.faults])
        if wish.missing:
            raise NotYetKnowable(
                f"'{target.label}': not in the directory, nor made by this task: {', '.join(wish.missing)}."
                " Nothing was changed. Make them first, or correct the names.",
                missing=wish.missing,
            )
        if wish.before != wish.after:
            target.after[self._kind.edges] = wish.after
            if target.entry:
                target.before[self._kind.edges] = wish.before

    # The plan

    def plan(self, before: State, after: State) -> list[Step]:
        """Deletions make room, then renames, then the rest; memberships last, when all members are there."""
        steps = [step for target in self._targets for step in self._steps(target)]
        steps += self._memberships.steps()
        return sorted(steps, key=lambda step: _ORDER.index(step.verb))

    def _steps(self, target: Target) -> Iterable[Step]:
        if not target.present:
            if target.entry:
                yield Step(verb="delete", target=target.entry.dn, payload=guid_dn(target.entry.guid))
        elif target.entry is None:
            yield Step(verb="create", target=target.dn, change=target.after, payload=target)
        else:
            yield from self._change_steps(target, target.entry)

    def _change_steps(self, target: Target, entry: Entry) -> Iterable[Step]:
        place = guid_dn(entry.guid)
        if target.dn != entry.dn:
            yield Step(verb="rename", target=entry.dn, change={"to": target.dn}, payload=(place, target.dn))
        for values in _stages(target, entry):
            shown = {key: value for key, value in target.after.items() if key not in ("distinguished_name", "password")}
            shown.pop(self._kind.edges, None)
            if values is not target.values:
                shown = {"scope": "universal"}
            changes = tuple(
                Change(operation=Operation.REPLACE, attribute=name, values=value) for name, value in values.items()
            )
            yield Step(verb="change", target=target.dn, change=shown, payload=(place, changes))
        if target.sets_password:
            change = Change(operation=Operation.REPLACE, attribute="unicodePwd", values=(_secret(target),))
            payload = (place, (change,))
            yield Step(verb="set_password", target=target.dn, change={"password": "********"}, payload=payload)

    # Doing it

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()

    def apply(self, step: Step) -> None:
        """One write."""
        if step.verb == "create":
            self._create(step.payload)
        elif step.verb == "rename":
            self._store.rename(*step.payload)
        elif step.verb == "delete":
            self._store.delete(step.payload)
        else:
            self._store.modify(*step.payload)

    def _create(self, target: Target) -> None:
        values: dict[str, Values] = {"objectClass": (encode(self._kind.object_class),)}
        values |= {name: value for name, value in target.values.items() if value}
        if target.sets_password:
            values["unicodePwd"] = (_secret(target),)
        self._store.add(target.dn, values)
        attribute = target.wanted.get("guid_attribute")
        if attribute:
            entry = self._store.read(target.dn, ["objectGUID"])
            guid = encode(entry.guid) if entry else b""
            change = Change(operation=Operation.REPLACE, attribute=attribute, values=(guid,))
            self._store.modify(target.dn, (change,))

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """Each object's GUID, DN and account name; of a single one also beside the rest."""
        objects = [self._told(target) for target in self._targets]
        values: dict[str, Any] = {"objects": objects}
        if self._warnings:
            values["warnings"] = self._warnings
        if self._single:
            values |= {key: objects[0][key] for key in ("object_guid", "distinguished_name")}
        return values

    def _told(self, target: Target) -> dict[str, Any]:
        entry = target.entry
        if target.present:
            entry = self._locator.at(target.dn) or entry
        told: dict[str, Any] = {"name": target.label, "state": target.wanted["state"]}
        if not target.present:
            return {**told, "object_guid": entry.guid if entry else None, "distinguished_name": None}
        guid, account = (entry.guid, entry.text("sAMAccountName")) if entry else (None, _account(target))
        return {**told, "object_guid": guid, "distinguished_name": target.dn, "sam_account_name": account}


def _wish_faults(kind: Kind, want: Mapping[str, Any]) -> list[str]:
    label = want["name"] or want["identity"]
    faults = []
    if want["name"] is not None and not 0 < len(want["name"]) <= 64:
        faults.append(f"name '{label}': it must have 1 to 64 characters")
    account = want["sam_account_name"] or (want["name"] if not want["identity"] else None)
    if account and want["state"] == "present":
        if len(account) > kind.sam_limit:
            faults.append(f"'{label}': sam_account_name '{account}' is longer than {kind.sam_limit} characters")
        bad = sorted(_BAD_SAM.intersection(account))
        if bad or account.endswith("."):
            faults.append(f"'{label}': sam_account_name '{account}' may not hold {' '.join(bad) or 'a final dot'}")
    if want.get("mail_home") is not None and not want.get("home_attribute"):
        faults.append(f"'{label}': mail_home needs home_attribute, the name of the attribute that carries it")
    if want.get("home_attribute") and want["home_attribute"] == want.get("guid_attribute"):
        faults.append(f"'{label}': home_attribute and guid_attribute are both {want['home_attribute']}; use two")
    if want.get("upn") and "@" not in want["upn"]:
        faults.append(f"'{label}': upn '{want['upn']}' must have the form name@domain")
    return faults


def _account(target: Target) -> str:
    held = target.entry.text("sAMAccountName") if target.entry else None
    return str(target.wanted["sam_account_name"] or held or target.name)


def _stages(target: Target, entry: Entry) -> list[dict[str, Values]]:
    """The changes, in two where a group's scope cannot change directly (global <-> domain local goes by universal)."""
    if not target.values:
        return []
    old = entry.number("groupType") & 0xFFFFFFFF
    scopes = {_nesting.scope_of(old), _nesting.scope_of(target.number)}
    if target.kind is GROUP and scopes == {"global", "domainlocal"}:
        between = _nesting.signed(_nesting.with_scope(old, "universal"))
        return [{"groupType": (encode(between),)}, target.values]
    return [target.values]


def _secret(target: Target) -> bytes:
    return f'"{target.wanted["password"]}"'.encode("utf-16-le")


def _values(raw: Any) -> Values:
    if raw is None or raw == "":
        return ()
    items = raw if isinstance(raw, list) else [raw]
    return tuple(dict.fromkeys(encode(item) for item in items))


def _plain(values: Values) -> Any:
    texts = sorted(value.decode("utf-8", "backslashreplace") for value in values)
    return texts[0] if len(texts) == 1 else texts or None


def _fail(faults: Sequence[str]) -> None:
    if faults:
        raise ResourceError(f"Nothing was changed: {'; '.join(faults)}.", faults=list(faults))
