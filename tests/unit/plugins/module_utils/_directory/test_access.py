# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists: what is there, added and taken away."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _access

HELD = "D:AI(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;PS)(A;;RPWP;;;DA)(A;CIID;RC;;;AU)"
CONDITION = '(XA;;RP;;;WD;(@User.title=="(PM)"))'


def test_what_is_inherited_is_not_seen() -> None:
    assert len(_access.entries(HELD)) == 3
    assert _access.own(HELD) == _access.entries(HELD)[:2]


def test_conditions_may_hold_parentheses() -> None:
    assert _access.entries(f"D:P{CONDITION}(A;;RP;;;WD)") == [CONDITION, "(A;;RP;;;WD)"]


@pytest.mark.parametrize(
    ("sddl", "held"),
    [
        ("D:(D;;SDDT;;;WD)", True),
        ("D:(D;;DTSD;;;WD)", True),
        ("D:(D;;DCDTSD;;;WD)", True),
        ("D:(D;;SD;;;WD)", False),
        ("D:(D;;SDDT;;;AU)", False),
        ("D:(A;;SDDT;;;WD)", False),
        ("D:(D;CI;SDDT;;;WD)", False),
        ("D:(D;ID;SDDT;;;WD)", False),
        ("D:", False),
    ],
)
def test_protection_is_recognised(sddl: str, held: bool) -> None:
    assert _access.holds(sddl, _access.PROTECTION) is held


def test_what_denies_comes_first_and_goes_again() -> None:
    denied = _access.changed(HELD, add=_access.NO_PASSWORD_CHANGE)
    assert denied.startswith("D:AI(OD;;CR;")
    assert _access.holds(denied, _access.NO_PASSWORD_CHANGE)
    assert _access.changed(denied, add=_access.NO_PASSWORD_CHANGE) == denied
    assert _access.changed(denied, remove=_access.NO_PASSWORD_CHANGE) == "D:AI" + "".join(_access.own(HELD))


def test_other_rights_in_the_same_entry_stay() -> None:
    assert _access.changed("D:(D;;DCSDDT;;;WD)", remove=_access.PROTECTION) == "D:(D;;DC;;;WD)"
    assert _access.changed("D:P(A;;0x1f;;;WD)", remove=["(A;;0x1f;;;WD)"]) == "D:P"
