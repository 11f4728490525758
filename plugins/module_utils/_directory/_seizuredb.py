# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seizures in the local sam.ldb. Private to this collection.

The records are service connection points below CN=Program Data, which every class of Active Directory's schema has;
controllers and administrators can read them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _removal, _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gate import RECORDS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import Controller
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import (
    DirectoryReplication,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._seizure import Record, Victim, checks
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Operation,
    encode,
    guid_text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Limits, parse_all, probe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.report import as_return_values

_CLASS = "serviceConnectionPoint"
_PAUSE = 2.0


class _Replication(DirectoryReplication):
    """Replication where a partner of the others is dead, so that pulling from all their partners fails."""

    def have_pulled(self, controller: Controller, naming_contexts: Sequence[str], source: str) -> str:
        """Have another one pull from a source, or, where that is no partner of it, from all; what went wrong."""
        from samba.dcerpc import drsuapi, misc

        fault = ""
        with self._connected(controller, "does not pull") as (connection, handle):
            for context in naming_contexts:
                identifier = drsuapi.DsReplicaObjectIdentifier()
                identifier.dn = context
                request = drsuapi.DsReplicaSyncRequest1()
                request.naming_context = identifier
                request.source_dsa_guid = misc.GUID(source)
                request.options = drsuapi.DRSUAPI_DRS_WRIT_REP
                try:
                    connection.DsReplicaSync(handle, 1, request)
                    continue
                except _bindings.samba.WERRORError as exc:
                    fault = f"{controller.name} does not pull {context}: {exc.args[1]}."
                request.options |= drsuapi.DRSUAPI_DRS_SYNC_ALL
                with contextlib.suppress(_bindings.samba.WERRORError):
                    connection.DsReplicaSync(handle, 1, request)
        return fault


class SeizureDirectory(DirectoryRoles):
    """See `_seizure.Directory`."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        super().__init__(configuration_file)
        self._file = configuration_file
        self._container = f"{RECORDS},{self._store.domain_dn}"

    @property
    def settings_guid(self) -> str:
        """That of this controller."""
        return str(self._store.sam.get_ntds_GUID())

    def victim(self, name: str) -> Victim | None:
        """Read its NTDS Settings and its server object."""
        settings = self._settings().get(name)
        entry = self._store.read(settings, ["objectGUID", "invocationId"]) if settings else None
        if settings is None or entry is None:
            return None
        server = self._store.read(self._store.parent(settings), ["dNSHostName"])
        fqdn = (server.text("dNSHostName") if server else None) or f"{name}.{self._store.dns_domain}"
        return Victim(
            name=name,
            fqdn=fqdn.lower(),
            settings_guid=entry.guid,
            invocation_id=guid_text(entry.values("invocationId")[0]),
            addresses=self._addresses(fqdn),
        )

    def _addresses(self, fqdn: str) -> list[str]:
        with contextlib.suppress(RuntimeError):
            return [str(record.data) for record in self._store.sam.dns_lookup(fqdn)[1] if record.wType in (1, 28)]
        return []

    def left_over(self, name: str) -> bool:
        """Ask for a server object."""
        return bool(_removal.servers(self._store.sam, name))

    def records(self) -> list[Record]:
        """Those below the container, oldest first."""
        if self._store.read(self._container, ["cn"]) is None:
            return []
        found = self._store.find({"objectClass": _CLASS}, attributes=["keywords"], base=self._container, children=True)
        living = self._living()
        records = [_read(entry.values("keywords"), living) for entry in found]
        return sorted((record for record in records if record), key=lambda record: record.when)

    def _living(self) -> dict[str, str]:
        """Name and NTDS Settings GUID of every controller."""
        found = {}
        for name, dn in self._settings().items():
            entry = self._store.read(dn, ["objectGUID"])
            if entry:
                found[name] = entry.guid
        return found

    def record(self, victim: Victim, when: str) -> None:
        """Make the container if this is the first."""
        values = [
            "kind=seizure",
            f"name={victim.name}",
            f"fqdn={victim.fqdn}",
            f"settings_guid={victim.settings_guid}",
            f"invocation_id={victim.invocation_id}",
            f"by={self.own}",
            f"when={when}",
            *(f"address={address}" for address in victim.addresses),
        ]
        with self._store.transaction():
            if self._store.read(self._container, ["cn"]) is None:
                self._store.add(self._container, {"objectClass": (b"container",)})
            self._store.add(
                self._store.child(self._container, "CN", f"Seized {victim.settings_guid}"),
                {"objectClass": (encode(_CLASS),), "keywords": tuple(encode(value) for value in values)},
            )

    def announce(self, name: str, *, wait: int) -> None:
        """Have it pull until it has this controller's latest change of the domain."""
        replication = _Replication(self._file)
        other = next((one for one in replication.controllers() if one.name == name), None)
        if other is None:
            return
        domain, own = self._store.domain_dn, str(self._store.sam.get_invocation_id())
        target = replication.cursors(domain).get(own, 0)
        deadline = time.monotonic() + wait
        fault = "it has not pulled it yet"
        while True:
            try:
                fault = replication.have_pulled(other, [domain], self.settings_guid) or fault
                if replication.cursors_of(other, domain).get(own, 0) >= target:
                    return
            except ResourceError as exc:
                fault = str(exc)
            if time.monotonic() >= deadline:
                raise ResourceError(
                    f"{name} has not learnt of the seizure within {wait} s: {fault} No role was seized: a controller"
                    " that does not know of it would let the dead one in again. Bring it up or repair the way to it,"
                    " then run again; if it is off as well, name it in absent_controllers.",
                    controller=name,
                )
            time.sleep(_PAUSE)

    def seize(self, role: str) -> None:
        """Overwrite the owner; a RID master needs RIDs of its own."""
        new = encode(self._own_settings)
        change = Change(operation=Operation.REPLACE, attribute="fSMORoleOwner", values=(new,))
        without = role == "rid" and self._rid_set() is None
        with self._store.transaction():
            self._store.modify(self._places[role], (change,))
            if without:
                try:
                    self._store.sam.create_own_rid_set()
                except ldb.LdbError as exc:
                    raise ResourceError(
                        f"The role rid was not seized: no RID set can be made for {self.own} ({exc.args[1]}). The roles"
                        " before it are. Check its database (samba-tool dbcheck), then run again."
                    ) from exc

    def remove(self, name: str) -> None:
        """Whatever of it there is."""
        _removal.remove_controller(self._store.sam, name, consequence="Its roles are seized.")

    def spread(self) -> None:
        """Ask all others once."""
        replication = _Replication(self._file)
        for other in replication.controllers():
            with contextlib.suppress(ResourceError):
                replication.have_pulled(other, replication.naming_contexts(), self.settings_guid)


def _read(values: tuple[bytes, ...], living: dict[str, str]) -> Record | None:
    """A record from its keywords; other objects there have others."""
    pairs = [value.decode("utf-8", "replace").partition("=")[::2] for value in values]
    noted = dict(pairs)
    if noted.get("kind") != "seizure":
        return None
    name, guid = noted.get("name", ""), noted.get("settings_guid", "")
    return Record(
        name=name,
        fqdn=noted.get("fqdn", ""),
        settings_guid=guid,
        invocation_id=noted.get("invocation_id", ""),
        addresses=[address for key, address in pairs if key == "address"],
        by=noted.get("by", ""),
        when=noted.get("when", ""),
        open=living.get(name, guid) == guid,
    )


def look(addresses: Any) -> list[dict[str, Any]]:
    """Probe from here."""
    results = probe(parse_all(checks(addresses), timeout=3.0), Limits(deadline=30))
    found: list[dict[str, Any]] = as_return_values(results, report="all", seconds=0)["results"]
    return found


def seizures(configuration_file: str) -> dict[str, Any]:
    """What the module `seizure_info` returns; a host without a directory is no error."""
    blank: dict[str, Any] = {"controller": None, "settings_guid": None, "serving": False, "seizures": []}
    if not Path(configuration_file).exists():
        return blank
    try:
        directory = SeizureDirectory(configuration_file)
    except NotYetKnowable:
        return blank
    return {
        "controller": directory.own,
        "settings_guid": directory.settings_guid,
        "serving": _root.is_open("127.0.0.1", _root.LDAP),
        "seizures": [record.shown() for record in directory.records()],
    }
