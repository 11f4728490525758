# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox moves to the other office and back while mail arrives: no message is lost, and it is the same mailbox."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.killed import begin, kill
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import Faults, Mailbox
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User
from ansible_collections.mailforest.stack.tests.system.support.mailbox_view import Reader, same_but_for_new_mail
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.people import HOME_ATTRIBUTE, person
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, eventually, play
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import Door
from ansible_collections.mailforest.stack.tests.system.support.tables import table

PLAYBOOK = ROOT / "playbooks/move_mailbox.yml"
STRANGER = "stranger@elsewhere.example"


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices, with the file that the mail clients read."""
    offices.write_mail_target()
    return offices.current()


@pytest.fixture
def mover(office: Office) -> Iterator[User]:
    """Somebody at home on the first mail server."""
    with person(office, "mover") as user:
        box = str(_object(office, user)["object_guid"])
        try:
            yield user
        finally:
            for name in office.mail_servers:
                root_shell(at(name), f"rm -rf /var/vmail/{box}* /var/vmail/moving*")


def _object(office: Office, user: User) -> dict[str, object]:
    found = module(at(office.controllers[0]), "object_info", identity=user.login, properties=[HOME_ATTRIBUTE])
    objects: list[dict[str, object]] = found["objects"]
    return objects[0]


def _home(office: Office, user: User) -> str:
    properties = _object(office, user)["properties"]
    assert isinstance(properties, dict)
    return str(properties[HOME_ATTRIBUTE])


def _readers(user: User) -> list[Reader]:
    """The user at each of the servers."""
    target = mail_target.load()
    return [
        Reader(
            address=server.address,
            fqdn=server.fqdn,
            login=user.login,
            context=Client(target, server).context,
            password=user.password,
        )
        for server in target.hosts
    ]


def _mailbox(reader: Reader) -> Mailbox:
    @contextmanager
    def session() -> Iterator[imaplib.IMAP4]:
        with reader.imap() as found:
            yield found

    return session


def _faults(host: str, user: User, reader: Reader) -> Faults:
    """Mail for the user from outside, handed in at a server, read by a reader."""
    return Faults(
        host=at(host),
        door=Door(address=reader.address, context=reader.context),
        mailboxes={user.address: _mailbox(reader)},
        begun=root_shell(at(host), "date '+%F %T'").strip(),
        sender=STRANGER,
    )


def _move(user: User, server: str, *, check: bool = False) -> Run:
    return play(PLAYBOOK, extra_vars={"move_user": user.login, "move_to": server}, check=check)


def _interrupted(office: Office, user: User, server: str) -> None:
    """Killed as soon as the mail waits."""
    run = begin(PLAYBOOK, arguments=[f"--extra-vars=move_user={user.login} move_to={server}"])
    eventually(lambda: _home(office, user).startswith("moving from"), seconds=300)
    kill(run)


def test_what_cannot_be_moved_is_refused(office: Office, mover: User) -> None:
    nobody = User(login="nobody-here", address="", password="")
    assert "0 user(s) nobody-here" in _move(nobody, office.mail_servers[1]).output
    assert "Nothing was changed" in _move(mover, office.controllers[0]).output
    assert _home(office, mover) == office.fqdn(office.mail_servers[0])


def test_a_mailbox_moves_there_and_back_while_mail_arrives(
    office: Office, mover: User, pytestconfig: pytest.Config
) -> None:
    """From Debian 13 to 12, and back with a run that is killed on the way."""
    first, second = office.mail_servers
    here, there = _readers(mover)
    eventually(lambda: _logs_in(here), seconds=120)
    here.fill(60)
    before = here.view()
    assert _move(mover, second, check=True).code == 0
    assert _home(office, mover) == office.fqdn(first)
    outcomes = []
    for source, target, reader in ((first, second, there), (second, first, here)):
        faults = _faults(source, mover, _readers(mover)[office.mail_servers.index(source)])
        with faults.mail(pause=0.5) as mail:
            if target == first:
                _interrupted(office, mover, target)
            run = _move(mover, target)
            assert run.code == 0, run.explain()
            faults.accepting(mail, seconds=60)
        outcome = faults.outcome(f"moved from {source} to {target}", mail)
        outcomes.append(outcome)
        faults.nothing_lost(outcome)
        assert outcome.doubled == 0, outcome
        assert _home(office, mover) == office.fqdn(target)
        same_but_for_new_mail(before, reader.view())
        again = _move(mover, target)
        assert (again.code, again.changes) == (0, []), again.explain()
    pytestconfig.get_terminal_writer().write(f"\n{table(outcomes)}\n")


def _logs_in(reader: Reader) -> bool:
    try:
        with reader.imap():
            return True
    except imaplib.IMAP4.error:
        return False
