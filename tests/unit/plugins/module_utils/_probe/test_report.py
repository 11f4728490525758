# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message says what is wrong, what follows and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import (
    Check,
    Expectation,
    Finding,
    Result,
    Stage,
    Verdict,
    report,
)


def result(verdict: Verdict, *, expect: Expectation = Expectation.OPEN, attempts: int = 1, detail: str = "") -> Result:
    """Return a result as a run would give it."""
    check = Check(host="mx1", port=993, name="imaps", expect=expect, requirement="MAIL-26")
    finding = Finding(verdict=verdict, stage=Stage.CONNECT, address="198.51.100.68", detail=detail)
    return Result(check=check, finding=finding, seconds=0.1234567, attempts=attempts)


def test_one_line_per_failure() -> None:
    good, bad = result(Verdict.OPEN), result(Verdict.REFUSED, attempts=3, detail="nothing listens")
    assert report.message([good, bad]) == (
        "1 of 2 checks passed.\n"
        "imaps at mx1:993/tcp (198.51.100.68) is refused, expected open: stage connect, 0.12 s, 3 attempts"
        " (nothing listens). Nothing listens there, so no client gets in. Start the service, or correct its address or"
        " port; its journal says why it is not listening. [MAIL-26]"
    )


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.OPEN}))
def test_every_verdict_has_a_consequence_and_a_remedy(verdict: Verdict) -> None:
    text = report.sentence(result(verdict))
    assert text.count(". ") >= 2
    assert text.endswith("[MAIL-26]")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.OPEN, "can be reached where it must not be"),
        (Verdict.WRONG_PROTOCOL, "can be reached where it must not be"),
        (Verdict.OPEN_OR_FILTERED, "does not show that the port is closed"),
        (Verdict.UNRESOLVED, "does not show that the port is closed"),
    ],
)
def test_what_should_be_closed(verdict: Verdict, words: str) -> None:
    assert words in report.sentence(result(verdict, expect=Expectation.CLOSED))


def test_a_long_message_is_cut() -> None:
    lines = report.message([result(Verdict.REFUSED)] * 60).splitlines()
    assert len(lines) == 52
    assert lines[-1] == "10 more failed; they are in results."


@pytest.mark.parametrize(
    ("mode", "passed", "failed", "shown"),
    [
        ("auto", 999, 1, 1000),
        ("auto", 1000, 1, 1),
        ("all", 1000, 1, 1001),
        ("failures", 2, 1, 1),
    ],
)
def test_which_results_are_returned(mode: str, passed: int, failed: int, shown: int) -> None:
    results = [result(Verdict.OPEN)] * passed + [result(Verdict.FILTERED)] * failed
    values = report.as_return_values(results, report=mode, seconds=1.0)
    assert len(values["results"]) == shown
    assert (values["checked"], values["failed_checks"]) == (passed + failed, failed)
    assert values["verdicts"] == {"open": passed, "filtered": failed}


def test_certificates_are_told_of_checks_that_are_left_out_too() -> None:
    check = Check(host="mx1", port=993, name="imaps", tls="implicit")
    certificate = {"fingerprint_sha256": "ab" * 32, "days_left": 90}
    finding = Finding(verdict=Verdict.OPEN, stage=Stage.TLS, certificate=certificate)
    passed = Result(check=check, finding=finding, seconds=0.1, attempts=1)
    values = report.as_return_values([passed, result(Verdict.OPEN)], report="failures", seconds=1.0)
    assert values["results"] == []
    seen = {"name": "imaps", "host": "mx1", "port": 993, "server_name": "mx1", "requirement": "", **certificate}
    assert values["certificates"] == [seen]


def test_a_result_names_everything() -> None:
    assert result(Verdict.OPEN).as_dict() == {
        "name": "imaps",
        "host": "mx1",
        "port": 993,
        "transport": "tcp",
        "protocol": "none",
        "tls": "none",
        "verdict": "open",
        "stage": "connect",
        "seconds": 0.1235,
        "attempts": 1,
        "expected": "open",
        "passed": True,
        "detail": "",
        "requirement": "MAIL-26",
        "address": "198.51.100.68",
        "session": {},
        "certificate": {},
        "answer": {},
    }


def test_the_verdicts_are_frozen() -> None:
    assert list(Verdict) == [
        "open",
        "refused",
        "filtered",
        "unreachable",
        "unresolved",
        "open-or-filtered",
        "wrong-protocol",
        "wrong-tls",
        "bad-certificate",
        "unknown",
    ]
