# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication by the local sam.ldb and Samba's own services ([MS-DRSR]). Private to this collection.

The local services are asked over Samba's internal messages, others over DRSUAPI with this host's account: no password.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kcc import Connection, Layout, Member
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import (
    Controller,
    Cursors,
    Partner,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import guid_text
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

try:
    from samba import drs_utils, dsdb
    from samba.credentials import Credentials
    from samba.dcerpc import drsblobs, drsuapi, misc
except ImportError:
    Credentials = drs_utils = dsdb = drsblobs = drsuapi = misc = None

_EPOCH = 11644473600
"""Seconds from 1601, where Windows counts from, to 1970."""
_ALL = "00000000-0000-0000-0000-000000000000"
_SECONDS = 30
_GENERATED = 0x1
"""NTDSCONN_OPT_IS_GENERATED ([MS-ADTS] 6.1.1.2.2.1.2.1.3)."""


class DirectoryReplication:
    """What this controller's own database says, and what its services do."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        self._store = SamStore(configuration_file)
        self._settings_dn = str(self._store.sam.get_dsServiceName())
        server = self._store.parent(self._settings_dn)
        self.own = self._store.rdn_value(server).lower()
        self.site = self._site(server)
        self._open: dict[str, tuple[Any, Any]] = {}

    def _site(self, server: str) -> str:
        return self._store.rdn_value(self._store.parent(self._store.parent(server)))

    def naming_contexts(self) -> list[str]:
        """As the rootDSE tells."""
        entry = self._store.read("", ["namingContexts"])
        return [value.decode() for value in entry.values("namingContexts")] if entry else []

    def controllers(self) -> list[Controller]:
        """Those that have an NTDS Settings object, without this one."""
        sites = f"CN=Sites,{self._store.sam.get_config_basedn()}"
        found = self._store.find({"objectClass": "nTDSDSA"}, attributes=["objectGUID", "invocationId"], base=sites)
        own = self._store.key(self._settings_dn)
        return [
            self._controller(entry.dn, entry.guid, guid_text(entry.values("invocationId")[0]))
            for entry in sorted(found, key=lambda entry: entry.dn)
            if self._store.key(entry.dn) != own and entry.values("invocationId")
        ]

    def _controller(self, settings: str, guid: str, invocation_id: str) -> Controller:
        server = self._store.parent(settings)
        entry = self._store.read(server, ["dNSHostName"])
        name = self._store.rdn_value(server).lower()
        fqdn = (entry.text("dNSHostName") if entry else None) or f"{name}.{self._store.dns_domain}"
        return Controller(
            name=name, fqdn=fqdn, site=self._site(server), settings_guid=guid, invocation_id=invocation_id
        )

    def partners(self) -> list[Partner]:
        """The attribute repsFrom of each naming context's head."""
        names = {other.settings_guid: other.name for other in self.controllers()}
        found = []
        for context in self.naming_contexts():
            entry = self._store.read(context, ["repsFrom"])
            for raw in entry.values("repsFrom") if entry else ():
                source = _bindings.ndr_unpack(drsblobs.repsFromToBlob, raw).ctr
                guid = str(source.source_dsa_obj_guid)
                code, text = source.result_last_attempt
                found.append(
                    Partner(
                        naming_context=context,
                        controller=names.get(guid, guid),
                        last_success=_moment(source.last_success),
                        last_attempt=_moment(source.last_attempt),
                        failures=int(source.consecutive_sync_failures),
                        result=str(text) if code else "",
                    )
                )
        return found

    def layout(self) -> Layout:
        """What the configuration partition says."""
        base = f"CN=Sites,{self._store.sam.get_config_basedn()}"
        found = self._store.find({"objectClass": "nTDSDSA"}, attributes=["objectClass"], base=base)
        names = {self._store.key(entry.dn): self._store.rdn_value(self._store.parent(entry.dn)) for entry in found}
        settings = self._store.find(
            {"objectClass": "nTDSSiteSettings"}, attributes=["interSiteTopologyGenerator"], base=base
        )
        generators = {
            self._store.rdn_value(self._store.parent(entry.dn)): entry.text("interSiteTopologyGenerator")
            for entry in settings
        }
        sites = self._store.find({"objectClass": "site"}, attributes=["cn"], base=base)
        return Layout(
            sites={
                site: names.get(self._store.key(dn), "").lower() or None if (dn := generators.get(site)) else None
                for site in (self._store.rdn_value(entry.dn) for entry in sites)
            },
            members=tuple(
                Member(
                    name=self._store.rdn_value(self._store.parent(entry.dn)).lower(),
                    site=self._site(self._store.parent(entry.dn)),
                    read_only=b"ntdsdsaro" in {value.lower() for value in entry.values("objectClass")},
                )
                for entry in sorted(found, key=lambda entry: entry.dn)
            ),
            connections=tuple(self._connections(base, names)),
            subnets=self._subnets(base),
        )

    def _connections(self, base: str, names: Mapping[str, str]) -> Iterator[Connection]:
        attributes = ["fromServer", "options", "enabledConnection"]
        for entry in self._store.find({"objectClass": "nTDSConnection"}, attributes=attributes, base=base):
            source = entry.text("fromServer")
            yield Connection(
                controller=names.get(self._store.key(self._store.parent(entry.dn)), "").lower(),
                source=(names.get(self._store.key(source), "") if source else "").lower(),
                generated=bool(entry.number("options") & _GENERATED),
                enabled=entry.text("enabledConnection") != "FALSE",
            )

    def _subnets(self, base: str) -> dict[str, str | None]:
        found = self._store.find({"objectClass": "subnet"}, attributes=["siteObject"], base=base)
        return {
            self._store.rdn_value(entry.dn): self._store.rdn_value(site) if (site := entry.text("siteObject")) else None
            for entry in found
        }

    def cursors(self, naming_context: str) -> Cursors:
        """The up-to-dateness vector."""
        found = dsdb._dsdb_load_udv_v2(self._store.sam, ldb.Dn(self._store.sam, naming_context))
        return {str(cursor.source_dsa_invocation_id): int(cursor.highest_usn) for cursor in found}

    def cursors_of(self, controller: Controller, naming_context: str) -> Cursors:
        """The same of another controller."""
        with self._connected(controller, "does not tell how far it is") as (connection, handle):
            request = drsuapi.DsReplicaGetInfoRequest1()
            request.info_type = drsuapi.DRSUAPI_DS_REPLICA_INFO_CURSORS
            request.object_dn = naming_context
            _kind, found = connection.DsReplicaGetInfo(handle, 1, request)
            return {str(cursor.source_dsa_invocation_id): int(cursor.highest_usn) for cursor in found.array}

    def pull(self) -> list[str]:
        """Ask the local service, one naming context after the other."""
        try:
            service = drsuapi.drsuapi("irpc:dreplsrv", lp_ctx=self._store.settings)
        except _errors() as exc:
            return [f"Samba's replication service on {self.own} does not answer: {_text(exc)}. Start samba-ad-dc."]
        service.request_timeout = _SECONDS
        faults = []
        for context in self.naming_contexts():
            try:
                _sync(service, misc.policy_handle(), context)
            except _errors() as exc:
                faults.append(f"{context} was not pulled from all partners: {_text(exc)}.")
        return faults

    def pull_from(self, controller: Controller, naming_contexts: Sequence[str]) -> list[str]:
        """Ask the local service; Samba takes a source that is no partner, and has it as one until its next topology.

        One that could not be asked just now is not tried: each naming context would wait for it.
        """
        if controller.name not in self._open:
            return []
        service = drsuapi.drsuapi("irpc:dreplsrv", lp_ctx=self._store.settings)
        service.request_timeout = _SECONDS
        faults = []
        for context in naming_contexts:
            try:
                _sync(service, misc.policy_handle(), context, source=controller.settings_guid)
            except _errors() as exc:
                faults.append(f"{context} was not pulled from {controller.name} itself: {_text(exc)}.")
        return faults

    def ask(self, controller: Controller) -> None:
        """Ask another one's service for every naming context, whatever becomes of those before it.

        Until it is restarted, Samba goes on asking a source that has left the directory (drepl_partitions.c,
        dreplsrv_refresh_partition, only adds), and answers with that one's failure although all others were pulled.
        """
        faults = []
        with self._connected(controller, "does not pull") as (connection, handle):
            for context in self.naming_contexts():
                try:
                    _sync(connection, handle, context)
                except _bindings.samba.WERRORError as exc:
                    faults.append(f"{context} ({_text(exc)})")
        if faults:
            raise ResourceError(f"{controller.name} does not pull from all its partners: {', '.join(faults)}.")

    def compute(self) -> None:
        """Ask the local topology generator (KCC)."""
        with _told("Samba's topology generator (KCC) fails", remedy=" Start samba-ad-dc, or see its log."):
            service = drsuapi.drsuapi("irpc:kccsrv", lp_ctx=self._store.settings)
            service.request_timeout = 2 * _SECONDS
            service.DsExecuteKCC(misc.policy_handle(), 1, drsuapi.DsExecuteKCC1())

    def compute_at(self, controller: Controller) -> None:
        """Ask another one's topology generator, which takes longer than other calls."""
        with self._connected(controller, "does not compute from whom it pulls (KCC)") as (connection, handle):
            connection.request_timeout = 2 * _SECONDS
            try:
                connection.DsExecuteKCC(handle, 1, drsuapi.DsExecuteKCC1())
            finally:
                connection.request_timeout = _SECONDS

    @contextlib.contextmanager
    def _connected(self, controller: Controller, fact: str) -> Iterator[tuple[Any, Any]]:
        """A connection to another controller; one that broke does not come back, so the next call makes a new one."""
        try:
            with _told(f"{controller.name} {fact}"):
                yield self._connect(controller)
        except ResourceError:
            self._open.pop(controller.name, None)
            raise

    def _connect(self, controller: Controller) -> tuple[Any, Any]:
        if controller.name not in self._open:
            credentials = Credentials()
            credentials.guess(self._store.settings)
            credentials.set_machine_account(self._store.settings)
            connection, handle, _supported = drs_utils.drsuapi_connect(
                controller.fqdn, self._store.settings, credentials
            )
            connection.request_timeout = _SECONDS
            self._open[controller.name] = connection, handle
        return self._open[controller.name]


def _sync(connection: Any, handle: Any, naming_context: str, *, source: str = "") -> None:
    """From the controller whose NTDS Settings have this GUID, else from all partners."""
    identifier = drsuapi.DsReplicaObjectIdentifier()
    identifier.dn = naming_context
    request = drsuapi.DsReplicaSyncRequest1()
    request.naming_context = identifier
    request.options = drsuapi.DRSUAPI_DRS_WRIT_REP | (0 if source else drsuapi.DRSUAPI_DRS_SYNC_ALL)
    request.source_dsa_guid = misc.GUID(source or _ALL)
    connection.DsReplicaSync(handle, 1, request)


def _moment(time: int) -> float | None:
    """Seconds since 1970 of an NTTIME; None for never."""
    return time / 10**7 - _EPOCH if time else None


def _errors() -> tuple[type[Exception], ...]:
    return (_bindings.samba.NTSTATUSError, _bindings.samba.WERRORError, drs_utils.drsException, RuntimeError)


def _text(exc: Exception) -> str:
    return str(exc.args[-1]) if exc.args else str(exc)


@contextlib.contextmanager
def _told(fact: str, *, remedy: str = "") -> Iterator[None]:
    try:
        yield
    except _errors() as exc:
        raise ResourceError(f"{fact}: {_text(exc)}.{remedy}") from exc
