# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mail_flow sends and how it judges; the sessions themselves are proven on real servers (tests/system)."""

from __future__ import annotations

import email
import smtplib
import ssl

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


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ([], False),
        (["from a by mx1 (Postfix) with ESMTPSA id 1; now"], True),
        (["from a by mx1 (Postfix) with UTF8SMTPSA id 1; now"], True),
        (["from a by mx1 with LMTP id 2", "from a by mx1 (Postfix) with ESMTPSA id 1; now"], True),
        (["from a by mx1 (Postfix) with ESMTPSA id 1; now", "from a by x with ESMTP id 0"], False),
        (["from a by mx1 (Postfix) with ESMTPS id 1; now"], False),
    ],
)
def test_only_an_authenticated_first_hop_under_tls_counts(received: list[str], expected: bool) -> None:
    assert flow.tls_on_arrival(received=received) is expected


def test_a_server_that_does_not_answer_is_named_with_its_port() -> None:
    server = flow.Server(name="127.0.0.1", context=ssl.create_default_context(), timeout=1)
    message = flow.compose(account=ACCOUNT, recipient=ACCOUNT.address, message_id="<1@example.test>", now=0)
    with pytest.raises(flow.MailFlowError, match="submission on port 1: ConnectionRefusedError") as caught:
        flow.submit(server=server, endpoint=flow.Endpoint(port=1, tls="starttls"), account=ACCOUNT, message=message)
    assert caught.value.step == "submission on port 1"
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
