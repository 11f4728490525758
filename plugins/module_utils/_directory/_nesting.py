# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which group may hold which: Samba enforces none of it, Windows all of it. Private to this collection.

Sources: Microsoft, "Active Directory security groups", section "Group scope", and "Nesting in native mode"
(https://learn.microsoft.com/windows/win32/ad/nesting-in-native-mode): the scopes alone decide, the categories do not,
so that 24 of the 36 pairs of scope and category are allowed.
"""

from __future__ import annotations

SECURITY = 0x80000000
BUILTIN = 0x1
SCOPES = {"global": 0x2, "domainlocal": 0x4, "universal": 0x8}
_SCOPE_BITS = sum(SCOPES.values())
_RULES = {
    "universal": (
        frozenset({"universal", "global"}),
        "group-nesting (AD-2): a universal group holds users, universal groups and global groups",
    ),
    "global": (
        frozenset({"global"}),
        "group-nesting (AD-3): a global group holds users and global groups of its own domain",
    ),
    "domainlocal": (
        frozenset({"universal", "global", "domainlocal"}),
        "group-nesting (AD-4): a domain-local group holds users, universal, global and domain-local groups",
    ),
}


def scope_of(group_type: int) -> str:
    """The scope in a groupType."""
    return next((name for name, bit in SCOPES.items() if group_type & bit), "domainlocal")


def category_of(group_type: int) -> str:
    """The category in a groupType."""
    return "security" if group_type & SECURITY else "distribution"


def with_scope(group_type: int, scope: str) -> int:
    """The groupType with another scope."""
    return group_type & ~_SCOPE_BITS | SCOPES[scope]


def with_category(group_type: int, category: str) -> int:
    """The groupType with another category."""
    return group_type & ~SECURITY | (SECURITY if category == "security" else 0)


def signed(group_type: int) -> int:
    """As the directory keeps it: a signed number of 32 bits."""
    group_type &= 0xFFFFFFFF
    return group_type - 0x100000000 if group_type & SECURITY else group_type


def fault(group: str, group_type: int, member: str, member_type: int) -> str | None:
    """Why the group `member` may not be in `group`, or None."""
    if member_type & BUILTIN:
        return f"'{member}' in '{group}': rule group-nesting: a built-in group is in no other group"
    allowed, rule = _RULES[scope_of(group_type)]
    scope = scope_of(member_type)
    if scope in allowed:
        return None
    return f"'{member}' ({scope}) in '{group}' ({scope_of(group_type)}): rule {rule}"


def foreign_fault(group: str, group_type: int, member: str) -> str | None:
    """Why an account of a trusted domain may not be in `group`, or None."""
    if scope_of(group_type) == "domainlocal":
        return None
    return (
        f"'{member}' in '{group}' ({scope_of(group_type)}): rule group-nesting (AD-51): accounts of trusted domains are"
        " in domain-local groups only"
    )
