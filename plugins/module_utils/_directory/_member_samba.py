# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining as a member with Samba's own Python code, in this process. Private to this collection."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Unreachable
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import CONTROLLER
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_join import (
    Account,
    MemberSettings,
    Membership,
    MemberSurvey,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import text
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

_PORTS = {88: "Kerberos", 389: "LDAP", 445: "SMB"}
_KINDS = {CONTROLLER: "domain controller", 0x1000: "member"}
_ADDRESS_TYPES = (1, 28)
_SIGNS_OF_LIFE = (22, 445)
_INVALID_CREDENTIALS = 49
_REFUSALS = (
    "NT_STATUS_LOGON_FAILURE",
    "NT_STATUS_NO_SUCH_USER",
    "NT_STATUS_ACCOUNT_DISABLED",
    "LDAP_INVALID_CREDENTIALS",
)
_SECONDS = 120
_NET = """
import json, sys
from samba.credentials import Credentials
from samba.net_s3 import Net
from samba.samba3 import param

given = json.load(sys.stdin)
settings = param.get_context()
settings.load(given["configuration_file"])
credentials = Credentials()
credentials.set_realm(given["realm"])
credentials.set_domain(given["domain"])
credentials.set_username(given["user"])
credentials.set_password(given["password"])
try:
    done = getattr(Net(credentials, settings, server=given["server"]), given["call"])(**given["options"])
except Exception as exc:
    sys.exit(" ".join(str(exc.args[-1] if exc.args else exc).split()))
sys.exit(not done)
"""
_SECRET = b"SECRETS/MACHINE_PASSWORD/"


class MemberSamba:
    """Samba on the host that is, or becomes, a member."""

    def __init__(self, configuration_file: str) -> None:
        """Load the configuration, or Samba's defaults where it does not exist yet."""
        _bindings.require()
        self.path = configuration_file
        self.lp = _bindings.load_settings(configuration_file if Path(configuration_file).exists() else "/dev/null")
        self._private = Path(str(self.lp.get("private dir")))

    def is_controller(self) -> bool:
        """Only a controller has a directory of its own."""
        return (self._private / "sam.ldb").exists()

    def _open(self, flags: int) -> Any:
        # No types of it exist anywhere.
        return importlib.import_module("tdb").open(str(self._private / "secrets.tdb"), flags=flags)

    def secrets(self) -> list[str]:
        """Read the names of the records; whether smb.conf still names the domain does not matter."""
        if not (self._private / "secrets.tdb").exists():
            return []
        database = self._open(os.O_RDONLY)
        try:
            return [key[len(_SECRET) :].rstrip(b"\0").decode() for key in database if key.startswith(_SECRET)]
        finally:
            database.close()

    def forget(self, netbios_name: str) -> None:
        """Delete every record of the domain; that of the host's own SID stays."""
        database = self._open(os.O_RDWR)
        ending = f"/{netbios_name.upper()}".encode()
        try:
            for key in list(database):
                if (
                    key.startswith(b"SECRETS/")
                    and not key.startswith(b"SECRETS/SID")
                    and key.rstrip(b"\0").endswith(ending)
                ):
                    database.delete(key)
        finally:
            database.close()

    def settings(self) -> MemberSettings | None:
        """What smb.conf says."""
        if not Path(self.path).exists():
            return None
        return MemberSettings(
            server_role=str(self.lp.get("server role")),
            realm=str(self.lp.get("realm") or ""),
            workgroup=str(self.lp.get("workgroup") or ""),
            netbios_name=str(self.lp.get("netbios name") or ""),
        )


class MemberPartner:
    """A domain controller as a member sees it."""

    def __init__(self, samba: MemberSamba, wanted: Membership, server: str, user: str, password: str) -> None:
        """Nothing is asked yet."""
        self.server = server
        self._samba = samba
        self._lp = samba.lp
        self._wanted = wanted
        self._user = user
        self._password = password

    def greet(self) -> _root.Root:
        """Read the rootDSE, which anybody may."""
        closed = [f"{what} ({port})" for port, what in _PORTS.items() if not _root.is_open(self.server, port)]
        if closed:
            raise Unreachable(
                f"{self.server} does not answer on {', '.join(closed)}. Nothing was changed. Check that its name has an"
                " address here, that samba-ad-dc runs there and that every firewall between lets this host in."
            )
        root = _root.read(self._lp, self.server)
        if root is None:
            raise Unreachable(
                f"{self.server} accepts connections on 389, but does not say who it is. Nothing was changed. Check that"
                " it is a domain controller."
            )
        return root

    def _administrator(self) -> Any:
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.guess(self._lp)
        credentials.set_realm(self._wanted.dns_name.upper())
        credentials.set_domain(self._wanted.netbios_name)
        credentials.set_username(self._user)
        credentials.set_password(self._password)
        return credentials

    def _connect(self, credentials: Any) -> Any:
        """Samba's own LDAP client must be there: ldb's other one connects too, without logging in."""
        if not any(Path(_bindings.samba.param.modules_dir()).glob("ldb/ildap.*")):
            raise NotYetKnowable(
                "Samba's client for LDAP is not installed on this host, so no controller can be logged in to. Nothing"
                " was changed. Install the package samba-dsdb-modules (role samba_member does)."
            )
        sam = _bindings.SamDB(
            url=f"ldap://{self.server}",
            session_info=_bindings.system_session(),
            credentials=credentials,
            lp=self._lp,
        )
        sam.search(base=sam.domain_dn(), scope=ldb.SCOPE_BASE, attrs=[])
        return sam

    def _connect_administrator(self) -> Any:
        try:
            return self._connect(self._administrator())
        except (ldb.LdbError, RuntimeError) as exc:
            if exc.args[0] == _INVALID_CREDENTIALS:
                raise ResourceError(
                    f"{self.server} refuses the user name or the password of {self._user}. Nothing was changed."
                    " Correct domain_admin_user or domain_admin_password."
                ) from exc
            raise ResourceError(
                f"{self.server} cannot be logged in to as {self._user}: {text(exc)}. Nothing was changed."
                " Check its log, /var/log/samba/log.samba."
            ) from exc

    def own_account(self) -> Account | None:
        """Log in as the machine, with the secret as it stands now: winbind changes it every week."""
        sam = self.as_machine()
        return self._find(sam, self._wanted.host_name) if sam is not None else None

    def as_machine(self) -> Any:
        """The directory through this host's own account; None = it does not take the secret."""
        from samba import NTSTATUSError
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.guess(self._lp)
        credentials.set_domain(self._wanted.netbios_name)
        try:
            credentials.set_machine_account(self._lp)
        except NTSTATUSError as exc:
            raise ResourceError(
                f"The secret of this host cannot be read: {text(exc)}. Nothing was changed. smb.conf must name the"
                " domain, and this must run as root."
            ) from exc
        try:
            return self._connect(credentials)
        except (ldb.LdbError, RuntimeError) as exc:
            if exc.args[0] == _INVALID_CREDENTIALS or any(sign in text(exc) for sign in _REFUSALS):
                return None
            raise ResourceError(
                f"{self.server} cannot be logged in to with this host's account: {text(exc)}. Nothing was changed."
                " Check its log, /var/log/samba/log.samba."
            ) from exc

    def survey(self, host_name: str) -> MemberSurvey:
        """Read the domain's NetBIOS name, and what there is of this name."""
        sam = self._connect_administrator()
        where = f"(&(objectClass=crossRef)(nCName={ldb.binary_encode(str(sam.domain_dn()))}))"
        base = str(sam.get_partitions_dn())
        netbios = sam.search(base=base, scope=ldb.SCOPE_ONELEVEL, expression=where, attrs=["nETBIOSName"])[0]
        return MemberSurvey(
            netbios_name=str(netbios["nETBIOSName"][0]),
            account=self._find(sam, host_name),
            addresses=self._addresses(sam, host_name),
        )

    @staticmethod
    def _find(sam: Any, host_name: str) -> Account | None:
        found = sam.search(
            base=sam.domain_dn(),
            scope=ldb.SCOPE_SUBTREE,
            expression=f"(sAMAccountName={ldb.binary_encode(host_name)}$)",
            attrs=["objectGUID", "objectSid", "userAccountControl"],
        )
        for message in found:
            control = int(str(message.get("userAccountControl", [b"0"])[0]))
            kinds = [name for bit, name in _KINDS.items() if control & bit]
            return Account(
                dn=str(message.dn),
                guid=sam.schema_format_value("objectGUID", message["objectGUID"][0]).decode(),
                sid=sam.schema_format_value("objectSid", message["objectSid"][0]).decode(),
                kind=kinds[0] if kinds else "user",
            )
        return None

    def _addresses(self, sam: Any, host_name: str) -> list[str]:
        from samba.dcerpc import dnsp

        node = ldb.Dn(sam, f"CN=MicrosoftDNS,DC=DomainDnsZones,{sam.domain_dn()}")
        for value in (sam.domain_dns_name(), host_name):
            node.add_child("DC=x")
            node.set_component(0, "DC", value)
        try:
            found = sam.search(base=node, scope=ldb.SCOPE_BASE, attrs=["dnsRecord"])[0]
        except ldb.LdbError as exc:
            if exc.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return []
            raise
        records = [_bindings.ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in found.get("dnsRecord", [])]
        own = _bindings.samba.interface_ips(self._lp, True)
        return [str(record.data) for record in records if record.wType in _ADDRESS_TYPES and record.data not in own]

    def at_work(self, address: str) -> bool:
        """Whether SSH or SMB answers there."""
        return any(_root.is_open(address, port) for port in _SIGNS_OF_LIFE)

    def _net(self, call: str, **options: Any) -> None:
        """Call Samba's library for members in a process of its own: it aborts one in which the directory was asked."""
        given = {
            "configuration_file": self._samba.path,
            "realm": self._wanted.dns_name.upper(),
            "domain": self._wanted.netbios_name,
            "user": self._user,
            "password": self._password,
            "server": self.server,
            "call": call,
            "options": options,
        }
        try:
            done = subprocess.run(
                [sys.executable, "-c", _NET],
                input=json.dumps(given),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise ResourceError(
                f"{self.server} did not answer within {_SECONDS} s. Look at its log, /var/log/samba/log.samba, and run"
                " this again."
            ) from exc
        if done.returncode:
            lines = [line for line in f"{done.stdout}{done.stderr}".splitlines() if line.strip()]
            raise ResourceError(
                f"Samba cannot {'join' if call == 'join_member' else 'leave'} {self._wanted.dns_name} through"
                f" {self.server}: {lines[-1] if lines else f'it ended with {done.returncode}'}. What was made for a"
                " join is taken back. Cure the cause and run again.",
                log=lines[-20:],
            )

    def join(self) -> None:
        """As `net ads join` does. The DNS record is not this host's to make: its name may be anybody's there."""
        release = platform.freedesktop_os_release()
        options = {
            "dnshostname": self._wanted.fqdn,
            "osName": release.get("NAME", "Linux"),
            "osVer": release.get("VERSION_ID", ""),
            "noDnsUpdates": True,
        }
        if self._wanted.ou:
            options["createcomputer"] = self._wanted.ou
        self._net("join_member", **options)

    def leave(self) -> None:
        """As `net ads leave` does: the account is deleted, the secret too."""
        self._net("leave", keepAccount=False)

    def remove(self, dn: str) -> None:
        """Delete the account as administrator."""
        try:
            self._connect_administrator().delete(dn, ["tree_delete:1"])
        except ldb.LdbError as exc:
            raise ResourceError(f"The account {dn} was not removed: {text(exc)}. Remove it yourself.") from exc


@contextlib.contextmanager
def silence() -> Iterator[Any]:
    """Samba's C code prints to the process's own stdout and stderr, where a module has its result."""
    with tempfile.TemporaryFile() as heap:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(heap.fileno(), number)

            def said() -> list[str]:
                heap.seek(0)
                return heap.read().decode(errors="replace").splitlines()

            yield said
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
