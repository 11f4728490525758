# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the directory would refuse in the middle of the work, said before it begins. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import CONTROLLER, Kind
from ansible_collections.mailforest.stack.plugins.module_utils._directory._passwords import policy_of
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Store, guid_dn
from ansible_collections.mailforest.stack.plugins.module_utils._directory._target import Target, account_name

_BAD_SAM = set('"/\\[]:;|=,+*?<>')
_NAMED = 10
"""How many names a message lists."""


def wish_faults(kind: Kind, want: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a wish by itself."""
    label = want["name"] or want["identity"]
    given = {key for key, value in want.items() if value}
    if want["name"] is not None and not 0 < len(want["name"]) <= 64:
        yield f"name '{label}': it must have 1 to 64 characters"
    if want["state"] == "present":
        yield from _account_faults(kind, want)
    for option in sorted(name for name, value in kind.values.items() if value.type == "int" and (want[name] or 0) < 0):
        yield f"'{label}': {option} is negative"
    if want.get("mail_home") is not None and "home_attribute" not in given:
        yield f"'{label}': mail_home needs home_attribute, the name of the attribute that carries it"
    if "home_attribute" in given and want["home_attribute"] == want.get("guid_attribute"):
        yield f"'{label}': home_attribute and guid_attribute are both {want['home_attribute']}; use two"
    if {"password_never_expires", "password_expired"} <= given:
        yield f"'{label}': password_expired and password_never_expires exclude each other"


def _name_faults(label: str, want: Mapping[str, Any]) -> Iterator[str]:
    if want.get("upn") and "@" not in want["upn"]:
        yield f"'{label}': upn '{want['upn']}' must have the form name@domain"
    wishes = want.get("spn") or {}
    for spn in (*(wishes.get("add") or ()), *(wishes.get("set") or ())):
        if not all(spn.partition("/")):
            yield f"'{label}': spn '{spn}' must have the form service/host"


def _account_faults(kind: Kind, want: Mapping[str, Any]) -> Iterator[str]:
    label = want["name"] or want["identity"]
    yield from _name_faults(label, want)
    account = account_name(kind, want) or (want["name"] + kind.sam_suffix if not want["identity"] else None)
    if not kind.sam_limit or not account:
        return
    if len(account) > kind.sam_limit:
        yield f"'{label}': sam_account_name '{account}' is longer than {kind.sam_limit} characters"
    bad = sorted(_BAD_SAM.intersection(account))
    if bad or account.endswith("."):
        yield f"'{label}': sam_account_name '{account}' may not hold {' '.join(bad) or 'a final dot'}"


class Foresight:
    """Looks at the whole plan's targets together."""

    def __init__(self, store: Store, targets: Sequence[Target]) -> None:
        """What the plan does to each object that is there."""
        self._store = store
        self._targets = targets
        self._by_guid = {target.entry.guid: target for target in targets if target.entry}
        self._planned = {store.key(target.dn) for target in targets if target.present}

    # Places

    def missing(self, target: Target) -> Iterator[str]:
        """A container that is not there; in check mode an earlier task may be about to make it."""
        if not target.present or (target.entry and target.dn == target.entry.dn):
            return
        parent = self._store.parent(target.dn)
        if self._store.read(parent, ["objectGUID"]) is None and self._store.key(parent) not in self._planned:
            yield f"'{target.label}': the container {parent} does not exist; create it or correct `path`"

    def place(self, target: Target) -> Iterator[str]:
        """Whether the container stays, and has room."""
        parent = self._store.parent(target.dn)
        there = self._store.read(parent, ["objectGUID"])
        if there and (holder := self._by_guid.get(there.guid)) and not holder.present:
            yield f"'{target.label}': the container {parent} is deleted by this task"
        held = self._store.read(target.dn, ["objectGUID"])
        if held and (target.entry is None or held.guid != target.entry.guid) and not self._leaves(held.guid):
            yield f"'{target.label}': another object is at {target.dn}; choose another name or `path`"

    def _leaves(self, guid: str) -> bool:
        other = self._by_guid.get(guid)
        return bool(other and other.entry and (not other.present or other.dn != other.entry.dn))

    def removal(self, target: Target) -> Iterator[str]:
        """Why an object must stay."""
        entry = target.entry
        if entry is None:
            return
        if entry.text("isCriticalSystemObject") == "TRUE":
            yield f"'{target.label}' is a system object that the domain needs; it is not deleted"
            return
        if entry.number("userAccountControl") & CONTROLLER:
            yield f"'{target.label}' is a domain controller; demote it instead"
        place = guid_dn(entry.guid)
        if target.wanted.get("protect_from_deletion") is not False and _access.holds(
            self._store.dacl(place), _access.PROTECTION
        ):
            yield f"'{target.label}' is protected from deletion; if it is to go, say `protect_from_deletion: false` too"
        inside = self._store.find({}, attributes=["objectGUID"], base=entry.dn, children=True)
        left = [child.dn for child in inside if not (known := self._by_guid.get(child.guid)) or known.present]
        if left:
            more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
            yield f"'{target.label}' is not empty: {'; '.join(sorted(left)[:_NAMED])}{more}. Move or delete these first"
        if entry.values("groupType") and entry.rid:
            where = {"primaryGroupID": str(entry.rid), "objectClass": "user"}
            users = self._store.find(where, attributes=["objectGUID"])
            if users:
                yield f"'{target.label}' is the primary group of {users[0].dn}; give it another one first"

    # Names

    def names(self, target: Target) -> Iterator[str]:
        """Account names, UPNs and SPNs that another object has, or gets by the same task."""
        realm = self._store.dns_domain
        account = target.account if "sAMAccountName" in target.values else None
        if account:
            yield from self._taken(target, "sAMAccountName", account, "account name")
            yield from self._taken(
                target, "userPrincipalName", f"{account}@{realm}", "UPN that its account name implies,"
            )
        for upn in _new(target, "userPrincipalName"):
            yield from self._taken(target, "userPrincipalName", upn, "UPN")
            name, _at, domain = upn.rpartition("@")
            if domain.casefold() == realm.casefold():
                yield from self._taken(target, "sAMAccountName", name, "account name that its UPN implies,")
        for spn in _new(target, "servicePrincipalName"):
            yield from self._taken(target, "servicePrincipalName", spn, "SPN")

    def _taken(self, target: Target, attribute: str, value: str, what: str) -> Iterator[str]:
        for entry in self._store.find({attribute: value}, attributes=["objectGUID"]):
            other = self._by_guid.get(entry.guid)
            if other is target or (other and not self._keeps(other, attribute, value)):
                continue
            yield f"'{target.label}': the {what} '{value}' belongs to {entry.dn} already; choose another"
        for other in self._targets:
            planned = attribute in other.values or attribute == "sAMAccountName"
            if other is not target and planned and self._keeps(other, attribute, value):
                yield f"'{target.label}': the {what} '{value}' is given to '{other.label}' too; choose another"

    @staticmethod
    def _keeps(other: Target, attribute: str, value: str) -> bool:
        held = [other.account or ""] if attribute == "sAMAccountName" else other.texts(attribute)
        return other.present and value.casefold() in (one.casefold() for one in held)

    # Passwords

    def passwords(self) -> Iterator[str]:
        """Passwords that the policy of the domain, or the user's own, refuses."""
        for target in self._targets:
            if target.present and target.sets_password:
                fault = policy_of(self._store, target.entry).fault(str(target.wanted["password"]))
                if fault:
                    yield f"'{target.label}': its password {fault}"


def _new(target: Target, attribute: str) -> list[str]:
    """The values that the object does not have yet."""
    if attribute not in target.values:
        return []
    held: Entry | None = target.entry
    old = {value.decode("utf-8", "replace").casefold() for value in held.values(attribute)} if held else set()
    return [value for value in target.texts(attribute) if value.casefold() not in old]
