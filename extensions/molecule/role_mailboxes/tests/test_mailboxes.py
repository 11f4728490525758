# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix and Dovecot do together for the mailboxes of a list of users, on both releases."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, eventually
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
LIMIT = 1024 * 1024
STRANGER = "stranger@elsewhere.example"


def _password() -> str:
    return (ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip()


def _address(host: Host, name: str) -> str:
    return f"{name}@{solo(host).name}.example.test"


@contextmanager
def _imap(host: Host, name: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4_SSL(solo(host).address, 993, ssl_context=client_context(host), timeout=20) as session:
        session.login(_address(host, name), _password())
        yield session


@contextmanager
def _smtp(host: Host) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(solo(host).address, 25, "client.example.test", timeout=20) as session:
        session.starttls(context=client_context(host))
        session.ehlo("client.example.test")
        yield session


def _send(host: Host, name: str, text: str) -> None:
    with _smtp(host) as session:
        assert session.sendmail(STRANGER, [_address(host, name)], text) == {}


def _answer(host: Host, name: str) -> tuple[int, bytes]:
    with _smtp(host) as session:
        session.mail(STRANGER)
        return session.rcpt(_address(host, name))


def _found(host: Host, name: str, folder: str, subject: str) -> int:
    with _imap(host, name) as session:
        session.select(folder, readonly=True)
        return len(session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0].split())


def _arrived(host: Host, count: int) -> bool:
    return _found(host, "ann", "INBOX", "piece") == count


@pytest.fixture(autouse=True)
def empty(host: Host) -> Iterator[None]:
    """Both mailboxes are empty before and after."""
    clear = f"rm -rf /var/vmail/*@{solo(host).name}.example.test"
    root_shell(host, clear)
    yield
    root_shell(host, clear)


def test_a_full_mailbox_refuses_mail_in_the_session(host: Host) -> None:
    """MAIL-27: the owner reads, deletes by way of the wastebasket, and gets mail again; others never suffer."""
    text = "Subject: piece\r\n\r\n" + ("x" * 70 + "\r\n") * (LIMIT // 2 // 72)
    for taken in range(1, 4):
        _send(host, "ann", text)
        eventually(partial(_arrived, host, taken), seconds=20)
        if (answer := _answer(host, "ann"))[0] != 250:
            break
    assert (answer[0], answer[1][:5]) == (452, b"4.2.2"), answer
    assert _answer(host, "ben")[0] == 250
    with _imap(host, "ann") as session:
        session.select("INBOX")
        assert session.append("INBOX", "", "", text.encode())[1][0].startswith(b"[OVERQUOTA]")
        assert session.fetch("1", "(BODY[])")[0] == "OK"
        assert session.copy("1", "Trash")[0] == "OK"
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
        session.select("Trash")
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
    assert _answer(host, "ann")[0] == 250
