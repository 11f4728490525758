# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and passwords: what is legal and what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology import names
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict, classes, judge

GOOD: list[tuple[Callable[[str], str], str]] = [
    (names.realm, "CORP.EXAMPLE.TEST"),
    (names.realm, "AD1.EX-AMPLE.TEST"),
    (names.netbios, "CORP"),
    (names.netbios, "FIFTEENLETTERSX"),
    (names.netbios, "A-1"),
    (names.hostname, "dc1"),
    (names.hostname, "gw-hq"),
    (names.domain, "example.test"),
    (names.domain, "xn--e1afmkfd.xn--p1ai"),
    (names.account, "alice"),
    (names.size, "0"),
    (names.size, "1500"),
    (names.size, "20G"),
    (names.account, "Алиса"),
    (names.account, "alice.o'hara"),
    (names.account, "twenty-letters-are-o"),
    (names.email, "alice@example.test"),
    (names.email, "a.b+c@example.test"),
    (names.record_name, "@"),
    (names.record_name, "*"),
    (names.record_name, "*.www"),
    (names.record_name, "_dmarc"),
    (names.record_name, "default._domainkey"),
    (names.record_target, "mx1.example.test."),
]
BAD: list[tuple[Callable[[str], str], str]] = [
    (names.realm, "CORP"),
    (names.realm, "corp.example.test"),
    (names.realm, ".EXAMPLE.TEST"),
    (names.realm, "EXAMPLE.TEST."),
    (names.realm, "EX_AMPLE.TEST"),
    (names.realm, "A" * 64 + ".TEST"),
    (names.realm, ".".join(["ABCDEFGHI"] * 26)),
    (names.netbios, "corp"),
    (names.netbios, "CORP.EX"),
    (names.netbios, "-CORP"),
    (names.netbios, "SIXTEENLETTERSXX"),
    (names.netbios, "123"),
    (names.size, ""),
    (names.size, "2GB"),
    (names.size, "-1"),
    (names.size, "0G"),
    (names.hostname, "dc1.example"),
    (names.hostname, "DC1"),
    (names.hostname, "dc_1"),
    (names.hostname, "sixteenlettersxx"),
    (names.hostname, "123"),
    (names.domain, "example"),
    (names.domain, "пример.рф"),
    (names.account, "twenty-one-letters-xx"),
    (names.account, 'ali"ce'),
    (names.account, "alice@x"),
    (names.account, "a/b"),
    (names.account, " alice"),
    (names.account, "alice."),
    (names.email, "alice"),
    (names.email, "@example.test"),
    (names.email, "alice@example"),
    (names.email, "a..b@example.test"),
    (names.email, "a b@example.test"),
    (names.email, "a" * 65 + "@example.test"),
    (names.record_name, "a b"),
    (names.record_name, "a..b"),
    (names.record_target, "a b"),
]


@pytest.mark.parametrize(("check", "name"), GOOD)
def test_legal_names(check: Callable[[str], str], name: str) -> None:
    assert check(name) == ""


@pytest.mark.parametrize(("check", "name"), BAD)
def test_illegal_names(check: Callable[[str], str], name: str) -> None:
    assert check(name) != ""


@pytest.mark.parametrize(
    ("password", "length", "verdict"),
    [
        (None, 7, Verdict.MISSING),
        ("", 7, Verdict.MISSING),
        (12345678, 7, Verdict.WRONG_TYPE),
        (["Abcdefg1"], 7, Verdict.WRONG_TYPE),
        ("Abcde1", 7, Verdict.SHORT),
        ("Abcdef1", 7, Verdict.OK),
        ("Abcdef1", 12, Verdict.SHORT),
        ("abcdefghijkl1", 12, Verdict.SIMPLE),
        ("abcdefghijkl-1", 12, Verdict.OK),
        ("пароль-long-1", 12, Verdict.OK),
    ],
)
def test_verdicts_on_passwords(password: object, length: int, verdict: Verdict) -> None:
    assert judge(password, length=length) is verdict


def test_classes_of_characters() -> None:
    assert [classes(text) for text in ("", "a", "aA", "aA1", "aA1-", "aA1-ж")] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("value", "size"), [("0", 0), ("1500", 1500), ("3K", 3072), ("2M", 2 << 20), ("1G", 1 << 30)])
def test_a_size_in_bytes(value: str, size: int) -> None:
    assert names.size_in_bytes(value) == size
