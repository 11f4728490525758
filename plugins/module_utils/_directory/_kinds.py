# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups as tables: option, attribute, type; the modules' arguments come from them. Private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting

Arguments = dict[str, dict[str, Any]]
_DISABLED = 0x2
_NORMAL = 0x200
_NEVER_EXPIRES = 0x10000


@dataclass(frozen=True, kw_only=True)
class Part:
    """One option that is part of a number: a flag, or the scope of a group."""

    get: Callable[[int], Any]
    put: Callable[[int, Any], int]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object that one module manages."""

    name: str
    object_class: str
    where: Mapping[str, str]
    texts: Mapping[str, str]
    number: str
    initial: int
    parts: Mapping[str, Part]
    edges: str
    """The option with memberships: `groups` of a user, `members` of a group."""
    edge_attribute: str
    sam_limit: int


def _flag(bit: int, *, inverted: bool = False) -> Part:
    def put(number: int, value: Any) -> int:
        return number | bit if bool(value) != inverted else number & ~bit

    return Part(get=lambda number: bool(number & bit) != inverted, put=put)


USER = Kind(
    name="user",
    object_class="user",
    where={"sAMAccountType": "805306368"},
    texts={
        "sam_account_name": "sAMAccountName",
        "upn": "userPrincipalName",
        "firstname": "givenName",
        "surname": "sn",
        "display_name": "displayName",
        "email": "mail",
        "description": "description",
        "company": "company",
        "street": "streetAddress",
        "postal_code": "postalCode",
        "city": "l",
        "state_province": "st",
        "country": "c",
    },
    number="userAccountControl",
    initial=_NORMAL | _DISABLED,
    parts={"enabled": _flag(_DISABLED, inverted=True), "password_never_expires": _flag(_NEVER_EXPIRES)},
    edges="groups",
    edge_attribute="memberOf",
    sam_limit=20,
)

GROUP = Kind(
    name="group",
    object_class="group",
    where={"objectClass": "group"},
    texts={
        "sam_account_name": "sAMAccountName",
        "display_name": "displayName",
        "email": "mail",
        "description": "description",
        "homepage": "wWWHomePage",
    },
    number="groupType",
    initial=_nesting.SECURITY | _nesting.SCOPES["global"],
    parts={
        "scope": Part(get=_nesting.scope_of, put=_nesting.with_scope),
        "category": Part(get=_nesting.category_of, put=_nesting.with_category),
    },
    edges="members",
    edge_attribute="member",
    sam_limit=256,
)

_REFERENCES: Arguments = {key: {"type": "list", "elements": "str"} for key in ("add", "remove", "set")}
_EITHER = [("set", "add"), ("set", "remove")]


def _common(kind: Kind) -> Arguments:
    spec: Arguments = {key: {"type": "str"} for key in ("name", "identity", "path", *kind.texts)}
    spec["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    spec["attributes"] = {"type": "dict", "options": {key: {"type": "dict"} for key in ("set", "add", "remove")}}
    spec[kind.edges] = {"type": "dict", "options": _REFERENCES, "mutually_exclusive": _EITHER}
    return spec


def _user() -> Arguments:
    return {
        **_common(USER),
        "enabled": {"type": "bool"},
        "password_never_expires": {"type": "bool", "no_log": False},
        "password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": ["always", "on_create", "when_changed"], "no_log": False},
        "guid_attribute": {"type": "str"},
        "mail_home": {"type": "str"},
        "home_attribute": {"type": "str"},
        "update_home": {"type": "str", "choices": ["always", "on_create"]},
    }


def _group() -> Arguments:
    return {
        **_common(GROUP),
        "scope": {"type": "str", "choices": list(_nesting.SCOPES)},
        "category": {"type": "str", "choices": ["security", "distribution"]},
    }


def module_arguments(kind: Kind) -> dict[str, Any]:
    """The whole interface of a kind's module: one object, or a list of the same."""
    entry = _user() if kind is USER else _group()
    plural = f"{kind.name}s"
    listed = {"type": "list", "elements": "dict", "options": entry, "required_one_of": [("name", "identity")]}
    return {
        "argument_spec": {
            "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
            **entry,
            plural: listed,
        },
        "required_one_of": [("name", "identity", plural)],
        "mutually_exclusive": [(plural, "name"), (plural, "identity")],
        "supports_check_mode": True,
    }


DEFAULTS = ("path", "update_password", "guid_attribute", "home_attribute", "update_home")
"""Options that, given beside a list, hold for each of its entries that does not say otherwise."""


def entries(kind: Kind, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The wanted objects, from either form."""
    listed = params.get(f"{kind.name}s")
    if listed is None:
        return [dict(params)]
    shared = {key: params[key] for key in DEFAULTS if params.get(key) is not None}
    return [{**entry, **{key: value for key, value in shared.items() if entry.get(key) is None}} for entry in listed]
