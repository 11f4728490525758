# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server for the host's own users, as another mail server sees it."""

from __future__ import annotations

import base64
import secrets
import smtplib
import time
from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
USER = "postie"


@pytest.fixture(scope="module", autouse=True)
def user(host: Host) -> Iterator[None]:
    root_shell(host, f"id {USER} || useradd --create-home {USER}")
    yield
    root_shell(host, f"userdel --remove {USER} 2>&1")


@pytest.fixture
def client(host: Host) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(solo(host).address, 25, timeout=20, local_hostname="client.example.org") as connection:
        yield connection


def test_mail_arrives(client: smtplib.SMTP, host: Host) -> None:
    token = secrets.token_hex(8)
    client.starttls(context=client_context(host))
    client.sendmail("someone@example.org", [f"{USER}@{solo(host).fqdn}"], f"Subject: {token}\r\n\r\nhello\r\n")
    deadline = time.monotonic() + 20
    while host.run(f"grep -rq {token} /home/{USER}/Maildir/new").rc and time.monotonic() < deadline:
        time.sleep(0.3)
    assert token in root_shell(host, f"cat /home/{USER}/Maildir/new/*")


def test_nothing_is_relayed(client: smtplib.SMTP) -> None:
    client.ehlo()
    client.mail("someone@example.org")
    assert client.rcpt("other@example.net")[0] in (550, 554)


@pytest.mark.parametrize("secured", [False, True])
def test_port_25_takes_no_login(client: smtplib.SMTP, host: Host, secured: bool) -> None:
    client.ehlo()
    if secured:
        client.starttls(context=client_context(host))
        client.ehlo()
    credentials = base64.b64encode(f"\0{USER}\0secret".encode()).decode()
    assert client.docmd("AUTH", f"PLAIN {credentials}")[0] in (500, 502, 503)


def test_an_unknown_user_is_refused_in_the_session(client: smtplib.SMTP, host: Host) -> None:
    client.ehlo()
    client.mail("someone@example.org")
    assert client.rcpt(f"nobody-here@{solo(host).fqdn}")[0] == 550


def test_postmaster_is_reached(client: smtplib.SMTP) -> None:
    client.ehlo()
    client.mail("someone@example.org")
    assert client.rcpt("postmaster")[0] == 250


def test_a_message_that_is_too_large_is_refused_before_it_is_sent(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert client.mail("someone@example.org", ["SIZE=1000001"])[0] == 552
