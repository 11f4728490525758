# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole tree of wanted objects: examined as a whole, then written in short transactions. Private to this collection.

No more than one chunk is ever held: the rows are read twice, once to find all that is wrong and where something is to
be done, and once to do it. What was done stays done; a run that was interrupted is completed by the next.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_edges import Bundle, Edges
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_kinds import GROUPS, USERS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_places import Places, Seen
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_plan import (
    Defaults,
    Finder,
    Plan,
    Planner,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_progress import Progress
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_purge import Purge
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_rows import Faults, Row
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import Policy
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_write import Keeper, Writer
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Values,
    encode,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

_SHOWN = 100
"""How many objects the difference shows, and how many warnings are told."""
_EXAMINED = 500
"""After how many rows the progress is told while nothing is written yet."""
_AHEAD = 32
_FEW_RIDS = 200
_KEPT = 64
"""Bytes for each object of the directory that Samba's database keeps until a transaction ends, for each object that
this adds: copies of the index lists that name all objects (ldb_kv_index.c, sub-transactions); 56 measured."""
_MEMORY = 160 * 2**20
"""What these copies may take, in bytes."""
_RID_SECONDS = 180.0
_BREATH = 0.05
"""Seconds between two transactions, in which others write: a logon that fails is counted, a password is changed."""


class Directory(Finder, Keeper, Protocol):
    """A `Store` with what only bulk work needs."""

    def policy(self) -> Policy:
        """The domain's password policy."""

    def rids_left(self) -> int | None:
        """How many accounts can be made before more RIDs are given; None = any number."""

    def accounts(self) -> int:
        """How many accounts the domain has, at most."""

    def below(self, base: str, wanted: str, attributes: list[str]) -> Iterator[Entry]:
        """All objects of a class below a container."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """All that is wanted. `people` can be asked for its rows any number of times."""

    ous: Sequence[Row] = ()
    groups: Sequence[Row] = ()
    people: Callable[[], Iterator[Row]] = lambda: iter(())
    has_people: bool = False
    attributes: frozenset[str] = frozenset()
    """The attributes by LDAP name that rows of people give."""
    exact: bool = False
    purge: Mapping[str, Any] | None = None
    user_defaults: Defaults = field(default_factory=Defaults)
    group_defaults: Defaults = field(default_factory=Defaults)
    chunk: int = 500


@dataclass
class Counts:
    """What is done with one kind."""

    total: int = 0
    created: int = 0
    changed: int = 0
    deleted: int = 0

    def shown(self) -> dict[str, int]:
        """As the result tells it."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A part of the people of which some need something: the ordinal numbers of the rows."""

    first: int
    last: int
    rows: frozenset[int]
    created: int


class BulkObjects:
    """The resource of the module `directory_objects`. A step is one transaction."""

    batch = 1

    def __init__(self, store: Directory, tree: Tree, writer: Writer, progress: Progress) -> None:
        """Nothing is read yet."""
        self._store = store
        self._tree = tree
        self._writer = writer
        self._progress = progress
        self._places = Places(store)
        self._edges = Edges(store, self._places, exact=tree.exact)
        self._policy = store.policy()
        extra = {str(name) for row in tree.groups for name in row.get("attributes") or {}}
        self._group_planner = Planner(store, GROUPS, tree.group_defaults, self._places, extra)
        self._user_planner = Planner(store, USERS, tree.user_defaults, self._places, tree.attributes)
        self._purge = Purge(store, self._places, tree.purge)
        self._counts = {"ous": Counts(), "groups": Counts(), "users": Counts()}
        self._warnings: list[str] = []
        self._shown: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._ous: list[tuple[str, Row, bool]] = []
        self._groups: list[Plan] = []
        self._chunks: list[Chunk] = []
        self._seen = Seen()
        self._waiting: list[int] = []
        self._known = 0
        self._limited = False

    # What is, and what should be

    def current(self) -> State:
        """Go through everything once; every fault is told before anything changes."""
        faults = Faults()
        self._limited = self._store.rids_left() is not None
        self._known = self._store.accounts()
        self._examine_ous(faults)
        self._examine_groups(faults)
        self._examine_people(faults)
        faults.add(self._edges.nested())
        faults.check()
        self._purge.examine(users=self._tree.has_people, groups=bool(self._tree.groups))
        return {label: shown[0] for label, shown in self._shown.items()}

    def desired(self, before: State) -> State:
        """The same, as it will be."""
        return {label: shown[1] for label, shown in self._shown.items()}

    def _examine_ous(self, faults: Faults) -> None:
        for row in self._tree.ous:
            self._counts["ous"].total += 1
            path = row.get("path")
            parent = self._places.resolve(path) if path else self._store.domain_dn
            if parent is None or not self._places.exists(parent):
                faults.add([row.fault("path", f"the container {path} does not exist; list it before what is in it")])
                continue
            dn = self._store.child(parent, "OU", str(row.get("name")))
            entry = self._store.read(dn, ["objectGUID", "description"])
            self._places.will_be(dn)
            wanted = row.get("description")
            differs = wanted is not None and (entry.text("description") if entry else None) != (wanted or None)
            if entry is None or differs:
                self._ous.append((dn, row, entry is None))
                self._count("ous", "create" if entry is None else "change")
                self._show(dn, {} if entry is None else {"description": entry.text("description")}, _ou(row))

    def _examine_groups(self, faults: Faults) -> None:
        for row in self._tree.groups:
            plan = self._planned(self._group_planner, row, "groups", faults)
            if plan is None:
                continue
            self._edges.learn_group(plan)
            if plan.verb:
                self._groups.append(plan)

    def _examine_people(self, faults: Faults) -> None:
        rows: set[int] = set()
        first = created = 0
        for number, row in enumerate(self._ahead(self._tree.people())):
            plan = self._planned(self._user_planner, row, "users", faults)
            if number % _EXAMINED == 0:
                self._progress.examined(number)
            if plan is None:
                continue
            faults.add(self._password_faults(plan))
            faults.add(self._edges.learn_user(plan))
            if plan.warning and len(self._warnings) < _SHOWN:
                self._warnings.append(plan.warning)
            if plan.verb:
                rows.add(number)
                created += plan.verb == "create"
            if len(rows) >= self._size(self._counts["users"].created):
                self._chunks.append(Chunk(first=first, last=number, rows=frozenset(rows), created=created))
                rows, first, created = set(), number + 1, 0
        if rows:
            self._chunks.append(Chunk(first=first, last=max(rows), rows=frozenset(rows), created=created))

    def _size(self, made: int = 0) -> int:
        """How many objects the next transaction may hold, when so many will have been made before it."""
        limit = min(self._tree.chunk, _FEW_RIDS) if self._limited else self._tree.chunk
        return max(1, min(limit, _MEMORY // (_KEPT * max(self._known + made, 1))))

    def _ahead(self, rows: Iterator[Row]) -> Iterator[Row]:
        while some := list(islice(rows, _AHEAD)):
            self._user_planner.look_ahead(some)
            yield from some

    def _planned(self, planner: Planner, row: Row, kind: str, faults: Faults) -> Plan | None:
        plan = planner.examine(row, self._seen)
        self._counts[kind].total += 1
        if plan.faults:
            faults.add(plan.faults)
            return None
        if plan.entry:
            self._purge.keep(plan.entry)
        if plan.verb:
            self._count(kind, plan.verb)
            self._show(plan.dn, plan.before, plan.after)
        return plan

    def _password_faults(self, plan: Plan) -> list[Any]:
        reason = self._policy.fault(plan.password) if plan.password else None
        return [plan.row.fault("password", reason)] if reason else []

    def _count(self, kind: str, verb: str) -> None:
        counts = self._counts[kind]
        counts.created += verb == "create"
        counts.changed += verb == "change"

    def _show(self, label: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        if len(self._shown) < _SHOWN:
            self._shown[label] = (before, after)

    # The plan

    def plan(self, before: State, after: State) -> list[Step]:
        """Containers, groups, people, memberships, and what is to go."""
        steps = [_step("ous", part, len(part)) for part in _parts(self._ous, self._size())]
        steps += [_step("groups", part, len(part)) for part in _parts(self._groups, self._size())]
        steps += [
            _step("users", chunk, len(chunk.rows), rows=f"{chunk.first + 1}-{chunk.last + 1}") for chunk in self._chunks
        ]
        steps += [_step("memberships", part, sum(len(b.members) for b in part)) for part in self._edges.bundles()]
        steps += [_step("deletions", part, len(part)) for part in _parts(self._purge.doomed, self._size())]
        self._waiting = [_accounts(step) for step in steps]
        self._progress.begin(sum(int(step.change["count"]) for step in steps))
        self._people = enumerate(self._tree.people())
        return steps

    # Doing it

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin when the controller has the RIDs that the step needs."""
        self._wait_for_rids(self._waiting.pop(0))
        with self._store.transaction():
            yield
        time.sleep(_BREATH)

    def _wait_for_rids(self, needed: int) -> None:
        deadline = time.monotonic() + _RID_SECONDS
        while self._limited and needed:
            left = self._store.rids_left()
            if left is None or left >= needed:
                return
            if time.monotonic() > deadline:
                raise ResourceError(
                    f"This controller has {left} RIDs left, {needed} are needed, and for {_RID_SECONDS:.0f} seconds the"
                    " RID master gave no more. What was written before stays. Run it on the RID master (fsmo_info"
                    " names it), or see that Samba runs here and there, and run again."
                )
            time.sleep(1)

    def apply(self, step: Step) -> None:
        """One transaction."""
        work = step.payload
        if step.verb == "write_ous":
            self._write_ous(work)
        elif step.verb == "write_groups":
            self._writer.write(work)
        elif step.verb == "write_users":
            self._writer.write(list(self._again(work)))
        elif step.verb == "write_memberships":
            self._write_edges(work)
        else:
            for entry in work:
                self._store.delete(entry.dn)
        self._progress.add(step.verb, int(step.change["count"]))

    def _write_ous(self, work: Iterable[tuple[str, Row, bool]]) -> None:
        for dn, row, is_new in work:
            text = row.get("description")
            values: Values = (encode(text),) if text else ()
            if is_new:
                described = {"description": values} if values else {}
                self._store.add(dn, {"objectClass": (b"organizationalUnit",), **described})
            else:
                change = Change(operation=Operation.REPLACE, attribute="description", values=values)
                self._store.modify(dn, (change,))

    def _again(self, chunk: Chunk) -> Iterator[Plan]:
        """Plan the rows of a chunk anew, as nothing of them was kept."""
        for row in self._ahead(self._rows(chunk)):
            plan = self._user_planner.examine(row)
            if plan.faults:
                raise ResourceError(
                    f"{plan.faults[0]}. It was not so when this run began. What was written before stays; run again."
                )
            yield plan

    def _rows(self, chunk: Chunk) -> Iterator[Row]:
        for number, row in self._people:
            if number in chunk.rows:
                yield row
            if number >= chunk.last:
                return

    def _write_edges(self, bundles: Iterable[Bundle]) -> None:
        for bundle in bundles:
            operation = Operation.ADD if bundle.add else Operation.DELETE
            values = tuple(map(encode, bundle.members))
            self._store.modify(bundle.group, (Change(operation=operation, attribute="member", values=values),))

    def finish(self) -> None:
        """Say so."""
        self._progress.end()

    def result(self) -> Mapping[str, Any]:
        """How many of what, how long, and who derived the keys."""
        deleted = self._purge.counts()
        for kind, number in deleted.items():
            self._counts[kind].deleted = number
        told: dict[str, Any] = {kind: counts.shown() for kind, counts in self._counts.items()}
        told["memberships"] = dict(self._edges.shown())
        told["seconds"] = round(self._progress.seconds, 2)
        told["key_derivation"] = self._writer.derivation
        if self._warnings:
            told["warnings"] = self._warnings
        return told


def _ou(row: Row) -> dict[str, Any]:
    return {"description": row.get("description")}


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _step(what: str, payload: Any, count: int, **more: Any) -> Step:
    return Step(verb=f"write_{what}", target=what, change={"count": count, **more}, payload=payload)


def _accounts(step: Step) -> int:
    """How many RIDs a step needs."""
    if step.verb == "write_users":
        return int(step.payload.created)
    if step.verb == "write_groups":
        return sum(plan.verb == "create" for plan in step.payload)
    return 0


def rows_of(*sources: Callable[[], Iterator[Row]]) -> Callable[[], Iterator[Row]]:
    """Several sources, one after another, any number of times."""
    return lambda: chain.from_iterable(source() for source in sources)
