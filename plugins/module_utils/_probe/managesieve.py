# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ManageSieve (RFC 5804)."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import (
    MOST_LINES,
    Answer,
    Dialogue,
    no_starttls,
    not_this,
    turned_away,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Stage, Verdict


class ManageSieve(Dialogue):
    """The list of capabilities, which is the greeting."""

    label = "ManageSieve"
    first_stage = Stage.BANNER
    farewell = b"LOGOUT\r\n"

    async def open(self, channel: Channel) -> Answer:
        """Read the capabilities."""
        status, lines = await self._reply(channel)
        if not status.upper().startswith("OK"):
            raise turned_away(self.label, status)
        words = [line.replace('"', "") for line in lines]
        found = {word.partition(" ")[0].upper(): word.partition(" ")[2] for word in words}
        if "IMPLEMENTATION" not in found:
            raise not_this(self.label, status)
        mechanisms = tuple(found.get("SASL", "").upper().split())
        return Answer(banner=found["IMPLEMENTATION"], capabilities=tuple(words), mechanisms=mechanisms)

    async def starttls(self, channel: Channel) -> None:
        """Say STARTTLS; the server repeats its capabilities once TLS stands."""
        status = await self._command(channel, "STARTTLS")
        if not status.upper().startswith("OK"):
            raise no_starttls(self.label, status)

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """Anything but NO or BYE has taken the login up."""
        await channel.write(b'AUTHENTICATE "PLAIN"\r\n')
        line = await channel.read_line()
        return "" if line.upper().startswith(("NO", "BYE")) else f"AUTHENTICATE was answered {line}"

    async def _command(self, channel: Channel, command: str) -> str:
        await channel.write(command.encode("ascii") + b"\r\n")
        return (await self._reply(channel))[0]

    async def _reply(self, channel: Channel) -> tuple[str, list[str]]:
        lines: list[str] = []
        for _turn in range(MOST_LINES):
            line = await channel.read_line()
            if line.upper().split(" ")[0] in ("OK", "NO", "BYE"):
                return line, lines
            if not line.startswith('"'):
                raise not_this(self.label, line)
            lines.append(line)
        raise Judged(Verdict.WRONG_PROTOCOL, f"a reply of more than {MOST_LINES} lines")
