# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail clients that nobody here wrote: Python's smtplib, imaplib and poplib, curl and swaks, TLS always checked."""

from __future__ import annotations

import imaplib
import os
import poplib
import smtplib
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import localtime, make_msgid
from typing import Any
from unittest.mock import patch

from .mail_target import READING, SUBMISSION, Server, Target, User

SECONDS = 60.0
"""Patience for one answer: Dovecot delays those who failed before, up to 15 seconds at a time."""
_DELIVERY = 30.0


@contextmanager
def named(server: Server) -> Iterator[None]:
    """Let the server's name mean its address, so that every client checks the certificate against the name."""
    real = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        return real(server.address if host == server.fqdn else host, *args, **kwargs)

    with patch("socket.getaddrinfo", resolve):
        yield


class Client:
    """Opens sessions with one server; each is encrypted, and checked against the target's CA and the server's name."""

    def __init__(self, target: Target, server: Server) -> None:
        self.target = target
        self.server = server
        self.context = ssl.create_default_context(cafile=str(target.ca_file))

    @contextmanager
    def smtp(self, port: int, *, secure: bool = True) -> Iterator[smtplib.SMTP]:
        """An SMTP session after EHLO; with `secure`, after TLS."""
        with named(self.server):
            if SUBMISSION.get(port) == "implicit":
                session: smtplib.SMTP = smtplib.SMTP_SSL(self.server.fqdn, port, context=self.context, timeout=SECONDS)
            else:
                session = smtplib.SMTP(self.server.fqdn, port, timeout=SECONDS)
            with session:
                session.ehlo("client.example.test")
                if secure and SUBMISSION.get(port) != "implicit":
                    session.starttls(context=self.context)
                    session.ehlo("client.example.test")
                yield session

    @contextmanager
    def imap(self, port: int, *, secure: bool = True) -> Iterator[imaplib.IMAP4]:
        """An IMAP session before login."""
        with named(self.server):
            if port == 993:
                session: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                    self.server.fqdn, port, ssl_context=self.context, timeout=SECONDS
                )
            else:
                session = imaplib.IMAP4(self.server.fqdn, port, timeout=SECONDS)
            with session:
                if secure and port != 993:
                    session.starttls(ssl_context=self.context)
                yield session

    @contextmanager
    def pop3(self, port: int, *, secure: bool = True) -> Iterator[poplib.POP3]:
        """A POP3 session before login."""
        with named(self.server):
            if port == 995:
                session: poplib.POP3 = poplib.POP3_SSL(self.server.fqdn, port, context=self.context, timeout=SECONDS)
            else:
                session = poplib.POP3(self.server.fqdn, port, timeout=SECONDS)
            try:
                if secure and port != 995:
                    session.stls(context=self.context)
                yield session
            finally:
                session.close()

    def login(self, port: int, user: User, *, name: str = "") -> None:
        """Log in at any port, and out again; raises what the library raises when refused."""
        login = name or user.login
        if port in SUBMISSION:
            with self.smtp(port) as smtp:
                smtp.login(login, user.password)
        elif READING[port].startswith("imap"):
            with self.imap(port) as imap:
                imap.login(login, user.password)
        else:
            with self.pop3(port) as pop3:
                pop3.user(login)
                pop3.pass_(user.password)

    def send(self, port: int, sender: User, recipients: list[str], *, subject: str = "") -> str:
        """Submit a message; returns the subject that tells it from all others."""
        message = EmailMessage()
        message["From"], message["To"] = sender.address, ", ".join(recipients)
        message["Subject"] = subject = subject or f"mailforest test {uuid.uuid4()}"
        message.set_content("Sent by a test, and removed by it.\n")
        with self.smtp(port) as session:
            session.login(sender.login, sender.password)
            assert session.send_message(message, sender.address, recipients) == {}
        return subject

    def found(self, port: int, user: User, subject: str, *, name: str = "") -> bool:
        """Whether the message is in the inbox, seen through this port, within the time that a delivery may take."""
        deadline = time.monotonic() + _DELIVERY
        while time.monotonic() < deadline:
            if self.copies(port, user, [subject], name=name)[subject]:
                return True
            time.sleep(0.5)
        return False

    def fetched(self, port: int, user: User, subject: str) -> bytes:
        """The message with this subject as it is in the inbox, once it is there."""
        assert self.found(port, user, subject)
        with self.imap(port) as session:
            session.login(user.login, user.password)
            session.select("INBOX", readonly=True)
            (number,) = session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0].split()
            ((_head, message), *_rest) = session.fetch(number.decode(), "(RFC822)")[1]  # type: ignore[misc]
        assert isinstance(message, bytes)
        return message

    def copies(self, port: int, user: User, subjects: Iterable[str], *, name: str = "") -> dict[str, int]:
        """How many messages with each of the subjects are in the inbox, seen through this port in one session."""
        count = self._imap_copies if READING[port].startswith("imap") else self._pop3_copies
        return count(port, user, list(subjects), name or user.login)

    def _imap_copies(self, port: int, user: User, subjects: list[str], name: str) -> dict[str, int]:
        with self.imap(port) as session:
            session.login(name, user.password)
            session.select("INBOX", readonly=True)
            found = {subject: session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0] for subject in subjects}
        return {subject: len(numbers.split()) for subject, numbers in found.items()}

    def _pop3_copies(self, port: int, user: User, subjects: list[str], name: str) -> dict[str, int]:
        """Among the last hundred messages."""
        with self.pop3(port) as session:
            session.user(name)
            session.pass_(user.password)
            count = session.stat()[0]
            headers = [session.top(number, 0)[1] for number in range(count, max(count - 100, 0), -1)]
        return {subject: sum(f"Subject: {subject}".encode() in header for header in headers) for subject in subjects}

    def remove(self, port: int, user: User, subject: str) -> None:
        """Remove every message whose subject has this text."""
        with self.imap(port) as session:
            session.login(user.login, user.password)
            session.select("INBOX")
            for number in session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0].split():
                session.store(number.decode(), "+FLAGS", "\\Deleted")
            session.expunge()


def letter(sender: str, recipient: str, subject: str, text: str = "Good day.") -> bytes:
    """A message as another mail server sends it, with all that belongs to one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(f"{text}\n")
    return message.as_bytes()


def curl(client: Client, url: str, user: User | None, *, options: str = "") -> subprocess.CompletedProcess[str]:
    """Run curl with TLS required; the password goes to it by its standard input. Without a user, nobody logs in."""
    server, port = client.server, url.rpartition(":")[2].partition("/")[0]
    login = f'user = "{user.login}:{user.password}"\n' if user else ""
    config = (
        f'{login}url = "{url}"\ncacert = "{client.target.ca_file}"\nssl-reqd\n'
        f'resolve = "{server.fqdn}:{port}:{server.address}"\nmax-time = {SECONDS:.0f}\nsilent\nshow-error\n{options}'
    )
    return subprocess.run(("curl", "--config", "-"), input=config, capture_output=True, text=True, check=False)


def deliver(client: Client, sender: str, recipient: str, subject: str) -> subprocess.CompletedProcess[str]:
    """Hand a message in at port 25 by curl, as another server does."""
    mail = f'mail-from = "{sender}"\nmail-rcpt = "{recipient}"\n'
    # Without what belongs to a message it would be taken for spam.
    message = BytesParser().parsebytes(letter(sender, recipient, subject), headersonly=True)
    headers = "".join(
        f'header = "{name}: {message[name]}"\n' for name in ("From", "To", "Subject", "Date", "Message-ID")
    )
    return curl(
        client, f"smtp://{client.server.fqdn}:25/client.example.test", None, options=f'{mail}{headers}form = "=Hello"\n'
    )


def swaks(
    client: Client, port: int, sender: User | str, recipient: str, subject: str
) -> subprocess.CompletedProcess[str]:
    """Run swaks; the password goes to it by its environment. A sender without a password does not log in."""
    tls = "--tls-on-connect" if SUBMISSION.get(port) == "implicit" else "--tls"
    environment, login = dict(os.environ), list[str]()
    if isinstance(sender, User):
        environment |= {"SWAKS_OPT_auth_user": sender.login, "SWAKS_OPT_auth_password": sender.password}
        login = ["--auth", "PLAIN"]
    address = sender if isinstance(sender, str) else sender.address
    argv = (
        *("swaks", "--server", client.server.address, "--port", str(port), tls, "--tls-verify", *login),
        *("--tls-ca-path", str(client.target.ca_file), "--tls-sni", client.server.fqdn),
        *("--from", address, "--to", recipient, "--ehlo", "client.example.test"),
        *("--header", f"Subject: {subject}", "--hide-all"),
    )
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
