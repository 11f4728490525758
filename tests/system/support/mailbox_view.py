# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox as mail programs know it: what must be the same after it was moved, or its server upgraded."""

from __future__ import annotations

import imaplib
import poplib
import ssl
from dataclasses import dataclass, field
from typing import Any

from .sieve_client import SieveClient

_SCRIPT = 'require ["fileinto"];\nif header :contains "Subject" "invoice" { fileinto "Archive"; }\n'
_FLAGS = ("", "\\Seen", "\\Seen \\Answered", "\\Flagged", "$Later")
_GROWS = ("INBOX messages", "UIDL")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who reads mail at a server."""

    address: str
    fqdn: str
    login: str
    context: ssl.SSLContext = field(repr=False)
    password: str = field(repr=False)

    def imap(self) -> imaplib.IMAP4_SSL:
        """A session that has logged in."""
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=self.context, timeout=60)
        session.login(self.login, self.password)
        return session

    def _sieve(self) -> SieveClient:
        session = SieveClient(self.address)
        session.starttls(self.context, self.fqdn)
        session.login(self.login, self.password)
        return session

    def fill(self, messages: int) -> None:
        """Two folders, some messages read, some answered, one deleted, so that UIDs are no mere count; and a script."""
        with self.imap() as session:
            session.create("Work")
            for number in range(messages):
                text = f"Subject: letter {number}\r\nMessage-ID: <{number}@example.test>\r\n\r\n{'x' * number}\r\n"
                flags = f"({_FLAGS[number % len(_FLAGS)]})"
                session.append(("INBOX", "Work")[number % 2], flags, "", text.encode())
            session.select("INBOX")
            session.store("3", "+FLAGS", "\\Deleted")
            session.expunge()
        with self._sieve() as sieve:
            sieve.activate("rules", _SCRIPT)

    def view(self) -> dict[str, Any]:
        """UIDs, flags, dates and sizes of all messages, UIDLs, scripts."""
        found: dict[str, Any] = {}
        with self.imap() as session:
            for folder in ("INBOX", "Work"):
                assert session.select(folder, readonly=True)[0] == "OK", folder
                found[f"{folder} validity"] = session.response("UIDVALIDITY")[1]
                rows = session.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE)")[1]
                found[f"{folder} messages"] = sorted(_settled(row) for row in rows)
        pop3 = poplib.POP3_SSL(self.address, 995, context=self.context, timeout=60)
        pop3.user(self.login)
        pop3.pass_(self.password)
        found["UIDL"] = pop3.uidl()[1]
        pop3.quit()
        with self._sieve() as sieve:
            found["scripts"] = sieve.command("LISTSCRIPTS")
        return found


def _settled(row: bytes) -> bytes:
    """Without the flag that is for the first session alone."""
    return row.replace(b" \\Recent", b"").replace(b"\\Recent ", b"").replace(b"\\Recent", b"")


def same_but_for_new_mail(before: dict[str, Any], after: dict[str, Any]) -> None:
    """All that was there is there, and only the inbox may have more."""
    for name, value in before.items():
        if name in _GROWS:
            assert set(value) <= set(after[name]), name
        else:
            assert value == after[name], name
