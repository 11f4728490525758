# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a controller may start, by what the others say of it."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _gate
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gate import (
    GONE,
    REJECTED,
    SILENT,
    STANDS,
    UNCLEAR,
    Answer,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import PROBE_USER
from ansible_collections.mailforest.stack.plugins.module_utils._probe.kerberos import Kerberos

MINUTE, WEEK = 60.0, 7 * 86400.0


@pytest.mark.parametrize(
    ("verdicts", "age", "allowed", "asked"),
    [
        pytest.param([], WEEK, True, True, id="the only controller"),
        pytest.param([STANDS, SILENT], WEEK, True, True, id="one answers, another is off"),
        pytest.param([SILENT, UNCLEAR], WEEK, True, False, id="nobody tells: after a power cut"),
        pytest.param([GONE, STANDS], WEEK, False, True, id="one has learnt of the seizure, another was off then"),
        pytest.param([GONE, STANDS], MINUTE, False, True, id="seized right after the join"),
        pytest.param([REJECTED, SILENT], WEEK, False, True, id="no account any more"),
        pytest.param([REJECTED, STANDS], WEEK, False, True, id="no account at the survivor, an old one elsewhere"),
        pytest.param([REJECTED, STANDS], MINUTE, True, True, id="just joined, and not everybody knows"),
        pytest.param([REJECTED], MINUTE, False, True, id="just joined, and nobody knows"),
    ],
)
def test_decision(verdicts: list[str], age: float, allowed: bool, asked: bool) -> None:
    answers = [Answer(f"dc{number}", verdict, verdict) for number, verdict in enumerate(verdicts, 2)]
    decision = _gate.decide(answers, age=age)
    assert (decision.allowed, decision.asked) == (allowed, asked)


def test_a_refusal_says_who_why_and_what_to_do() -> None:
    message = _gate.decide(
        [Answer("dc2", GONE, "its roles were seized by dc1 at 2026-11-23T10:00:00Z"), Answer("dc4", STANDS)], age=WEEK
    ).message
    for part in ("(dc4 still knows it)", "dc2: its roles were seized by dc1", "Samba does not start", "Wipe this host"):
        assert part in message


def test_the_kdc_is_asked_as_the_probe_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate stands alone on its host, so it has a copy of the question; both must say the same."""
    monkeypatch.setattr("secrets.randbits", lambda _count: 7)
    assert _gate._as_req(PROBE_USER, "CORP.EXAMPLE.TEST") == Kerberos().request("CORP.EXAMPLE.TEST")


@pytest.mark.parametrize("code", [6, 18, 25])
def test_the_kdc_is_understood(code: int) -> None:
    fields = _gate._element(0xA0, _gate._number(5)), _gate._element(0xA1, _gate._number(30))
    error = _gate._element(0x7E, _gate._element(0x30, *fields, _gate._element(0xA6, _gate._number(code))))
    assert _gate.kerberos_error(error) == code


@pytest.mark.parametrize("reply", [b"", b"\x6b\x02\x30\x00", b"HTTP/1.1 400", b"\x7e\x84\xff\xff\xff\xff"])
def test_other_replies_tell_nothing(reply: bytes) -> None:
    assert _gate.kerberos_error(reply) is None
