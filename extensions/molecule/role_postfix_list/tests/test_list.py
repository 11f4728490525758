# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server for a list of addresses, some beyond ASCII, as other mail servers and a user see it."""

from __future__ import annotations

import imaplib
import os
import secrets
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PASSWORD = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / ".build/molecule/password"
STRANGER = "stranger@elsewhere.example"
CYRILLIC = "незнакомец@example.org"
UTF8 = ("SMTPUTF8", "BODY=8BITMIME")
IDN_RECIPIENT = f"lena@{'пошта'.encode('idna').decode()}.example.test"


def _address(host: Host, local: str = "lena") -> str:
    return f"{local}@list.{solo(host).name}.example.test"


@pytest.fixture
def client(host: Host) -> Iterator[smtplib.SMTP]:
    """A stranger at port 25."""
    with smtplib.SMTP(solo(host).address, 25, timeout=20, local_hostname="client.example.org") as session:
        session.ehlo()
        yield session


def _read(host: Host, token: str) -> bytes:
    """The header of the user's message with this subject, over IMAP."""
    found: list[bytes] = []

    def there() -> bool:
        with imaplib.IMAP4_SSL(solo(host).address, 993, ssl_context=_trusting(host), timeout=20) as session:
            session.login(_address(host), PASSWORD.read_text(encoding="utf-8").split()[0])
            session.select("INBOX", readonly=True)
            numbers = session.search(None, "HEADER", "Subject", token)[1][0].split()
            if numbers:
                part = session.fetch(numbers[0].decode(), "(BODY.PEEK[HEADER])")[1][0]
                assert isinstance(part, tuple)
                found.append(part[1])
        return bool(found)

    eventually(there, seconds=20)
    return found[0]


def _trusting(host: Host) -> ssl.SSLContext:
    """The host's name is known to nobody here but its CA; another test checks it."""
    context = client_context(host)
    context.check_hostname = False
    return context


def _is_13(host: Host) -> bool:
    return solo(host).name == "solo13"


def _send(client: smtplib.SMTP, sender: str, recipient: str, token: str, *, options: tuple[str, ...] = ()) -> None:
    client.mail(sender, options)
    code, answer = client.rcpt(recipient)
    assert code == 250, answer
    body = f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {token}\r\n\r\nHello.\r\n"
    assert client.data(body.encode())[0] == 250


@pytest.mark.parametrize("recipient", ["lena", "lena+extension", IDN_RECIPIENT])
def test_mail_is_delivered_and_read(client: smtplib.SMTP, host: Host, recipient: str) -> None:
    """By the mailbox's own address; by an alias in an international domain, as DNS writes it, on both releases."""
    token = secrets.token_hex(8)
    _send(client, STRANGER, recipient if "@" in recipient else _address(host, recipient), token)
    assert token.encode() in _read(host, token)


@pytest.mark.parametrize("recipient", ["nobody", "лена-нет"])
def test_mail_to_nobody_is_refused(client: smtplib.SMTP, host: Host, recipient: str) -> None:
    options = () if recipient.isascii() or not _is_13(host) else UTF8
    client.mail(STRANGER, options)
    client.command_encoding = "utf-8"
    assert client.rcpt(_address(host, recipient))[0] in (550, 553, 501)
    assert client.rcpt(_address(host))[0] == 250


@pytest.mark.parametrize("recipient", ["лена", "лена@пошта.example.test", "lena"])
def test_addresses_beyond_ascii_end_to_end(client: smtplib.SMTP, host: Host, recipient: str) -> None:
    """MAIL-16: sender, local part and domain in Cyrillic, from port 25 to IMAP, by Dovecot 2.4's LMTP."""
    if not _is_13(host):
        assert "smtputf8" not in client.esmtp_features
        code, answer = client.docmd("MAIL", f"FROM:<{STRANGER}> SMTPUTF8")
        assert 500 <= code < 600, answer
        assert client.docmd("MAIL", f"FROM:<{STRANGER}>")[0] == 250, "the control: refused in the session, not bounced"
        return
    token = secrets.token_hex(8)
    _send(client, CYRILLIC, recipient if "@" in recipient else _address(host, recipient), token, options=UTF8)
    header = _read(host, token).decode()
    assert f"Return-Path: <{CYRILLIC}>" in header
    assert "with UTF8SMTP" in header


def test_a_user_of_the_list_sends_from_the_own_address_only(host: Host) -> None:
    with smtplib.SMTP(solo(host).address, 587, timeout=20) as session:
        session.starttls(context=_trusting(host))
        session.login(_address(host), PASSWORD.read_text(encoding="utf-8").split()[0])
        session.mail(_address(host, "other"))
        assert session.rcpt(_address(host))[0] == 553
        session.rset()
        session.mail(_address(host))
        assert session.rcpt(_address(host))[0] == 250
