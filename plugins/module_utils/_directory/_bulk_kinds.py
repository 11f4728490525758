# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what the bulk module takes: option, attribute, type. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import GROUP, USER, Kind

Arguments = dict[str, dict[str, Any]]
USER_TEXTS = (
    *("sam_account_name", "upn", "firstname", "surname", "display_name", "email", "description"),
    *("company", "street", "postal_code", "city", "state_province", "country"),
)
GROUP_TEXTS = ("sam_account_name", "display_name", "email", "description")
USER_FLAGS = ("enabled", "password_never_expires")


@dataclass(frozen=True, kw_only=True)
class BulkKind:
    """A kind of object as far as it is managed in bulk."""

    kind: Kind
    texts: dict[str, str]
    parts: tuple[str, ...]
    """The options that are part of a number."""
    edges: str


def _kind(kind: Kind, texts: tuple[str, ...], parts: tuple[str, ...]) -> BulkKind:
    return BulkKind(kind=kind, texts={name: kind.texts[name] for name in texts}, parts=parts, edges=kind.edges)


USERS = _kind(USER, USER_TEXTS, USER_FLAGS)
GROUPS = _kind(GROUP, GROUP_TEXTS, ("scope", "category"))
_NAMES: Arguments = {name: {"type": "str"} for name in ("name", "identity", "path")}
_NAMED = ("name", "sam_account_name", "identity")

COLUMNS = frozenset({*_NAMES, *USER_TEXTS, *USER_FLAGS, "password", "groups", "mail_home"})
FLAGS = frozenset(USER_FLAGS)
LISTS = frozenset({"groups"})


def _users() -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "required_one_of": [_NAMED],
        "options": {
            **_NAMES,
            **{name: {"type": "str"} for name in USER_TEXTS},
            "enabled": {"type": "bool"},
            "password_never_expires": {"type": "bool", "no_log": False},
            "password": {"type": "str", "no_log": True},
            "groups": {"type": "list", "elements": "str"},
            "mail_home": {"type": "str"},
            "attributes": {"type": "dict"},
        },
    }


def _groups() -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "required_one_of": [_NAMED],
        "options": {
            **_NAMES,
            **{name: {"type": "str"} for name in GROUP_TEXTS},
            "scope": {"type": "str", "choices": ["global", "domainlocal", "universal"]},
            "category": {"type": "str", "choices": ["security", "distribution"]},
            "members": {"type": "list", "elements": "str"},
            "attributes": {"type": "dict"},
        },
    }


def _ous() -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "path": {"type": "str"},
            "description": {"type": "str"},
        },
    }


def _purge() -> dict[str, Any]:
    return {
        "type": "dict",
        "options": {
            "under": {"type": "list", "elements": "str", "required": True},
            "max_deletions": {"type": "int", "required": True},
        },
    }


def module_arguments() -> dict[str, Any]:
    """The whole interface."""
    return {
        "argument_spec": {
            "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
            "ous": _ous(),
            "groups": _groups(),
            "users": _users(),
            "people": {"type": "path"},
            "people_delimiter": {"type": "str"},
            "remote_src": {"type": "bool", "default": False},
            "user_path": {"type": "str"},
            "group_path": {"type": "str"},
            "initial_password": {"type": "str", "no_log": True},
            "update_password": {
                "type": "str",
                "choices": ["on_create", "when_changed"],
                "default": "on_create",
                "no_log": False,
            },
            "memberships": {"type": "str", "choices": ["add", "set"], "default": "add"},
            "guid_attribute": {"type": "str"},
            "home_attribute": {"type": "str"},
            "purge": _purge(),
            "key_derivation": {"type": "str", "choices": ["auto", "samba"], "default": "auto", "no_log": False},
            "chunk": {"type": "int", "default": 500},
            "progress_file": {"type": "path", "default": "/run/mailforest/directory_objects.json"},
        },
        "required_one_of": [("ous", "groups", "users", "people")],
        "supports_check_mode": True,
    }
