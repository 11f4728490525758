# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of a member's shares, and its local accounts, by Samba's own code. Private to this collection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Unreachable
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_join import Membership
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_samba import (
    MemberPartner,
    MemberSamba,
    silence,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_shares import (
    ROOT,
    Access,
    Group,
    Share,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import text
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

_PASSES_DOWN = 0x3
_INHERITED = 0x10
_ALLOWED = 0
_NORMAL_ACCOUNT = 0x10


class Passwords:
    """The local accounts that Samba knows."""

    def __init__(self, configuration_file: str) -> None:
        """Open the database of smb.conf's `passdb backend`."""
        _bindings.require()
        from samba.samba3 import param, passdb

        self._errors = (passdb.error, RuntimeError)
        settings = param.get_context()
        settings.load(configuration_file)
        with silence():
            self._database = passdb.PDB(settings.get("passdb backend"))

    def find(self, name: str) -> Any:
        """The account, or None."""
        try:
            with silence():
                return self._database.getsampwnam(name)
        except self._errors:
            return None

    def sid(self, name: str) -> str | None:
        """The SID of an account."""
        account = self.find(name)
        return str(account.user_sid) if account is not None else None

    def has(self, name: str, password: str) -> bool:
        """Compare NT hashes, which is what Samba keeps."""
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.set_password(password)
        account = self.find(name)
        return account is not None and account.nt_passwd == bytes(credentials.get_nt_hash())

    def make(self, name: str) -> None:
        """Add an account; the Unix account must be there."""
        try:
            with silence():
                self._database.create_user(name, _NORMAL_ACCOUNT)
        except self._errors as exc:
            raise ResourceError(
                f"Samba cannot add the local account {name}: {text(exc)}. It was not added. The Unix account of that"
                " name must exist."
            ) from exc

    def set_password(self, name: str, password: str) -> None:
        """Set the password of an account, and let it log on."""
        account = self.find(name)
        account.plaintext_passwd = password
        account.acct_ctrl = _NORMAL_ACCOUNT
        try:
            with silence():
                self._database.update_sam_account(account)
        except self._errors as exc:
            raise ResourceError(f"Samba cannot set the password of {name}: {text(exc)}.") from exc

    def remove(self, name: str) -> None:
        """Delete the account from Samba's database; the Unix account stays."""
        try:
            with silence():
                self._database.delete_sam_account(self.find(name))
        except self._errors as exc:
            raise ResourceError(f"Samba cannot delete the local account {name}: {text(exc)}.") from exc


class MemberShares:
    """A file server that is a member."""

    def __init__(self, configuration_file: str, servers: list[str]) -> None:
        """Nothing is asked yet."""
        self._samba = MemberSamba(configuration_file)
        self._lp = self._samba.lp
        self._servers = servers
        self._directory: Any = None
        self._settings: Any = None

    def _sam(self) -> Any:
        """The directory, as this host's own account sees it."""
        if self._directory is None:
            self._directory = self._connect()
        return self._directory

    def _connect(self) -> Any:
        domain = str(self._lp.get("workgroup")).upper()
        if domain not in [name.upper() for name in self._samba.secrets()]:
            raise NotYetKnowable(
                "This host has not joined a domain yet, so its groups cannot be asked for. Nothing was changed. Join it"
                " first (mailforest.stack.membership)."
            )
        faults = []
        for server in self._servers:
            try:
                return self._login(server, domain)
            except Unreachable as exc:
                faults.append(str(exc))
        raise Unreachable(" ".join(faults))

    def _login(self, server: str, domain: str) -> Any:
        wanted = Membership(
            dns_name=str(self._lp.get("realm")).lower(),
            netbios_name=domain,
            servers=self._servers,
            host_name=str(self._lp.get("netbios name")).lower(),
            ou=None,
            joined=True,
        )
        partner = MemberPartner(self._samba, wanted, server, "", "")
        partner.greet()
        sam = partner.as_machine()
        if sam is None:
            raise ResourceError(
                f"{server} does not take this host's secret, so its groups cannot be asked for. Nothing was changed."
                " Join the host anew (mailforest.stack.membership)."
            )
        return sam

    def group(self, name: str) -> Group | None:
        """Look it up by its account name."""
        sam = self._sam()
        found = sam.search(
            base=sam.domain_dn(),
            scope=ldb.SCOPE_SUBTREE,
            expression=f"(&(objectClass=group)(sAMAccountName={ldb.binary_encode(name)}))",
            attrs=["objectSid", "groupType"],
        )
        for message in found:
            sid = sam.schema_format_value("objectSid", message["objectSid"][0]).decode()
            return Group(sid=sid, group_type=int(str(message["groupType"][0])))
        return None

    def local_account(self, name: str) -> str | None:
        """Ask Samba's own database."""
        return Passwords(self._samba.path).sid(name)

    def _prepare(self) -> Any:
        """The session of the system; Samba's C code takes the shares from the settings loaded here."""
        from samba.auth_util import system_session_unix
        from samba.samba3 import param

        self._settings = param.get_context()
        self._settings.load(self._samba.path)
        return system_session_unix()

    def access(self, share: Share) -> Access | None:
        """Read the list through Samba, as a client would see it."""
        from samba.ntacls import SECURITY_SECINFO_FLAGS
        from samba.samba3 import smbd

        if not Path(share.path).is_dir():
            return None
        if share.name not in self._lp.services():
            return Access(owner="", group="", rights=frozenset(), inherited=False)
        try:
            with silence():
                found = smbd.get_nt_acl(share.path, SECURITY_SECINFO_FLAGS, self._prepare(), service=share.name)
        except RuntimeError as exc:
            raise ResourceError(
                f"The access list of {share.path} cannot be read: {text(exc)}. Nothing was changed."
            ) from exc
        return _access(found)

    def make(self, path: str) -> None:
        """Closed until its list is set."""
        directory = Path(path)
        directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700)
        os.chown(directory, 0, 0)

    def grant(self, share: Share, access: Access) -> None:
        """Set the list through Samba, which sets the POSIX list too."""
        from samba.dcerpc import security
        from samba.ntacls import SECURITY_SECINFO_FLAGS
        from samba.samba3 import smbd

        descriptor = security.descriptor.from_sddl(access.sddl(), security.dom_sid(ROOT))
        try:
            with silence():
                smbd.set_nt_acl(share.path, SECURITY_SECINFO_FLAGS, descriptor, self._prepare(), service=share.name)
        except RuntimeError as exc:
            raise ResourceError(
                f"The access list of {share.path} cannot be set: {text(exc)}. Until it is, only root may use the"
                " directory. winbind must run, and the file system must know extended attributes and ACLs."
            ) from exc


def _access(descriptor: Any) -> Access:
    entries = [entry for entry in (descriptor.dacl.aces if descriptor.dacl else []) if entry.type == _ALLOWED]
    passes = all(entry.flags & _PASSES_DOWN == _PASSES_DOWN and not entry.flags & _INHERITED for entry in entries)
    others = len(entries) != (descriptor.dacl.num_aces if descriptor.dacl else 0)
    return Access(
        owner=str(descriptor.owner_sid),
        group=str(descriptor.group_sid),
        rights=frozenset((str(entry.trustee), int(entry.access_mask)) for entry in entries),
        inherited=passes and not others,
    )
