# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pair of scopes and categories, judged as Windows judges it."""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting

GLOBAL, LOCAL, UNIVERSAL = (_nesting.SECURITY | bit for bit in (2, 4, 8))
BUILTIN = _nesting.SECURITY | 5
# Microsoft, "Nesting in native mode": what each scope may hold of its own domain; the category plays no part in it.
MICROSOFT = {
    ("universal", "universal"): None,
    ("universal", "global"): None,
    ("universal", "domainlocal"): "AD-2",
    ("global", "universal"): "AD-3",
    ("global", "global"): None,
    ("global", "domainlocal"): "AD-3",
    ("domainlocal", "universal"): None,
    ("domainlocal", "global"): None,
    ("domainlocal", "domainlocal"): None,
}
CATEGORIES = ("security", "distribution")


@pytest.mark.parametrize("member_category", CATEGORIES)
@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize(("scopes", "rule"), MICROSOFT.items())
def test_all_36_pairs(scopes: tuple[str, str], rule: str | None, category: str, member_category: str) -> None:
    """AD-2, AD-3, AD-4."""
    group, member = (
        _nesting.with_category(_nesting.SCOPES[scope], kind)
        for scope, kind in zip(scopes, (category, member_category), strict=True)
    )
    fault = _nesting.fault("outer", group, "inner", member)
    assert fault is None if rule is None else fault is not None and rule in fault and "'inner'" in fault


def test_the_36_pairs_are_all_there() -> None:
    assert len(list(product(MICROSOFT, CATEGORIES, CATEGORIES))) == 36
    assert sum(rule is None for rule in MICROSOFT.values()) * 4 == 24


@pytest.mark.parametrize(("group", "member", "rule"), [(BUILTIN, GLOBAL, None), (LOCAL, BUILTIN, "built-in")])
def test_builtin_groups(group: int, member: int, rule: str | None) -> None:
    fault = _nesting.fault("outer", group, "inner", member)
    assert fault is None if rule is None else fault is not None and rule in fault


@pytest.mark.parametrize(("group", "allowed"), [(LOCAL, True), (BUILTIN, True), (GLOBAL, False), (UNIVERSAL, False)])
def test_accounts_of_trusted_domains_are_in_domain_local_groups_alone(group: int, allowed: bool) -> None:
    """AD-51."""
    fault = _nesting.foreign_fault("outer", group, "S-1-5-21-1-2-3-1104")
    assert fault is None if allowed else fault is not None and "AD-51" in fault


@pytest.mark.parametrize(("scope", "bit"), _nesting.SCOPES.items())
def test_scope_and_category_are_independent(scope: str, bit: int) -> None:
    number = _nesting.with_scope(GLOBAL, scope)
    assert (_nesting.scope_of(number), _nesting.category_of(number)) == (scope, "security")
    plain = _nesting.with_category(number, "distribution")
    assert (_nesting.scope_of(plain), _nesting.category_of(plain), plain) == (scope, "distribution", bit)
    assert _nesting.with_category(plain, "security") == number


@pytest.mark.parametrize(
    ("number", "signed"), [(0x80000002, -2147483646), (2, 2), (-2147483644, -2147483644), (0x80000008, -2147483640)]
)
def test_the_directory_keeps_signed_numbers(number: int, signed: int) -> None:
    assert _nesting.signed(number) == signed
