# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in, at every port: a user in each state that the directory knows."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import User
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.people import person, write
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from ansible_collections.mailforest.stack.tests.system.support.sieve_client import PORT as SIEVE
from ansible_collections.mailforest.stack.tests.system.support.sieve_client import Refused, SieveClient

TARGET = mail_target.load()
HOME = Client(TARGET, TARGET.hosts[0])
PORTS = (*TARGET.submission, *TARGET.reading, SIEVE)
REFUSED = (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error, poplib.error_proto, Refused)
CACHED = 10
"""Seconds after which a change in the directory counts: dovecot_auth_cache_seconds, and some."""
ASKED_AGAIN = 6
"""Seconds after which the directory is asked again, and counts, once a password was wrong (Dovecot 2.3)."""
LOCKED_AFTER = 3

every_port = pytest.mark.parametrize("port", PORTS)


def _login(port: int, user: User) -> None:
    if port != SIEVE:
        HOME.login(port, user)
        return
    with SieveClient(HOME.server.address) as session:
        session.starttls(HOME.context, HOME.server.fqdn)
        session.login(user.login, user.password)


def _refused(port: int, user: User) -> bool:
    try:
        _login(port, user)
    except REFUSED:
        return True
    return False


def _let_in(port: int, user: User) -> bool:
    return not _refused(port, user)


@contextmanager
def _group(office: Office, name: str, **options: object) -> Iterator[None]:
    first = at(office.controllers[0])
    module(first, "group", name=name, **options)
    try:
        yield
    finally:
        module(first, "group", name=name, state="absent")


@pytest.fixture(scope="module")
def active(office: Office) -> Iterator[User]:
    """Whom the others are compared with."""
    with person(office, "state-active") as user:
        yield user


@pytest.fixture(scope="module")
def nested(office: Office) -> Iterator[User]:
    """In a group that is in the group of those who have mail, and in no other."""
    with (
        _group(office, "state-inner"),
        person(office, "state-nested", groups=("state-inner",)) as user,
    ):
        module(at(office.controllers[0]), "group", name="mail-users", members={"add": ["state-inner"]})
        eventually(lambda: _let_in(993, user), seconds=CACHED)
        yield user


@pytest.fixture(scope="module")
def outsider(office: Office) -> Iterator[User]:
    """Enabled, and not in the group."""
    with person(office, "state-outsider", groups=()) as user:
        yield user


@pytest.fixture(scope="module")
def expired(office: Office) -> Iterator[User]:
    """Whose account has ended an hour ago, after it was used."""
    with person(office, "state-expired") as user:
        _login(993, user)
        over = datetime.now(tz=UTC) - timedelta(hours=1)
        write(office, {"name": user.login, "account_expires": over.isoformat(timespec="seconds")})
        eventually(lambda: _refused(993, user), seconds=CACHED)
        yield user


@pytest.fixture(scope="module")
def disabled(office: Office) -> Iterator[User]:
    """Whose account was disabled after it was used."""
    with person(office, "state-disabled") as user:
        _login(993, user)
        write(office, {"name": user.login, "enabled": False})
        eventually(lambda: _refused(993, user), seconds=CACHED)
        yield user


@pytest.fixture(scope="module")
def locked(office: Office) -> Iterator[User]:
    """Whom wrong passwords at a mail port have locked, as a policy for this user says."""
    first = at(office.controllers[0])
    policy = {"lockout_threshold": LOCKED_AFTER, "lockout_duration": 30, "lockout_observation_window": 30}
    with person(office, "state-locked") as user:
        module(first, "pso", name="state-locked", precedence=7, subjects=[user.login], **policy)
        try:
            _login(993, user)
            for number in range(LOCKED_AFTER):
                assert _refused(993, replace(user, password=f"wrong {number}"))
                time.sleep(ASKED_AGAIN)
            eventually(lambda: _refused(993, user), seconds=CACHED)
            yield user
            write(office, {"name": user.login, "account_locked": False})
            eventually(lambda: _let_in(993, user), seconds=CACHED)
        finally:
            module(first, "pso", name="state-locked", state="absent")


@every_port
@pytest.mark.parametrize("state", ["active", "nested"])
def test_who_has_mail_is_let_in(request: pytest.FixtureRequest, port: int, state: str) -> None:
    _login(port, request.getfixturevalue(state))


@every_port
@pytest.mark.parametrize("state", ["outsider", "expired", "disabled", "locked"])
def test_who_must_not_is_refused(request: pytest.FixtureRequest, active: User, port: int, state: str) -> None:
    """MAIL-19: with the right password; the control ends the delay that failures bring."""
    with pytest.raises(REFUSED):
        _login(port, request.getfixturevalue(state))
    _login(port, active)


@pytest.mark.parametrize(("state", "code"), [("active", 250), ("nested", 250), ("expired", 250), ("locked", 250)])
def test_mail_is_taken_for_who_comes_back(request: pytest.FixtureRequest, state: str, code: int) -> None:
    """A lock passes, and an account's end is put off; mail that came meanwhile is there then."""
    assert _answer(request.getfixturevalue(state).address) == code


@pytest.mark.parametrize("state", ["disabled", "outsider"])
def test_mail_is_refused_for_who_has_none(request: pytest.FixtureRequest, state: str) -> None:
    assert _answer(request.getfixturevalue(state).address) == 550


def _answer(address: str) -> int:
    with HOME.smtp(25) as session:
        session.mail("stranger@elsewhere.example")
        return session.rcpt(address)[0]


def test_a_renamed_user_keeps_the_mailbox(office: Office) -> None:
    """All names change, and the old ones lead nowhere; every new one leads to what was there."""
    with person(office, "state-maiden", attributes={"set": {"proxyAddresses": []}}) as user:
        subject = HOME.send(TARGET.submission[0], TARGET.sender, [user.address])
        assert HOME.found(993, user, subject)
        renamed = replace(user, login="state-married", address=f"state-married@{office.mail_domain}")
        row = {"identity": user.login, "name": renamed.login, "sam_account_name": renamed.login}
        names = {"email": renamed.address, "upn": f"{renamed.login}@{office.dns_domain}"}
        write(office, {**row, **names, "attributes": {"set": {"proxyAddresses": [f"smtp:{user.address}"]}}})
        eventually(lambda: _let_in(993, renamed), seconds=CACHED)
        for name in (renamed.login.upper(), renamed.address, f"{renamed.login}@{office.dns_domain}"):
            assert HOME.found(993, renamed, subject, name=name)
        second = HOME.send(TARGET.submission[0], TARGET.sender, [user.address])
        assert HOME.found(993, renamed, second)
        eventually(lambda: _refused(993, user), seconds=CACHED)
        _login(993, renamed)
