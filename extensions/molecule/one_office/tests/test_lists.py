# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the directory with an address: who gets their mail, and who may send it."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User

TARGET = mail_target.load()
ALICE, BORIS = TARGET.recipient, TARGET.sender
CLIENT = Client(TARGET, TARGET.hosts[0])
STRANGER = "stranger@elsewhere.example"
SERVER = "mx12"


def _rcpt(port: int, recipient: str, *, sender: str, login: User | None = None) -> int:
    """The answer to a recipient."""
    with CLIENT.smtp(port) as session:
        if login:
            session.login(login.login, login.password)
        session.mail(sender)
        return session.rcpt(recipient)[0]


def test_every_member_with_a_mailbox_gets_it_and_nothing_bounces() -> None:
    """A disabled member gets nothing, and is no reason for a bounce. Members of a member group are members."""
    begun = root_shell(at(SERVER), "date '+%Y-%m-%d %H:%M:%S'").strip()
    subject = CLIENT.send(587, BORIS, [f"staff@{TARGET.domain}"])
    assert [CLIENT.found(993, user, subject) for user in (ALICE, BORIS)] == [True, True]
    log = root_shell(at(SERVER), f"journalctl --output=cat --since='{begun}' SYSLOG_FACILITY=2")
    assert f"orig_to=<staff@{TARGET.domain}>" in log
    assert "carol" not in log
    assert "status=bounced" not in log


def test_a_list_of_nobody_is_refused_in_the_session() -> None:
    assert _rcpt(25, f"former@{TARGET.domain}", sender=STRANGER) == 550
    assert _rcpt(25, f"staff@{TARGET.domain}", sender=STRANGER) == 250


@pytest.mark.parametrize("name", ["everybody", "board", "board+extension"])
@pytest.mark.parametrize("sender", [STRANGER, "", ALICE.address])
def test_a_closed_list_takes_nothing_from_outside(name: str, sender: str) -> None:
    assert _rcpt(25, f"{name}@{TARGET.domain}", sender=sender) in (550, 554)


@pytest.mark.parametrize(
    ("name", "user", "codes"),
    [
        ("everybody", BORIS, {250}),
        ("everybody", ALICE, {250}),
        ("board", ALICE, {250}),
        ("board", BORIS, {554}),
        ("board+extension", BORIS, {554}),
        ("staff", BORIS, {250}),
    ],
)
def test_who_may_send_to_a_list(name: str, user: User, codes: set[int]) -> None:
    assert _rcpt(587, f"{name}@{TARGET.domain}", sender=user.address, login=user) in codes


def test_a_login_without_a_sender_is_no_member() -> None:
    assert _rcpt(587, f"board@{TARGET.domain}", sender="", login=BORIS) == 554
    assert _rcpt(587, ALICE.address, sender="", login=BORIS) == 250
