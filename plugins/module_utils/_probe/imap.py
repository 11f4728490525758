# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IMAP (RFC 9051, RFC 3501)."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import (
    MOST_LINES,
    PROBE_USER,
    Answer,
    Dialogue,
    no_starttls,
    not_this,
    turned_away,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Stage, Verdict


class Imap(Dialogue):
    """The greeting and CAPABILITY."""

    label = "IMAP"
    first_stage = Stage.BANNER
    farewell = b"z LOGOUT\r\n"

    def __init__(self) -> None:
        self._banner = ""
        self._count = 0

    async def open(self, channel: Channel) -> Answer:
        """Wait for the greeting, then ask for the capabilities."""
        line = await channel.read_line()
        kind = line.upper()
        if kind.startswith("* BYE"):
            raise turned_away(self.label, line)
        if not kind.startswith(("* OK", "* PREAUTH")):
            raise not_this(self.label, line)
        self._banner = line
        return await self.ask(channel)

    async def ask(self, channel: Channel) -> Answer:
        """Ask for the capabilities."""
        status, lines = await self._command(channel, "CAPABILITY")
        if not status.upper().startswith("OK"):
            raise Judged(Verdict.WRONG_PROTOCOL, f"greeted like IMAP but does not know CAPABILITY: {status}")
        words = [word for line in lines if line.upper().startswith("* CAPABILITY") for word in line.split()[2:]]
        mechanisms = [word[5:].upper() for word in words if word.upper().startswith("AUTH=")]
        if "LOGINDISABLED" not in (word.upper() for word in words):
            mechanisms.append("LOGIN command")
        return Answer(banner=self._banner, capabilities=tuple(words), mechanisms=tuple(mechanisms))

    async def starttls(self, channel: Channel) -> None:
        """Say STARTTLS."""
        status, _lines = await self._command(channel, "STARTTLS")
        if not status.upper().startswith("OK"):
            raise no_starttls(self.label, status)

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """A continuation asks for the password; a NO without PRIVACYREQUIRED to LOGIN has looked at it."""
        status, _lines = await self._command(channel, "AUTHENTICATE PLAIN")
        if status.startswith("+"):
            await channel.write(b"*\r\n")
            return "AUTHENTICATE PLAIN was answered with a question for the password"
        status, _lines = await self._command(channel, f'LOGIN "{PROBE_USER}" "{PROBE_USER}"')
        upper = status.upper()
        disabled = answer.has("LOGINDISABLED") or "[PRIVACYREQUIRED]" in upper or upper.startswith("BAD")
        return "" if disabled and not upper.startswith("OK") else f"LOGIN was answered {status}"

    async def _command(self, channel: Channel, command: str) -> tuple[str, list[str]]:
        self._count += 1
        tag = f"a{self._count}"
        await channel.write(f"{tag} {command}\r\n".encode("ascii"))
        lines: list[str] = []
        for _turn in range(MOST_LINES):
            line = await channel.read_line()
            if line.startswith("+"):
                return line, lines
            if line.startswith(f"{tag} "):
                return line[len(tag) + 1 :], lines
            if not line.startswith("* "):
                raise not_this(self.label, line)
            lines.append(line)
        raise Judged(Verdict.WRONG_PROTOCOL, f"a reply of more than {MOST_LINES} lines")
