# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail as its users and its abusers see it, on every port, by clients that nobody here wrote.

The servers, users and passwords come from the file that MAILFOREST_MAIL_TARGET names (see mail_target.py). Each refusal
has a control beside it: the same thing done rightly works, so that a server that refuses everything does not pass.
"""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client, curl, letter, swaks
from ansible_collections.mailforest.stack.tests.system.support.mail_target import READING, SUBMISSION, Server, User

TARGET = mail_target.load()
STRANGER = "stranger@elsewhere.example"
MARK = "mailforest test"
EXTENDED = TARGET.recipient.address.replace("@", "+extension@")
REFUSED_LOGIN = (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error, poplib.error_proto)


def _ports(ports: tuple[int, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return pytest.mark.parametrize("port", ports)


@pytest.fixture(params=TARGET.hosts, ids=lambda host: host.fqdn, scope="session")
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of each server in turn; what it left in the mailboxes is removed at the end."""
    server: Server = request.param
    found = Client(TARGET, server)
    yield found
    if 993 in TARGET.ports:
        for user in (TARGET.sender, TARGET.recipient):
            found.remove(993, user, MARK)


@cache
def _sent(client: Client, port: int) -> str:
    """The subject of a message that went through this port, sent once."""
    return client.send(port, TARGET.sender, [TARGET.recipient.address])


@pytest.mark.parametrize("reading", TARGET.reading)
@_ports(TARGET.submission)
def test_a_message_is_sent_and_found(client: Client, port: int, reading: int) -> None:
    """MAIL-2, MAIL-4, MAIL-5, MAIL-12, MAIL-25, MAIL-26."""
    assert client.found(reading, TARGET.recipient, _sent(client, port))


@pytest.mark.parametrize("name", (TARGET.recipient.login.upper(), *TARGET.recipient.logins))
def test_every_name_of_a_user_leads_to_one_mailbox(client: Client, name: str) -> None:
    subject = _sent(client, TARGET.submission[0])
    assert client.found(TARGET.reading[0], TARGET.recipient, subject, name=name)


@pytest.mark.parametrize("address", (EXTENDED, *TARGET.recipient.aliases))
def test_a_further_address_is_delivered(client: Client, address: str) -> None:
    """An address with an extension, and the user's other ones."""
    subject = client.send(TARGET.submission[0], TARGET.sender, [address])
    assert client.found(TARGET.reading[0], TARGET.recipient, subject)


def test_mail_from_another_server_is_delivered(client: Client) -> None:
    """MAIL-3: port 25, no login, STARTTLS."""
    subject = f"{MARK} from elsewhere {client.server.fqdn}"
    with client.smtp(25) as session:
        session.sendmail(STRANGER, [TARGET.recipient.address], letter(STRANGER, TARGET.recipient.address, subject))
    assert client.found(TARGET.reading[0], TARGET.recipient, subject)


@_ports(tuple(port for port in TARGET.submission if SUBMISSION[port] == "starttls"))
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_submission_takes_no_login_before_tls(client: Client, port: int, mechanism: str) -> None:
    """Tried, not read from the list of capabilities."""
    with client.smtp(port, secure=False) as session:
        assert not session.has_extn("auth")
        code, _answer = session.docmd("AUTH", mechanism)
        assert code >= 500
    client.login(port, TARGET.sender)  # the control: the same login after STARTTLS


@pytest.mark.parametrize("secure", [False, True], ids=["before TLS", "after TLS"])
def test_port_25_takes_no_login(client: Client, secure: bool) -> None:
    """MAIL-3: 25 is for servers."""
    with client.smtp(25, secure=secure) as session:
        assert not session.has_extn("auth")
        assert session.docmd("AUTH", "PLAIN")[0] >= 500
        assert session.docmd("AUTH", "LOGIN")[0] >= 500


@_ports(tuple(port for port in TARGET.reading if READING[port] == "imap"))
def test_imap_takes_no_login_before_tls(client: Client, port: int) -> None:
    """MAIL-26: LOGIN and AUTHENTICATE with the right password."""
    with client.imap(port, secure=False) as session, pytest.raises(imaplib.IMAP4.error):
        session.login(TARGET.recipient.login, TARGET.recipient.password)
    secret = f"\0{TARGET.recipient.login}\0{TARGET.recipient.password}".encode()
    with client.imap(port, secure=False) as session, pytest.raises(imaplib.IMAP4.error):
        session.authenticate("PLAIN", lambda _challenge: secret)
    client.login(port, TARGET.recipient)


@_ports(tuple(port for port in TARGET.reading if READING[port] == "pop3"))
def test_pop3_takes_no_login_before_tls(client: Client, port: int) -> None:
    """MAIL-25: USER and AUTH."""
    for command in (f"USER {TARGET.recipient.login}", "AUTH PLAIN", "AUTH LOGIN"):
        with client.pop3(port, secure=False) as session, pytest.raises(poplib.error_proto):
            session._shortcmd(command)  # type: ignore[attr-defined]
    client.login(port, TARGET.recipient)


@_ports(tuple(port for port in TARGET.ports if port == 25 or port in SUBMISSION))
def test_nothing_is_relayed_without_a_login(client: Client, port: int) -> None:
    """MAIL-18, MAIL-19: from an own and from a strange sender."""
    for sender in (STRANGER, TARGET.sender.address):
        with client.smtp(port) as session:
            session.mail(sender)
            code, answer = session.rcpt(STRANGER)
        assert 500 <= code < 600, answer


@_ports(TARGET.submission)
@pytest.mark.parametrize("forged", [TARGET.recipient.address, STRANGER, f"no-such-user@{TARGET.domain}"])
def test_a_user_sends_only_from_an_own_address(client: Client, port: int, forged: str) -> None:
    """MAIL-23."""
    with client.smtp(port) as session:
        session.login(TARGET.sender.login, TARGET.sender.password)
        session.mail(forged)
        code, answer = session.rcpt(TARGET.recipient.address)
        assert 500 <= code < 600, answer
        session.rset()
        session.mail(TARGET.sender.address)
        assert session.rcpt(TARGET.recipient.address)[0] == 250


@_ports(TARGET.submission + TARGET.reading)
@pytest.mark.parametrize("user", TARGET.disabled, ids=lambda user: user.login)
def test_a_disabled_user_is_refused(client: Client, port: int, user: User) -> None:
    """Every port, with the right password; the control resets the delay that failures bring."""
    with pytest.raises(REFUSED_LOGIN):
        client.login(port, user)
    client.login(port, TARGET.sender)


@pytest.mark.parametrize("recipient", [*(user.address for user in TARGET.disabled), f"no-such-user@{TARGET.domain}"])
def test_mail_to_nobody_is_refused_in_the_session(client: Client, recipient: str) -> None:
    """MAIL-13, MAIL-31: refused with 550, and the other recipient does not suffer."""
    with client.smtp(25) as session:
        session.mail(STRANGER)
        assert session.rcpt(TARGET.recipient.address)[0] == 250
        code, answer = session.rcpt(recipient)
    assert code == 550, answer


@_ports((TARGET.submission[0], *TARGET.reading[:1]))
def test_a_wrong_password_is_refused(client: Client, port: int) -> None:
    wrong = User(login=TARGET.sender.login, address=TARGET.sender.address, password="not the password")
    with pytest.raises(REFUSED_LOGIN):
        client.login(port, wrong)
    client.login(port, TARGET.sender)


def test_two_recipients_in_one_transaction(client: Client) -> None:
    """MAIL-31."""
    both = [TARGET.recipient, TARGET.sender]
    subject = client.send(TARGET.submission[0], TARGET.sender, [user.address for user in both])
    assert [client.found(TARGET.reading[0], user, subject) for user in both] == [True, True]


def test_an_oversize_message_is_refused_at_mail_from(client: Client) -> None:
    """MAIL-22: SIZE is announced, and one byte more is refused before it is sent."""
    with client.smtp(25) as session:
        limit = int(session.esmtp_features["size"])
        assert session.mail(STRANGER, [f"SIZE={limit}"])[0] == 250
        session.rset()
        assert session.mail(STRANGER, [f"SIZE={limit + 1}"])[0] == 552


def test_the_greeting_is_the_servers_name(client: Client) -> None:
    """MAIL-9, MAIL-21: FQDN in greeting and EHLO; HELO works."""
    with client.smtp(25) as session:
        assert session.ehlo_resp is not None
        assert session.ehlo_resp.split()[0].decode() == client.server.fqdn
        assert session.helo("client.example.test")[0] == 250
        assert session.docmd("TURN")[0] >= 500


@_ports(tuple(port for port in TARGET.reading if READING[port].startswith("imap")))
def test_folders_with_a_use_are_announced(client: Client, port: int) -> None:
    """MAIL-32, RFC 6154."""
    with client.imap(port) as session:
        session.login(TARGET.recipient.login, TARGET.recipient.password)
        listed = " ".join(str(line) for line in session.list()[1])
    assert all(use in listed for use in ("\\Sent", "\\Drafts", "\\Junk", "\\Trash")), listed


def test_pop3_takes_a_message_away_and_imap_sees_it(client: Client) -> None:
    """MAIL-32, MAIL-33: left on the server by RETR, gone by DELE, for every client."""
    subject = client.send(TARGET.submission[0], TARGET.sender, [TARGET.recipient.address])
    assert client.found(995, TARGET.recipient, subject)
    with client.pop3(995) as session:
        session.user(TARGET.recipient.login)
        session.pass_(TARGET.recipient.password)
        count = session.stat()[0]
        wanted = [n for n in range(1, count + 1) if f"Subject: {subject}".encode() in session.top(n, 0)[1]]
        session.retr(wanted[0])
        session.quit()
    assert client.found(993, TARGET.recipient, subject)
    with client.pop3(995) as session:
        session.user(TARGET.recipient.login)
        session.pass_(TARGET.recipient.password)
        session.dele(wanted[0])
        session.quit()
    with client.imap(993) as imap:
        imap.login(TARGET.recipient.login, TARGET.recipient.password)
        imap.select("INBOX", readonly=True)
        assert imap.search(None, "HEADER", "Subject", f'"{subject}"')[1][0] == b""


@pytest.mark.parametrize("tool", ["curl", "swaks"])
@_ports(TARGET.submission)
def test_a_tool_sends(client: Client, port: int, tool: str) -> None:
    """MAIL-4, MAIL-5 by curl and swaks."""
    subject = f"{MARK} {tool} {port} {client.server.fqdn}"
    if tool == "swaks":
        done = swaks(client, port, TARGET.sender, TARGET.recipient.address, subject)
    else:
        scheme = "smtps" if SUBMISSION[port] == "implicit" else "smtp"
        mail = f'mail-from = "{TARGET.sender.address}"\nmail-rcpt = "{TARGET.recipient.address}"\n'
        form = f'header = "From: {TARGET.sender.address}"\nheader = "Subject: {subject}"\nform = "=Hello"\n'
        done = curl(
            client, f"{scheme}://{client.server.fqdn}:{port}/client.example.test", TARGET.sender, options=mail + form
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert client.found(TARGET.reading[0], TARGET.recipient, subject)


@_ports(TARGET.reading)
def test_curl_reads(client: Client, port: int) -> None:
    """MAIL-25, MAIL-26 by curl, TLS required."""
    subject = _sent(client, TARGET.submission[0])
    assert client.found(port, TARGET.recipient, subject)
    url = f"{READING[port]}://{client.server.fqdn}:{port}/"
    if READING[port].startswith("imap"):
        done = curl(client, f"{url}INBOX?SUBJECT%20%22{subject.replace(' ', '%20')}%22", TARGET.recipient)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().removeprefix("* SEARCH").strip(), "curl found nothing"
    else:
        done = curl(client, url, TARGET.recipient)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), "curl was listed nothing"
