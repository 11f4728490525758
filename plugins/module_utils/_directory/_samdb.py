# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local sam.ldb of a domain controller as a `Store`, with the system's own rights. Private to this collection."""

from __future__ import annotations

import contextlib
import gc
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Values,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

_USERS = "a9d1ca15768811d1aded00c04fd8d5cd"
_COMPUTERS = "aa312825768811d1aded00c04fd8d5cd"
"""The well-known GUIDs of the containers for new accounts ([MS-ADTS] 6.1.1.4)."""
_DACL = "sd_flags:1:4"
_DN_SYNTAXES = frozenset({"1.3.6.1.4.1.1466.115.121.1.12", "2.5.5.1"})
_REMEDIES = {
    10: "This controller is read-only; run against a writable one.",
    16: "The attribute or value is not there any more; run again.",
    17: "The schema does not know this attribute; correct its name.",
    19: "Correct the value that breaks the rule.",
    20: "The value is there already; run again.",
    32: "An object it refers to, or the container, does not exist; create it first or correct the DN.",
    34: "Correct the DN.",
    53: "Choose a change that the directory allows.",
    65: "The object's class does not allow this attribute; correct its name.",
    66: "Empty it first, or move what is in it.",
    68: "Another object has this name or account name; choose another, or name that object by `identity`.",
}


class SamStore:
    """The local directory."""

    def __init__(self, configuration_file: str) -> None:
        """Open the database; there is nothing to read before the domain is made."""
        _bindings.require()
        settings = _bindings.load_settings(configuration_file)
        path = Path(str(settings.get("private dir"))) / "sam.ldb"
        if not path.exists():
            raise NotYetKnowable(
                f"{path} does not exist: this host is no domain controller, or not yet. Nothing was changed."
                " Make the domain with mailforest.stack.domain, or run against a controller."
            )
        try:
            self.sam = _bindings.SamDB(
                url=str(path),
                session_info=_bindings.system_session(),
                lp=settings,
                flags=ldb.FLG_DONT_CREATE_DB,
            )
            self.domain_dn = str(self.sam.domain_dn())
            self.dns_domain = str(self.sam.domain_dns_name())
            self.domain_sid = str(self.sam.get_domain_sid())
            self.users_dn = self._well_known(_USERS)
            self.schema_dn = str(self.sam.get_schema_basedn())
            self.computers_dn = self._well_known(_COMPUTERS)
        except (ldb.LdbError, RuntimeError) as exc:
            raise ResourceError(
                f"{path} cannot be opened: {exc}. Nothing was changed. Check that this host is a domain controller"
                " whose provisioning or join ended, and that the module runs as root."
            ) from exc
        self.settings = settings
        self.password_script = bool(settings.get("check password script"))

    def _well_known(self, guid: str) -> str:
        return str(self.sam.get_wellknown_dn(ldb.Dn(self.sam, self.domain_dn), guid))

    def find(
        self, where: Mapping[str, str], *, attributes: Sequence[str], base: str | None = None, children: bool = False
    ) -> list[Entry]:
        """Search with every value escaped."""
        terms = "".join(f"({name}={ldb.binary_encode(value)})" for name, value in where.items())
        scope = "one_level" if children else "subtree"
        expression = f"(&{terms})" if terms else "(objectClass=*)"
        return self.query(expression, attributes=attributes, base=base or self.domain_dn, scope=scope)

    def query(
        self, expression: str, *, attributes: Sequence[str], base: str, scope: str, deleted: bool = False
    ) -> list[Entry]:
        """Search with a filter."""
        scopes = {"base": ldb.SCOPE_BASE, "one_level": ldb.SCOPE_ONELEVEL, "subtree": ldb.SCOPE_SUBTREE}
        with _translated("read", base):
            found = self.sam.search(
                base=base,
                scope=scopes[scope],
                expression=expression,
                attrs=list(attributes),
                controls=["show_deleted:1"] if deleted else [],
            )
        return [_entry(message, attributes) for message in found]

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """Read one object."""
        try:
            found = self.sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=list(attributes))
        except ldb.LdbError as exc:
            if exc.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return None
            raise _refusal("read", dn, exc) from exc
        return _entry(found[0], attributes) if len(found) else None

    def child(self, parent: str, rdn: str, value: str) -> str:
        """Let ldb escape the value."""
        dn = ldb.Dn(self.sam, f"{rdn}=x")
        dn.set_component(0, rdn, value)
        dn.add_base(ldb.Dn(self.sam, parent))
        return str(dn)

    def parent(self, dn: str) -> str:
        """The DN above."""
        return str(ldb.Dn(self.sam, dn).parent())

    def rdn_value(self, dn: str) -> str:
        """The value of the first component."""
        return str(ldb.Dn(self.sam, dn).get_rdn_value())

    def key(self, dn: str) -> str:
        """Ldb's own case folding."""
        return str(ldb.Dn(self.sam, dn).get_casefold())

    def is_dn(self, text: str) -> bool:
        """Ask ldb."""
        if "=" not in text:
            return False
        try:
            return bool(ldb.Dn(self.sam, text).get_casefold())
        except ValueError:
            return False

    def holds_dns(self, attribute: str) -> bool:
        """Ask the schema."""
        try:
            return str(self.sam.get_syntax_oid_from_lDAPDisplayName(attribute)) in _DN_SYNTAXES
        except (KeyError, RuntimeError) as exc:
            raise ResourceError(
                f"The schema has no attribute '{attribute}'. Nothing was changed. Correct its name."
            ) from exc

    def dacl(self, dn: str) -> str:
        """Read without owner, group and what is audited."""
        with _translated("read the access list of", dn):
            found = self.sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=[_DACL])
        security = _security()
        descriptor = _bindings.ndr_unpack(security.descriptor, bytes(found[0]["nTSecurityDescriptor"][0]))
        return self._shown(descriptor)

    def set_dacl(self, dn: str, sddl: str) -> None:
        """Write it alone."""
        message = ldb.Message(ldb.Dn(self.sam, dn))
        raw = _bindings.ndr_pack(self._descriptor(sddl))
        message["dacl"] = ldb.MessageElement(raw, ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        with _translated("change the access list of", dn):
            self.sam.modify(message, [_DACL])

    def normal_dacl(self, sddl: str) -> str:
        """To Samba's form and back."""
        return self._shown(self._descriptor(sddl))

    def _descriptor(self, sddl: str) -> Any:
        security = _security()
        try:
            return security.descriptor.from_sddl(sddl, security.dom_sid(self.domain_sid))
        except (TypeError, ValueError, RuntimeError) as exc:
            raise ResourceError(f"'{sddl}' is no access list in SDDL. Nothing was changed. Correct it.") from exc

    def _shown(self, descriptor: Any) -> str:
        text = str(descriptor.as_sddl(_security().dom_sid(self.domain_sid)))
        return text[text.find("D:") :] if "D:" in text else "D:"

    def has_password(self, dn: str, password: str) -> bool:
        """Compare NT hashes, where the directory stores them."""
        from samba.credentials import Credentials

        stored = self.read(dn, ["unicodePwd"])
        if stored is None or not stored.values("unicodePwd"):
            return False
        credentials = Credentials()
        credentials.set_password(password)
        return bytes(credentials.get_nt_hash()) == stored.values("unicodePwd")[0]

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """Add an object."""
        message = ldb.Message(ldb.Dn(self.sam, dn))
        for name, values in attributes.items():
            message[name] = ldb.MessageElement(list(values), ldb.FLAG_MOD_ADD, name)
        with _translated("add", dn):
            self.sam.add(message)

    def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """Change an object."""
        flags = {
            Operation.ADD: ldb.FLAG_MOD_ADD,
            Operation.DELETE: ldb.FLAG_MOD_DELETE,
            Operation.REPLACE: ldb.FLAG_MOD_REPLACE,
        }
        message = ldb.Message(ldb.Dn(self.sam, dn))
        for number, change in enumerate(changes):
            # The key only has to differ: an attribute may appear twice, deleted and added.
            message[f"change{number}"] = ldb.MessageElement(
                list(change.values), flags[change.operation], change.attribute
            )
        with _translated("change", dn):
            self.sam.modify(message)

    def rename(self, dn: str, new: str) -> None:
        """Rename or move."""
        with _translated("rename", dn):
            self.sam.rename(ldb.Dn(self.sam, dn), ldb.Dn(self.sam, new))

    def delete(self, dn: str, *, tree: bool = False) -> None:
        """Delete, with all below it if `tree`."""
        with _translated("delete", dn):
            self.sam.delete(ldb.Dn(self.sam, dn), ["tree_delete:1"] if tree else [])

    def close(self) -> None:
        """Let go of the database and of all that Samba keeps in this process for it."""
        alive = weakref.ref(self.sam)
        del self.sam
        gc.collect()
        if alive() is not None:
            raise ResourceError("The database cannot be closed: something still refers to it. This is a fault of ours.")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, take everything back on any error."""
        with _translated("begin", "a transaction"):
            self.sam.transaction_start()
        try:
            yield
        except BaseException:
            self.sam.transaction_cancel()
            raise
        with _translated("commit", "the transaction"):
            self.sam.transaction_commit()


def _security() -> Any:
    from samba.dcerpc import security

    return security


def _entry(message: Any, attributes: Sequence[str]) -> Entry:
    names = [name for name in message if name != "dn"] if "*" in attributes else []
    return Entry(
        dn=str(message.dn),
        attributes={
            name: tuple(bytes(value) for value in message[name])
            for name in dict.fromkeys((*names, *attributes))
            if name in message
        },
    )


@contextlib.contextmanager
def _translated(verb: str, target: str) -> Iterator[None]:
    try:
        yield
    except ldb.LdbError as exc:
        raise _refusal(verb, target, exc) from exc
    except ValueError as exc:
        raise ResourceError(f"Samba cannot {verb} '{target}': {exc}. Nothing was changed. Correct the DN.") from exc


def _refusal(verb: str, target: str, exc: Exception) -> ResourceError:
    code, text = exc.args
    text = re.sub(r"\s+", " ", str(text)).strip()
    remedy = _REMEDIES.get(code, "See Samba's log.")
    return ResourceError(
        f"Samba refuses to {verb} {target}: {text} (LDAP error {code}). The transaction was taken back. {remedy}",
        ldap_error=code,
    )
