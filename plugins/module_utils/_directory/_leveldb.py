# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functional levels in the local sam.ldb. Private to this collection."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._level import Found
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Change, Operation, encode
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_LEVEL = "msDS-Behavior-Version"
_MIXED = "nTMixedDomain"
_ALLOWED = "dsdb:schema update allowed"
_FIRST_UPDATES = [11, 54, 79, 80, 81, 82, 83]
"""Updates of the forest that are made whatever the level, as Samba's own preparation does."""


class DirectoryLevels:
    """What this controller's own database says, and writing to it."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        self._store = SamStore(configuration_file)
        self._roles = DirectoryRoles(configuration_file)
        sam = self._store.sam
        self.own = self._roles.own
        self.dns_domain = self._store.dns_domain
        self._configuration = str(sam.get_config_basedn())
        self._partitions = f"CN=Partitions,{self._configuration}"

    def _number(self, dn: str, attribute: str) -> int:
        entry = self._store.read(dn, [attribute])
        return entry.number(attribute) if entry else 0

    def read(self) -> Found:
        """The heads of the domain and of the partitions, every controller's settings, the schema's version."""
        sites = f"CN=Sites,{self._configuration}"
        found = self._store.find({"objectClass": "nTDSDSA"}, attributes=[_LEVEL], base=sites)
        owners = self._roles.owners()
        return Found(
            domain=self._number(self._store.domain_dn, _LEVEL),
            forest=self._number(self._partitions, _LEVEL),
            controllers={
                self._store.rdn_value(self._store.parent(entry.dn)).lower(): entry.number(_LEVEL) for entry in found
            },
            schema=self._number(str(self._store.sam.get_schema_basedn()), "objectVersion"),
            preparers=frozenset(owner for role in ("schema", "infrastructure") if (owner := owners[role])),
        )

    def unprepared(self, level: int) -> bool:
        """Compare the revisions that Samba keeps of its updates."""
        from samba import domain_update, forest_update

        forest = f"CN=ActiveDirectoryUpdate,CN=ForestUpdates,{self._configuration}"
        domain = f"CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System,{self._store.sam.get_root_basedn()}"
        return any(
            level in versions and self._number(dn, "revision") < versions[level]
            for dn, versions in (
                (forest, forest_update.functional_level_to_version),
                (domain, domain_update.functional_level_to_version),
            )
        )

    def prepare(self, level: int) -> None:
        """Samba's own updates, the forest's and then the domain's."""
        from samba.domain_update import DomainUpdate
        from samba.forest_update import ForestUpdate

        sam, settings = self._store.sam, self._store.settings
        allowed = settings.get(_ALLOWED)
        settings.set(_ALLOWED, "yes")
        try:
            with _told(level), self._store.transaction():
                forest = ForestUpdate(sam, fix=True)
                forest.check_updates_iterator(_FIRST_UPDATES)
                forest.check_updates_functional_level(level, 4, update_revision=True)
            with _told(level), self._store.transaction():
                DomainUpdate(sam, fix=True).check_updates_functional_level(level, 3, update_revision=True)
        finally:
            settings.set(_ALLOWED, allowed or "no")

    def raise_domain(self, level: int) -> None:
        """At the domain's head, and where the forest keeps its partitions, which Samba may keep in step itself."""
        with self._store.transaction():
            if self._number(self._store.domain_dn, _MIXED):
                self._write(self._store.domain_dn, _MIXED, 0)
            self._write(self._store.domain_dn, _LEVEL, level)
            for entry in self._store.find(
                {"objectClass": "crossRef", "nCName": self._store.domain_dn}, attributes=["cn"], base=self._partitions
            ):
                try:
                    self._write(entry.dn, _LEVEL, level)
                except ResourceError as exc:
                    if exc.details.get("ldap_error") != ldb.ERR_UNWILLING_TO_PERFORM:
                        raise

    def raise_forest(self, level: int) -> None:
        """At the head of the partitions."""
        with self._store.transaction():
            self._write(self._partitions, _LEVEL, level)

    def _write(self, dn: str, attribute: str, number: int) -> None:
        change = Change(operation=Operation.REPLACE, attribute=attribute, values=(encode(number),))
        self._store.modify(dn, [change])


@contextlib.contextmanager
def _told(level: int) -> Iterator[None]:
    """What Samba prints would spoil the module's answer; what it says of a failure is kept."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            yield
    except ResourceError:
        raise
    except Exception as exc:
        raise ResourceError(
            f"Samba's preparation for level {level} failed: {exc}. It was taken back, and no level was raised. See what"
            " it did last in `output`.",
            output=output.getvalue().splitlines()[-5:],
        ) from exc
