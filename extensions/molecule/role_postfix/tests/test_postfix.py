# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server for the host's own users, as another mail server sees it."""

from __future__ import annotations

import base64
import secrets
import smtplib
import socket
import time
from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, client_context, root_shell, solo
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


def test_a_mail_server_whose_smart_host_it_is_relays(client: smtplib.SMTP, host: Host) -> None:
    """By its address, and nobody else: the same from here is refused."""
    client.ehlo()
    client.mail("someone@example.org")
    assert client.rcpt("other@example.net")[0] == 554
    script = (
        f"import smtplib; s = smtplib.SMTP('{solo(host).address}', 25, timeout=20); s.ehlo('client.example.org'); "
        "print(s.mail('someone@example.org')[0], s.rcpt('other@example.net')[0])"
    )
    other = at("solo13" if solo(host).name == "solo12" else "solo12")
    assert root_shell(other, f'python3 -c "{script}"').split() == ["250", "250"]


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


@pytest.mark.parametrize("size", [999_000, 1_001_000])
def test_a_message_that_grew_too_large_is_refused_at_data(client: smtplib.SMTP, host: Host, size: int) -> None:
    """MAIL-37: its size was not announced. One that is just small enough is the control."""
    client.ehlo()
    client.mail("someone@example.org")
    client.rcpt(f"{USER}@{solo(host).fqdn}")
    code, answer = client.data(b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * (size // 17))
    assert code == (250 if size < 1_000_000 else 552), answer


@pytest.mark.parametrize(
    ("verb", "name", "good"),
    [
        ("EHLO", "client.example.org", True),
        ("HELO", "client.example.org", True),
        ("EHLO", "[198.51.100.1]", True),
        ("EHLO", "[IPv6:2001:db8::1]", True),
        ("HELO", "not+a+name", False),
        ("EHLO", "a..b", False),
        ("HELO", "[198.51.100.300]", False),
    ],
)
def test_a_greeting_is_a_name_or_an_address(client: smtplib.SMTP, host: Host, verb: str, name: str, good: bool) -> None:
    """MAIL-35, RFC 5321 4.1.3."""
    client.docmd(verb, name)
    client.docmd("MAIL", "FROM:<someone@example.org>")
    code, answer = client.rcpt(f"{USER}@{solo(host).fqdn}")
    assert (code == 250) == good, answer


def test_mail_before_a_greeting_is_refused(client: smtplib.SMTP) -> None:
    assert client.docmd("MAIL", "FROM:<someone@example.org>")[0] == 503


SMUGGLED = ("\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\n\x00.\r\n")
"""What some servers pass on as data and others take for its end."""


def _smuggle(host: Host, end: str, token: str) -> list[str]:
    """Send one message that holds another one behind a false end; the server's answers."""
    place = solo(host)
    with socket.create_connection((place.address, 25), timeout=20) as connection:
        answers = connection.makefile("rb")
        codes = [answers.readline().decode()[:3]]
        for line in ("HELO client.example.org", "MAIL FROM:<a@example.org>", f"RCPT TO:<{USER}@{place.fqdn}>", "DATA"):
            connection.sendall(f"{line}\r\n".encode())
            codes.append(answers.readline().decode()[:3])
        inner = "".join(
            f"{line}\r\n" for line in ("MAIL FROM:<ceo@example.net>", f"RCPT TO:<{USER}@{place.fqdn}>", "DATA")
        )
        text = f"Subject: outer\r\n\r\nouter-{token}{end}{inner}Subject: inner\r\n\r\ninner-{token}\r\n.\r\nQUIT\r\n"
        connection.sendall(text.encode())
        codes += [line.decode()[:3] for line in answers]
    return codes


def _inner_messages(host: Host, token: str) -> int:
    """Messages whose own text is the inner one; in an outer message there are both."""
    time.sleep(1)
    listed = root_shell(
        host, f"cd /home/{USER}/Maildir/new && grep -lF inner-{token} * | xargs -r grep -LF outer-{token}; true"
    )
    return len(listed.split())


@pytest.mark.parametrize("end", SMUGGLED, ids=ascii)
def test_no_message_is_smuggled_in_another(host: Host, end: str) -> None:
    token = secrets.token_hex(8)
    codes = _smuggle(host, end, token)
    assert codes.count("354") == 1, codes
    assert _inner_messages(host, token) == 0


def test_the_smuggler_would_succeed_where_nothing_stops_it(host: Host) -> None:
    """The control: with Postfix's former defaults the same bytes are two messages."""
    off = "smtpd_forbid_bare_newline=no smtpd_forbid_unauth_pipelining=no smtpd_data_restrictions="
    root_shell(host, f"cp -p /etc/postfix/main.cf /root/main.cf && postconf -e {off} && systemctl restart postfix")
    try:
        token = secrets.token_hex(8)
        assert _smuggle(host, "\n.\n", token).count("354") == 2
        assert _inner_messages(host, token) == 1
    finally:
        root_shell(host, "mv /root/main.cf /etc/postfix/main.cf && systemctl restart postfix")
