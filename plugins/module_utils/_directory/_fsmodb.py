# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seven roles and the RID pools in the local sam.ldb. Private to this collection."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Change, Operation, encode
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_BECOME = {
    "schema": "becomeSchemaMaster",
    "naming": "becomeDomainMaster",
    "rid": "becomeRidMaster",
    "pdc": "becomePdc",
    "infrastructure": "becomeInfrastructureMaster",
}
"""Operational attributes of the rootDSE ([MS-ADTS] 3.1.1.3.3)."""
_ROUNDS, _PAUSE = 3, 2.0
SCOPES = {
    "schema": "forest",
    "naming": "forest",
    "rid": "domain",
    "pdc": "domain",
    "infrastructure": "domain",
    "domaindns": "domain",
    "forestdns": "forest",
}
"""Where each role has one owner."""


class DirectoryRoles:
    """The roles as this controller's own database has them."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        self._file = configuration_file
        self._store = SamStore(configuration_file)
        sam = self._store.sam
        domain, configuration = self._store.domain_dn, str(sam.get_config_basedn())
        self._sites = f"CN=Sites,{configuration}"
        self._places = {
            "schema": str(sam.get_schema_basedn()),
            "naming": f"CN=Partitions,{configuration}",
            "rid": f"CN=RID Manager$,CN=System,{domain}",
            "pdc": domain,
            "infrastructure": f"CN=Infrastructure,{domain}",
            "domaindns": f"CN=Infrastructure,DC=DomainDnsZones,{domain}",
            "forestdns": f"CN=Infrastructure,DC=ForestDnsZones,{sam.get_root_basedn()}",
        }
        self._own_settings = str(sam.get_dsServiceName())
        self.own = self._name(self._own_settings)

    def _name(self, settings: str) -> str:
        """The controller whose NTDS Settings object this is."""
        return self._store.rdn_value(self._store.parent(settings)).lower()

    def _settings(self) -> dict[str, str]:
        found = self._store.find({"objectClass": "nTDSDSA"}, attributes=["cn"], base=self._sites)
        return {self._name(entry.dn): entry.dn for entry in found}

    def controllers(self) -> list[str]:
        """Those that have an NTDS Settings object, which a removed one has not."""
        return sorted(self._settings())

    def owner_dns(self) -> dict[str, str | None]:
        """Each role's owner as the directory names it."""
        owners = {}
        for role, place in self._places.items():
            entry = self._store.read(place, ["fSMORoleOwner"])
            owners[role] = entry.text("fSMORoleOwner") if entry else None
        return owners

    def owners(self) -> dict[str, str | None]:
        """Each role's owner by short name; None when it is not among the controllers."""
        known = {self._store.key(dn): name for name, dn in self._settings().items()}
        return {role: known.get(self._store.key(dn)) if dn else None for role, dn in self.owner_dns().items()}

    def take(self, role: str) -> None:
        """Samba's replication service asks the owner; so it has to run, here and there."""
        value = b"1"
        if role == "pdc":
            entry = self._store.read(self._store.domain_dn, ["objectSid"])
            value = entry.values("objectSid")[0] if entry else b""
        message = ldb.Message(ldb.Dn(self._store.sam, ""))
        message[_BECOME[role]] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, _BECOME[role])
        try:
            self._store.sam.modify(message)
        except ldb.LdbError as exc:
            if self._arrived(role):
                return
            raise ResourceError(
                f"The role {role} was not transferred from {self.owners()[role]} to {self.own}: {exc.args[1]}."
                " The roles before it are. Check that samba-ad-dc runs on both and that they reach each other on 135,"
                " 389 and the dynamic RPC ports, then run again. A role whose owner is gone for good has to be seized.",
                role=role,
            ) from exc

    def _arrived(self, role: str) -> bool:
        """Whether the owner has given the role although Samba says it failed, and replication brings it.

        Samba 4.22 asks twice for the role of the schema; the second time the owner answers that it is none any more.
        """
        replication = DirectoryReplication(self._file)
        for _round in range(_ROUNDS):
            replication.pull()
            if self.owners()[role] == self.own:
                return True
            time.sleep(_PAUSE)
        return False

    def give(self, role: str, owner: str) -> None:
        """Delete the old value and add the new one, so that a change made meanwhile is not overwritten."""
        old, new = encode(self._own_settings), encode(self._settings()[owner])
        self._store.modify(
            self._places[role],
            (
                Change(operation=Operation.DELETE, attribute="fSMORoleOwner", values=(old,)),
                Change(operation=Operation.ADD, attribute="fSMORoleOwner", values=(new,)),
            ),
        )

    def rid_pool(self) -> dict[str, Any]:
        """The RIDs left in the domain, and in the blocks that this controller has."""
        first, last = self._range(self._places["rid"], "rIDAvailablePool")
        pool: dict[str, Any] = {"domain_next": first, "domain_last": last, "domain_left": last - first + 1}
        place = self._rid_set()
        if place is None:
            return pool
        entry = self._store.read(place, ["rIDNextRID"])
        following = entry.number("rIDNextRID") + 1 if entry else 0
        used, kept = self._range(place, "rIDPreviousAllocationPool"), self._range(place, "rIDAllocationPool")
        left = max(used[1] - max(following, used[0]) + 1, 0)
        if kept != used:
            left += kept[1] - kept[0] + 1
        return {**pool, "controller_next": max(following, used[0]), "controller_last": kept[1], "controller_left": left}

    def rid_blocks(self) -> dict[str, Any]:
        """The blocks of RIDs that each controller has been given; which of them are used, each knows itself only."""
        blocks: dict[str, Any] = {}
        for name, settings in sorted(self._settings().items()):
            place = self._rid_set(settings)
            if place is not None:
                used, kept = self._range(place, "rIDPreviousAllocationPool"), self._range(place, "rIDAllocationPool")
                blocks[name] = {"first": kept[0], "last": kept[1], "previous_first": used[0], "previous_last": used[1]}
        return blocks

    def _rid_set(self, settings: str | None = None) -> str | None:
        server = self._store.read(self._store.parent(settings or self._own_settings), ["serverReference"])
        computer = server.text("serverReference") if server else None
        entry = self._store.read(computer, ["rIDSetReferences"]) if computer else None
        return entry.text("rIDSetReferences") if entry else None

    def _range(self, dn: str, attribute: str) -> tuple[int, int]:
        """Two numbers of 32 bits in one of 64: the first RID in the low half, the last in the high one."""
        entry = self._store.read(dn, [attribute])
        value = entry.number(attribute) if entry else 0
        return value & 0xFFFFFFFF, value >> 32


def roles_info(configuration_file: str) -> dict[str, Any]:
    """What the module `fsmo_info` returns."""
    roles = DirectoryRoles(configuration_file)
    return {
        "controller": roles.own,
        "controllers": roles.controllers(),
        "owners": roles.owners(),
        "owner_dns": roles.owner_dns(),
        "scopes": dict(SCOPES),
        "rid_pool": roles.rid_pool(),
        "rid_blocks": roles.rid_blocks(),
    }
