# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of objects as tables: option, attribute, type; the modules' arguments come from them. Private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access, _nesting

Arguments = dict[str, dict[str, Any]]
_DISABLED = 0x2
_NORMAL = 0x200
_WORKSTATION = 0x1000
CONTROLLER = 0x0400_2000
"""A bit of userAccountControl says so: SERVER_TRUST_ACCOUNT, or PARTIAL_SECRETS_ACCOUNT of a read-only one, which has
that of a member beside it ([MS-ADTS] 2.2.16)."""
_NEVER_EXPIRES = 0x10000
_DELEGATES = 0x80000
ENCRYPTION = {"des": 0x3, "rc4": 0x4, "aes128": 0x8, "aes256": 0x10}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One option that is part of a number: a flag, or the scope of a group."""

    get: Callable[[int], Any]
    put: Callable[[int, Any], int]


@dataclass(frozen=True, kw_only=True)
class Value:
    """An option that is an attribute by itself, but no text; `write` makes what the directory keeps."""

    attribute: str
    type: str
    write: Callable[[Any], str]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object that one module manages."""

    name: str
    object_class: str
    where: Mapping[str, str]
    texts: Mapping[str, str]
    plural: str = ""
    rdn: str = "CN"
    place: str = "users"
    """Where a new object goes by default: `users`, `computers`, `domain` or `policies`."""
    fixed: bool = False
    """Whether the objects are all in that one container."""
    named_by_place: bool = False
    """Whether a name is unique in its container only, as those without an account name are."""
    number: str = ""
    initial: int = 0
    parts: Mapping[str, Part] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    """Options with `add`, `remove` and `set` that are one attribute of texts without regard to case."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Options that name one other object."""
    crowds: Mapping[str, str] = field(default_factory=dict)
    """Options that name all the objects that one attribute refers to."""
    guards: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Options that are entries of the access list, in SDDL."""
    edges: str = ""
    """The option with memberships: `groups` of a user, `members` of a group."""
    edge_attribute: str = ""
    sam_limit: int = 0
    """How long an account name may be; 0 = there is none."""
    sam_suffix: str = ""

    @property
    def many(self) -> str:
        """The option that takes a list of these objects."""
        return self.plural or f"{self.name}s"

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that the options are about."""
        typed = (value.attribute for value in self.values.values())
        return (*self.texts.values(), *typed, *self.lists.values(), *self.links.values(), *self.crowds.values())


def _flag(bit: int, *, inverted: bool = False) -> Part:
    def put(number: int, value: Any) -> int:
        return number | bit if bool(value) != inverted else number & ~bit

    return Part(get=lambda number: bool(number & bit) != inverted, put=put)


_PROTECTION = {"protect_from_deletion": _access.PROTECTION}
_PLACE = {
    "street": "streetAddress",
    "postal_code": "postalCode",
    "city": "l",
    "state_province": "st",
    "country": "c",
}

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
        **_PLACE,
    },
    number="userAccountControl",
    initial=_NORMAL | _DISABLED,
    parts={"enabled": _flag(_DISABLED, inverted=True), "password_never_expires": _flag(_NEVER_EXPIRES)},
    lists={"spn": "servicePrincipalName"},
    guards={**_PROTECTION, "user_cannot_change_password": _access.NO_PASSWORD_CHANGE},
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
    links={"managed_by": "managedBy"},
    guards=_PROTECTION,
    edges="members",
    edge_attribute="member",
    sam_limit=256,
)

OU = Kind(
    name="ou",
    object_class="organizationalUnit",
    where={"objectClass": "organizationalUnit"},
    texts={"display_name": "displayName", "description": "description", **_PLACE, "street": "street"},
    rdn="OU",
    place="domain",
    named_by_place=True,
    links={"managed_by": "managedBy"},
    guards=_PROTECTION,
)

COMPUTER = Kind(
    name="computer",
    object_class="computer",
    where={"objectClass": "computer"},
    texts={
        "sam_account_name": "sAMAccountName",
        "upn": "userPrincipalName",
        "dns_hostname": "dNSHostName",
        "display_name": "displayName",
        "description": "description",
        "location": "location",
    },
    place="computers",
    number="userAccountControl",
    initial=_WORKSTATION,
    parts={"enabled": _flag(_DISABLED, inverted=True), "trusted_for_delegation": _flag(_DELEGATES)},
    lists={"spn": "servicePrincipalName"},
    links={"managed_by": "managedBy"},
    guards=_PROTECTION,
    sam_limit=16,
    sam_suffix="$",
)

_DAY = 24 * 60 * 60 * 10_000_000
_MINUTE = 60 * 10_000_000
_NEVER = "-9223372036854775808"


def _span(unit: int, *, zero: str) -> Callable[[Any], str]:
    return lambda value: str(-int(value) * unit) if value else zero


PSO = Kind(
    name="pso",
    object_class="msDS-PasswordSettings",
    where={"objectClass": "msDS-PasswordSettings"},
    texts={"display_name": "displayName", "description": "description"},
    place="policies",
    fixed=True,
    named_by_place=True,
    values={
        "precedence": Value(attribute="msDS-PasswordSettingsPrecedence", type="int", write=str),
        "min_password_length": Value(attribute="msDS-MinimumPasswordLength", type="int", write=str),
        "complexity_enabled": Value(
            attribute="msDS-PasswordComplexityEnabled", type="bool", write=lambda value: str(value).upper()
        ),
        "reversible_encryption_enabled": Value(
            attribute="msDS-PasswordReversibleEncryptionEnabled", type="bool", write=lambda value: str(value).upper()
        ),
        "password_history_count": Value(attribute="msDS-PasswordHistoryLength", type="int", write=str),
        "min_password_age": Value(attribute="msDS-MinimumPasswordAge", type="int", write=_span(_DAY, zero="0")),
        "max_password_age": Value(attribute="msDS-MaximumPasswordAge", type="int", write=_span(_DAY, zero=_NEVER)),
        "lockout_threshold": Value(attribute="msDS-LockoutThreshold", type="int", write=str),
        # Samba takes zero, not the largest number as Windows does, for a lock that stays.
        "lockout_duration": Value(attribute="msDS-LockoutDuration", type="int", write=_span(_MINUTE, zero="0")),
        "lockout_observation_window": Value(
            attribute="msDS-LockoutObservationWindow", type="int", write=_span(_MINUTE, zero="0")
        ),
    },
    crowds={"subjects": "msDS-PSOAppliesTo"},
    guards=_PROTECTION,
)

OBJECT = Kind(
    name="object",
    object_class="top",
    where={},
    texts={"display_name": "displayName", "description": "description"},
    place="domain",
    named_by_place=True,
    guards=_PROTECTION,
)

_REFERENCES: Arguments = {key: {"type": "list", "elements": "str"} for key in ("add", "remove", "set")}
_EITHER = [("set", "add"), ("set", "remove")]


def _listed(choices: list[str] | None = None) -> dict[str, Any]:
    options = {key: {**value, **({"choices": choices} if choices else {})} for key, value in _REFERENCES.items()}
    return {"type": "dict", "options": options, "mutually_exclusive": _EITHER}


def _common(kind: Kind) -> Arguments:
    spec: Arguments = {key: {"type": "str"} for key in ("name", "identity", *kind.texts, *kind.links)}
    if not kind.fixed:
        spec["path"] = {"type": "str"}
    spec["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    spec["attributes"] = {"type": "dict", "options": {key: {"type": "dict"} for key in ("set", "add", "remove")}}
    for option, value in kind.values.items():
        spec[option] = {"type": value.type}
    for option in kind.guards:
        spec[option] = {"type": "bool"}
    for option in kind.lists:
        spec[option] = _listed()
    for option in kind.crowds:
        spec[option] = {"type": "list", "elements": "str"}
    for option in spec:
        if "password" in option:
            spec[option]["no_log"] = False
    return spec


def _user() -> Arguments:
    return {
        **_common(USER),
        "groups": _listed(),
        "enabled": {"type": "bool"},
        "password_never_expires": {"type": "bool", "no_log": False},
        "password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": ["always", "on_create", "when_changed"], "no_log": False},
        "password_expired": {"type": "bool", "no_log": False},
        "account_locked": {"type": "bool", "choices": [False]},
        "account_expires": {"type": "str"},
        "guid_attribute": {"type": "str"},
        "mail_home": {"type": "str"},
        "home_attribute": {"type": "str"},
        "update_home": {"type": "str", "choices": ["always", "on_create"]},
    }


def _group() -> Arguments:
    return {
        **_common(GROUP),
        "members": _listed(),
        "scope": {"type": "str", "choices": list(_nesting.SCOPES)},
        "category": {"type": "str", "choices": ["security", "distribution"]},
    }


def _computer() -> Arguments:
    return {
        **_common(COMPUTER),
        "enabled": {"type": "bool"},
        "trusted_for_delegation": {"type": "bool"},
        "kerberos_encryption_types": _listed(list(ENCRYPTION)),
    }


def _object() -> Arguments:
    return {**_common(OBJECT), "type": {"type": "str"}}


_SEVERAL: Arguments = {
    "identities": {"type": "list", "elements": "str"},
    "ldap_filter": {"type": "str"},
    "search_base": {"type": "str"},
}
"""Ways to give several objects the same options."""
_ARGUMENTS: Mapping[str, Callable[[], Arguments]] = {
    "user": _user,
    "group": _group,
    "ou": lambda: _common(OU),
    "computer": _computer,
    "pso": lambda: _common(PSO),
    "object": _object,
}


def module_arguments(kind: Kind) -> dict[str, Any]:
    """The whole interface of a kind's module: one object, or a list of the same."""
    entry = _ARGUMENTS[kind.name]()
    plural = kind.many
    several = _SEVERAL if kind is OBJECT else {}
    ways = (plural, *(option for option in several if option != "search_base"))
    listed = {"type": "list", "elements": "dict", "options": entry, "required_one_of": [("name", "identity")]}
    return {
        "argument_spec": {
            "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
            **entry,
            plural: listed,
            **several,
        },
        "required_one_of": [("name", "identity", *ways)],
        "mutually_exclusive": [*((way, name) for way in ways for name in ("name", "identity")), *combinations(ways, 2)],
        "supports_check_mode": True,
    }


DEFAULTS = ("path", "update_password", "guid_attribute", "home_attribute", "update_home")
"""Options that, given beside a list, hold for each of its entries that does not say otherwise."""


def entries(kind: Kind, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The wanted objects, from either form."""
    listed = params.get(kind.many)
    if listed is None:
        return [dict(params)]
    shared = {key: params[key] for key in DEFAULTS if params.get(key) is not None}
    return [{**entry, **{key: value for key, value in shared.items() if entry.get(key) is None}} for entry in listed]
