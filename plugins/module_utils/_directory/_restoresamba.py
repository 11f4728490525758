# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own restore of a backup into an empty directory, and what is judged of it. A process of its own; private."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _sambaprocess
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupsamba import Options, commands
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Restore below `target`; answer with what the restored database says of itself."""
    _bindings.require()
    logging.getLogger().setLevel(logging.INFO)
    settings = _bindings.LoadParm()
    settings.load_default()
    options = Options(settings, account=False)
    _restorer(request["rid_gap"])().run(
        sambaopts=options,
        credopts=options,
        backup_file=request["archive"],
        targetdir=request["target"],
        newservername=request["host_name"],
        host_ip=request["host_address"],
        site=request["site"],
    )
    configuration = str(Path(request["target"]) / "etc/smb.conf")
    roles = DirectoryRoles(configuration)
    return {
        "controllers": roles.controllers(),
        "owners": roles.owners(),
        "rid_pool": roles.rid_pool(),
        "database_errors": _database_errors(configuration),
    }


def _restorer(rid_gap: int) -> Any:
    """Samba's command, which leaves out a step of a forest's recovery: RIDs given out after the backup are skipped.

    Otherwise new users would get the SIDs of those that were made since, with all that these may do elsewhere.
    """

    class Restore(commands().cmd_domain_backup_restore):  # type: ignore[misc]
        def seize_role(self, role: str, samdb: Any, force: bool) -> Any:
            if role == "rid":
                _skip_rids(samdb, rid_gap)
            return super().seize_role(role, samdb, force=force)

    return Restore


def _skip_rids(samdb: Any, gap: int) -> None:
    """Move the first RID that the RID master may hand out; the last one is in the high half of the number."""
    place = f"CN=RID Manager$,CN=System,{samdb.domain_dn()}"
    entry = samdb.search(base=place, scope=ldb.SCOPE_BASE, attrs=["rIDAvailablePool"])[0]
    pool = int(str(entry["rIDAvailablePool"][0]))
    message = ldb.Message(entry.dn)
    message["rIDAvailablePool"] = ldb.MessageElement(str(pool + gap), ldb.FLAG_MOD_REPLACE, "rIDAvailablePool")
    samdb.modify(message)


def _database_errors(configuration: str) -> int:
    """What Samba's own check finds in all partitions."""
    from samba.dbchecker import dbcheck

    settings = _bindings.load_settings(configuration)
    sam = _bindings.SamDB(
        url=str(Path(str(settings.get("private dir"))) / "sam.ldb"),
        session_info=_bindings.system_session(),
        lp=settings,
        flags=ldb.FLG_DONT_CREATE_DB,
    )
    checker = dbcheck(sam, quiet=True, fix=False, yes=False, in_transaction=False)
    return int(checker.check_database(controls=["show_deleted:1", "search_options:1:2"], attrs=["*"]))


if __name__ == "__main__":
    _sambaprocess.serve(work)
