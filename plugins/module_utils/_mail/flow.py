# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: send one message, find it, take it away again.

The message goes through a submission port as a user would send it (RFC 6409, RFC 8314), is looked for over IMAP
(RFC 9051) and over POP3 (RFC 1939), and is deleted over IMAP. Every session verifies the server's certificate and name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.message
import email.policy
import email.utils
import imaplib
import poplib
import smtplib
import ssl
import time
import typing as t
from collections.abc import Callable, Iterator

Tls = t.Literal["implicit", "starttls"]


class MailFlowError(Exception):
    """A step that did not work: which one, what was answered, what to look at."""

    def __init__(self, *, step: str, detail: str, remedy: str) -> None:
        super().__init__(f"{step}: {detail} {remedy}")
        self.step = step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where one protocol is spoken: `port` and how TLS begins there."""

    port: int
    tls: Tls


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Who sends and reads; the password stays out of every representation."""

    user: str
    password: str = dataclasses.field(repr=False)
    address: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server by the name its certificate bears, and how long a step on it may take (seconds)."""

    name: str
    context: ssl.SSLContext
    timeout: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flow:
    """What was seen of the one message; times in seconds."""

    message_id: str
    accepted: str
    imap_seconds: float | None
    pop3_found: bool | None
    received_tls: bool
    headers: tuple[str, ...]


def compose(*, account: Account, recipient: str, message_id: str, now: float) -> email.message.EmailMessage:
    """Build the message (RFC 5322); its Message-ID is what it is found by."""
    message = email.message.EmailMessage()
    message["From"] = account.address
    message["To"] = recipient
    message["Subject"] = "mailforest.stack: a probe of the mail flow"
    message["Date"] = email.utils.formatdate(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("Sent and removed again by mailforest.stack to prove that mail flows.\n")
    return message


def tls_on_arrival(*, received: list[str]) -> bool:
    """Say whether the hop that took the message from the client used TLS.

    RFC 3848: `with ESMTPSA` names an authenticated session under TLS. The last Received header is the first hop.
    """
    return bool(received) and any(word in received[-1].upper().split() for word in ("ESMTPSA", "UTF8SMTPSA"))


@contextlib.contextmanager
def _step(name: str, remedy: str) -> Iterator[None]:
    """Turn what the libraries raise into one error that says which step failed and where to look."""
    try:
        yield
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto) as exc:
        raise MailFlowError(step=name, detail=f"{type(exc).__name__}: {exc}.", remedy=remedy) from exc


def submit(*, server: Server, endpoint: Endpoint, account: Account, message: email.message.EmailMessage) -> str:
    """Send through a submission port with TLS and AUTH; return the server's answer to the end of DATA."""
    with _step(f"submission on port {endpoint.port}", "Look at the mail log of the server and at the account."):
        session: smtplib.SMTP
        if endpoint.tls == "implicit":
            session = smtplib.SMTP_SSL(server.name, endpoint.port, timeout=server.timeout, context=server.context)
        else:
            session = smtplib.SMTP(server.name, endpoint.port, timeout=server.timeout)
        with session:
            if endpoint.tls == "starttls":
                session.starttls(context=server.context)
            session.login(account.user, account.password)
            session.mail(account.address)
            code, answer = session.rcpt(str(message["To"]))
            if code != 250:
                raise smtplib.SMTPResponseException(code, answer)
            code, answer = session.data(message.as_bytes(policy=email.policy.SMTP))
            if code != 250:
                raise smtplib.SMTPResponseException(code, answer)
            return answer.decode("utf-8", "replace")


@contextlib.contextmanager
def _imap(*, server: Server, endpoint: Endpoint, account: Account) -> Iterator[imaplib.IMAP4]:
    session: imaplib.IMAP4
    if endpoint.tls == "implicit":
        session = imaplib.IMAP4_SSL(server.name, endpoint.port, ssl_context=server.context, timeout=server.timeout)
    else:
        session = imaplib.IMAP4(server.name, endpoint.port, timeout=server.timeout)
    with session:
        if endpoint.tls == "starttls":
            session.starttls(ssl_context=server.context)
        session.login(account.user, account.password)
        session.select("INBOX")
        yield session


def _numbers(session: imaplib.IMAP4, message_id: str) -> list[str]:
    session.noop()
    _typ, data = session.search(None, "HEADER", "Message-ID", f'"{message_id}"')
    return data[0].decode("ascii").split() if data and data[0] else []


def fetch_headers(
    *,
    server: Server,
    endpoint: Endpoint,
    account: Account,
    message_id: str,
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
) -> email.message.Message | None:
    """Look for the message over IMAP until `deadline` (on `clock`); return its headers, None when it did not come."""
    with (
        _step(f"IMAP on port {endpoint.port}", "Look at the mail log of the server and at the account."),
        _imap(server=server, endpoint=endpoint, account=account) as session,
    ):
        while not (numbers := _numbers(session, message_id)):
            if clock() >= deadline:
                return None
            time.sleep(0.2)
        _typ, data = session.fetch(numbers[0], "(BODY.PEEK[HEADER])")
        raw = next(part[1] for part in data if isinstance(part, tuple))
        return email.message_from_bytes(raw)


def remove(*, server: Server, endpoint: Endpoint, account: Account, message_id: str) -> int:
    """Delete every message of that Message-ID over IMAP; return how many there were."""
    with (
        _step(f"removal over IMAP on port {endpoint.port}", "Delete the message by hand."),
        _imap(server=server, endpoint=endpoint, account=account) as session,
    ):
        numbers = _numbers(session, message_id)
        for number in numbers:
            session.store(number, "+FLAGS", r"(\Deleted)")
        session.expunge()
        return len(numbers)


def pop3_has(*, server: Server, endpoint: Endpoint, account: Account, message_id: str) -> bool:
    """Look for the message over POP3 without taking it away."""
    with _step(f"POP3 on port {endpoint.port}", "Look at the mail log of the server and at the account."):
        session: poplib.POP3
        if endpoint.tls == "implicit":
            session = poplib.POP3_SSL(server.name, endpoint.port, timeout=server.timeout, context=server.context)
        else:
            session = poplib.POP3(server.name, endpoint.port, timeout=server.timeout)
            session.stls(context=server.context)
        try:
            session.user(account.user)
            session.pass_(account.password)
            count, _size = session.stat()
            return any(_pop3_id(session, number) == message_id for number in range(count, 0, -1))
        finally:
            session.quit()


def _pop3_id(session: poplib.POP3, number: int) -> str:
    _response, lines, _octets = session.top(number, 0)
    return str(email.message_from_bytes(b"\r\n".join(lines)).get("Message-ID", "")).strip()


def prove(
    *,
    server: Server,
    account: Account,
    submission: Endpoint,
    imap: Endpoint,
    pop3: Endpoint | None,
    deadline: float,
) -> Flow:
    """Send one message from the account to itself, find it, remove it, and say what was seen.

    `deadline`: seconds the message may take from acceptance to the mailbox.
    """
    message_id = email.utils.make_msgid(domain=account.address.rpartition("@")[2])
    message = compose(account=account, recipient=account.address, message_id=message_id, now=time.time())
    accepted = submit(server=server, endpoint=submission, account=account, message=message)
    start = time.monotonic()
    headers = fetch_headers(
        server=server, endpoint=imap, account=account, message_id=message_id, deadline=start + deadline
    )
    seconds = round(time.monotonic() - start, 3)
    received = [str(value) for value in headers.get_all("Received", [])] if headers is not None else []
    found_by_pop3 = None
    try:
        if headers is not None and pop3 is not None:
            found_by_pop3 = pop3_has(server=server, endpoint=pop3, account=account, message_id=message_id)
    finally:
        remove(server=server, endpoint=imap, account=account, message_id=message_id)
    return Flow(
        message_id=message_id,
        accepted=accepted,
        imap_seconds=seconds if headers is not None else None,
        pop3_found=found_by_pop3,
        received_tls=tls_on_arrival(received=received),
        headers=tuple(received),
    )
