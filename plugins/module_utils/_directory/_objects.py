# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, groups, computers, units and other objects: one plan for any number of them. Private to this collection.

An object is followed by its objectGUID: a new name or container moves it, and never makes another one in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access, _expiry, _nesting, _passwords
from ansible_collections.mailforest.stack.plugins.module_utils._directory._foresee import Foresight, wish_faults
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import (
    COMPUTER,
    CONTROLLER,
    ENCRYPTION,
    GROUP,
    PSO,
    USER,
    Kind,
)
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._target import (
    Target,
    account_name,
    fail,
    plain_values,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, State, Step

_READ = (
    "objectSid",
    "isCriticalSystemObject",
    "memberOf",
    "member",
    "userAccountControl",
    "groupType",
    "primaryGroupID",
)
_STATES = ("lockoutTime", "pwdLastSet", "accountExpires")
_ENCRYPTION = "msDS-SupportedEncryptionTypes"
_ORDER = (
    "delete",
    "rename",
    "create",
    "change",
    "change_access",
    "set_password",
    "set_state",
    "add_members",
    "remove_members",
)
_PRIMARY = {"user": 513, "computer": 515}
"""The primary groups of new accounts."""
_SEPARATOR = re.compile(r"(?<!\\),")
_RDNS = {"organizationalunit": "OU", "organization": "O", "country": "C", "locality": "L"}
"""The classes whose objects have no common name."""


class DirectoryObjects:
    """The resource of the modules that manage objects."""

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
        more = {USER.name: _STATES, COMPUTER.name: (_ENCRYPTION,)}.get(kind.name, ())
        self._locator = Locator(store, (*_READ, *more, *kind.attributes, *sorted(names | extra)))

    # What is, and what should be

    def current(self) -> State:
        """Find every object, and everything that is wrong with the wishes, before anything changes."""
        fail([fault for want in self._wanted for fault in wish_faults(self._kind, want)])
        self._targets = [self._target(want) for want in self._wanted]
        foresight = Foresight(self._store, self._targets)
        fail(self._collisions() + [fault for target in self._targets for fault in self._faults(target, foresight)])
        missing = [fault for target in self._targets for fault in foresight.missing(target)]
        if missing:
            raise NotYetKnowable(f"Nothing was changed: {'; '.join(missing)}.", faults=missing)
        for target in self._targets:
            if target.present:
                names = [target.name, *([target.account] if target.account else [])]
                self._memberships.learn(self._reference(target), names)
            elif target.entry:
                self._memberships.forget(target.entry.dn)
        for target in self._targets:
            self._compare(target)
        faults = [fault for target in self._targets if target.present for fault in foresight.names(target)]
        fail([*self._memberships.faults(self._scope_changes()), *faults, *foresight.passwords()])
        return {target.label: target.before for target in self._targets if target.before != target.after}

    def desired(self, before: State) -> State:
        """What differs, as it will be."""
        return {target.label: target.after for target in self._targets if target.before != target.after}

    def _target(self, want: Mapping[str, Any]) -> Target:
        entry = self._named_in_place(want) if self._kind.named_by_place else self._named(want)
        name = want["name"] or (self._store.rdn_value(entry.dn) if entry else want["identity"])
        parent = want.get("path") or (self._store.parent(entry.dn) if entry else self._container(want))
        dn = entry.dn if entry and not want.get("path") and not want["name"] else self._place(want, entry, parent, name)
        if self._kind is PSO and entry is None:
            settings = _passwords.domain_settings(self._store)
            want = {**want, **{key: value for key, value in settings.items() if want[key] is None}}
        return Target(kind=self._kind, wanted=want, entry=entry, name=name, dn=dn, number=self._number(want, entry))

    def _named(self, want: Mapping[str, Any]) -> Entry | None:
        """Account names are unique in the domain."""
        kind, entry = self._kind, None
        for identity in dict.fromkeys(want[key] for key in ("identity", "sam_account_name", "name") if want[key]):
            entry = entry or self._locator.managed(identity, kind.where, kind.object_class, suffix=kind.sam_suffix)
        return entry

    def _named_in_place(self, want: Mapping[str, Any]) -> Entry | None:
        """Other names are unique in their container."""
        entry, identity = None, want["identity"]
        names = [name for name in (identity, want["name"]) if name]
        if identity and self._locator.has_form(identity):
            entry = self._locator.formed(identity, self._kind.object_class)
            names = names[1:]
        for name in names:
            place = self._store.child(self._container(want), self._rdn(want), name)
            entry = entry or self._locator.formed(place, self._kind.object_class)
        if entry is None and identity and not self._kind.where:
            return self._locator.reference(identity)
        return entry

    def _container(self, want: Mapping[str, Any]) -> str:
        """Where an object is looked for by name, and made: beside the one that was renamed, if its DN was given."""
        if want.get("path"):
            return str(want["path"])
        identity = want["identity"]
        return self._store.parent(identity) if identity and self._store.is_dn(identity) else self._home()

    def _home(self) -> str:
        store = self._store
        return {
            "users": store.users_dn,
            "computers": store.computers_dn,
            "domain": store.domain_dn,
            "policies": f"CN=Password Settings Container,CN=System,{store.domain_dn}",
        }[self._kind.place]

    def _rdn(self, want: Mapping[str, Any]) -> str:
        return _RDNS.get(str(want.get("type") or "").lower(), self._kind.rdn)

    def _place(self, want: Mapping[str, Any], entry: Entry | None, parent: str, name: str) -> str:
        if not self._store.is_dn(parent):
            raise ResourceError(f"path '{parent}' of '{name}' is not a DN. Nothing was changed. Correct it.")
        rdn = entry.dn.partition("=")[0] if entry else self._rdn(want)
        wanted = self._store.child(parent, rdn, name)
        if entry and self._store.key(entry.dn) == self._store.key(wanted) and self._store.rdn_value(entry.dn) == name:
            return entry.dn
        return wanted

    def _number(self, want: Mapping[str, Any], entry: Entry | None) -> int:
        kind = self._kind
        if not kind.number:
            return 0
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
            keys = {f"dn {self._store.key(target.dn)}"}
            if target.account:
                keys.add(f"account {target.account.lower()}")
            if target.entry:
                keys.add(f"guid {target.entry.guid}")
            other = next((seen[key] for key in sorted(keys) if key in seen), None)
            if other is not None:
                faults.append(f"'{target.label}' and '{other}' are the same object; give each once")
            seen.update(dict.fromkeys(keys, target.label))
        return faults

    def _faults(self, target: Target, foresight: Foresight) -> Iterable[str]:
        kind, entry = self._kind, target.entry
        if not target.present:
            yield from foresight.removal(target)
            return
        if entry is None and target.wanted["name"] is None:
            yield f"identity '{target.label}' names no {kind.name}; correct it, or give `name` to make one"
        if target.dn != (entry.dn if entry else None):
            yield from foresight.place(target)
        if entry is None and target.wanted.get("enabled") and kind is USER and not target.wanted["password"]:
            yield f"'{target.label}' is new and enabled but has no password; give `password`, or `enabled: false`"
        if entry is None and kind.object_class == "top" and not target.wanted.get("type"):
            yield f"'{target.label}' is not there; give `type`, its class, to make it"
        if kind is PSO:
            yield from _passwords.settings_faults(target.label, target.wanted, entry)
        if entry and kind.number and target.number != entry.number(kind.number) & 0xFFFFFFFF:
            yield from _number_faults(target, entry)

    def _reference(self, target: Target) -> Reference:
        entry = target.entry
        return Reference(
            key=self._store.key(entry.dn if entry else target.dn),
            dn=target.dn,
            name=target.name,
            group_type=target.number if self._kind is GROUP else 0,
            rid=entry.rid if entry else 0,
            primary=entry.number("primaryGroupID") if entry else _PRIMARY.get(self._kind.name, 0),
        )

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
        self._compare_lists(target)
        self._compare_encryption(target)
        self._compare_links(target)
        self._compare_attributes(target)
        self._compare_guards(target)
        self._compare_guid_attribute(target)
        self._compare_home(target)
        self._compare_password(target)
        self._compare_state(target)
        self._compare_edges(target)

    def _compare_texts(self, target: Target) -> None:
        for option, attribute in self._kind.texts.items():
            value = target.wanted[option]
            if option == "sam_account_name":
                value = account_name(self._kind, target.wanted) or (None if target.entry else target.account)
            if value is not None:
                self._set(target, option, attribute, (encode(value),) if value else ())
        for option, typed in self._kind.values.items():
            if target.wanted[option] is not None:
                self._set(target, option, typed.attribute, (encode(typed.write(target.wanted[option])),))
                if option in target.after:
                    target.after[option] = target.wanted[option]

    def _set(self, target: Target, shown: str, attribute: str, values: Values) -> None:
        """Note an attribute's wanted values, and show them when they differ."""
        old = target.entry.values(attribute) if target.entry else ()
        if self._normal(attribute, old) == self._normal(attribute, values):
            return
        if attribute in target.values:
            fail([f"'{target.label}': {attribute} is given twice, by `{shown}` and by another option"])
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
        if not kind.number or old == target.number:
            return
        for option, part in kind.parts.items():
            after = part.get(target.number)
            if old is None or part.get(old) != after:
                target.after[option] = after
                if old is not None:
                    target.before[option] = part.get(old)
        target.values[kind.number] = (encode(_nesting.signed(target.number)),)

    def _compare_lists(self, target: Target) -> None:
        for option, attribute in self._kind.lists.items():
            wishes = target.wanted[option]
            if wishes:
                held = {value.casefold(): value for value in target.texts(attribute)}
                final = _listed(wishes, held)
                if final.keys() != held.keys():
                    self._set(target, option, attribute, tuple(encode(value) for value in final.values()))

    def _compare_encryption(self, target: Target) -> None:
        wishes = target.wanted.get("kerberos_encryption_types")
        if not wishes:
            return
        number = target.entry.number(_ENCRYPTION) if target.entry else 0
        held = {name: name for name, bits in ENCRYPTION.items() if number & bits == bits}
        final = _listed(wishes, held)
        if final.keys() != held.keys():
            other = number & ~sum(ENCRYPTION.values())
            bits = other | sum(ENCRYPTION[name] for name in final)
            self._set(target, "kerberos_encryption_types", _ENCRYPTION, (encode(bits),))
            target.after["kerberos_encryption_types"] = sorted(final)
            if target.entry:
                target.before["kerberos_encryption_types"] = sorted(held)

    def _compare_links(self, target: Target) -> None:
        single = {option: [target.wanted[option]] for option in self._kind.links if target.wanted[option] is not None}
        many = {option: target.wanted[option] for option in self._kind.crowds if target.wanted[option] is not None}
        attributes = {**self._kind.links, **self._kind.crowds}
        for option, names in (single | many).items():
            found = [self._linked(target, name) for name in names if name]
            if option in self._kind.crowds:
                fail([fault for entry in found if (fault := _subject_fault(target, entry))])
            self._set(target, option, attributes[option], tuple(dict.fromkeys(encode(entry.dn) for entry in found)))

    def _linked(self, target: Target, name: str) -> Entry:
        entry = self._locator.reference(name)
        if entry is None:
            raise NotYetKnowable(
                f"'{target.label}': '{name}' is not in the directory. Nothing was changed. Make it first, or correct"
                " the name.",
                missing=[name],
            )
        return entry

    def _compare_attributes(self, target: Target) -> None:
        wishes = target.wanted["attributes"] or {}
        names = dict.fromkeys(name for wish in ("set", "add", "remove") for name in wishes.get(wish) or {})
        for name in names:
            values = target.entry.values(name) if target.entry else ()
            if name in (wishes.get("set") or {}):
                values = plain_values(wishes["set"][name])
            removed = set(self._normal(name, plain_values((wishes.get("remove") or {}).get(name))))
            values = tuple(value for value in values if self._normal(name, (value,))[0] not in removed)
            kept = set(self._normal(name, values))
            added = plain_values((wishes.get("add") or {}).get(name))
            values += tuple(value for value in added if self._normal(name, (value,))[0] not in kept)
            self._set(target, name, name, values)

    def _compare_guards(self, target: Target) -> None:
        for option, entries in self._kind.guards.items():
            wanted = target.wanted[option]
            if wanted is None or (target.entry is None and not wanted):
                continue
            held = bool(target.entry) and self._guarded(target, option, entries, also_place=wanted)
            if held != wanted:
                target.guards[option] = wanted
                target.after[option] = wanted
                if target.entry:
                    target.before[option] = held

    def _guarded(self, target: Target, option: str, entries: Sequence[str], *, also_place: bool) -> bool:
        """Protection from deletion is twofold, as a right on the container goes before."""
        if target.entry is None:
            return False
        held = _access.holds(self._store.dacl(guid_dn(target.entry.guid)), entries)
        if option != "protect_from_deletion" or not also_place or not held:
            return held
        parent = self._store.parent(target.dn)
        there = self._store.read(parent, ["objectGUID"])
        return bool(there) and _access.holds(self._store.dacl(parent), [_access.PARENT_PROTECTION])

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
            self._set(target, attribute, attribute, plain_values(home))

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

    def _compare_state(self, target: Target) -> None:
        """Locked, expired: what follows from points in time."""
        if self._kind is not USER:
            return
        wanted, entry = target.wanted, target.entry
        if wanted["account_locked"] is False and entry and entry.number("lockoutTime"):
            target.before["account_locked"], target.after["account_locked"] = True, False
            target.state["lockoutTime"] = (b"0",)
        if wanted["account_expires"] is not None:
            ticks = _expiry.ticks(wanted["account_expires"])
            held = entry.number("accountExpires") if entry else 0
            if not _expiry.same(ticks, held):
                self._set(target, "account_expires", "accountExpires", (encode(ticks),))
                target.after["account_expires"] = _expiry.text(ticks)
                if entry:
                    target.before["account_expires"] = _expiry.text(held)
        expired, held_expired = wanted["password_expired"], not (entry and entry.number("pwdLastSet"))
        fresh = target.sets_password
        if expired is not None and (expired != held_expired or (expired and fresh)) and not (not expired and fresh):
            target.after["password_expired"] = expired
            if entry:
                target.before["password_expired"] = held_expired
            target.state["pwdLastSet"] = (b"0" if expired else b"-1",)

    def _compare_edges(self, target: Target) -> None:
        edges = self._kind.edges
        wishes = target.wanted[edges] if edges else None
        if not wishes:
            return
        held = target.entry.values(self._kind.edge_attribute) if target.entry else ()
        wish = self._memberships.wish(self._reference(target), wishes, held, into=self._kind is USER)
        fail([f"'{target.label}': {fault}" for fault in wish.faults])
        if wish.missing:
            raise NotYetKnowable(
                f"'{target.label}': not in the directory, nor made by this task: {', '.join(wish.missing)}."
                " Nothing was changed. Make them first, or correct the names.",
                missing=wish.missing,
            )
        if wish.before != wish.after:
            target.after[edges] = wish.after
            if target.entry:
                target.before[edges] = wish.before

    # The plan

    def plan(self, before: State, after: State) -> list[Step]:
        """Deletions make room, then renames, then the rest; memberships last, when all members are there."""
        steps = [step for target in self._targets for step in self._steps(target)]
        steps += self._memberships.steps()
        return sorted(steps, key=_when)

    def _steps(self, target: Target) -> Iterable[Step]:
        if not target.present:
            if target.entry:
                yield Step(verb="delete", target=target.entry.dn, payload=guid_dn(target.entry.guid))
        elif target.entry is None:
            shown = {key: value for key, value in target.after.items() if key not in target.guards}
            yield Step(verb="create", target=target.dn, change=shown, payload=target)
        else:
            yield from self._change_steps(target, target.entry)
        if target.guards:
            yield Step(verb="change_access", target=target.dn, change=dict(target.guards), payload=target)

    def _change_steps(self, target: Target, entry: Entry) -> Iterable[Step]:
        place = guid_dn(entry.guid)
        if target.dn != entry.dn:
            yield Step(verb="rename", target=entry.dn, change={"to": target.dn}, payload=(place, target.dn))
        for values in _stages(target, entry):
            hidden = {"distinguished_name", "password", self._kind.edges, *target.guards, *_state_options(target)}
            shown = {key: value for key, value in target.after.items() if key not in hidden}
            if values is not target.values:
                shown = {"scope": "universal"}
            yield Step(verb="change", target=target.dn, change=shown, payload=(place, _replacements(values)))
        if target.sets_password:
            change = Change(operation=Operation.REPLACE, attribute="unicodePwd", values=(_secret(target),))
            payload = (place, (change,))
            yield Step(verb="set_password", target=target.dn, change={"password": "********"}, payload=payload)
        if target.state:
            shown = {key: target.after[key] for key in _state_options(target)}
            yield Step(verb="set_state", target=target.dn, change=shown, payload=(place, _replacements(target.state)))

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
        elif step.verb == "change_access":
            self._guard(step.payload)
        else:
            self._store.modify(*step.payload)

    def _create(self, target: Target) -> None:
        values: dict[str, Values] = {"objectClass": (encode(target.object_class),)}
        values |= {name: value for name, value in target.values.items() if value}
        if target.sets_password:
            values["unicodePwd"] = (_secret(target),)
        self._store.add(target.dn, values)
        if target.state:
            self._store.modify(target.dn, _replacements(target.state))
        attribute = target.wanted.get("guid_attribute")
        if attribute:
            entry = self._store.read(target.dn, ["objectGUID"])
            guid = encode(entry.guid) if entry else b""
            change = Change(operation=Operation.REPLACE, attribute=attribute, values=(guid,))
            self._store.modify(target.dn, (change,))

    def _guard(self, target: Target) -> None:
        for option, wanted in target.guards.items():
            self._allow(target.dn, self._kind.guards[option], denied=wanted)
            if option == "protect_from_deletion" and wanted:
                self._allow(self._store.parent(target.dn), [_access.PARENT_PROTECTION], denied=True)

    def _allow(self, dn: str, entries: Sequence[str], *, denied: bool) -> None:
        held = self._store.dacl(dn)
        new = _access.changed(held, add=entries) if denied else _access.changed(held, remove=entries)
        self._store.set_dacl(dn, new)

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
        told |= {"object_guid": entry.guid if entry else None, "distinguished_name": target.dn}
        if self._kind.sam_limit:
            told["sam_account_name"] = entry.text("sAMAccountName") if entry else target.account
        return told


def _when(step: Step) -> tuple[int, int, int]:
    """Deletions from below, then names and places from above, then the rest in its order."""
    place = _ORDER.index(step.verb)
    if step.verb == "delete":
        return 0, -_depth(step.target), place
    if step.verb in ("rename", "create"):
        return 1, _depth(str(step.change.get("to", step.target))), place
    return 2, 0, place


def _depth(dn: str) -> int:
    return len(_SEPARATOR.split(dn))


def _listed(wishes: Mapping[str, Sequence[str] | None], held: Mapping[str, str]) -> dict[str, str]:
    """The values by their folded form, when a wish is laid over them."""
    final = dict(held) if wishes.get("set") is None else {}
    for value in (*(wishes.get("set") or ()), *(wishes.get("add") or ())):
        final.setdefault(value.casefold(), held.get(value.casefold(), value))
    for value in wishes.get("remove") or ():
        final.pop(value.casefold(), None)
    return final


def _number_faults(target: Target, entry: Entry) -> Iterable[str]:
    if entry.number("userAccountControl") & CONTROLLER:
        yield f"'{target.label}' is a domain controller; its account is not changed so"
    if target.kind is GROUP and entry.text("isCriticalSystemObject") == "TRUE":
        yield f"'{target.label}' is a group that the domain needs; its scope and category stay"


def _subject_fault(target: Target, entry: Entry) -> str | None:
    """Policies hold for users and for global security groups; Samba takes others too, to no effect."""
    classes = entry.values("objectClass")
    group_type = entry.number("groupType") & 0xFFFFFFFF
    if b"group" in classes:
        if _nesting.scope_of(group_type) == "global" and _nesting.category_of(group_type) == "security":
            return None
        what = f"a {_nesting.scope_of(group_type)} {_nesting.category_of(group_type)} group"
    elif b"user" in classes and b"computer" not in classes:
        return None
    else:
        what = "no user and no group"
    return f"'{target.label}': {entry.dn} is {what}; a password policy holds for users and global security groups only"


def _state_options(target: Target) -> list[str]:
    names = {"lockoutTime": "account_locked", "pwdLastSet": "password_expired"}
    return [names[attribute] for attribute in target.state]


def _replacements(values: Mapping[str, Values]) -> tuple[Change, ...]:
    return tuple(Change(operation=Operation.REPLACE, attribute=name, values=value) for name, value in values.items())


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


def _plain(values: Values) -> Any:
    texts = sorted(value.decode("utf-8", "backslashreplace") for value in values)
    return texts[0] if len(texts) == 1 else texts or None
