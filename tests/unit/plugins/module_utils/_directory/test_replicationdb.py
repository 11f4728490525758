# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Samba's services are asked: another controller's pulls, in the place of Samba's bindings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _replicationdb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import Controller
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

CONTEXTS = ["DC=corp", "CN=Configuration,DC=corp", "DC=ForestDnsZones,DC=corp"]
DC2 = Controller(name="dc2", fqdn="dc2.corp", site="hq", settings_guid="g2", invocation_id="i2")


class WERRORError(Exception):
    """Samba's error of a call."""


class NTSTATUSError(Exception):
    """Samba's error of a connection."""


class Connection:
    """Another controller's service; what it answers for each naming context."""

    def __init__(self, answers: dict[str, Exception]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.sources: list[tuple[str, int]] = []

    def DsReplicaSync(self, handle: object, level: int, request: Any) -> None:
        self.asked.append(request.naming_context.dn)
        self.sources.append((request.source_dsa_guid, request.options))
        if error := self.answers.get(request.naming_context.dn):
            raise error


def asked(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> _replicationdb.DirectoryReplication:
    drsuapi = SimpleNamespace(
        DsReplicaObjectIdentifier=SimpleNamespace,
        DsReplicaSyncRequest1=SimpleNamespace,
        DRSUAPI_DRS_WRIT_REP=1,
        DRSUAPI_DRS_SYNC_ALL=2,
        drsuapi=lambda _binding, lp_ctx: connection,
    )
    monkeypatch.setattr(_replicationdb, "drsuapi", drsuapi)
    monkeypatch.setattr(_replicationdb, "misc", SimpleNamespace(GUID=str, policy_handle=object))
    monkeypatch.setattr(_replicationdb, "drs_utils", SimpleNamespace(drsException=NTSTATUSError))
    samba = SimpleNamespace(WERRORError=WERRORError, NTSTATUSError=NTSTATUSError)
    monkeypatch.setattr(_replicationdb, "_bindings", SimpleNamespace(samba=samba))
    replication = object.__new__(_replicationdb.DirectoryReplication)
    monkeypatch.setattr(replication, "_store", SimpleNamespace(settings=None), raising=False)
    replication._open = {"dc2": (connection, object())}
    monkeypatch.setattr(replication, "naming_contexts", lambda: CONTEXTS)
    return replication


def test_a_source_that_is_gone_keeps_no_other_naming_context_from_being_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection({"DC=corp": WERRORError(2, "WERR_FILE_NOT_FOUND")})
    replication = asked(monkeypatch, connection)
    with pytest.raises(ResourceError, match=r"^dc2 does not pull from all its partners: DC=corp \(WERR_FILE_NOT_F"):
        replication.ask(DC2)
    assert connection.asked == CONTEXTS
    assert "dc2" in replication._open


def test_a_broken_connection_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection({"DC=corp": NTSTATUSError(5, "The connection was disconnected")})
    replication = asked(monkeypatch, connection)
    with pytest.raises(ResourceError, match=r"^dc2 does not pull: The connection was disconnected"):
        replication.ask(DC2)
    assert connection.asked == ["DC=corp"]
    assert replication._open == {}


def test_what_is_pulled_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection({})
    asked(monkeypatch, connection).ask(DC2)
    assert connection.asked == CONTEXTS


def test_one_that_is_no_partner_is_a_source_by_its_name_in_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection({"DC=corp": WERRORError(1722, "WERR_RPC_SERVER_UNAVAILABLE")})
    found = asked(monkeypatch, connection).pull_from(DC2, CONTEXTS[:2])
    assert found == ["DC=corp was not pulled from dc2 itself: WERR_RPC_SERVER_UNAVAILABLE."]
    assert connection.asked == CONTEXTS[:2]
    assert connection.sources == [("g2", 1)] * 2


def test_one_that_could_not_be_asked_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection({})
    replication = asked(monkeypatch, connection)
    replication._open.clear()
    assert replication.pull_from(DC2, CONTEXTS) == []
    assert connection.asked == []
