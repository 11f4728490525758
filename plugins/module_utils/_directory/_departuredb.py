# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that leave, by Samba's databases and its own Python code. Private to this collection."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Wanted
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinlinkdb import SambaLink
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinsamba import SambaPartner
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import (
    remove_controller,
    servers,
    sites_container,
    text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_BECOME = {
    "schema": "becomeSchemaMaster",
    "naming": "becomeDomainMaster",
    "rid": "becomeRidMaster",
    "pdc": "becomePdc",
    "infrastructure": "becomeInfrastructureMaster",
}
_DELIVERY = 120
_UNIT = "samba-ad-dc.service"


class LeavingSamba(LocalSamba):
    """Samba on the host that is demoted."""

    def __init__(self, configuration_file: str, wanted: Wanted) -> None:
        """Load the configuration."""
        super().__init__(configuration_file)
        self._wanted = wanted

    def controllers(self) -> list[str]:
        """By the own database."""
        return DirectoryRoles(self._path).controllers()

    def give(self, role: str, owner: str) -> None:
        """As the module `fsmo` does, unless an interrupted run did."""
        roles = DirectoryRoles(self._path)
        if roles.owners()[role] == roles.own:
            roles.give(role, owner)

    def deliver(self) -> None:
        """The survivor is asked to pull until its numbers say that it has everything."""
        link = SambaLink(self._path, self._wanted)
        deadline = time.monotonic() + _DELIVERY
        while lacking := link.lacking_there():
            if time.monotonic() > deadline:
                raise ResourceError(
                    f"After {_DELIVERY} s {self._wanted.server} still lacks changes of {', '.join(lacking)} that were"
                    " made here. This host is still a controller. Check replication between them, and run again."
                )
            link.ask()
            time.sleep(1)

    def stop(self) -> None:
        """Disabled too: at the next boot it stays off."""
        done = subprocess.run(
            ["systemctl", "disable", "--now", _UNIT], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise ResourceError(
                f"{_UNIT} does not stop: {done.stderr.strip()}. This host is still a controller. Stop Samba, and run"
                " again."
            )

    def retire(self) -> str:
        """For its owner alone: it still holds every secret of the domain."""
        Path(self.private_dir).chmod(0o700)
        return self._put_aside("demoted")


class SambaSurvivor(SambaPartner):
    """The controller that stays, over LDAP as an administrator."""

    def take(self, role: str) -> None:
        """An operational attribute of its rootDSE ([MS-ADTS] 3.1.1.3.3)."""
        sam = self.connect()
        value: Any = b"1"
        if role == "pdc":
            head = sam.search(base=sam.domain_dn(), scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]
            value = bytes(head["objectSid"][0])
        message = ldb.Message(ldb.Dn(sam, ""))
        message[_BECOME[role]] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, _BECOME[role])
        try:
            sam.modify(message)
        except ldb.LdbError as exc:
            raise ResourceError(
                f"The role {role} was not handed over: {text(exc)}. This host is still a controller. Check that"
                " samba-ad-dc runs on both and that they reach each other, and run again.",
                role=role,
            ) from exc


class DirectoryOfSurvivor:
    """The local directory of a controller that stays."""

    def __init__(self, configuration_file: str) -> None:
        """Open it."""
        self._store = SamStore(configuration_file)
        self._roles = DirectoryRoles(configuration_file)
        self.own = self._roles.own

    def controllers(self) -> list[str]:
        """Server objects: what an interrupted removal left counts."""
        sam = self._store.sam
        found = sam.search(base=sites_container(sam), expression="(objectClass=server)", attrs=["cn"])
        return sorted(str(message["cn"][0]).lower() for message in found)

    def roles_of(self, name: str) -> list[str]:
        """By the own database."""
        return [role for role, owner in self._roles.owners().items() if owner == name]

    def fqdn_of(self, name: str) -> str:
        """As the directory has it."""
        found = [str(server["dNSHostName"][0]) for server in servers(self._store.sam, name) if "dNSHostName" in server]
        return (found[0] if found else f"{name}.{self._store.dns_domain}").lower()

    def addresses_of(self, name: str) -> list[str]:
        """As the directory's DNS has them."""
        try:
            records = self._store.sam.dns_lookup(self.fqdn_of(name))[1]
        except RuntimeError:
            return []
        return [str(record.data) for record in records if record.wType in (1, 28)]

    def answers(self, address: str) -> str | None:
        """By its rootDSE."""
        root = _root.read(self._store.settings, address)
        return root.fqdn if root else None

    def remove(self, name: str) -> list[str]:
        """See `_removal`."""
        return remove_controller(self._store.sam, name)
