# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own backup of the directory, and the proof that the copy opens. A process of its own; private."""

from __future__ import annotations

import bz2
import fcntl
import ipaddress
import logging
import os
import socket
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _sambaprocess
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import Contents, Controller
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NEEDED = frozenset({"backup.txt", "etc/smb.conf", "private/sam.ldb", "private/secrets.ldb", "sysvol.tar.gz"})
_EXTRACTION: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python asks for a filter from 3.12 on; Debian 12's may not have it."""
_TYPE_A, _TYPE_AAAA = 1, 28
_UNFINISHED_LMDB = ".copy.mdb"
_LEFT_BY_KILLED = (".bak-offline", ".copy.tdb", _UNFINISHED_LMDB)


class Options:
    """What samba-tool's commands want of its command line."""

    def __init__(self, settings: Any, *, account: bool) -> None:
        """`account` = this controller's own is used; a restore has none yet."""
        self._settings, self._account = settings, account

    def get_loadparm(self) -> Any:
        """The settings of smb.conf."""
        return self._settings

    def get_loadparm_path(self) -> str | None:
        """None: the restore takes the smb.conf that is in the backup."""
        return None

    def get_credentials(self, settings: Any) -> Any:
        """This controller's own account, of which Samba has the secret; no password is asked for."""
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.guess(settings)
        if self._account:
            credentials.set_machine_account(settings)
        return credentials


def commands() -> Any:
    """The module of samba-tool's backup commands; it was moved after 4.17."""
    try:
        from samba.netcmd.domain import backup
    except ImportError:
        from samba.netcmd import domain_backup as backup
    return backup


def offline() -> Any:
    """Samba's offline backup, copying LMDB's files in a way that waits for nobody.

    Samba's own holds a read lock on the directory and starts `mdb_copy`, which wants the lock that whoever writes has;
    and that one waits for the read lock to go before it can end. Neither ever does, and nobody can write meanwhile. A
    compacting copy only reads: it is of what was written last, and holds the same.
    """
    command = commands().cmd_domain_backup_offline()
    command.offline_mdb_copy = lambda path: _mdb_copy(path, path + command.backup_ext)
    return command


def _mdb_copy(path: str, target: str) -> None:
    unfinished = f"{path}{_UNFINISHED_LMDB}"
    subprocess.run(["mdb_copy", "-n", "-c", path, unfinished], check=True)
    Path(unfinished).rename(target)


def work(request: dict[str, Any]) -> dict[str, Any]:
    """Make the archive below `directory`; answer with its path and what is in it."""
    _bindings.require()
    configuration, directory = str(request["configuration_file"]), Path(request["directory"])
    local = LocalSamba(configuration)
    found = local.find()
    if found.domain is None:
        raise ResourceError(
            f"This host holds no complete domain ({found.fault or 'there is no sam.ldb'}). Nothing was backed up."
            " Run against a domain controller."
        )
    _hold(Path(local.private_dir))
    _sweep(Path(local.private_dir))
    settings = _bindings.load_settings(configuration)
    logging.getLogger().setLevel(logging.INFO)
    if request["kind"] == "offline":
        offline().run(sambaopts=Options(settings, account=True), targetdir=str(directory))
    else:
        server = _reachable(f"{str(settings.get('netbios name')).lower()}.{found.domain.dns_name}")
        options = Options(settings, account=True)
        commands().cmd_domain_backup_online().run(
            sambaopts=options, credopts=options, server=server, targetdir=str(directory)
        )
    archive = next(directory.glob("samba-backup-*.tar.bz2"))
    objects = _proven(archive, directory / "copy", found.domain.sid)
    roles = DirectoryRoles(configuration)
    contents = Contents(
        domain=found.domain.dns_name,
        netbios_name=found.domain.netbios_name,
        sid=found.domain.sid,
        server=roles.own,
        samba_version=str(_bindings.samba.version),
        functional_levels={"domain": found.domain.domain_level, "forest": found.domain.forest_level},
        roles=roles.owners(),
        controllers=list(controllers(SamStore(configuration))),
        objects=objects,
    )
    return {"archive": str(archive), "contents": asdict(contents)}


def _reachable(name: str) -> str:
    """This controller's name, or, where the host's resolver does not know it, its loopback address."""
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return "127.0.0.1"
    return name


def _hold(private: Path) -> None:
    """Keep other backups of this database out until this process ends, wherever they would be put."""
    try:
        fcntl.flock(os.open(private, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise ResourceError(
            "Another backup of this directory is being made just now. Nothing was backed up. Wait for its end, and"
            " run again."
        ) from exc


def _sweep(private: Path) -> None:
    """Samba copies each database beside itself; what a killed run left there is a copy of all secrets."""
    for place in (private, private / "sam.ldb.d", private.parent):
        for suffix in _LEFT_BY_KILLED:
            for file in place.glob(f"*{suffix}"):
                file.unlink(missing_ok=True)


def controllers(store: SamStore) -> Iterator[Controller]:
    """All controllers, with the addresses that the directory's own DNS zone has: no resolver is asked."""
    sites = f"CN=Sites,{store.sam.get_config_basedn()}"
    for settings in store.find({"objectClass": "nTDSDSA"}, attributes=["cn"], base=sites):
        place = store.parent(settings.dn)
        server = store.read(place, ["dNSHostName"])
        dns_name = (server.text("dNSHostName") if server else None) or ""
        addresses = sorted(_addresses(store.sam, dns_name)) if dns_name else []
        yield Controller(
            name=store.rdn_value(place).lower(),
            site=store.rdn_value(store.parent(store.parent(place))),
            dns_name=dns_name.lower(),
            addresses=addresses,
        )


def _addresses(sam: Any, dns_name: str) -> Iterator[str]:
    try:
        _dn, records = sam.dns_lookup(dns_name)
    except (RuntimeError, ldb.LdbError):
        return
    for record in records:
        if record.wType in (_TYPE_A, _TYPE_AAAA):
            yield str(ipaddress.ip_address(str(record.data)))


def member_fault(names: Iterable[str]) -> str | None:
    """Why an archive with these members is no whole backup, or None."""
    present = {str(PurePosixPath(name)) for name in names}
    outside = sorted(name for name in present if name.startswith("/") or ".." in PurePosixPath(name).parts)
    if outside:
        return f"its member {outside[0]} lies outside of it"
    missing = sorted(NEEDED - present)
    return f"it lacks {', '.join(missing)}" if missing else None


def archive_fault(stream: IO[bytes]) -> str | None:
    """Read an archive to its end; why it is no whole backup, or None."""
    try:
        with bz2.open(stream) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            names = [member.name for member in archive if member.isreg() or member.isdir()]
            # The last checksum is behind the last member.
            while plain.read(1 << 20):
                pass
    except (tarfile.TarError, OSError, EOFError) as exc:
        return f"it cannot be read to its end ({exc})"
    return member_fault(names)


def _proven(archive: Path, copy: Path, sid: str) -> int:
    """Unpack the databases, open them as Samba would after a restore, read all objects; returns their number."""
    with archive.open("rb") as stream:
        fault = archive_fault(stream)
    if fault:
        raise ResourceError(f"Samba's backup is not whole: {fault}. It was thrown away. See Samba's log.")
    with tarfile.open(archive) as packed:
        wanted = [one for one in packed if one.isfile() and PurePosixPath(one.name).parts[0] in ("private", "etc")]
        packed.extractall(copy, members=wanted, **_EXTRACTION)
    settings = _bindings.LoadParm()
    settings.load(str(copy / "etc/smb.conf"))
    settings.set("private dir", str(copy / "private"))
    sam = _bindings.SamDB(
        url=str(copy / "private/sam.ldb"),
        session_info=_bindings.system_session(),
        lp=settings,
        flags=ldb.FLG_DONT_CREATE_DB,
    )
    if str(sam.get_domain_sid()) != sid:
        raise ResourceError(f"Samba's backup is of another domain ({sam.get_domain_sid()}). It was thrown away.")
    root = sam.search(base="", scope=ldb.SCOPE_BASE, attrs=["namingContexts"])[0]
    contexts = [str(value) for value in root["namingContexts"]]
    return sum(1 for context in contexts for _reply in _all_below(sam, context))


def _all_below(sam: Any, context: str) -> Any:
    """One by one, so that memory does not grow with the directory."""
    return sam.search_iterator(base=context, scope=ldb.SCOPE_SUBTREE, attrs=["1.1"])


if __name__ == "__main__":
    socket.setdefaulttimeout(60)
    _sambaprocess.serve(work)
