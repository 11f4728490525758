# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where objects go in bulk: containers that are there or will be, and what the same task names twice. Private."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_rows import Row
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Store

_KEPT = 50_000
"""Keys of DNs that are remembered; more would only cost memory."""


class Places:
    """Containers by DN, or by the part of the DN below the domain."""

    def __init__(self, store: Store) -> None:
        """Nothing is known yet."""
        self._store = store
        self._keys: dict[str, str] = {}
        self._resolved: dict[str, str | None] = {}
        self._there: dict[str, bool] = {}
        self._domain = store.key(store.domain_dn)

    def key(self, dn: str) -> str:
        """The form in which equal DNs are equal."""
        known = self._keys.get(dn)
        if known is None:
            if len(self._keys) >= _KEPT:
                self._keys.clear()
            known = self._keys[dn] = self._store.key(dn)
        return known

    def resolve(self, path: str) -> str | None:
        """The whole DN, or None if it is none."""
        if path not in self._resolved:
            self._resolved[path] = self._whole(path)
        return self._resolved[path]

    def _whole(self, path: str) -> str | None:
        if not self._store.is_dn(path):
            return None
        key = self._store.key(path)
        if key == self._domain or key.endswith(f",{self._domain}"):
            return path
        return f"{path},{self._store.domain_dn}"

    def exists(self, dn: str) -> bool:
        """Whether it is there, or this task makes it."""
        key = self.key(dn)
        if key not in self._there:
            self._there[key] = self._store.read(dn, ["objectGUID"]) is not None
        return self._there[key]

    def will_be(self, dn: str) -> None:
        """Note that this task makes it."""
        self._there[self.key(dn)] = True


class Seen:
    """Who had a name first. It holds numbers instead of names, so that a million of them fit."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._rows: dict[int, int] = {}
        self._sources: list[str] = []

    def first(self, row: Row, column: str, key: str) -> str | None:
        """The row that had it before, or None."""
        if row.source not in self._sources:
            self._sources.append(row.source)
        own = row.line * 16 + self._sources.index(row.source)
        held = self._rows.setdefault(hash((column, key)), own)
        return None if held == own else f"{self._sources[held % 16]}:{held // 16}"
