# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the group module's list from plain lists of groups and users."""

from __future__ import annotations

DOCUMENTATION = r"""
name: directory_groups
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Make the list for the module group from plain lists of groups and users
description:
  - Turns the groups as role C(directory) takes them into the entries of M(mailforest.stack.group).
  - Members that are among the users are left out, for they may have yet to be made; the filter
    P(mailforest.stack.directory_users#filter) puts them into the group.
positional: users
options:
  _input:
    description: The groups, each a dictionary with C(name) and the options of C(directory_groups) in role C(directory).
    type: list
    elements: dict
    required: true
  users:
    description: The users, as role C(directory) takes them.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Make groups
  mailforest.stack.group:
    groups: "{{ [{'name': 'staff', 'members': ['sales', 'alice']}] | mailforest.stack.directory_groups(people) }}"
  vars:
    people: [{name: alice}]
"""

RETURN = r"""
_value:
  description: Entries for the option C(groups) of M(mailforest.stack.group).
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def directory_groups(
    groups: Iterable[Mapping[str, Any]], users: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    accounts = {str(user["name"]).casefold() for user in users}
    return [_entry(group, accounts=accounts) for group in groups]


def _entry(group: Mapping[str, Any], *, accounts: set[str]) -> dict[str, Any]:
    if group.get("state") == "absent":
        return {"name": group["name"], "state": "absent"}
    entry = {key: value for key, value in group.items() if key != "members" and value is not None}
    members = [str(member) for member in group.get("members") or () if str(member).casefold() not in accounts]
    return entry | ({"members": {"add": members}} if members else {})


class FilterModule:
    """The filter `directory_groups`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"directory_groups": directory_groups}
