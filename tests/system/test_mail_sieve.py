# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the directory sort their mail at delivery, by scripts that they manage at the server of their choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import Server, User
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.people import person
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from ansible_collections.mailforest.stack.tests.system.support.sieve_client import Refused, SieveClient

TARGET = mail_target.load()
SCRIPT = """
require ["fileinto", "mailbox", "vacation"];
if header :contains "Subject" "invoice" { fileinto :create "Bills"; stop; }
if header :contains "Subject" "holiday" { vacation :days 1 :subject "Away" "I am not here."; }
"""


@pytest.fixture(params=TARGET.hosts, ids=lambda server: server.fqdn, scope="module")
def server(request: pytest.FixtureRequest) -> Server:
    """Each mail server; where it is not the user's home it passes the session on."""
    found: Server = request.param
    return found


@pytest.fixture(scope="module")
def sorter(office: Office) -> Iterator[User]:
    """A user who sorts."""
    with person(office, "sieve-sorter") as user:
        yield user


@contextmanager
def _session(server: Server, user: User) -> Iterator[SieveClient]:
    with SieveClient(server.address) as session:
        session.starttls(Client(TARGET, server).context, server.fqdn)
        session.login(user.login, user.password)
        yield session


def _folder(user: User, folder: str, subject: str) -> int:
    with Client(TARGET, TARGET.hosts[0]).imap(993) as session:
        session.login(user.login, user.password)
        if session.select(folder, readonly=True)[0] != "OK":
            return 0
        return len(session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0].split())


def test_a_script_files_mail_and_answers_it(server: Server, sorter: User) -> None:
    client = Client(TARGET, server)
    with _session(server, sorter) as session:
        session.activate("rules", SCRIPT)
    filed, answered = f"invoice {server.fqdn}", f"holiday {server.fqdn}"
    for subject in (filed, answered):
        client.send(TARGET.submission[0], TARGET.sender, [sorter.address], subject=subject)
    eventually(lambda: _folder(sorter, "Bills", filed) == 1, seconds=30)
    eventually(lambda: _folder(sorter, "INBOX", answered) == 1, seconds=30)
    assert _folder(sorter, "INBOX", filed) == 0
    if server is TARGET.hosts[0]:  # the first, for it answers a sender once
        assert client.found(993, TARGET.sender, "Away")
        client.remove(993, TARGET.sender, "Away")


def test_marked_mail_goes_into_junk(server: Server, sorter: User) -> None:
    subject = f"marked {server.fqdn}"
    with Client(TARGET, server).smtp(25) as session:
        text = f"Subject: {subject}\r\nX-Spam: Yes\r\n\r\nBuy.\r\n"
        assert session.sendmail("stranger@elsewhere.example", [sorter.address], text) == {}
    eventually(lambda: _folder(sorter, "Junk", subject) == 1, seconds=30)
    assert _folder(sorter, "INBOX", subject) == 0


@pytest.mark.parametrize("user", TARGET.disabled, ids=lambda user: user.login)
def test_a_disabled_user_is_refused(server: Server, sorter: User, user: User) -> None:
    with pytest.raises(Refused), _session(server, user):
        pass
    with _session(server, sorter) as session:
        session.command("LISTSCRIPTS")


def test_no_login_before_tls(server: Server, sorter: User) -> None:
    with SieveClient(server.address) as session, pytest.raises(Refused):
        session.login(sorter.login, sorter.password)
    with _session(server, sorter) as session:
        session.command("LISTSCRIPTS")
