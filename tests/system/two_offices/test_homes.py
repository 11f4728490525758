# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each mailbox has one home, every server serves all: one copy by every way, and a renamed user keeps the mail."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Iterator
from functools import partial
from itertools import product

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually

TARGET = mail_target.load()
CLIENTS = [Client(TARGET, server) for server in TARGET.hosts]
ALICE, BORIS = TARGET.recipient, TARGET.sender
STRAY_SECONDS = 5
"""A second copy would come by another way, and a little later."""


@pytest.fixture(autouse=True, scope="module")
def tidy() -> Iterator[None]:
    """Take away what the tests sent."""
    yield
    for user in (ALICE, BORIS):
        CLIENTS[0].remove(993, user, "mailforest test")


def _one_copy(user: User, subjects: list[str]) -> None:
    """Each of the messages is found exactly once, through every server by IMAP and by POP3."""
    wanted = dict.fromkeys(subjects, 1)
    eventually(lambda: CLIENTS[0].copies(993, user, subjects) == wanted, seconds=30)
    time.sleep(STRAY_SECONDS)
    found = {
        (client.server.fqdn, port): client.copies(port, user, subjects) for client in CLIENTS for port in TARGET.reading
    }
    assert found == dict.fromkeys(found, wanted)


def test_one_copy_by_every_server_and_submission_port() -> None:
    """MAIL-31: Alice and Boris, at home in different offices, write to each other by each server on each port."""
    sent: dict[User, list[str]] = {ALICE: [], BORIS: []}
    for client, port, (sender, recipient) in product(CLIENTS, TARGET.submission, ((ALICE, BORIS), (BORIS, ALICE))):
        sent[recipient].append(client.send(port, sender, [recipient.address]))
    for recipient, subjects in sent.items():
        _one_copy(recipient, subjects)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.server.fqdn)
def test_one_transaction_reaches_both(client: Client) -> None:
    """MAIL-31: one recipient at home here and one there, named one by one, and by their list."""
    subjects = [
        client.send(587, BORIS, [ALICE.address, BORIS.address]),
        client.send(465, ALICE, [f"team@{TARGET.domain}"]),
    ]
    for user in (ALICE, BORIS):
        _one_copy(user, subjects)


def test_the_mailbox_lies_at_its_home_alone(office: Office) -> None:
    """Whatever server took the message, it is kept on the recipient's own."""
    homes = {ALICE: office.mail["home"]["hq"], BORIS: office.mail["home"]["branch"]}
    for recipient, home in homes.items():
        subjects = [client.send(587, recipient, [recipient.address]) for client in CLIENTS]
        _one_copy(recipient, subjects)
        kept = {name: [_kept(name, subject) for subject in subjects] for name in office.mail_servers}
        assert kept == {name: [int(name == home)] * len(subjects) for name in office.mail_servers}


def _kept(server: str, subject: str) -> int:
    """How many messages of the server's mailboxes have this subject; its indexes do not count."""
    return int(root_shell(at(server), f"grep -rlF --exclude='dovecot*' 'Subject: {subject}' /var/vmail | wc -l"))


def test_a_renamed_user_keeps_the_mail(office: Office) -> None:
    """AD-16: a new name, login and address; the same mailbox, by both servers."""
    before = CLIENTS[1].send(587, BORIS, [ALICE.address])
    renamed = User(login="alicia", address=f"alicia@{TARGET.domain}", password=ALICE.password)
    _one_copy(ALICE, [before])
    try:
        _rename(office, ALICE, renamed)
        for client in CLIENTS:
            eventually(partial(_logs_in, client, renamed), seconds=120)
        after = CLIENTS[0].send(587, BORIS, [renamed.address])
        _one_copy(renamed, [before, after])
    finally:
        _rename(office, renamed, ALICE)
    for client in CLIENTS:
        eventually(partial(_logs_in, client, ALICE), seconds=120)
    _one_copy(ALICE, [before, after])


def _rename(office: Office, old: User, new: User) -> None:
    module(
        at(office.controllers[0]),
        "user",
        identity=old.login,
        name=new.login,
        sam_account_name=new.login,
        upn=f"{new.login}@{office.dns_domain}",
        email=new.address,
    )


def _logs_in(client: Client, user: User) -> bool:
    try:
        client.login(993, user)
    except imaplib.IMAP4.error:
        return False
    return True
