# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memberships: wished from either end, checked for legality, written once per group. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting
from ansible_collections.mailforest.stack.plugins.module_utils._directory._locate import Locator
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Store,
    Values,
    encode,
    sid_text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import Step

_FOREST = 0x8
"""Of trustAttributes: the trust is with a forest, which may have more domains than its name tells."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An object that is there, or that the same plan makes."""

    key: str
    """Its present DN, or the planned one of a new object, in the form that compares."""
    dn: str
    """Its DN when the plan's renames are done."""
    name: str
    group_type: int = 0
    """0 = no group, or a group whose type nobody asked for."""
    rid: int = 0
    primary: int = 0
    """The RID of the account's primary group, in which it is without being listed there."""
    foreign: bool = False
    """An account of a trusted domain."""

    def is_primary_of(self, account: Reference) -> bool:
        """Whether the account is in this group anyway."""
        return bool(self.rid) and self.rid == account.primary


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A membership to add or to remove."""

    group: Reference
    member: Reference
    add: bool


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the memberships of one object were and will be, by name, and what is wrong with it."""

    before: list[str]
    after: list[str]
    faults: list[str]
    missing: list[str]
    """Names that nothing has; in check mode an earlier task may be about to make them."""


class Memberships:
    """All memberships of one plan."""

    def __init__(self, store: Store) -> None:
        """Nothing is planned yet."""
        self._store = store
        self._locator = Locator(store, ("groupType", "memberOf", "objectSid", "primaryGroupID"))
        self._trusts: list[Entry] | None = None
        self._by_name: dict[str, Reference] = {}
        self._by_key: dict[str, Reference] = {}
        self._deleted: set[str] = set()
        self._edges: list[Edge] = []

    def learn(self, reference: Reference, names: Sequence[str]) -> None:
        """Make an object that this plan makes or changes known."""
        self._by_key[reference.key] = reference
        self._by_name.update((name.lower(), reference) for name in names)

    def forget(self, dn: str) -> None:
        """Note that the plan deletes an object."""
        self._deleted.add(self._store.key(dn))

    def wish(self, own: Reference, wishes: Mapping[str, Sequence[str] | None], held: Values, *, into: bool) -> Wish:
        """Lay the wishes over the memberships held; `into` = the names are groups that `own` is to be in."""
        current = {ref.key: ref for ref in map(self._held, held)}
        wanted = wishes.get("set")
        final = dict(current) if wanted is None else {}
        found = {name: self._resolve(name) for name in chain(wanted or (), wishes.get("add") or ())}
        faults = []
        for name, reference in found.items():
            if reference and (fault := self._fault(own, name, reference, into=into)):
                faults.append(fault)
            elif reference and not (reference.is_primary_of(own) if into else own.is_primary_of(reference)):
                final[reference.key] = reference
        for name in wishes.get("remove") or ():
            reference = self._resolve(name)
            if reference:
                final.pop(reference.key, None)
        for key in sorted(current.keys() ^ final.keys()):
            other = final.get(key) or current[key]
            group, member = (other, own) if into else (own, other)
            self._edges.append(Edge(group=group, member=member, add=key in final))
        missing = [name for name, reference in found.items() if reference is None]
        return Wish(before=_names(current), after=_names(final), faults=faults, missing=missing)

    def _fault(self, own: Reference, name: str, reference: Reference, *, into: bool) -> str | None:
        if reference.key in self._deleted:
            return f"'{name}' is deleted by this task"
        if reference.key == own.key:
            return "a group cannot be a member of itself"
        return f"'{name}' is {reference.dn}, which is no group" if into and not reference.group_type else None

    def _held(self, value: bytes) -> Reference:
        dn = value.decode()
        key = self._store.key(dn)
        return self._by_key.get(key) or Reference(key=key, dn=dn, name=self._store.rdn_value(dn))

    def _resolve(self, name: str) -> Reference | None:
        planned = self._by_name.get(name.lower())
        if planned:
            return planned
        entry = self._locator.reference(name)
        return self._reference(entry) if entry else self._foreign(name)

    def _foreign(self, sid: str) -> Reference | None:
        """An account of a trusted domain that no group holds yet; the directory makes the object that stands for it."""
        if not sid.upper().startswith("S-1-5-21-") or sid.rpartition("-")[0] == self._store.domain_sid:
            return None
        if self._trusts is None:
            wanted = ("securityIdentifier", "trustAttributes")
            self._trusts = self._store.find({"objectClass": "trustedDomain"}, attributes=wanted)
        domains = {sid_text(raw) for trust in self._trusts for raw in trust.values("securityIdentifier")}
        forest = any(trust.number("trustAttributes") & _FOREST for trust in self._trusts)
        if sid.rpartition("-")[0] not in domains and not forest:
            return None
        dn = self._store.child(f"CN=ForeignSecurityPrincipals,{self._store.domain_dn}", "CN", sid)
        return Reference(key=self._store.key(dn), dn=f"<SID={sid}>", name=sid, foreign=True)

    def _reference(self, entry: Entry) -> Reference:
        key = self._store.key(entry.dn)
        known = self._by_key.get(key)
        group_type = entry.number("groupType") & 0xFFFFFFFF
        return known or Reference(
            key=key,
            dn=entry.dn,
            name=self._store.rdn_value(entry.dn),
            group_type=group_type,
            rid=entry.rid,
            primary=entry.number("primaryGroupID"),
            foreign=b"foreignSecurityPrincipal" in entry.values("objectClass"),
        )

    def faults(self, rescoped: Sequence[Entry]) -> list[str]:
        """Nesting that Windows would refuse: of what is added, and around the groups whose scope changes."""
        pairs = [(edge.group, edge.member) for edge in self._edges if edge.add]
        pairs += [pair for entry in rescoped for pair in self._around(entry)]
        faults = [fault for group, member in pairs if group.group_type and (fault := _fault(group, member))]
        faults += [
            f"'{member.name}' in '{group.name}': the groups would hold each other"
            for group, member in pairs
            if member.group_type and self._holds(member, group)
        ]
        return list(dict.fromkeys(faults))

    def _around(self, entry: Entry) -> Iterator[tuple[Reference, Reference]]:
        own = self._reference(entry)
        removed = {(edge.group.key, edge.member.key) for edge in self._edges if not edge.add}
        for value in entry.values("member"):
            member = self._read(value)
            if (own.key, member.key) not in removed and member.key not in self._deleted:
                yield own, member
        for value in entry.values("memberOf"):
            group = self._read(value)
            if (group.key, own.key) not in removed and group.key not in self._deleted:
                yield group, own

    def _read(self, value: bytes) -> Reference:
        entry = self._locator.at(value.decode())
        return self._reference(entry) if entry else self._held(value)

    def _holds(self, outer: Reference, inner: Reference) -> bool:
        """Whether `outer` holds `inner`, directly or not, with the plan's additions."""
        seen: set[str] = set()
        waiting = [inner]
        while waiting:
            reference = waiting.pop()
            if reference.key in seen:
                continue
            seen.add(reference.key)
            parents = self._parents(reference)
            if any(parent.key == outer.key for parent in parents):
                return True
            waiting += parents
        return False

    def _parents(self, reference: Reference) -> list[Reference]:
        parents = [edge.group for edge in self._edges if edge.add and edge.member.key == reference.key]
        entry = self._locator.at(reference.key)
        return parents + [self._held(value) for value in (entry.values("memberOf") if entry else ())]

    def steps(self) -> list[Step]:
        """One step per group and direction, however many members."""
        bundles: dict[tuple[str, bool], list[Edge]] = {}
        for edge in dict.fromkeys(self._edges):
            bundles.setdefault((edge.group.dn, edge.add), []).append(edge)
        return [_step(dn, edges, add=add) for (dn, add), edges in bundles.items()]


def _fault(group: Reference, member: Reference) -> str | None:
    if member.foreign:
        return _nesting.foreign_fault(group.name, group.group_type, member.name)
    if not member.group_type:
        return None
    return _nesting.fault(group.name, group.group_type, member.name, member.group_type)


def _step(dn: str, edges: Sequence[Edge], *, add: bool) -> Step:
    operation = Operation.ADD if add else Operation.DELETE
    values = tuple(encode(edge.member.dn) for edge in edges)
    return Step(
        verb="add_members" if add else "remove_members",
        target=dn,
        change={"members": sorted(edge.member.name for edge in edges)},
        payload=(dn, (Change(operation=operation, attribute="member", values=values),)),
    )


def _names(references: Mapping[str, Reference]) -> list[str]:
    return sorted(reference.name for reference in references.values())
