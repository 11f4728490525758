# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bulk task takes away: what is below certain containers and not in the task. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_places import Places
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_plan import USER_TYPE
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_READ = ["objectGUID", "sAMAccountType", "isCriticalSystemObject"]


class Reader(Protocol):
    """What of the database is needed."""

    domain_dn: str

    def below(self, base: str, wanted: str, attributes: list[str]) -> Iterator[Entry]:
        """All objects of a class below a container."""


class Purge:
    """Finds what is to go, and refuses when that is more than was foreseen."""

    def __init__(self, store: Reader, places: Places, options: Mapping[str, Any] | None) -> None:
        """Without options nothing is ever deleted."""
        self._store = store
        self._places = places
        self._options = options
        self._kept: set[bytes] = set()
        self.doomed: list[Entry] = []
        self._counts = {"users": 0, "groups": 0}

    def keep(self, entry: Entry) -> None:
        """Note an object that the task names."""
        if self._options:
            self._kept.add(entry.values("objectGUID")[0])

    def examine(self, *, users: bool, groups: bool) -> None:
        """Look below each container for the kinds that the task lists."""
        if not self._options:
            return
        for path in self._options["under"]:
            base = self._places.resolve(path)
            if base is None or base == self._store.domain_dn or not self._places.exists(base):
                raise ResourceError(
                    f"purge.under: '{path}' is no container below the domain. Nothing was changed. Name the OU from"
                    " which objects that are not listed are to be deleted."
                )
            if users:
                self._look(base, "user", "users")
            if groups:
                self._look(base, "group", "groups")
        limit = int(self._options["max_deletions"])
        if len(self.doomed) > limit:
            first = ", ".join(entry.dn for entry in self.doomed[:5])
            raise ResourceError(
                f"{len(self.doomed)} objects would be deleted ({first} ...), and max_deletions is {limit}. Nothing was"
                " changed. See whether the list is complete; raise max_deletions if it is.",
                deletions=len(self.doomed),
            )

    def _look(self, base: str, wanted: str, kind: str) -> None:
        for entry in self._store.below(base, wanted, _READ):
            guid = entry.values("objectGUID")[0]
            is_person = wanted != "user" or entry.values("sAMAccountType") == (USER_TYPE,)
            if is_person and guid not in self._kept and entry.text("isCriticalSystemObject") != "TRUE":
                self._kept.add(guid)  # containers may overlap
                self.doomed.append(entry)
                self._counts[kind] += 1

    def counts(self) -> Mapping[str, int]:
        """How many go, by kind."""
        return self._counts
