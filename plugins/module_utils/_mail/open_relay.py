# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: ask a mail server to pass on a stranger's mail, up to RCPT and no further (RFC 5321).

No message is ever handed over: DATA is never said. Two senders are tried, since some servers trust their own domain's.
"""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ACCEPTED = range(200, 300)
_HELO = "[127.0.0.1]"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One question to one server."""

    server: str
    address: str
    port: int
    sender: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server says to the recipient, or to the sender where it refuses that."""

    attempt: Attempt
    code: int
    text: str

    @property
    def relays(self) -> bool:
        """Whether it would take the message on."""
        return self.code in _ACCEPTED

    def shown(self) -> dict[str, Any]:
        """What the module returns of it."""
        return {
            "server": self.attempt.server,
            "sender": self.attempt.sender,
            "code": self.code,
            "text": self.text,
            "relays": self.relays,
        }


Session = Callable[[str, int], smtplib.SMTP]


def connect(address: str, port: int) -> smtplib.SMTP:
    """A session with a server; what it says must come soon."""
    return smtplib.SMTP(address, port, local_hostname=_HELO, timeout=15)


def attempts(rows: Iterable[Mapping[str, Any]], recipient: str) -> list[Attempt]:
    """Both senders at each server."""
    return [
        Attempt(server=row["server"], address=row["address"], port=row["port"], sender=sender, recipient=recipient)
        for row in rows
        for sender in dict.fromkeys(("", row["sender"]))
    ]


def _text(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())


def _ask(attempt: Attempt, session: Session) -> Reply:
    smtp = session(attempt.address, attempt.port)
    try:
        smtp.ehlo_or_helo_if_needed()
        code, said = smtp.mail(attempt.sender)
        if code in _ACCEPTED:
            code, said = smtp.rcpt(attempt.recipient)
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):  # what is said to that is no matter
            smtp.quit()
    return Reply(attempt=attempt, code=code, text=_text(said))


def look(wanted: Iterable[Attempt], session: Session = connect) -> Iterator[Reply]:
    """Ask; a server that says nothing passes nothing on, and whether it is to answer at all others look at."""
    for attempt in wanted:
        try:
            yield _ask(attempt, session)
        except (OSError, smtplib.SMTPException) as exc:
            yield Reply(attempt=attempt, code=0, text=str(exc) or type(exc).__name__)
