# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pair of scopes, judged as Windows judges it."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting

GLOBAL, LOCAL, UNIVERSAL = (_nesting.SECURITY | bit for bit in (2, 4, 8))
BUILTIN = _nesting.SECURITY | 5


@pytest.mark.parametrize(
    ("group", "member", "rule"),
    [
        (GLOBAL, GLOBAL, None),
        (GLOBAL, UNIVERSAL, "AD-3"),
        (GLOBAL, LOCAL, "AD-3"),
        (UNIVERSAL, GLOBAL, None),
        (UNIVERSAL, UNIVERSAL, None),
        (UNIVERSAL, LOCAL, "AD-2"),
        (LOCAL, GLOBAL, None),
        (LOCAL, UNIVERSAL, None),
        (LOCAL, LOCAL, None),
        (BUILTIN, GLOBAL, None),
        (LOCAL, BUILTIN, "built-in"),
    ],
)
def test_pairs(group: int, member: int, rule: str | None) -> None:
    fault = _nesting.fault("outer", group, "inner", member)
    assert fault is None if rule is None else fault is not None and rule in fault and "'inner'" in fault


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
