# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every domain controller is down: mail is deferred, never bounced, never lost."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import Faults, Mailbox
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import Door
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from testinfra.host import Host

AGREED_SECONDS = 90
"""Until Postfix and Dovecot have a connection to the directory again."""
STRANGER = "stranger@elsewhere.example"


@contextmanager
def _without_controllers(office: Office) -> Iterator[None]:
    try:
        for name in office.controllers:
            root_shell(at(name), "systemctl stop samba-ad-dc.service")
        yield
    finally:
        for name in office.controllers:
            root_shell(at(name), "systemctl start samba-ad-dc.service")


def _mailbox(client: Client, user: User) -> Mailbox:
    @contextmanager
    def session() -> Iterator[imaplib.IMAP4]:
        with client.imap(993) as found:
            found.login(user.login, user.password)
            yield found

    return session


def _faults(host: Host) -> Faults:
    """Mail for Alice from outside."""
    target = mail_target.load()
    client, reader = Client(target, target.hosts[0]), target.recipient
    return Faults(
        host=host,
        door=Door(address=client.server.address, context=client.context, user=None),
        mailboxes={reader.address: _mailbox(client, reader)},
        begun=root_shell(host, "date '+%F %T'").strip(),
        sender=STRANGER,
    )


def test_without_any_controller_mail_waits(pytestconfig: pytest.Config) -> None:
    """What was accepted before waits in the queue; what comes is accepted or put off. Nobody can log in meanwhile."""
    offices.write_mail_target()
    office = offices.current()
    host = at(office.mail_servers[0])
    faults = _faults(host)
    with faults.mail(pause=0.3) as mail:
        hit = faults.deliveries()
        root_shell(host, "systemctl stop dovecot.service")
        faults.accepting(mail, seconds=30)
        with _without_controllers(office):
            root_shell(host, "systemctl start dovecot.service")
            for _turn in range(2):
                root_shell(host, "postqueue -f; sleep 4")
        faults.accepting(mail, seconds=AGREED_SECONDS)
    outcome = faults.outcome("no controller", mail)
    pytestconfig.get_terminal_writer().write(f"\n{table([outcome])}\n")
    faults.nothing_lost(outcome)
    assert outcome.doubled <= hit + outcome.unanswered, outcome
