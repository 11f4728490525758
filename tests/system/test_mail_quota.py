# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-27: a mailbox with a limit in the directory. Full, it takes nothing more, and its owner can make room."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client, letter
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.people import person
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually

TARGET = mail_target.load()
CLIENT = Client(TARGET, TARGET.hosts[0])
STRANGER = "stranger@elsewhere.example"
LIMIT = 200_000
PIECE = 60_000
TOO_LARGE = 20_000_000
"""More than the limit and what one message may go beyond it."""


@pytest.fixture(scope="module")
def small(office: Office) -> Iterator[User]:
    """A user with room for three messages and a bit."""
    with person(office, "quota-small", attributes={"set": {"maxStorage": [str(LIMIT)]}}) as user:
        CLIENT.login(993, user)
        yield user


def _answer(recipient: str, *, size: int = PIECE, port: int = 25) -> tuple[int, bytes]:
    with CLIENT.smtp(port) as session:
        if port != 25:
            session.login(TARGET.sender.login, TARGET.sender.password)
        session.mail(STRANGER if port == 25 else TARGET.sender.address, [f"SIZE={size}"])
        return session.rcpt(recipient)


def _has(user: User, count: int) -> bool:
    with CLIENT.imap(993) as session:
        session.login(user.login, user.password)
        return session.select("INBOX", readonly=True)[1] == [str(count).encode()]


def _fill(user: User) -> int:
    """Send until the server refuses; how many messages it took."""
    for taken in range(10):
        if _answer(user.address)[0] != 250:
            return taken
        with CLIENT.smtp(25) as session:
            text = letter(STRANGER, user.address, "a piece", "\n".join(["x" * 70] * (PIECE // 72)))
            assert session.sendmail(STRANGER, [user.address], text) == {}
        eventually(partial(_has, user, taken + 1), seconds=30)
    raise AssertionError("never full")


def test_a_full_mailbox_refuses_in_the_session_and_its_owner_makes_room(small: User) -> None:
    assert _fill(small) in (3, 4)  # the last one may go beyond
    for port in (25, 587):
        code, said = _answer(small.address, port=port)
        assert (code, said[:5], b"Mailbox is full" in said) == (452, b"4.2.2", True), said
        assert _answer(TARGET.recipient.address, port=port)[0] == 250
    with CLIENT.imap(993) as session:
        session.login(small.login, small.password)
        assert b"STORAGE" in session.getquotaroot("INBOX")[1][1][0]
        session.select("INBOX")
        assert session.append("INBOX", "", "", b"x" * LIMIT)[1][0].startswith(b"[OVERQUOTA]")
        assert session.fetch("1", "(BODY[])")[0] == "OK"
        assert session.copy("1", "Trash")[0] == "OK"
        session.store("1:2", "+FLAGS", "\\Deleted")
        session.expunge()
        session.select("Trash")
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
    assert _answer(small.address)[0] == 250


def test_a_message_larger_than_the_mailbox_is_refused(small: User, office: Office) -> None:
    """For good, so that the sender's server need not try again; Dovecot 2.4.1 falls through to the other answer."""
    release = at(office.mail_servers[0]).system_info.release.partition(".")[0]
    code, said = _answer(small.address, size=TOO_LARGE)
    assert (code, said[:5]) == {"12": (552, b"5.2.3"), "13": (452, b"4.2.2")}[release]
    assert _answer(TARGET.recipient.address, size=TOO_LARGE)[0] == 250
