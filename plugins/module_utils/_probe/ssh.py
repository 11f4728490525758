# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH's identification line (RFC 4253, section 4.2)."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import Answer, Dialogue, not_this
from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import speaker
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Stage, Verdict

_LINES_BEFORE = 20


class Ssh(Dialogue):
    """The server's identification."""

    label = "SSH"
    first_stage = Stage.BANNER
    farewell = b"SSH-2.0-mailforest_probe\r\n"

    async def open(self, channel: Channel) -> Answer:
        """Read the identification, before which a server may send other lines."""
        for _turn in range(_LINES_BEFORE):
            line = await channel.read_line()
            if line.startswith("SSH-"):
                return Answer(banner=line)
            if speaker(line):
                raise not_this(self.label, line)
        raise Judged(Verdict.WRONG_PROTOCOL, f"{_LINES_BEFORE} lines without an SSH identification")
