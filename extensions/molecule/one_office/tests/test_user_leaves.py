# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user leaves, and another comes back, by the inventory."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, directory_again, eventually

OFFICE = offices.current()
REFUSED = (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error, poplib.error_proto)


@pytest.fixture(scope="module")
def clients() -> list[Client]:
    target = mail_target.load()
    return [Client(target, server) for server in target.hosts]


def _logins(clients: list[Client], user: mail_target.User) -> set[bool]:
    """Whether the user's login is taken: at every port of the first server, and by the others at one of each kind."""
    first, *others = clients
    ports = [(first, port) for port in (*first.target.submission, *first.target.reading)]
    ports += [(client, port) for client in others for port in (client.target.submission[0], client.target.reading[0])]
    return {_login(client, port, user) for client, port in ports}


def _login(client: Client, port: int, user: mail_target.User) -> bool:
    try:
        client.login(port, user)
    except REFUSED:
        return False
    return True


def _replicated(clients: list[Client], user: mail_target.User, *, enabled: bool) -> None:
    """Wait until every mail server's own domain controller knows."""
    port = clients[0].target.reading[0]
    eventually(lambda: {_login(client, port, user) for client in clients} == {enabled}, seconds=120)


def _only_directory_changed(run: Run) -> bool:
    """The lists are written on the first domain controller, and replicate from there."""
    return {change.split(":")[0] for change in run.changes} == {OFFICE.controllers[0]}


@pytest.fixture
def as_declared(clients: list[Client]) -> Iterator[None]:
    """A user who was disabled is enabled again, whatever became of the test: the others' need her."""
    yield
    target = clients[0].target
    if not _login(clients[0], target.reading[0], target.recipient):
        directory_again()


@pytest.mark.usefixtures("as_declared")
def test_a_user_is_disabled_and_another_enabled_by_the_inventory(clients: list[Client]) -> None:
    """Refusals cost seconds each, so those before and after the change are left to test_mail."""
    alice, carol = clients[0].target.recipient, clients[0].target.disabled[0]
    assert _logins(clients, alice) == {True}

    changed = OFFICE.users_with(alice={"enabled": False}, carol={"enabled": True})
    run = directory_again(mailforest_users=changed)
    assert _only_directory_changed(run), run.explain()
    _replicated(clients, carol, enabled=True)
    _replicated(clients, alice, enabled=False)
    assert _logins(clients, carol) == {True}
    assert _logins(clients, alice) == {False}

    run = directory_again()
    assert _only_directory_changed(run), run.explain()
    _replicated(clients, alice, enabled=True)
    _replicated(clients, carol, enabled=False)
    assert _logins(clients, alice) == {True}
