# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts about this controller's health, from its databases, files and services. Private to this collection."""

from __future__ import annotations

import pwd
import re
import socket
import ssl
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._health import (
    Certificate,
    Clock,
    Database,
    Logins,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._layout import Layout
from ansible_collections.mailforest.stack.plugins.module_utils._directory._ownnames import OwnNames
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import quiet
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import describe
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError
from ansible_collections.mailforest.stack.plugins.module_utils._probe import ntp_signed
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged

_LDAPS = 636
_SECONDS = 5.0
_SECRET = re.compile(r".*\.(ldb|tdb|keytab|key|pem)")
_DELETED_LINK = re.compile(r"target DN is deleted .*<RMD_FLAGS=(\d+)>")
_NO_SHELL = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync")


class DirectoryHealth:
    """What this controller's own database, its files and its services say."""

    def __init__(self, configuration_file: str, address: str | None) -> None:
        """Open the directory; `address` is the one at which the services are asked."""
        self._file = configuration_file
        self._store = SamStore(configuration_file)
        self._lp = self._store.settings
        self._replication = DirectoryReplication(configuration_file)
        self.own = self._replication.own
        self._fqdn = str(self._store.sam.host_dns_name()).lower()
        addresses = _bindings.samba.interface_ips(self._lp, False)
        self._address = address or next(iter(addresses), "127.0.0.1")

    def replication(self, max_age: int) -> Mapping[str, Any]:
        """As `replication_info` does."""
        return describe(self._replication, max_age=max_age, compare=False, now=time.time())

    def rids(self) -> Mapping[str, Any]:
        """As `fsmo_info` does."""
        return DirectoryRoles(self._file).rid_pool()

    def unnamed(self) -> list[str]:
        """As `domain_controller` does after a join."""
        names = OwnNames(self._store, self._file, self._replication.site)
        return names.missing(names.address())

    def clock(self) -> Clock:
        """The PDC emulator's time by its rootDSE; one's own as a member would ask for it."""
        pdc = DirectoryRoles(self._file).owners()["pdc"] or ""
        fqdn = f"{pdc}.{self._store.dns_domain}"
        root = None if pdc == self.own else _root.read(self._lp, fqdn)
        skew = 0.0 if pdc == self.own else root.skew if root else None
        rid, nt_hash = self._account()
        try:
            answer = ntp_signed.ask(self._address, rid, nt_hash=nt_hash)
        except (OSError, Judged):
            return Clock(pdc=pdc, offset=skew, synchronised=False, signed=False)
        return Clock(pdc=pdc, offset=skew, synchronised=answer.synchronised, signed=bool(answer.verified))

    def _account(self) -> tuple[int, bytes]:
        """The RID of the controller's own account, and the NT hash of its password."""
        found = self._store.find({"sAMAccountName": f"{self.own}$"}, attributes=["objectSid", "unicodePwd"])
        if not found or not found[0].values("unicodePwd"):
            raise ResourceError(f"The directory has no account {self.own}$ with a password.")
        return int.from_bytes(found[0].values("objectSid")[0][-4:], "little"), found[0].values("unicodePwd")[0]

    def certificate(self) -> Certificate:
        """As a client sees it."""
        private = str(self._lp.get("private dir"))
        ca_file = Path(private) / str(self._lp.get("tls cafile"))
        try:
            context = ssl.create_default_context(cafile=str(ca_file))
            with (
                socket.create_connection((self._address, _LDAPS), timeout=_SECONDS) as connection,
                context.wrap_socket(connection, server_hostname=self._fqdn) as channel,
            ):
                found = channel.getpeercert() or {}
        except OSError as exc:
            raise ResourceError(
                f"LDAPS at {self._address} shows {self._fqdn} no certificate that {ca_file} has signed: {exc}."
                " Check samba-ad-dc and the files of smb.conf's `tls` settings."
            ) from exc
        return Certificate(
            subject=_name(found.get("subject", ())),
            issuer=_name(found.get("issuer", ())),
            expires=float(ssl.cert_time_to_seconds(str(found["notAfter"]))),
        )

    def exposed(self) -> list[str]:
        """The private directory, all secrets in it, and the key of TLS."""
        private = Path(str(self._lp.get("private dir")))
        key = private / str(self._lp.get("tls keyfile"))
        return [*_exposed(private, key)]

    def logins(self) -> Logins:
        """Read what login(1) and sshd(8) read."""
        switch = Path("/etc/nsswitch.conf")
        text = switch.read_text(encoding="utf-8") if switch.exists() else ""
        asked = re.findall(r"(?m)^(?:passwd|group|initgroups):.*\b(winbind|sss|ldap)\b", text)
        pam = [
            file.name
            for file in sorted(Path("/etc/pam.d").glob("*"))
            if file.is_file() and re.search(r"(?m)^[^#\n]*pam_(winbind|krb5|sss|ldap)\.so", file.read_text("utf-8"))
        ]
        return Logins(
            accounts=sorted(_accounts(Path("/etc/shadow").read_text(encoding="utf-8"))),
            directory=[
                *(f"{switch} asks {source} for users" for source in sorted(set(asked))),
                *(f"/etc/pam.d/{name} takes the directory's passwords" for name in pam),
            ],
        )

    def layout(self) -> Mapping[str, Any]:
        """See _layout."""
        return Layout(self._store).read()

    def database(self) -> Database:
        """Samba's own check, which mends nothing unless told to."""
        from samba.dbchecker import dbcheck

        with quiet() as (log, _logger):
            checker = dbcheck(self._store.sam, samdb_schema=self._store.sam, fix=False, yes=False)
            errors = checker.check_database(controls=["show_deleted:1", "search_options:1:2"], attrs=["*"])
        return database_of(log.getvalue(), int(errors))


def database_of(said: str, errors: int) -> Database:
    """Without links that were deleted before their target was: they age out, as after each removal of a controller."""
    lines = [line for line in said.splitlines() if line.startswith(("ERROR", "WARNING"))]
    aging = [line for line in lines if (found := _DELETED_LINK.search(line)) and int(found[1]) & 1]
    counted = re.search(r"Checked (\d+) objects", said)
    return Database(
        objects=int(counted[1]) if counted else 0,
        errors=max(errors - len(aging), 0),
        messages=[line for line in lines if line not in aging][:20],
    )


def _name(parts: Any) -> str:
    """A certificate's name in one line."""
    return ", ".join(f"{key}={value}" for part in parts for key, value in part)


def _exposed(private: Path, key: Path) -> Iterator[str]:
    """Everything below a directory that is root's alone is out of reach; the files are looked at all the same."""
    yield from _fault(private)
    for path in sorted(private.rglob("*")):
        if path.is_file() and not path.is_symlink() and _SECRET.fullmatch(path.name):
            yield from _fault(path)
    if key.exists():
        yield from _fault(key)


def _fault(path: Path) -> Iterator[str]:
    """Samba itself lets the group root read some."""
    state = path.stat()
    mode, forbidden = stat.S_IMODE(state.st_mode), 0o077 if state.st_gid or path.is_dir() else 0o007
    if state.st_uid:
        yield f"{path} belongs to the user {state.st_uid}"
    if mode & forbidden:
        yield f"{path} has mode {mode:04o}"


def _accounts(shadow: str) -> Iterator[str]:
    """Local accounts that a password or a key lets in."""
    passwords = dict(line.split(":")[:2] for line in shadow.splitlines() if line.count(":") > 1)
    for account in pwd.getpwall():
        if account.pw_name not in passwords or account.pw_shell in _NO_SHELL:
            continue
        keys = Path(account.pw_dir) / ".ssh/authorized_keys"
        if not passwords[account.pw_name].startswith(("!", "*")) or (keys.is_file() and keys.stat().st_size):
            yield account.pw_name
