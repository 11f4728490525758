# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the user module's list from a plain list of users, groups and first passwords."""

from __future__ import annotations

DOCUMENTATION = r"""
name: directory_users
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Make the list for the module user from plain lists of users and groups
description:
  - Turns the users as role C(directory) takes them into the entries of M(mailforest.stack.user).
  - A user is added to the groups that the entry names and to the listed groups that name the user as a member, and
    removed from the other listed groups. Groups that are not listed are left alone.
  - Without a display name a user gets one of given name and surname.
  - C(service_principals) make the account one of services, with AES keys alone, and a random password when it is
    made, which nobody learns. M(mailforest.stack.keytab) reads the keys.
  - C(quota), how much the mailbox may hold, becomes bytes in the attribute C(maxStorage).
  - C(home), the mail server that keeps the mailbox, becomes the option C(mail_home).
positional: groups, passwords
options:
  _input:
    description: The users, each a dictionary with C(name) and the options of C(directory_users) in role C(directory).
    type: list
    elements: dict
    required: true
  groups:
    description: The groups, as role C(directory) takes them.
    type: list
    elements: dict
    default: []
  passwords:
    description: First passwords by user name.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Make users
  mailforest.stack.user:
    users: "{{ people | mailforest.stack.directory_users([{'name': 'mail-users'}], vault_passwords) }}"
  vars:
    people: [{name: alice, email: alice@example.test, aliases: [office@example.test], groups: [mail-users]}]
"""

RETURN = r"""
_value:
  description: Entries for the option C(users) of M(mailforest.stack.user).
  type: list
  elements: dict
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology import names

_AES = "24"
"""aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96 ([MS-KILE] 2.2.7)."""
_RANDOM_BYTES = 60
_SAME = (
    "name",
    "firstname",
    "surname",
    "email",
    "password_never_expires",
    "update_password",
    "path",
    "description",
)


def directory_users(
    users: Iterable[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]] = (),
    passwords: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return [_entry(user, groups=groups, passwords=passwords or {}) for user in users]


def _entry(
    user: Mapping[str, Any], *, groups: Sequence[Mapping[str, Any]], passwords: Mapping[str, str]
) -> dict[str, Any]:
    if user.get("state") == "absent":
        return {"name": user["name"], "state": "absent"}
    entry: dict[str, Any] = {key: user[key] for key in _SAME if user.get(key) is not None}
    entry["enabled"] = user.get("enabled", True)
    entry["groups"] = _memberships(user, groups)
    if display_name := _display_name(user):
        entry["display_name"] = display_name
    if attributes := dict(_attributes(user)):
        entry["attributes"] = {"set": attributes}
    if user.get("home") is not None:
        entry["mail_home"] = user["home"]
    if user.get("service_principals") is not None:
        entry |= {"spn": {"set": list(user["service_principals"])}, "update_password": "on_create"}
        entry["password"] = f"Aa1-{secrets.token_urlsafe(_RANDOM_BYTES)}"
    if user["name"] in passwords:
        entry["password"] = passwords[user["name"]]
    return entry


def _attributes(user: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What the user module has no option for."""
    if user.get("aliases") is not None:
        yield "proxyAddresses", [f"smtp:{alias}" for alias in user["aliases"]]
    if user.get("service_principals") is not None:
        yield "msDS-SupportedEncryptionTypes", [_AES]
    if user.get("quota") is not None:
        yield "maxStorage", [str(names.size_in_bytes(user["quota"]))] if user["quota"] else []


def _memberships(user: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Names are compared as the directory does: without regard to case."""
    account = str(user["name"]).casefold()
    named = {str(name).casefold(): str(name) for name in user.get("groups") or ()}
    listed = {str(group["name"]).casefold(): group for group in groups if group.get("state") != "absent"}
    naming = {
        key: str(group["name"])
        for key, group in listed.items()
        if account in {str(member).casefold() for member in group.get("members") or ()}
    }
    wanted = naming | named
    return {
        "add": list(wanted.values()),
        "remove": [str(group["name"]) for key, group in listed.items() if key not in wanted],
    }


def _display_name(user: Mapping[str, Any]) -> str:
    parts = (str(user.get(key) or "") for key in ("firstname", "surname"))
    return str(user.get("display_name") or "") or " ".join(part for part in parts if part)


class FilterModule:
    """The filter `directory_users`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"directory_users": directory_users}
