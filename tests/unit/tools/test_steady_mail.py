# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter of the fault tests counts right: a test that cannot see a lost message proves nothing."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections import Counter
from typing import Any, cast

import pytest
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import (
    Counted,
    Door,
    Log,
    Outcome,
    Permanent,
    Sender,
    Unanswered,
    count,
    steady,
)
from ansible_collections.mailforest.stack.tests.system.support.tables import table


class Scripted(Door):
    """Answers as it was told, one answer per attempt, and accepts all that comes after."""

    answers: list[Exception | None]

    def hand_in(self, sender: str, recipient: str, message: bytes) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer


def _door(*answers: Exception | None) -> Scripted:
    door = Scripted(address="198.51.100.1", context=ssl.create_default_context())
    object.__setattr__(door, "answers", list(answers))
    return door


def test_a_message_is_sent_again_until_it_is_accepted() -> None:
    door = _door(None, OSError("451 later"), Unanswered("lost"), None, Permanent("550 no"))
    with steady(door, "a@example.test", ["b@example.test"], pause=0.001) as mail:
        while len(mail.log.accepted) < 5:
            time.sleep(0.001)
    assert (mail.log.failed, mail.log.unanswered, mail.log.refused) == (["451 later", "lost"], 1, ["550 no"])
    assert mail.log.sent == len(mail.log.accepted) + 1
    assert f"{mail.run_name}-2" not in mail.log.accepted


def _denied(code: int = 535) -> smtplib.SMTPAuthenticationError:
    return smtplib.SMTPAuthenticationError(code, b"5.7.8 Error: authentication failed")


def test_a_login_that_is_denied_for_a_moment_is_tried_again() -> None:
    door = _door(None, _denied(), _denied(), OSError("closed"), _denied())
    with steady(door, "a@example.test", ["b@example.test"], pause=0.001) as mail:
        while len(mail.log.accepted) < 3:
            time.sleep(0.001)
    assert (len(mail.log.failed), mail.log.refused) == (4, [])
    assert mail.log.sent == len(mail.log.accepted)


def test_a_login_that_stays_denied_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the message, whose sender then gives up; for a moment only says who answers 4xx, however long."""
    monkeypatch.setattr(Sender, "login_seconds", 0.5)
    later = [_denied(454) for _turn in range(100)]
    door = _door(None, *later, None, *(_denied() for _turn in range(1000)))
    with steady(door, "a@example.test", ["b@example.test"], pause=0.001) as mail:
        while not mail.log.refused:
            time.sleep(0.001)
        door.answers.clear()
        reached = len(mail.log.accepted)
        while len(mail.log.accepted) < reached + 2:
            time.sleep(0.001)
    assert len(mail.log.refused) == 1
    assert "535" in mail.log.refused[0]
    assert len(mail.log.failed) > len(later) + 2
    assert mail.log.sent == len(mail.log.accepted) + 1


class Mailbox:
    """Two folders; what is asked for is found in both."""

    def __init__(self, *serials: str) -> None:
        self.serials = serials

    def list(self) -> tuple[str, Any]:
        return "OK", [b'(\\HasNoChildren) "/" INBOX', b'(\\Junk) "/" "Junk"', b'(\\Noselect) "/" shared']

    def select(self, folder: str, readonly: bool) -> None:
        assert readonly
        assert folder in ('"INBOX"', '"Junk"')

    def search(self, *_words: Any) -> tuple[str, Any]:
        return "OK", [b" ".join(str(number).encode() for number in range(1, len(self.serials) + 1))]

    def fetch(self, _numbers: str, _what: str) -> tuple[str, Any]:
        head = b'1 (INTERNALDATE "29-Nov-2026 12:00:00 +0000" BODY[HEADER.FIELDS (X-MAILFOREST-SERIAL)] {30}'
        return "OK", [part for one in self.serials for part in ((head, f"x-mailforest-serial: {one}".encode()), b")")]


def test_every_folder_is_counted() -> None:
    found = count(cast(Any, Mailbox("run-1", "run-2", "run-2")), "run")
    assert found.copies == {"run-1": 2, "run-2": 4}
    assert found.newest > 0
    assert count(cast(Any, Mailbox()), "run").copies == {}


@pytest.mark.parametrize(
    ("copies", "lost", "doubled"),
    [({"1": 1, "2": 1}, 0, 0), ({"1": 1}, 1, 0), ({"1": 3, "2": 1}, 0, 2), ({"1": 1, "2": 1, "unanswered": 1}, 0, 0)],
)
def test_what_is_lost_and_what_is_doubled(copies: dict[str, int], lost: int, doubled: int) -> None:
    log = Log(sent=3, accepted={"1": 100.0, "2": 101.0}, unanswered=1)
    outcome = Outcome.of("fault", log, Counted(copies=Counter(copies), newest=104.0))
    assert (outcome.sent, outcome.accepted, outcome.found) == (3, 2, 2 - lost)
    assert (outcome.lost, outcome.doubled, outcome.last) == (lost, doubled, 3.0)
    assert [line.split()[1] for line in table([outcome]).splitlines()] == ["fault", "---", "fault"]
    assert table([]) == ""
