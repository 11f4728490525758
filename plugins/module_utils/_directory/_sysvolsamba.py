# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only Samba can do for SYSVOL: ACLs, files over SMB, the directory's part. Private to this collection.

Other controllers are read over SMB 3, encrypted and by Kerberos with this host's own account, which may read SYSVOL and
nothing more: no key, no shell.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvol import Item, Policy, Tree, relative
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvoldisk import PIECE, SysvolDisk
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

try:
    from samba import credentials, ntacls, provision
    from samba.auth_util import system_session_unix
    from samba.dcerpc import security
    from samba.samba3 import libsmb_samba_internal as libsmb
    from samba.samba3 import param as s3param
    from samba.samba3 import passdb
except ImportError:
    credentials = ntacls = provision = system_session_unix = security = libsmb = s3param = passdb = None

_SERVICE = "sysvol"
_POSIX = "system.posix_acl_access"
_PLAIN = 3
"""As many entries a plain mode can stand for: owner, group, others."""
_FLAGS = ((0x01, "OI"), (0x02, "CI"), (0x04, "NP"), (0x08, "IO"), (0x10, "ID"))
_KINDS = {0: "A", 1: "D", 5: "OA", 6: "OD"}
_OF_OBJECTS = (5, 6)
"""Entries that Samba takes over from the policy's object; files do not mind what right they name."""
_READ_CONTROL = 0x00020000
_READ_DATA = 0x00000001
_SHARE_ALL = 0x7
_DIRECTORY = 0x10


def acl_text(descriptor: Any) -> str:
    """An ACL as SDDL with SIDs and numbers only, which reads the same in all releases and all domains."""
    kind = int(descriptor.type)
    flags = "P" * bool(kind & 0x1000) + "AR" * bool(kind & 0x0100) + "AI" * bool(kind & 0x0400)
    entries = "".join(_entry(ace) for ace in descriptor.dacl.aces) if descriptor.dacl else ""
    return f"O:{descriptor.owner_sid}G:{descriptor.group_sid}D:{flags}{entries}"


def _entry(ace: Any) -> str:
    if int(ace.type) not in _KINDS:
        raise ResourceError(
            f"An ACL in SYSVOL has an entry of type {int(ace.type)}, which no file of a policy has. Nothing was"
            " changed. Remove it, or run samba-tool ntacl sysvolreset on the controller that owns the PDC emulator."
        )
    flags = "".join(text for bit, text in _FLAGS if int(ace.flags) & bit)
    kind = int(ace.type)
    right, child = _guids(ace.object) if kind in _OF_OBJECTS else ("", "")
    return f"({_KINDS[kind]};{flags};0x{int(ace.access_mask):08x};{right};{child};{ace.trustee})"


def _guids(named: Any) -> tuple[str, str]:
    """The right, and the class of object that inherits, where an entry names them."""
    given = int(named.flags)
    return str(named.type) if given & 1 else "", str(named.inherited_type) if given & 2 else ""


class SambaAcls:
    """ACLs as smbd keeps them: in an extended attribute, with the nearest that POSIX can say beside it."""

    def __init__(self, store: SamStore) -> None:
        """Have this process see accounts as the directory has them."""
        self._settings = store.settings
        self._sid = security.dom_sid(store.sam.get_domain_sid())
        self._session = system_session_unix()
        source3 = s3param.get_context()
        source3.load(self._settings.configfile)
        source3.set("passdb backend", f"samba_dsdb:{store.sam.url}")
        passdb.reload_static_pdb()
        self._passdb = passdb.PDB(source3.get("passdb backend"))

    def of_policy(self, descriptor: bytes) -> str:
        """The ACL that the files of a policy have to have, from its object's own."""
        sddl = _bindings.ndr_unpack(security.descriptor, descriptor).as_sddl()
        return acl_text(ntacls.dsacl2fsacl(sddl, self._sid, as_sddl=False))

    def read(self, path: Path) -> str:
        """As smbd would tell a client; nothing where it would let in other accounts than it tells."""
        acl = acl_text(
            ntacls.getntacl(self._settings, str(path), self._session, direct_db_access=False, service=_SERVICE)
        )
        return acl if acl.count("(") <= _PLAIN or _has(path, _POSIX) else ""

    def write(self, path: Path, acl: str) -> None:
        """As smbd would for a client. Outside the share, only half of it would be done."""
        try:
            ntacls.setntacl(
                self._settings,
                str(path),
                acl,
                self._sid,
                self._session,
                use_ntvfs=False,
                skip_invalid_chown=True,
                passdb=self._passdb,
                service=_SERVICE,
            )
        except (OSError, _bindings.samba.NTSTATUSError, ntacls.XattrBackendError) as exc:
            raise ResourceError(
                f"The ACL of {path} cannot be set: {exc}. The policy it belongs to was not changed. SYSVOL needs a file"
                " system with POSIX ACLs and extended attributes."
            ) from exc


def _has(path: Path, attribute: str) -> bool:
    return attribute in os.listxattr(path)


class SmbSource:
    """SYSVOL of another controller."""

    def __init__(self, store: SamStore, fqdn: str, domain: str) -> None:
        """Connect when it is first read."""
        self.name = fqdn.split(".")[0]
        self._fqdn = fqdn
        self._domain = domain
        self._settings = store.settings
        self._connection: Any = None
        self._sizes: dict[str, int] = {}

    def tree(self) -> Tree:
        """The root, and all in the domain's directory, over a new connection."""
        with self._told():
            self._connection = self._connect()
            found = dict(self._walk())
        self._sizes = {path: item.size for path, item in found.items()}
        return found

    def digest(self, path: str) -> str:
        """Read the content."""
        total = hashlib.sha256()
        self.fetch(path, total.update)
        return total.hexdigest()

    def read(self, path: str) -> bytes:
        """Read the content."""
        content = bytearray()
        self.fetch(path, content.extend)
        return bytes(content)

    def fetch(self, path: str, write: Callable[[bytes], object]) -> None:
        """Piece by piece."""
        with self._told(), self._opened(path, _READ_DATA) as handle:
            offset, size = 0, self._sizes[path]
            # Not beyond the end: Samba 4.17 answers that with an input/output error.
            while offset < size:
                piece = self._connection.read(handle, offset, min(PIECE, size - offset))
                if not piece:
                    break  # it became shorter meanwhile, which its digest tells
                write(piece)
                offset += len(piece)

    def _connect(self) -> Any:
        account = credentials.Credentials()
        account.guess(self._settings)
        account.set_machine_account(self._settings)
        account.set_kerberos_state(credentials.MUST_USE_KERBEROS)
        account.set_smb_signing(credentials.SMB_SIGNING_REQUIRED)
        account.set_smb_encryption(credentials.SMB_ENCRYPTION_REQUIRED)
        source3 = s3param.get_context()
        source3.load(self._settings.configfile)
        return libsmb.Conn(self._fqdn, _SERVICE, lp=source3, creds=account)

    def _walk(self) -> Iterator[tuple[str, Item]]:
        yield "", Item(directory=True, acl=self._acl(""))
        yield self._domain, Item(directory=True, acl=self._acl(self._domain))
        waiting = [self._domain]
        while waiting:
            directory = waiting.pop()
            for found in self._connection.list(_windows(directory), attribs=ntacls.SMB_FILE_ATTRIBUTE_FLAGS):
                path = f"{directory}/{found['name']}"
                if found["attrib"] & _DIRECTORY:
                    waiting.append(path)
                    yield path, Item(directory=True, acl=self._acl(path))
                else:
                    yield (
                        path,
                        Item(directory=False, acl=self._acl(path), size=found["size"], modified=found["mtime"]),
                    )

    def _acl(self, path: str) -> str:
        wanted = security.SECINFO_OWNER | security.SECINFO_GROUP | security.SECINFO_DACL
        with self._opened(path, _READ_CONTROL) as handle:
            return acl_text(self._connection.get_sd(handle, wanted))

    @contextlib.contextmanager
    def _opened(self, path: str, access: int) -> Iterator[int]:
        handle = self._connection.create(_windows(path), DesiredAccess=access, ShareAccess=_SHARE_ALL)
        try:
            yield handle
        finally:
            self._connection.close(handle)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _bindings.samba.NTSTATUSError as exc:
            raise ResourceError(
                f"SYSVOL of {self._fqdn} cannot be read: {exc.args[-1]}. Nothing more was changed here. Check that"
                " samba-ad-dc runs there, that its name resolves, that port 445 is open between the controllers, and"
                " that the clocks agree."
            ) from exc


def _windows(path: str) -> str:
    return path.replace("/", "\\")


class SysvolDirectory:
    """The group policies and the owner of the PDC emulator in the local database."""

    def __init__(self, store: SamStore) -> None:
        """Look at this database."""
        self._store = store
        self.dns_domain = store.dns_domain
        self._own = store.parent(str(store.sam.get_dsServiceName()))
        self.own = store.rdn_value(self._own).lower()

    def owner(self) -> str:
        """By the DN of its NTDS Settings."""
        entry = self._store.read(self._store.domain_dn, ["fSMORoleOwner"])
        settings = entry.text("fSMORoleOwner") if entry else None
        if not settings or "\\0ADEL:" in settings:
            raise ResourceError(
                "The PDC emulator has no owner among the domain controllers, so nobody's SYSVOL is the right one."
                " Nothing was changed. Give the role an owner (mailforest.stack.fsmo, or its seizure)."
            )
        return self._store.rdn_value(self._store.parent(settings)).lower()

    def fqdn(self, controller: str) -> str:
        """As the controller's computer account is named in DNS."""
        sites = f"CN=Sites,{self._store.sam.get_config_basedn()}"
        for entry in self._store.find(
            {"objectClass": "server", "cn": controller}, attributes=["dNSHostName"], base=sites
        ):
            if name := entry.text("dNSHostName"):
                return name
        raise ResourceError(
            f"{controller} is no domain controller that this one knows. Nothing was changed. Correct its name, or wait"
            " for replication."
        )

    def policies(self) -> list[Policy]:
        """All objects below CN=Policies."""
        found = self._store.find(
            {"objectClass": "groupPolicyContainer"},
            attributes=["cn", "displayName", "gPCFileSysPath", "versionNumber"],
            base=f"CN=Policies,CN=System,{self._store.domain_dn}",
            children=True,
        )
        return [
            Policy(
                guid=entry.text("cn") or "",
                name=entry.text("displayName") or "",
                path=relative(path, entry.dn),
                version=entry.number("versionNumber") & 0xFFFFFFFF,
            )
            for entry in sorted(found, key=lambda entry: entry.dn)
            if (path := entry.text("gPCFileSysPath"))
        ]


class Sysvol:
    """All of it, opened together."""

    def __init__(self, configuration_file: str) -> None:
        """There is nothing before the host is a domain controller."""
        self.store = SamStore(configuration_file)
        self.directory = SysvolDirectory(self.store)
        self.root = Path(str(self.store.settings.get("path", _SERVICE)))
        if not self.root.is_dir():
            raise NotYetKnowable(
                f"{self.root}, the directory of the share {_SERVICE}, is not there. Nothing was changed. Make this host"
                " a domain controller first (role samba_dc)."
            )
        self.acls = SambaAcls(self.store)
        self.disk = SysvolDisk(self.root, self.directory.dns_domain, self.acls)

    def source(self, fqdn: str) -> SmbSource:
        """Another controller's."""
        return SmbSource(self.store, fqdn, self.directory.dns_domain)

    def check(self) -> str:
        """What Samba's own check says; empty when all is well."""
        try:
            provision.checksysvolacl(
                self.store.sam,
                self.store.settings.get("path", "netlogon"),
                str(self.root),
                security.dom_sid(self.store.sam.get_domain_sid()),
                self.directory.dns_domain,
                self.store.domain_dn,
                self.store.settings,
            )
        except (provision.ProvisioningError, OSError, TypeError, _bindings.samba.NTSTATUSError) as exc:
            return str(exc)
        return ""
