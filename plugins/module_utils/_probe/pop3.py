# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""POP3 (RFC 1939), CAPA (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034)."""

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


class Pop3(Dialogue):
    """The greeting and CAPA."""

    label = "POP3"
    first_stage = Stage.BANNER
    farewell = b"QUIT\r\n"

    def __init__(self) -> None:
        self._banner = ""

    async def open(self, channel: Channel) -> Answer:
        """Wait for the greeting, then ask for the capabilities."""
        line = await channel.read_line()
        if line.startswith("-ERR"):
            raise turned_away(self.label, line)
        if not line.startswith("+OK"):
            raise not_this(self.label, line)
        self._banner = line
        return await self.ask(channel)

    async def ask(self, channel: Channel) -> Answer:
        """Ask for the capabilities; a server may not know the command."""
        if not (await self._command(channel, "CAPA")).startswith("+OK"):
            return Answer(banner=self._banner)
        lines: list[str] = []
        while (line := await channel.read_line()) != ".":
            lines.append(line)
            if len(lines) > MOST_LINES:
                raise Judged(Verdict.WRONG_PROTOCOL, f"a reply of more than {MOST_LINES} lines")
        mechanisms = [word for line in lines if line.upper().startswith("SASL ") for word in line.upper().split()[1:]]
        mechanisms += ["USER command" for line in lines if line.upper() == "USER"]
        return Answer(banner=self._banner, capabilities=tuple(lines), mechanisms=tuple(mechanisms))

    async def starttls(self, channel: Channel) -> None:
        """Say STLS."""
        line = await self._command(channel, "STLS")
        if not line.startswith("+OK"):
            raise no_starttls(self.label, line)

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """A plus, alone or with OK, asks for the password."""
        for command in ("AUTH PLAIN", f"USER {PROBE_USER}"):
            line = await self._command(channel, command)
            if line.startswith("+"):
                return f"{command} was answered {line}"
        return ""

    async def _command(self, channel: Channel, command: str) -> str:
        await channel.write(command.encode("ascii") + b"\r\n")
        line = await channel.read_line()
        if not line.startswith(("+", "-ERR")):
            raise not_this(self.label, line)
        return line
