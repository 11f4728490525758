# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP (RFC 5321), STARTTLS (RFC 3207), AUTH (RFC 4954)."""

from __future__ import annotations

import re

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

_REPLY = re.compile(r"(\d{3})([ -]|$)(.*)")


class Smtp(Dialogue):
    """The greeting and EHLO."""

    label = "SMTP"
    first_stage = Stage.BANNER
    farewell = b"QUIT\r\n"

    def __init__(self) -> None:
        self._banner = ""

    async def open(self, channel: Channel) -> Answer:
        """Wait for 220, then say EHLO."""
        code, lines = await self._reply(channel)
        if code != 220:
            raise turned_away(self.label, f"{code} {lines[-1]}")
        self._banner = lines[0]
        return await self.ask(channel)

    async def ask(self, channel: Channel) -> Answer:
        """Say EHLO."""
        code, lines = await self._command(channel, "EHLO probe.invalid")
        if code >= 500:
            raise Judged(Verdict.WRONG_PROTOCOL, f"greeted like SMTP but does not know EHLO: {code} {lines[-1]}")
        if code != 250:
            raise turned_away(self.label, f"{code} {lines[-1]}")
        offered = [line.upper().split()[1:] for line in lines[1:] if line.upper().startswith("AUTH ")]
        mechanisms = tuple(word for words in offered for word in words)
        return Answer(banner=self._banner, capabilities=tuple(lines[1:]), mechanisms=mechanisms)

    async def starttls(self, channel: Channel) -> None:
        """Say STARTTLS, whether it is offered or not: what counts is what the server does."""
        code, lines = await self._command(channel, "STARTTLS")
        if code != 220:
            raise no_starttls(self.label, f"{code} {lines[-1]}")

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """A reply of 334 asks for the password, one of 235 or 535 has looked at it."""
        for mechanism in ("PLAIN", "LOGIN"):
            code, lines = await self._command(channel, f"AUTH {mechanism}")
            if code in (235, 334, 535):
                return f"AUTH {mechanism} was answered {code} {lines[-1]}".rstrip()
        return ""

    async def reply_to_relay(self, channel: Channel) -> str:
        """The null sender, as a bounce has it, and a recipient whom no server has (RFC 2606)."""
        for command in ("MAIL FROM:<>", "RCPT TO:<mailforest-probe@relay.invalid>"):
            code, lines = await self._command(channel, command)
            if code != 250:
                break
        return f"{code} {lines[-1]}"

    async def _command(self, channel: Channel, command: str) -> tuple[int, list[str]]:
        await channel.write(command.encode("ascii") + b"\r\n")
        return await self._reply(channel)

    async def _reply(self, channel: Channel) -> tuple[int, list[str]]:
        lines: list[str] = []
        for _turn in range(MOST_LINES):
            line = await channel.read_line()
            found = _REPLY.match(line)
            if found is None:
                raise not_this(self.label, line)
            lines.append(found[3])
            if found[2] != "-":
                return int(found[1]), lines
        raise Judged(Verdict.WRONG_PROTOCOL, f"a reply of more than {MOST_LINES} lines")
