# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of ManageSieve (RFC 5804): the few commands that the tests need. Python has none."""

from __future__ import annotations

import base64
import re
import socket
import ssl
from types import TracebackType

PORT = 4190
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")


class Refused(Exception):
    """The server said NO or BYE."""


class SieveClient:
    """One session. What the server does not answer with OK raises Refused."""

    def __init__(self, address: str, *, seconds: float = 60) -> None:
        self.socket = socket.create_connection((address, PORT), timeout=seconds)
        self.file = self.socket.makefile("rb")
        self.capabilities = self._answer()

    def __enter__(self) -> SieveClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        self.socket.close()

    def starttls(self, context: ssl.SSLContext, name: str) -> None:
        """Begin TLS; the certificate is checked."""
        self.command("STARTTLS")
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.file = self.socket.makefile("rb")
        self.capabilities = self._answer()

    def login(self, user: str, password: str) -> None:
        """Log in."""
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.command(f'AUTHENTICATE "PLAIN" "{secret}"')

    def challenge(self, command: str, mechanism: str, answer: bytes) -> bytes | None:
        """Begin or go on with a login; what the server asks next, and None when it is done."""
        text = f'"{base64.b64encode(answer).decode()}"'
        line = f'{command} "{mechanism}" {text}' if command else text
        self.socket.sendall(line.encode() + b"\r\n")
        first = self.file.readline()
        if first.upper().startswith(b"OK"):
            return None
        if found := _LITERAL.search(first):
            first = self.file.read(int(found[1])) + self.file.readline()
        elif not first.startswith(b'"'):
            raise Refused(first.decode(errors="replace") or "the connection was closed")
        return base64.b64decode(first.strip().strip(b'"'))

    def activate(self, name: str, script: str) -> None:
        """Store a script, and let it sort the mail from now on."""
        self.store(name, script)
        self.command(f'SETACTIVE "{name}"')

    def store(self, name: str, script: str) -> None:
        """Store a script."""
        text = script.encode()
        self.command(f'PUTSCRIPT "{name}" {{{len(text)}+}}', text)

    def command(self, line: str, literal: bytes | None = None) -> list[bytes]:
        """Send a command; the lines before the server's OK."""
        self.socket.sendall(line.encode() + b"\r\n" + (b"" if literal is None else literal + b"\r\n"))
        return self._answer()

    def _answer(self) -> list[bytes]:
        lines: list[bytes] = []
        while True:
            line = self.file.readline()
            while found := _LITERAL.search(line):
                line = line[: found.start()] + self.file.read(int(found[1])) + self.file.readline()
            word = line.split(b" ")[0].strip().upper()
            if word == b"OK":
                return lines
            if word in (b"NO", b"BYE", b""):
                raise Refused(line.decode(errors="replace") or "the connection was closed")
            lines.append(line)
