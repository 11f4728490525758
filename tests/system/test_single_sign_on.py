# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who are logged on to the domain read and send mail by their ticket, and only those who have mail."""

from __future__ import annotations

import base64
import imaplib
import smtplib
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.kerberos import Ticket
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import READING, SUBMISSION
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.people import person, write
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from ansible_collections.mailforest.stack.tests.system.support.sieve_client import SieveClient

TARGET = mail_target.load()
HOME = Client(TARGET, TARGET.hosts[0])
KEYTAB = "/etc/dovecot/mail.keytab"
CACHED = 10
"""Seconds after which a change in the directory counts: dovecot_auth_cache_seconds, and some."""


@pytest.fixture(scope="module")
def member(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ticket]:
    """Who has mail."""
    with person(office, "sso-member") as user:
        yield Ticket(office, user, tmp_path_factory.mktemp("member"))


@pytest.fixture(scope="module")
def outsider(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ticket]:
    """Who is logged on as well, and is not in the group of those who have mail."""
    with person(office, "sso-outsider", groups=()) as user:
        yield Ticket(office, user, tmp_path_factory.mktemp("outsider"))


def _read(ticket: Ticket, port: int, *options: str) -> CompletedProcess[str]:
    return ticket.curl(HOME, f"{READING[port]}://{HOME.server.fqdn}:{port}/", *options)


def _send(ticket: Ticket, port: int, *, sender: str | None = None, subject: str = "none") -> CompletedProcess[str]:
    scheme = "smtps" if SUBMISSION[port] == "implicit" else "smtp"
    source = ticket.user.address if sender is None else sender
    options = ("--mail-from", source, "--mail-rcpt", TARGET.recipient.address, "--upload-file", "-")
    url = f"{scheme}://{HOME.server.fqdn}:{port}/client.example.test"
    return ticket.curl(HOME, url, *options, text=f"From: {ticket.user.address}\r\nSubject: {subject}\r\n\r\nHello.\r\n")


@pytest.mark.parametrize("port", TARGET.reading)
def test_a_ticket_opens_the_mailbox(member: Ticket, port: int) -> None:
    done = _read(member, port)
    assert done.returncode == 0, done.stderr
    assert f"/{HOME.server.fqdn}@" in member.services()


def test_a_ticket_manages_the_own_scripts(member: Ticket, outsider: Ticket) -> None:
    """ManageSieve; who has no mail has no scripts, with a ticket that is as valid."""
    with SieveClient(HOME.server.address) as session:
        session.starttls(HOME.context, HOME.server.fqdn)
        session.login(member.user.login, member.user.password)
        session.store("by-password", "keep;")
    done = member.scripts(HOME)
    assert done.returncode == 0, done.stderr
    assert "by-password" in done.stdout
    assert f"sieve/{HOME.server.fqdn}@" in member.services()
    refused = outsider.scripts(HOME)
    assert refused.returncode != 0
    assert f"sieve/{HOME.server.fqdn}@" in outsider.services()


@pytest.mark.parametrize("port", TARGET.submission)
def test_a_ticket_sends(member: Ticket, port: int) -> None:
    subject = f"mailforest test ticket {port}"
    done = _send(member, port, subject=subject)
    assert done.returncode == 0, done.stderr
    assert HOME.found(TARGET.reading[0], TARGET.recipient, subject)
    HOME.remove(993, TARGET.recipient, subject)


@pytest.mark.parametrize("port", TARGET.submission)
def test_a_ticket_sends_from_an_own_address_only(member: Ticket, port: int) -> None:
    """MAIL-23."""
    done = _send(member, port, sender=TARGET.recipient.address)
    assert done.returncode != 0
    assert "553" in done.stderr


@pytest.mark.parametrize("port", TARGET.reading)
def test_a_ticket_opens_no_mailbox_of_another(member: Ticket, port: int) -> None:
    assert _read(member, port, "--sasl-authzid", TARGET.recipient.login).returncode != 0
    assert _read(member, port).returncode == 0


@pytest.mark.parametrize("port", TARGET.reading)
def test_who_has_no_mail_reads_none(outsider: Ticket, member: Ticket, port: int) -> None:
    """The ticket is valid: the server gave it for the service."""
    assert _read(outsider, port).returncode != 0
    assert f"/{HOME.server.fqdn}@" in outsider.services()
    assert _read(member, port).returncode == 0


@pytest.mark.parametrize("port", TARGET.submission)
@pytest.mark.parametrize("sender", ["own", "null", "another's"])
def test_who_has_no_mail_sends_none(outsider: Ticket, port: int, sender: str) -> None:
    """MAIL-19: the login alone, which Kerberos gives to everybody, does not do; the null sender is nobody's address."""
    source = {"own": outsider.user.address, "null": "", "another's": TARGET.sender.address}[sender]
    done = _send(outsider, port, sender=source)
    assert done.returncode != 0
    assert "RCPT failed: 554" in done.stderr, done.stderr


def test_a_disabled_user_s_ticket_ends(office: Office, tmp_path: Path) -> None:
    """While it is valid for hours at the domain controllers."""
    with person(office, "sso-leaver") as user:
        ticket = Ticket(office, user, tmp_path)
        assert (_read(ticket, 993).returncode, _send(ticket, 465).returncode) == (0, 0)
        write(office, {"name": user.login, "enabled": False})
        eventually(lambda: _read(ticket, 993).returncode != 0, seconds=CACHED)
        eventually(lambda: _send(ticket, 465).returncode != 0, seconds=CACHED)
        assert _read(ticket, 995).returncode != 0
    HOME.remove(993, TARGET.recipient, "none")


def test_no_ticket_is_taken_before_tls() -> None:
    """Neither offered nor taken up."""
    with HOME.imap(143, secure=False) as imap, pytest.raises(imaplib.IMAP4.error):
        imap.authenticate("GSSAPI", lambda _challenge: b"")
    with HOME.smtp(587, secure=False) as smtp:
        assert smtp.docmd("AUTH", "GSSAPI " + base64.b64encode(b"x").decode())[0] >= 500
    with pytest.raises(smtplib.SMTPAuthenticationError), HOME.smtp(587) as smtp:
        code, answer = smtp.docmd("AUTH", "GSSAPI " + base64.b64encode(b"x").decode())
        raise smtplib.SMTPAuthenticationError(code, answer)


def test_the_keys_are_read_by_the_service_alone(office: Office) -> None:
    for name in office.mail_servers:
        host = at(name)
        assert root_shell(host, f"stat -c '%a %U %G' {KEYTAB}").split() == ["640", "root", "dovecot"]
        root_shell(host, f"runuser -u dovecot -- test -r {KEYTAB}")
        root_shell(host, f"! runuser -u nobody -- test -r {KEYTAB}")
        root_shell(host, f"! runuser -u vmail -- test -r {KEYTAB}")
