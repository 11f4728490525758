# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail sent at a steady rate while something breaks, and counted afterwards: what was accepted, and what became of it.

Every message has a serial in a header of its own. It counts as accepted when the server has answered 250 to its end,
and it is sent again until then, as any mail program does. Where an answer got lost the server may have taken the
message all the same, so that it comes twice: RFC 5321, 4.5.3.2.6, wants it rather twice than never.
"""

from __future__ import annotations

import imaplib
import re
import smtplib
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from .mail_target import User

SERIAL = "X-Mailforest-Serial"
_SECONDS = 10.0
"""Patience for one answer."""
_SERIAL_LINE = re.compile(rb"X-Mailforest-Serial: (\S+)", re.IGNORECASE)


class Permanent(Exception):
    """The server said that it will never take the message."""


class Unanswered(Exception):
    """The message was sent to its end, and no answer came."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where mail is handed in: at a server's port for submission as a user, or at port 25 as another server."""

    address: str
    context: ssl.SSLContext = field(repr=False)
    user: User | None = None
    name: str = "client.example.test"
    """What the sender calls itself."""

    def hand_in(self, sender: str, recipient: str, message: bytes) -> None:
        """Return when the message was accepted, raise otherwise."""
        port = 587 if self.user else 25
        with smtplib.SMTP(self.address, port, self.name, timeout=_SECONDS) as session:
            session.starttls(context=self.context)
            session.ehlo()
            if self.user:
                session.login(self.user.login, self.user.password)
            _taken(session.mail(sender))
            _taken(session.rcpt(recipient))
            _taken(session.docmd("DATA"))
            try:
                session.send(message + b".\r\n")
                answer = session.getreply()
            except OSError as exc:
                raise Unanswered(str(exc)) from exc
            _taken(answer)


def _taken(answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code >= 500:
        raise Permanent(f"{code} {text.decode(errors='replace')}")
    if code >= 400:
        raise OSError(f"{code} {text.decode(errors='replace')}")


@dataclass
class Log:
    """What happened at the door, as it happened."""

    sent: int = 0
    accepted: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What another try does not cure."""
    unanswered: int = 0
    outage: float = 0.0
    """The longest time in which nothing was accepted although somebody tried."""


def merged(logs: Iterable[Log]) -> Log:
    """What happened at several doors; the outage is that of the worst."""
    found = Log()
    for log in logs:
        found.sent += log.sent
        found.accepted |= log.accepted
        found.failed += log.failed
        found.refused += log.refused
        found.unanswered += log.unanswered
        found.outage = max(found.outage, log.outage)
    return found


class Sender(threading.Thread):
    """Sends one message after another, each again until it is accepted.

    A login that is denied is tried again, too: Postfix of Debian 12 says 535, as for a wrong password, while Dovecot
    has no directory to ask. It counts as refused when trying has not cured it in `login_seconds`.
    """

    login_seconds = 60.0

    def __init__(self, door: Door, sender: str, recipients: Sequence[str], *, pause: float) -> None:
        super().__init__(daemon=True)
        self.door, self.sender, self.recipients, self.pause = door, sender, tuple(recipients), pause
        self.run_name = uuid.uuid4().hex[:12]
        self.log = Log()
        self.error: BaseException | None = None
        self._end = threading.Event()
        self._give_up = threading.Event()
        self._denied = 0.0
        """Since when the login of the message that is sent has been denied."""

    def run(self) -> None:
        """What the thread does."""
        try:
            while not self._end.is_set():
                self._one(self.log.sent)
                time.sleep(self.pause)
        except BaseException as exc:  # given to the test, which waits for the thread
            self.error = exc

    def _one(self, number: int) -> None:
        serial = f"{self.run_name}-{number}"
        recipient = self.recipients[number % len(self.recipients)]
        message = _message(self.sender, recipient, serial)
        self.log.sent += 1
        refused = len(self.log.refused)
        begun, self._denied = time.monotonic(), 0.0
        while not self._accepted(recipient, message):
            if self._give_up.is_set() or len(self.log.refused) > refused:
                return
            time.sleep(self.pause)
        self.log.accepted[serial] = time.time()
        self.log.outage = max(self.log.outage, time.monotonic() - begun)

    def _accepted(self, recipient: str, message: bytes) -> bool:
        try:
            self.door.hand_in(self.sender, recipient, message)
        except Permanent as exc:
            self.log.refused.append(str(exc))
        except Unanswered as exc:
            self.log.unanswered += 1
            self.log.failed.append(str(exc))
        except (
            OSError,
            smtplib.SMTPException,
        ) as exc:  # a port that is closed, an answer of 4xx, a connection that ends
            self.log.failed.append(str(exc))
            if isinstance(exc, smtplib.SMTPAuthenticationError) and exc.smtp_code >= 500:
                self._deny(str(exc))
        else:
            return True
        return False

    def _deny(self, answer: str) -> None:
        now = time.monotonic()
        self._denied = self._denied or now
        if now >= self._denied + self.login_seconds:
            self.log.refused.append(answer)

    def finish(self, *, seconds: float = 60) -> None:
        """Send the last message to its end; what is not accepted by then was not accepted, and its sender knows."""
        self._end.set()
        self.join(timeout=seconds)
        self._give_up.set()
        self.join(timeout=_SECONDS * 6)
        if self.error:
            raise self.error
        assert not self.is_alive(), "the sender hangs"


@contextmanager
def steady(door: Door, sender: str, recipients: Sequence[str], *, pause: float = 0.1) -> Iterator[Sender]:
    """Mail that flows while the block runs; it flows before the block begins."""
    thread = Sender(door, sender, recipients, pause=pause)
    thread.start()
    deadline = time.monotonic() + 30
    while not thread.log.accepted and not thread.error:
        assert time.monotonic() < deadline, f"nothing was accepted: {[*thread.log.failed, *thread.log.refused][-2:]}"
        time.sleep(0.1)
    try:
        yield thread
    finally:
        thread.finish()


def _message(sender: str, recipient: str, serial: str) -> bytes:
    """Whole: without Date and Message-ID it would be taken for spam."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, f"mailforest test {serial}"
    message["Date"], message["Message-ID"] = localtime(), make_msgid(domain=sender.rpartition("@")[2])
    message[SERIAL] = serial
    message.set_content("Sent by a test, and removed by it.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The messages of a run in one or more mailboxes, all folders of them."""

    copies: Counter[str]
    newest: float = 0.0
    """When the last of them arrived, to the second."""

    def __add__(self, other: Counted) -> Counted:
        return Counted(copies=self.copies + other.copies, newest=max(self.newest, other.newest))


def count(session: imaplib.IMAP4, run_name: str) -> Counted:
    """Count in the mailbox that the session has logged in to."""
    found = Counted(copies=Counter())
    for folder in _folders(session):
        session.select(folder, readonly=True)
        numbers = session.search(None, "HEADER", SERIAL, run_name)[1][0].split()
        if numbers:
            what = f"(INTERNALDATE BODY.PEEK[HEADER.FIELDS ({SERIAL})])"
            rows = session.fetch(b",".join(numbers).decode(), what)[1]
            found += _counted(row for row in rows if isinstance(row, tuple))
    return found


def _folders(session: imaplib.IMAP4) -> list[str]:
    rows = [row for row in session.list()[1] if isinstance(row, bytes) and b"\\Noselect" not in row]
    return [f'"{row.decode().rpartition(" ")[2].strip(chr(34))}"' for row in rows]


def _counted(rows: Iterable[tuple[bytes, bytes]]) -> Counted:
    copies, newest = Counter[str](), 0.0
    for head, header in rows:
        serial, date = _SERIAL_LINE.search(header), imaplib.Internaldate2tuple(head)
        assert serial, f"a message that was found by its serial has none: {header!r}"
        assert date, f"a message without a date: {head!r}"
        copies[serial[1].decode()] += 1
        newest = max(newest, time.mktime(date))
    return Counted(copies=copies, newest=newest)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the mail of one fault."""

    fault: str
    sent: int
    accepted: int
    found: int
    lost: int
    doubled: int
    unanswered: int
    refused: int
    outage: float
    last: float
    """Seconds from the moment when the last message was accepted to that when the last one arrived."""
    answer: str = ""
    """The first refusal that another try did not cure."""

    @classmethod
    def of(cls, fault: str, log: Log, counted: Counted) -> Outcome:
        """Compare what was accepted with what is there."""
        found = {serial for serial in log.accepted if counted.copies[serial]}
        return cls(
            fault=fault,
            sent=log.sent,
            accepted=len(log.accepted),
            found=len(found),
            lost=len(log.accepted) - len(found),
            doubled=sum(copies - 1 for copies in counted.copies.values()),
            unanswered=log.unanswered,
            refused=len(log.refused),
            answer=next(iter(log.refused), ""),
            outage=round(log.outage, 1),
            last=round(max(0.0, counted.newest - max(log.accepted.values(), default=counted.newest)), 1),
        )
