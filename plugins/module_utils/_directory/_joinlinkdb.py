# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link of two controllers by replication's own numbers and by asking their DNS. Private to this collection."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Wanted
from ansible_collections.mailforest.stack.plugins.module_utils._directory._ownnames import NoAnswer, OwnNames
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import Controller, lacking
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_GENERAL_FAILURE = 31
"""What a controller says when it could not log in to the one to pull from ([MS-ERREF] 2.2, ERROR_GEN_FAILURE)."""


class _Replication(DirectoryReplication):
    """With what is asked of the controller that this one came from."""

    def names(self, configuration_file: str) -> OwnNames:
        """This controller's names in DNS."""
        return OwnNames(self._store, configuration_file, self.site)

    def identity(self) -> tuple[str, str]:
        """This controller's invocation id, and the GUID of its NTDS Settings."""
        sam = self._store.sam
        return str(sam.get_invocation_id()), str(sam.get_ntds_GUID())

    def had_account(self, account: str) -> bool:
        """Whether an account of this name was deleted, as far back as the directory remembers."""
        sam = self._store.sam
        where = f"(&(isDeleted=TRUE)(sAMAccountName={ldb.binary_encode(account)}))"
        return len(sam.search(base=sam.domain_dn(), expression=where, controls=["show_deleted:1"], attrs=["cn"])) > 0

    def pulled_by(self, controller: Controller, naming_context: str, source: str) -> int:
        """Have another one pull from a source, or else from all; the error of the first."""
        from samba.dcerpc import drsuapi, misc

        connection, handle = self._reach(controller)
        identifier = drsuapi.DsReplicaObjectIdentifier()
        identifier.dn = naming_context
        request = drsuapi.DsReplicaSyncRequest1()
        request.naming_context = identifier
        request.options = drsuapi.DRSUAPI_DRS_WRIT_REP
        request.source_dsa_guid = misc.GUID(source)
        try:
            connection.DsReplicaSync(handle, 1, request)
            return 0
        except _bindings.samba.WERRORError as exc:
            code = int(exc.args[0])
        except (_bindings.samba.NTSTATUSError, RuntimeError) as exc:
            raise ResourceError(f"{controller.name} does not pull: {exc.args[-1]}.") from exc
        request.options |= drsuapi.DRSUAPI_DRS_SYNC_ALL
        with contextlib.suppress(_bindings.samba.WERRORError, _bindings.samba.NTSTATUSError, RuntimeError):
            connection.DsReplicaSync(handle, 1, request)
        return code

    def disconnect(self) -> None:
        """A connection that has broken does not come back."""
        self._open.clear()

    def _reach(self, controller: Controller) -> tuple[Any, Any]:
        from samba.drs_utils import drsException

        try:
            return self._connect(controller)
        except (drsException, RuntimeError) as exc:
            raise ResourceError(f"{controller.name} cannot be asked to replicate: {exc}.") from exc


class SambaLink:
    """See `_joinlink.Link`."""

    def __init__(self, configuration_file: str, wanted: Wanted) -> None:
        """Open the own directory."""
        self.server = wanted.server
        self._account = f"{wanted.host_name}$"
        self._replication = _Replication(configuration_file)
        self._names = self._replication.names(configuration_file)
        self._read_only = self._names.read_only
        self._begun = time.time()
        self._there: Mapping[str, tuple[str, int]] | None = None
        self._own: Mapping[str, tuple[str, int]] | None = None

    def _server(self) -> Controller:
        for other in self._replication.controllers():
            if other.fqdn.lower() == self.server:
                return other
        raise ResourceError(f"This controller's directory does not know {self.server}.")

    def unnamed(self, *, at_server: bool) -> list[str]:
        """Ask as any client does, for what a client looks for."""
        try:
            return self._names.missing(self.server if at_server else self._names.address())
        except NoAnswer:
            return [name.name for name in self._names.all()]

    def replaced(self) -> bool:
        """The directory keeps the names of deleted accounts."""
        return self._replication.had_account(self._account)

    def register(self) -> None:
        """See `OwnNames.register`."""
        self._own = None
        self._names.register()

    def lacking_here(self) -> list[str]:
        """Compare with the server's numbers at the first time; a read-only controller may not ask for them."""
        if self._read_only:
            return self._not_pulled()
        server = self._server()
        if self._there is None:
            self._there = {
                context: (server.invocation_id, self._replication.cursors_of(server, context)[server.invocation_id])
                for context in self._replication.naming_contexts()
            }
        return lacking(self._replication, {server.name: self._there}).get(server.name, [])

    def _not_pulled(self) -> list[str]:
        """What has not come from any partner since this began."""
        pulled = {
            partner.naming_context
            for partner in self._replication.partners()
            if (partner.last_success or 0) >= self._begun
        }
        return [context for context in self._replication.naming_contexts() if context not in pulled]

    def lacking_there(self) -> list[str]:
        """Compare the own numbers at the first time with the server's; a read-only controller has none to give."""
        if self._read_only:
            return []
        server, contexts = self._server(), self._replication.naming_contexts()
        invocation, _guid = self._replication.identity()
        if self._own is None:
            self._own = {
                context: (invocation, self._replication.cursors(context).get(invocation, 0)) for context in contexts
            }
        return [
            context
            for context in contexts
            if self._replication.cursors_of(server, context).get(invocation, 0) < self._own[context][1]
        ]

    def pull(self) -> None:
        """From all partners; what did not come is still lacking."""
        self._replication.pull()

    def ask(self) -> bool:
        """As its partner; where the topology has it pull from others only, from all of them, and those before it."""
        _invocation, guid = self._replication.identity()
        server = self._server()
        for relay in self._relays(server):
            with contextlib.suppress(ResourceError):
                self._replication.ask(relay)
        results = [
            self._replication.pulled_by(server, context, guid) for context in self._replication.naming_contexts()
        ]
        return _GENERAL_FAILURE not in results

    def reconnect(self) -> None:
        """Connect anew when something is asked next."""
        self._replication.disconnect()

    def compute(self) -> None:
        """The server first, as it is the one that does not know this controller yet.

        Which controller of a site pulls from another site is drawn by lot, by the one that generates the site's
        topology (Samba's kcc/__init__.py, get_all_bridgeheads), and the chosen one pulls only after it has computed
        too. By themselves they compute every five minutes.
        """
        server = self._server()
        self._replication.compute_at(server)
        self._replication.compute()
        for other in self._replication.controllers():
            if other.site == server.site and other.name != server.name:
                with contextlib.suppress(ResourceError):
                    self._replication.ask(other)
                    self._replication.compute_at(other)

    def _relays(self, server: Controller) -> list[Controller]:
        """Who else pulls from this controller."""
        own = self._replication.own
        pulling = {one.controller for one in self._replication.layout().connections if one.source == own}
        return [other for other in self._replication.controllers() if other.name in pulling - {server.name}]
