# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memberships in bulk: wished by users and by groups, written group by group at the end. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_places import Places
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_plan import Plan
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_rows import Fault, Row
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Store, Values

_READ = ("objectGUID", "objectClass", "objectSid", "sAMAccountName", "groupType", "memberOf")
_DOMAIN_USERS = 513
VALUES = 2000
"""How many memberships one transaction holds."""


@dataclass
class Member:
    """An object that is there, or that the same task makes."""

    key: str
    """Its present DN, or the planned one of a new object, in the form that compares."""
    dn: str
    """Its DN when everything is renamed."""
    name: str
    group_type: int = 0
    rid: int = 0
    parents: Values = ()
    added: list[str] = field(default_factory=list)
    """DNs that become members of it."""
    removed: list[str] = field(default_factory=list)
    """DNs that cease to be."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Members of one group that are written at once."""

    group: str
    members: Sequence[str]
    add: bool


class Edges:
    """All memberships that one task asks for."""

    def __init__(self, store: Store, places: Places, *, exact: bool) -> None:
        """`exact` = a user is in the groups that its row names, and in no others."""
        self._store = store
        self._places = places
        self._exact = exact
        self._by_name: dict[str, Member | None] = {}
        self._by_key: dict[str, Member] = {}
        self._asked: set[str] = set()
        self._nested: list[tuple[Member, Row]] = []
        self._wished: dict[str, list[Member]] = {}
        self.added = self.removed = 0

    # Learning

    def learn_group(self, plan: Plan) -> None:
        """Make a group of the task known, and note whom it asks for."""
        member = self._member(plan, plan.number)
        self._remember(member, (plan.account, plan.name))
        if plan.row.get("members"):
            self._nested.append((member, plan.row))
            self._asked.update(str(name).casefold() for name in plan.row.get("members"))

    def _member(self, plan: Plan, group_type: int) -> Member:
        entry = plan.entry
        key = self._places.key(entry.dn if entry else plan.dn)
        parents = entry.values("memberOf") if entry else ()
        return Member(key=key, dn=plan.dn, name=plan.name, group_type=group_type, parents=parents)

    def _remember(self, member: Member, names: Sequence[str]) -> None:
        self._by_key[member.key] = member
        self._by_name.update((name.casefold(), member) for name in names)

    # Of users

    def learn_user(self, plan: Plan) -> list[Fault]:
        """Lay a user's wishes over what it is in."""
        names = {plan.account.casefold(), plan.name.casefold()} & self._asked
        if names:
            self._remember(self._member(plan, 0), sorted(names))
        wishes = plan.row.get("groups")
        if wishes is None:
            return []
        held = {self._places.key(dn.decode()): dn for dn in plan.entry.values("memberOf")} if plan.entry else {}
        primary = plan.entry.number("primaryGroupID") if plan.entry else _DOMAIN_USERS
        faults, wanted = [], set()
        for name in wishes:
            group = self._resolve(str(name))
            if group is None or not group.group_type:
                faults.append(plan.row.fault("groups", f"'{name}' is no group, in the directory or in this task"))
            elif group.key not in held and group.key not in wanted and (not group.rid or group.rid != primary):
                group.added.append(plan.dn)
                self.added += 1
            if group is not None:
                wanted.add(group.key)
        for key in held.keys() - wanted if self._exact else ():
            self._at(held[key].decode()).removed.append(plan.dn)
            self.removed += 1
        return faults

    def _resolve(self, name: str) -> Member | None:
        key = name.casefold()
        if key not in self._by_name:
            entry = self._found(name)
            self._by_name[key] = self._known(entry) if entry else None
        return self._by_name[key]

    def _found(self, name: str) -> Entry | None:
        if self._store.is_dn(name):
            return self._store.read(name, _READ)
        found = self._store.find({"sAMAccountName": name}, attributes=_READ)
        return found[0] if found else None

    def _known(self, entry: Entry) -> Member:
        key = self._places.key(entry.dn)
        if key not in self._by_key:
            sid = entry.values("objectSid")
            self._by_key[key] = Member(
                key=key,
                dn=entry.dn,
                name=self._store.rdn_value(entry.dn),
                group_type=entry.number("groupType") & 0xFFFFFFFF,
                rid=int.from_bytes(sid[0][-4:], "little") if sid else 0,
                parents=entry.values("memberOf"),
            )
        return self._by_key[key]

    def _at(self, dn: str) -> Member:
        key = self._places.key(dn)
        if key not in self._by_key:
            entry = self._store.read(dn, _READ)
            self._by_key[key] = self._known(entry) if entry else Member(key=key, dn=dn, name=dn)
        return self._by_key[key]

    # Of groups, when all users are known

    def nested(self) -> list[Fault]:
        """Lay the groups' wishes over their members; what Windows would refuse is a fault."""
        faults = []
        pairs = []
        for group, row in self._nested:
            for name in row.get("members"):
                member = self._resolve(str(name))
                if member is None:
                    faults.append(row.fault("members", f"'{name}' is neither in the directory nor in this task"))
                elif self._is_new(group, member):
                    pairs.append((group, member, row))
                    self._wished.setdefault(member.key, []).append(group)
        for group, member, row in pairs:
            reason = self._illegal(group, member)
            if reason:
                faults.append(row.fault("members", reason))
            elif member.dn not in group.added:
                group.added.append(member.dn)
                self.added += 1
        return faults

    def _is_new(self, group: Member, member: Member) -> bool:
        return group.key not in {self._places.key(dn.decode()) for dn in member.parents}

    def _illegal(self, group: Member, member: Member) -> str | None:
        if not member.group_type:
            return None
        reason = _nesting.fault(group.name, group.group_type, member.name, member.group_type)
        if not reason and self._holds(member, group):
            reason = f"'{member.name}' in '{group.name}': the groups would hold each other"
        return reason

    def _holds(self, outer: Member, inner: Member) -> bool:
        """Whether `outer` holds `inner` or is it, with what the task adds."""
        reached: set[str] = set()
        waiting = [inner]
        while waiting:
            member = waiting.pop()
            if member.key == outer.key:
                return True
            if member.key not in reached:
                reached.add(member.key)
                waiting += self._wished.get(member.key, [])
                waiting += [self._at(dn.decode()) for dn in member.parents]
        return False

    # Writing

    def bundles(self) -> Iterator[list[Bundle]]:
        """What to write, in portions of at most `VALUES` memberships."""
        portion: list[Bundle] = []
        room = VALUES
        for group, members, add in self._changes():
            waiting = members
            while waiting:
                part, waiting = waiting[:room], waiting[room:]
                portion.append(Bundle(group=group, members=part, add=add))
                room -= len(part)
                if not room:
                    yield portion
                    portion, room = [], VALUES
        if portion:
            yield portion

    def _changes(self) -> Iterator[tuple[str, list[str], bool]]:
        for member in self._by_key.values():
            if member.removed:
                yield member.dn, member.removed, False
        for member in self._by_key.values():
            if member.added:
                yield member.dn, member.added, True

    def shown(self) -> Mapping[str, int]:
        """How many."""
        return {"added": self.added, "removed": self.removed}
