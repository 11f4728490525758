# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mail_flow sends and how it judges; the sessions themselves are proven on real servers (tests/system)."""

from __future__ import annotations

import email
import email.message
import json
import poplib
import smtplib
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import flow

ACCOUNT = flow.Account(user="alice", password="Sesame-Open-1", address="alice@example.test")


def test_the_message_can_be_found_again_and_says_that_a_program_sent_it() -> None:
    message = flow.compose(account=ACCOUNT, recipient="boris@example.test", message_id="<1@example.test>", now=0)
    parsed = email.message_from_bytes(message.as_bytes())
    assert parsed["Message-ID"] == "<1@example.test>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert (parsed["From"], parsed["To"]) == ("alice@example.test", "boris@example.test")


def test_the_password_is_in_no_representation() -> None:
    assert "Sesame" not in repr(ACCOUNT)


def test_a_server_that_does_not_answer_is_named_with_its_port() -> None:
    server = flow.Server(name="127.0.0.1", context=ssl.create_default_context(), timeout=1)
    message = flow.compose(account=ACCOUNT, recipient=ACCOUNT.address, message_id="<1@example.test>", now=0)
    with pytest.raises(
        flow.MailFlowError, match=r"submission to 127\.0\.0\.1 port 1: ConnectionRefusedError"
    ) as caught:
        flow.submit(server=server, endpoint=flow.Endpoint(port=1, tls="starttls"), account=ACCOUNT, message=message)
    assert caught.value.step == "submission to 127.0.0.1 port 1"
    assert "Sesame" not in str(caught.value)


def test_a_refused_recipient_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(smtplib.SMTP):
        def __init__(self, *_args: object, **_options: object) -> None:
            self.sock = None

        def starttls(self, **_options: object) -> tuple[int, bytes]:  # type: ignore[override]
            return 220, b""

        def login(self, *_args: object, **_options: object) -> tuple[int, bytes]:
            return 235, b""

        def mail(self, *_args: object, **_options: object) -> tuple[int, bytes]:
            return 250, b""

        def rcpt(self, *_args: object, **_options: object) -> tuple[int, bytes]:
            return 550, b"5.1.1 no such user"

        def docmd(self, *_args: object, **_options: object) -> tuple[int, bytes]:
            return 221, b""

    monkeypatch.setattr(smtplib, "SMTP", Refusing)
    server = flow.Server(name="mx1", context=ssl.create_default_context(), timeout=1)
    message = flow.compose(account=ACCOUNT, recipient=ACCOUNT.address, message_id="<1@example.test>", now=0)
    with pytest.raises(flow.MailFlowError, match=r"550.*no such user"):
        flow.submit(server=server, endpoint=flow.Endpoint(port=587, tls="starttls"), account=ACCOUNT, message=message)


TLS = ssl.create_default_context()
ARRIVED = ("from a by mx1 (Postfix) with ESMTPSA id 1; now",)


def _reader(name: str, *, pop3: bool = True) -> flow.Reader:
    server = flow.Server(name=name, context=TLS, timeout=1)
    port = flow.Endpoint(port=995, tls="implicit")
    return flow.Reader(server=server, imap=flow.Endpoint(port=993, tls="implicit"), pop3=port if pop3 else None)


class Mailbox:
    """What the sessions would say: copies by server, errors by step and server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, imap: dict[str, Any], pop3: dict[str, Any]) -> None:
        self.imap, self.pop3 = imap, pop3
        self.received = ARRIVED
        self.listings: list[str] | None = None
        self.removed_by: list[str] = []
        monkeypatch.setattr(flow, "submit", lambda **_given: "2.0.0 Ok: queued as 1")
        monkeypatch.setattr(flow, "imap_copies", self._imap)
        monkeypatch.setattr(flow, "pop3_copies", lambda reader, **_given: self._say(pop3, reader))
        monkeypatch.setattr(flow, "remove", self._remove)

    @staticmethod
    def _say(copies: dict[str, Any], reader: flow.Reader) -> int:
        answer = copies[reader.server.name]
        if isinstance(answer, str):
            raise flow.MailFlowError(step="login", detail=answer, remedy="Look.")
        return int(answer)

    def _imap(
        self, reader: flow.Reader, meanwhile: Callable[[], None], **_given: Any
    ) -> tuple[int, email.message.Message | None]:
        meanwhile()
        copies = self._say(self.imap, reader)
        header = email.message.Message()
        for value in self.received:
            header["Received"] = value
        return copies, header if copies else None

    def _listing(self) -> str:
        assert self.listings
        return self.listings.pop(0) if len(self.listings) > 1 else self.listings[0]

    def _remove(self, reader: flow.Reader, **_given: Any) -> int:
        found = self._say(self.imap, reader)
        self.removed_by.append(reader.server.name)
        return found

    def prove(self, *readers: flow.Reader) -> flow.Flow:
        server = flow.Server(name="mx1", context=TLS, timeout=1)
        port = flow.Endpoint(port=465, tls="implicit")
        demand = flow.Demand(deadline=5, listing=self._listing if self.listings else None)
        return flow.prove(server=server, account=ACCOUNT, submission=port, readers=readers, demand=demand)


def test_a_message_that_is_seen_once_everywhere_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1, "mx2": 1}, pop3={"mx1": 1})
    found = mailbox.prove(_reader("mx1"), _reader("mx2", pop3=False))
    assert (found.problems, found.accepted, found.received_tls) == ([], "2.0.0 Ok: queued as 1", True)
    assert (found.queue_id, found.queue, found.removed) == ("1", None, 1)
    assert [(one.server, one.imap_copies, one.pop3_copies) for one in found.readings] == [
        ("mx1", 1, 1),
        ("mx2", 1, None),
    ]
    assert mailbox.removed_by == ["mx1"]


@pytest.mark.parametrize(
    ("imap", "pop3", "words"),
    [
        ({"mx1": 1, "mx2": 0}, {"mx1": 1, "mx2": 0}, ["IMAP on mx2 did not show"]),
        ({"mx1": 1, "mx2": 1}, {"mx1": 1, "mx2": 0}, ["POP3 on mx2 did not show"]),
        ({"mx1": 2, "mx2": 2}, {"mx1": 1, "mx2": 1}, ["IMAP on mx1 shows 2", "IMAP on mx2 shows 2"]),
        ({"mx1": "refused", "mx2": 1}, {"mx2": 1}, ["login: refused"]),
        ({"mx1": 1, "mx2": 1}, {"mx1": "refused", "mx2": 1}, ["login: refused"]),
    ],
)
def test_every_problem_is_told(
    monkeypatch: pytest.MonkeyPatch, imap: dict[str, Any], pop3: dict[str, Any], words: list[str]
) -> None:
    mailbox = Mailbox(monkeypatch, imap=imap, pop3=pop3)
    found = mailbox.prove(_reader("mx1"), _reader("mx2"))
    assert len(found.problems) == len(words)
    assert all(word in problem for word, problem in zip(words, found.problems, strict=True))
    assert len(mailbox.removed_by) == 1


def test_a_copy_that_comes_late_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1}, pop3={"mx1": 1})
    monkeypatch.setattr(flow, "remove", lambda **_given: 2)
    assert [problem.partition(".")[0] for problem in mailbox.prove(_reader("mx1")).problems] == [
        "At last IMAP on mx1 shows 2 copies of one message"
    ]


def test_a_message_that_nobody_can_remove_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": "down", "mx2": "down"}, pop3={})
    assert len(mailbox.prove(_reader("mx1"), _reader("mx2")).problems) == 4


def test_a_message_that_came_without_a_login_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1}, pop3={"mx1": 1})
    mailbox.received = ("from a by mx1 (Postfix) with ESMTP id 1; now",)
    assert "No Received header" in mailbox.prove(_reader("mx1")).problems[0]


def test_what_is_not_accepted_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={}, pop3={})

    def refuse(**_given: Any) -> str:
        raise flow.MailFlowError(step="submission", detail="454 later.", remedy="Wait.")

    monkeypatch.setattr(flow, "submit", refuse)
    found = mailbox.prove(_reader("mx1"))
    assert (found.accepted, found.problems, found.readings) == (None, ["submission: 454 later. Wait."], [])


def _queued(name: str, reason: str = "", *, number: str = "1") -> str:
    row = {"queue_name": name, "queue_id": number, "recipients": [{"address": "a@b", "delay_reason": reason}]}
    return json.dumps(row) + "\n"


def test_a_message_is_followed_through_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1}, pop3={"mx1": 1})
    mailbox.listings = [_queued("incoming"), _queued("active"), _queued("active", number="2")]
    found = mailbox.prove(_reader("mx1"))
    assert found.queue is not None
    assert (found.queue.queues, found.queue.waiting, found.problems) == (["incoming", "active"], False, [])


def test_a_message_that_does_not_arrive_is_named_with_what_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_PAUSE", 0)
    mailbox = Mailbox(monkeypatch, imap={"mx1": 0}, pop3={})
    mailbox.listings = [_queued("active"), _queued("deferred", "connect to dovecot-lmtp: refused")]
    (problem,) = mailbox.prove(_reader("mx1")).problems
    assert "It waits in the deferred queue as 1 (connect to dovecot-lmtp: refused)." in problem


def test_a_message_that_stays_in_the_queue_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_PAUSE", 0)
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1}, pop3={"mx1": 1})
    mailbox.listings = [_queued("active")]
    (problem,) = mailbox.prove(_reader("mx1")).problems
    assert "1 is in the queue still, so it may be delivered again" in problem


def test_a_queue_that_cannot_be_read_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox(monkeypatch, imap={"mx1": 1}, pop3={"mx1": 1})
    mailbox.listings = ["unused"]

    def broken() -> str:
        raise OSError("mail system is down")

    monkeypatch.setattr(mailbox, "_listing", broken)
    (problem,) = mailbox.prove(_reader("mx1")).problems
    assert problem.startswith("postqueue -j: OSError: mail system is down.")


@pytest.mark.parametrize(("failures", "expected"), [(0, 1), (2, 1), (3, None)])
def test_a_pop3_session_that_others_disturb_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch, failures: int, expected: int | None
) -> None:
    tries: list[int] = []

    def look(*_given: Any) -> int:
        tries.append(1)
        if len(tries) <= failures:
            raise poplib.error_proto("-ERR message was expunged")
        return 1

    monkeypatch.setattr(flow, "_pop3_copies", look)
    monkeypatch.setattr(flow, "_PAUSE", 0)
    reader = _reader("mx1")
    assert reader.pop3 is not None
    if expected is None:
        with pytest.raises(flow.MailFlowError, match="POP3 on mx1 port 995"):
            flow.pop3_copies(reader=reader, endpoint=reader.pop3, account=ACCOUNT, message_id="<1@example.test>")
    else:
        found = flow.pop3_copies(reader=reader, endpoint=reader.pop3, account=ACCOUNT, message_id="<1@example.test>")
        assert found == expected
