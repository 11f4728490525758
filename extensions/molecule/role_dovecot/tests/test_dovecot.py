# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes of the host's own users, through all four doors."""

from __future__ import annotations

import imaplib
import poplib
import secrets
import socket
import subprocess
from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
USER = "reader"


@pytest.fixture(scope="module")
def password(host: Host) -> Iterator[str]:
    """The password of a user who is made for the tests."""
    secret = secrets.token_urlsafe(18)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=secret, capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()
    root_shell(host, f"id {USER} || useradd --create-home {USER}; usermod --password '{hashed}' {USER}")
    yield secret
    root_shell(host, f"userdel --remove {USER} 2>&1")


def _imap(host: Host, port: int) -> imaplib.IMAP4:
    place, context = solo(host), client_context(host)
    if port == 993:
        return imaplib.IMAP4_SSL(place.address, port, ssl_context=context, timeout=20)
    client = imaplib.IMAP4(place.address, port, timeout=20)
    client.starttls(context)
    return client


def _pop(host: Host, port: int) -> poplib.POP3:
    place, context = solo(host), client_context(host)
    if port == 995:
        return poplib.POP3_SSL(place.address, port, context=context, timeout=20)
    client = poplib.POP3(place.address, port, timeout=20)
    client.stls(context)
    return client


@pytest.mark.parametrize("put", [143, 993])
@pytest.mark.parametrize("get", [110, 995])
def test_what_imap_stores_pop3_finds(host: Host, password: str, put: int, get: int) -> None:
    token = secrets.token_hex(8)
    imap = _imap(host, put)
    imap.login(USER, password)
    imap.append("INBOX", "", "", f"Subject: {token}\r\n\r\nhello\r\n".encode())
    imap.logout()
    pop = _pop(host, get)
    pop.user(USER)
    pop.pass_(password)
    found = b"\n".join(line for number in range(1, pop.stat()[0] + 1) for line in pop.retr(number)[1])
    pop.quit()
    assert token.encode() in found


@pytest.mark.parametrize("port", [143, 993])
def test_a_wrong_password_is_refused_by_imap(host: Host, password: str, port: int) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        _imap(host, port).login(USER, f"{password}-not")


@pytest.mark.parametrize("port", [110, 995])
def test_a_wrong_password_is_refused_by_pop3(host: Host, password: str, port: int) -> None:
    client = _pop(host, port)
    client.user(USER)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        client.pass_(f"{password}-not")


def test_imap_takes_no_login_before_tls(host: Host, password: str) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        imaplib.IMAP4(solo(host).address, 143, timeout=20).login(USER, password)


def test_pop3_takes_no_login_before_tls(host: Host, password: str) -> None:
    with socket.create_connection((solo(host).address, 110), timeout=20) as plain:
        file = plain.makefile("rwb", buffering=0)
        file.readline()
        file.write(f"USER {USER}\r\n".encode())
        first = file.readline()
        if first.startswith(b"+OK"):
            file.write(f"PASS {password}\r\n".encode())
            first = file.readline()
    assert first.startswith(b"-ERR")


def test_every_mailbox_has_its_folders(host: Host, password: str) -> None:
    client = _imap(host, 993)
    client.login(USER, password)
    listed = b"\n".join(item for item in client.list()[1] if isinstance(item, bytes))
    client.logout()
    assert all(use in listed for use in (b"\\Drafts", b"\\Sent", b"\\Junk", b"\\Trash", b"\\Archive"))
