# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link of two controllers by replication's own numbers and by asking their DNS. Private to this collection."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Wanted
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinnames import names
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import Controller, lacking
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import guid_text
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_SECONDS = 5.0
_UPDATE_SECONDS = 60
_GENERAL_FAILURE = 31
"""What a controller says when it could not log in to the one to pull from ([MS-ERREF] 2.2, ERROR_GEN_FAILURE)."""


class _Replication(DirectoryReplication):
    """With what is asked of the controller that this one came from."""

    @property
    def settings(self) -> Any:
        """Those of smb.conf."""
        return self._store.settings

    @property
    def domain(self) -> str:
        """The DNS name of the domain."""
        return self._store.dns_domain

    @property
    def forest(self) -> str:
        """The DNS name of the forest."""
        return str(self._store.sam.forest_dns_name())

    @property
    def read_only(self) -> bool:
        """Whether nothing is written here."""
        return bool(self._store.sam.am_rodc())

    def identity(self) -> tuple[str, str]:
        """This controller's invocation id, and the GUID of its NTDS Settings."""
        sam = self._store.sam
        return str(sam.get_invocation_id()), str(sam.get_ntds_GUID())

    def domain_guid(self) -> str:
        """The GUID of the domain, which is part of a name in DNS."""
        sam = self._store.sam
        found = sam.search(base=sam.domain_dn(), scope=ldb.SCOPE_BASE, attrs=["objectGUID"])[0]
        return guid_text(bytes(found["objectGUID"][0]))

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

    def compute_at(self, controller: Controller) -> None:
        """Ask another one's topology generator."""
        from samba.dcerpc import drsuapi

        connection, handle = self._reach(controller)
        connection.request_timeout = _UPDATE_SECONDS
        try:
            connection.DsExecuteKCC(handle, 1, drsuapi.DsExecuteKCC1())
        except (_bindings.samba.NTSTATUSError, _bindings.samba.WERRORError, RuntimeError) as exc:
            raise ResourceError(f"The topology generator (KCC) of {controller.name} fails: {exc.args[-1]}.") from exc


class SambaLink:
    """See `_joinlink.Link`."""

    def __init__(self, configuration_file: str, wanted: Wanted) -> None:
        """Open the own directory."""
        self.server = wanted.server
        self._file = configuration_file
        self._fqdn = wanted.fqdn
        self._account = f"{wanted.host_name}$"
        self._replication = _Replication(configuration_file)
        self._read_only = self._replication.read_only
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
        replication = self._replication
        own = _bindings.samba.interface_ips(replication.settings, False)
        targets = {
            "A": {address for address in own if ":" not in address},
            "AAAA": {address for address in own if ":" in address},
            "CNAME": {self._fqdn},
            "SRV": {self._fqdn},
        }
        list_of_names = Path(str(replication.settings.get("private dir"))) / "dns_update_list"
        address = self.server if at_server else own[0]
        return [
            name
            for name, kind in names(
                list_of_names.read_text(encoding="utf-8"), self._values(), read_only=self._read_only
            )
            if targets[kind] and not targets[kind] & _look_up(address, name, kind)
        ]

    def _values(self) -> dict[str, str]:
        replication = self._replication
        _invocation, guid = replication.identity()
        return {
            "HOSTNAME": self._fqdn,
            "NTDSGUID": guid,
            "DNSDOMAIN": replication.domain,
            "DNSFOREST": replication.forest,
            "DOMAINGUID": replication.domain_guid(),
            "SITE": replication.site,
        }

    def replaced(self) -> bool:
        """The directory keeps the names of deleted accounts."""
        return self._replication.had_account(self._account)

    def register(self) -> None:
        """By RPC to the own server; its exit status tells nothing, so the names are looked up again."""
        self._own = None
        # A read-only controller asks a writable one, by a call of its own.
        way = [] if self._read_only else ["--use-samba-tool"]
        command = ["/usr/sbin/samba_dnsupdate", *way, f"--configfile={self._file}"]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=_UPDATE_SECONDS, check=False)

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
        """As its partner; where the topology has it pull from others only, from all of them."""
        _invocation, guid = self._replication.identity()
        server = self._server()
        results = [
            self._replication.pulled_by(server, context, guid) for context in self._replication.naming_contexts()
        ]
        return _GENERAL_FAILURE not in results

    def reconnect(self) -> None:
        """Connect anew when something is asked next."""
        self._replication.disconnect()

    def compute(self) -> None:
        """The server first, as it is the one that does not know this controller yet."""
        self._replication.compute_at(self._server())
        self._replication.compute()


def _look_up(host: str, name: str, kind: str) -> set[str]:
    """What a DNS server answers, names in lower case; nothing when it does not."""
    from samba.dcerpc import dns

    kinds = {"A": dns.DNS_QTYPE_A, "AAAA": dns.DNS_QTYPE_AAAA, "CNAME": dns.DNS_QTYPE_CNAME, "SRV": dns.DNS_QTYPE_SRV}
    question = dns.name_question()
    question.name, question.question_type, question.question_class = name, kinds[kind], dns.DNS_QCLASS_IN
    packet = dns.name_packet()
    packet.id = secrets.randbits(16)
    packet.operation = dns.DNS_OPCODE_QUERY | dns.DNS_FLAG_RECURSION_DESIRED
    packet.qdcount, packet.questions = 1, [question]
    try:
        reply = _exchange(host, _bindings.ndr_pack(packet))
        answer = _bindings.ndr_unpack(dns.name_packet, reply)
    except (OSError, RuntimeError):
        return set()
    found = [record.rdata for record in answer.answers if record.rr_type == kinds[kind]]
    return {str(getattr(value, "target", value)).lower().rstrip(".") for value in found}


def _exchange(host: str, request: bytes) -> bytes:
    """By TCP, as an answer may be long (RFC 7766)."""
    with socket.create_connection((host, 53), timeout=_SECONDS) as connection:
        connection.sendall(len(request).to_bytes(2, "big") + request)
        with connection.makefile("rb") as stream:
            return stream.read(int.from_bytes(stream.read(2), "big"))
