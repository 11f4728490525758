# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as data: attributes in the types that the schema gives them. Private to this collection."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._locate import Locator
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Entry,
    Store,
    guid_text,
    sid_text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

SECRETS = frozenset(
    name.casefold()
    for name in (
        "clearTextPassword",
        "currentValue",
        "dBCSPwd",
        "initialAuthIncoming",
        "initialAuthOutgoing",
        "lmPwdHistory",
        "msDS-ExecuteScriptPassword",
        "msDS-ManagedPassword",
        "msDS-ManagedPasswordId",
        "msDS-ManagedPasswordPreviousId",
        "msFVE-RecoveryPassword",
        "msKds-RootKeyData",
        "msLAPS-EncryptedPassword",
        "msLAPS-Password",
        "ms-Mcs-AdmPwd",
        "msPKIAccountCredentials",
        "ntPwdHistory",
        "priorValue",
        "supplementalCredentials",
        "trustAuthIncoming",
        "trustAuthOutgoing",
        "unicodePwd",
        "userPassword",
        "virtualClearTextUTF8",
    )
)
"""Attributes that are passwords or keys; the local database tells them to root, this collection to nobody."""
_BASE = ("objectGUID", "objectClass", "name")
_GUIDS = frozenset({"objectguid", "schemaidguid", "attributesecurityguid", "invocationid", "parentguid"})
_BOOLEAN, _INTEGER, _LARGE, _OCTETS, _SID, _DESCRIPTOR = (
    "2.5.5.8",
    "2.5.5.9",
    "2.5.5.16",
    "2.5.5.10",
    "2.5.5.17",
    "2.5.5.15",
)
_BINARY = frozenset({_OCTETS, _DESCRIPTOR})


class SchemaStore(Store, Protocol):
    """The directory with its schema."""

    schema_dn: str


def lookup(store: SchemaStore, options: Mapping[str, Any]) -> dict[str, Any]:
    """The objects that the options find."""
    properties = list(dict.fromkeys(options["properties"] or ()))
    secret = sorted(name for name in properties if name.casefold() in SECRETS)
    if secret:
        raise ResourceError(f"{', '.join(secret)}: passwords and keys are not shown. Leave them out.")
    wanted = ("*", *_BASE) if "*" in properties else tuple(dict.fromkeys((*_BASE, *properties)))
    found = [entry for entry in _found(store, options, wanted) if entry.values("objectGUID")]
    found.sort(key=lambda entry: entry.dn.casefold())
    shown = {name for entry in found for name in entry.attributes} if "*" in properties else set(properties)
    types = _types(store, (name for name in shown if name.casefold() not in SECRETS))
    return {"objects": [_shown(entry, types) for entry in found]}


def _found(store: Store, options: Mapping[str, Any], attributes: Sequence[str]) -> list[Entry]:
    if options["identity"] is not None:
        locator = Locator(store, attributes)
        entry = locator.reference(options["identity"])
        return [entry] if entry else []
    base = options["search_base"] or store.domain_dn
    return store.query(
        options["ldap_filter"] or "(objectClass=*)",
        attributes=attributes,
        base=base,
        scope=options["search_scope"],
        deleted=options["include_deleted"],
    )


def _types(store: SchemaStore, names: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Syntax of each attribute, and whether it has one value only."""
    types = {}
    for name in names:
        where = {"lDAPDisplayName": name, "objectClass": "attributeSchema"}
        found = store.find(where, attributes=["attributeSyntax", "isSingleValued"], base=store.schema_dn)
        if not found:
            raise ResourceError(f"The schema has no attribute '{name}'. Correct its name.")
        types[name] = (str(found[0].text("attributeSyntax")), found[0].text("isSingleValued") == "TRUE")
    return types


def _shown(entry: Entry, types: Mapping[str, tuple[str, bool]]) -> dict[str, Any]:
    held = {name.casefold(): values for name, values in entry.attributes.items()}
    properties: dict[str, Any] = {}
    for name, (syntax, single) in sorted(types.items()):
        values = [_typed(name, syntax, raw) for raw in held.get(name.casefold(), ())]
        properties[name] = (values[0] if values else None) if single else values
    return {
        "name": entry.text("name"),
        "distinguished_name": entry.dn,
        "object_guid": entry.guid,
        "object_class": entry.values("objectClass")[-1].decode() if entry.values("objectClass") else None,
        "properties": properties,
    }


def _typed(name: str, syntax: str, raw: bytes) -> Any:
    if syntax == _BOOLEAN:
        return raw == b"TRUE"
    if syntax in (_INTEGER, _LARGE):
        return int(raw)
    if syntax == _SID:
        return sid_text(raw)
    if name.casefold() in _GUIDS:
        return guid_text(raw)
    if syntax in _BINARY:
        return base64.b64encode(raw).decode()
    return raw.decode("utf-8", "replace")
