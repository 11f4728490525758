# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what a stranger sent, and guess who the stranger is."""

from __future__ import annotations

_LONGEST = 120

_SIGNATURES = (
    ("SSH-", "SSH"),
    ("+OK", "POP3"),
    ("-ERR", "POP3"),
    ("* OK", "IMAP"),
    ("* PREAUTH", "IMAP"),
    ("* BYE", "IMAP"),
    ('"IMPLEMENTATION"', "ManageSieve"),
    ("HTTP/", "HTTP"),
    ("220", "SMTP"),
    ("554", "SMTP"),
    ("421", "SMTP"),
)


def printable(data: bytes | bytearray | str) -> str:
    """Return at most 120 characters of data in one quoted line."""
    text = data if isinstance(data, str) else bytes(data).decode("latin-1")
    shown = "".join(char if char.isprintable() else "." for char in text.strip("\r\n"))
    return f"'{shown[:_LONGEST]}{'...' if len(shown) > _LONGEST else ''}'"


def speaker(data: bytes | str) -> str:
    """Name the protocol that data looks like, or return nothing."""
    text = data if isinstance(data, str) else data.decode("latin-1")
    return next((name for start, name in _SIGNATURES if text.startswith(start)), "")
