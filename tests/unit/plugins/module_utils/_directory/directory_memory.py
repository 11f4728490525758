# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory in memory that refuses what Samba refuses, as far as the tests go there."""

from __future__ import annotations

import contextlib
import copy
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Values,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DOMAIN = "DC=corp,DC=example,DC=test"
USERS = f"CN=Users,{DOMAIN}"
COMPUTERS = f"CN=Computers,{DOMAIN}"
POLICIES = f"CN=Password Settings Container,CN=System,{DOMAIN}"
STAFF = f"OU=Staff,{DOMAIN}"
_SEPARATOR = re.compile(r"(?<!\\),")
_KNOWN = frozenset(
    """accountExpires adminDescription adminDisplayName c cn company dNSHostName description displayName givenName
    groupType isCriticalSystemObject l location lockoutTime mail managedBy manager member memberOf
    msDS-LockoutDuration msDS-LockoutObservationWindow msDS-LockoutThreshold msDS-MaximumPasswordAge
    msDS-MinimumPasswordAge msDS-MinimumPasswordLength msDS-PSOAppliesTo msDS-PasswordComplexityEnabled
    msDS-PasswordHistoryLength msDS-PasswordReversibleEncryptionEnabled msDS-PasswordSettingsPrecedence
    msDS-SupportedEncryptionTypes objectClass objectGUID objectSid postalCode proxyAddresses pwdLastSet sAMAccountName
    sAMAccountType servicePrincipalName sn st street streetAddress telephoneNumber unicodePwd userAccountControl
    userPrincipalName wWWHomePage""".split()  # noqa: SIM905
)


class MemoryStore:
    """A `Store`; `writes` tells in order what was done to it."""

    domain_dn = DOMAIN
    dns_domain = "corp.example.test"
    domain_sid = "S-1-5-21-1-2-3"
    users_dn = USERS
    computers_dn = COMPUTERS
    password_script = False

    def __init__(self) -> None:
        """Hold the two containers that the tests put objects into."""
        self.objects: dict[str, tuple[str, dict[str, Values]]] = {}
        self.writes: list[tuple[str, str]] = []
        self.fail_on: str | None = None
        self.dacls: dict[str, str] = {}
        for dn in (USERS, COMPUTERS, POLICIES, f"CN=Program Data,{DOMAIN}"):
            self.put(dn, objectClass=["top", "container"])
        self.put(STAFF, objectClass=["top", "organizationalUnit"])

    # What tests use

    def put(self, dn: str, **attributes: str | bytes | Sequence[str]) -> str:
        """Add an object as if it had always been there; returns its GUID."""
        raw = uuid.uuid5(uuid.NAMESPACE_OID, dn)
        values = {
            name: (value,) if isinstance(value, bytes) else tuple(item.encode() for item in _several(value))
            for name, value in attributes.items()
        }
        values["objectGUID"] = (raw.bytes_le,)
        values.setdefault("cn", (self.rdn_value(dn).encode(),))
        if b"user" in values["objectClass"]:
            values["sAMAccountType"] = (b"805306368",)
        self.objects[str(raw)] = (dn, values)
        return str(raw)

    def user(self, name: str, parent: str = USERS, **attributes: str | bytes | Sequence[str]) -> str:
        """Add an enabled user."""
        given: dict[str, Any] = {"sAMAccountName": name, "userAccountControl": "512", **attributes}
        return self.put(f"CN={name},{parent}", objectClass=["top", "user"], **given)

    def group(self, name: str, group_type: int = -2147483646, **attributes: str | bytes | Sequence[str]) -> str:
        """Add a group, by default a global security group."""
        given: dict[str, Any] = {"sAMAccountName": name, "groupType": str(group_type), **attributes}
        return self.put(f"CN={name},{USERS}", objectClass=["top", "group"], **given)

    def text(self, guid: str, attribute: str) -> list[str]:
        """An object's values, sorted."""
        return sorted(value.decode() for value in self.objects[guid][1].get(attribute, ()))

    def dn(self, guid: str) -> str:
        """Where an object is."""
        return self.objects[guid][0]

    # The interface

    def find(
        self, where: Mapping[str, str], *, attributes: Sequence[str], base: str | None = None, children: bool = False
    ) -> list[Entry]:
        """Compare without regard to case, as the directory does."""
        return [
            self._entry(guid, attributes)
            for guid, (dn, _) in self.objects.items()
            if (base is None or (_below(dn, base) and (not children or self.parent(dn).upper() == base.upper())))
            and all(
                value.lower() in (held.decode("utf-8", "replace").lower() for held in self._values(guid, name))
                for name, value in where.items()
            )
        ]

    def query(
        self, expression: str, *, attributes: Sequence[str], base: str, scope: str, deleted: bool = False
    ) -> list[Entry]:
        """One `(attribute=value)`, and a star for any."""
        name, _, value = expression.strip("()").partition("=")
        where = {} if value == "*" else {name: value}
        found = self.find(where, attributes=attributes, base=base, children=scope == "one_level")
        return [entry for entry in found if scope != "base" or entry.dn.upper() == base.upper()]

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """By DN or GUID."""
        guid = self._guid(dn)
        return self._entry(guid, attributes) if guid else None

    def child(self, parent: str, rdn: str, value: str) -> str:
        """Escape what separates."""
        escaped = re.sub(r'([,+"\\<>;=])', r"\\\1", value)
        return f"{rdn}={escaped},{parent}"

    def parent(self, dn: str) -> str:
        """All but the first component."""
        return _SEPARATOR.split(dn, maxsplit=1)[1]

    def rdn_value(self, dn: str) -> str:
        """The first component's value."""
        return re.sub(r"\\(.)", r"\1", _SEPARATOR.split(dn, maxsplit=1)[0].split("=", 1)[1])

    def key(self, dn: str) -> str:
        """Upper case."""
        return dn.upper()

    def is_dn(self, text: str) -> bool:
        """Every component has a name."""
        return bool(text) and all(re.match(r"\s*[A-Za-z]+=[^=]", part) for part in _SEPARATOR.split(text))

    def holds_dns(self, attribute: str) -> bool:
        """The schema, in short."""
        if attribute not in _KNOWN:
            raise ResourceError(f"The schema has no attribute '{attribute}'.")
        return attribute in ("member", "memberOf", "manager", "managedBy", "msDS-PSOAppliesTo")

    def dacl(self, dn: str) -> str:
        """Everybody may read."""
        guid = self._guid(dn)
        assert guid is not None, dn
        return self.dacls.get(guid, "D:AI(A;;RP;;;WD)") + "(A;ID;RC;;;AU)"

    def set_dacl(self, dn: str, sddl: str) -> None:
        """Write it."""
        guid = self._guid(dn)
        assert guid is not None, dn
        self._write("set_dacl", self.objects[guid][0])
        self.dacls[guid] = sddl

    def normal_dacl(self, sddl: str) -> str:
        """As it is."""
        if not sddl.startswith("D:"):
            raise ResourceError(f"'{sddl}' is no access list in SDDL")
        return sddl

    def has_password(self, dn: str, password: str) -> bool:
        """Compare."""
        guid = self._guid(dn)
        return guid is not None and self._values(guid, "unicodePwd") == (f'"{password}"'.encode("utf-16-le"),)

    def add(self, dn: str, attributes: Mapping[str, Values]) -> None:
        """Refuse what is there, and passwords under 7 characters."""
        self._write("add", dn)
        taken = {name for guid in self.objects for name in self.text(guid, "sAMAccountName")}
        if self._guid(dn) or taken.intersection(value.decode() for value in attributes.get("sAMAccountName", ())):
            raise ResourceError(f"{dn} exists (LDAP error 68)")
        above = self.parent(dn)
        assert self._guid(above) or above == DOMAIN or "Configuration" in above, "the container comes first"
        self._check_password(attributes.get("unicodePwd", ()))
        raw = uuid.uuid5(uuid.NAMESPACE_URL, dn)
        values = {**attributes, "objectGUID": (raw.bytes_le,), "cn": (self.rdn_value(dn).encode(),)}
        if attributes["objectClass"] == (b"user",):
            values["sAMAccountType"] = (b"805306368",)
        self.objects[str(raw)] = (dn, values)

    def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """Apply the changes in order."""
        guid = self._guid(dn)
        self._write("modify", self.objects[guid][0] if guid else dn)
        if guid is None:
            raise ResourceError(f"{dn} does not exist (LDAP error 32)")
        values = self.objects[guid][1]
        for change in changes:
            if change.attribute == "unicodePwd":
                self._check_password(change.values)
            if change.attribute == "groupType":
                _check_scope(int(values["groupType"][0]), int(change.values[0]))
            values[change.attribute] = _changed(values.get(change.attribute, ()), change)

    def rename(self, dn: str, new: str) -> None:
        """Keep the object, and the links to it."""
        guid = self._guid(dn)
        assert guid is not None
        old, values = self.objects[guid]
        self._write("rename", old)
        self.objects[guid] = (new, {**values, "cn": (self.rdn_value(new).encode(),)})
        for other, (place, others) in list(self.objects.items()):
            if place != old and _below(place, old):
                self.objects[other] = (place[: -len(old)] + new, others)
            if old.encode() in others.get("member", ()):
                others["member"] = tuple(new.encode() if v == old.encode() else v for v in others["member"])

    def delete(self, dn: str, *, tree: bool = False) -> None:
        """Delete."""
        guid = self._guid(dn)
        assert guid is not None
        self._write("delete", self.objects[guid][0])
        del self.objects[guid]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Take everything back on an error."""
        saved = copy.deepcopy(self.objects)
        try:
            yield
        except BaseException:
            self.objects = saved
            raise

    # Inside

    def _guid(self, dn: str) -> str | None:
        if dn.startswith("<GUID="):
            return dn[6:-1].lower() if dn[6:-1].lower() in self.objects else None
        return next((guid for guid, (held, _) in self.objects.items() if held.upper() == dn.upper()), None)

    def _values(self, guid: str, name: str) -> Values:
        if name == "objectGUID":
            return (guid.encode(),)
        if name == "memberOf":
            own = self.objects[guid][0].encode()
            return tuple(dn.encode() for dn, values in self.objects.values() if own in values.get("member", ()))
        return self.objects[guid][1].get(name, ())

    def _entry(self, guid: str, attributes: Sequence[str]) -> Entry:
        dn, values = self.objects[guid]
        held = {**values, "memberOf": self._values(guid, "memberOf")}
        return Entry(dn=dn, attributes={name: held[name] for name in attributes if held.get(name)})

    def _write(self, verb: str, dn: str) -> None:
        self.writes.append((verb, dn))
        if self.fail_on == dn:
            raise ResourceError(f"Samba refuses to {verb} {dn}")

    @staticmethod
    def _check_password(values: Values) -> None:
        for value in values:
            if len(value.decode("utf-16-le")) < 9:
                raise ResourceError("0000052D: the password is too short (LDAP error 19)")


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _below(dn: str, base: str) -> bool:
    return f",{dn.upper()}".endswith(f",{base.upper()}")


def _check_scope(old: int, new: int) -> None:
    if {old & 0xE, new & 0xE} == {2, 4}:
        raise ResourceError("samldb: Change from security/distribution global group forbidden! (LDAP error 53)")


def _changed(held: Values, change: Change) -> Values:
    if change.operation is Operation.REPLACE:
        return change.values
    if change.operation is Operation.ADD:
        assert not set(held).intersection(change.values), "the directory refuses values that are there"
        return held + change.values
    assert set(change.values) <= set(held), "the directory refuses to delete what is not there"
    return tuple(value for value in held if value not in change.values)
