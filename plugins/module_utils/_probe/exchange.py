# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question, one answer: protocols spoken over UDP, or over TCP with a length in front."""

from __future__ import annotations

from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import Answer, Dialogue, not_this


class Exchange(Protocol):
    """A request and the understanding of its reply."""

    label: str

    def request(self, argument: str) -> bytes:
        """Return the question."""

    def understand(self, request: bytes, reply: bytes, argument: str) -> dict[str, Any]:
        """Return the facts in the reply, or raise Judged."""


class Framed(Dialogue):
    """An exchange over TCP."""

    label = ""

    def __init__(self, exchange: Exchange, argument: str, *, length_octets: int) -> None:
        self._exchange = exchange
        self._argument = argument
        self._octets = length_octets

    async def open(self, channel: Channel) -> Answer:
        """Ask, and understand the answer."""
        request = self._exchange.request(self._argument)
        await channel.write(len(request).to_bytes(self._octets, "big") + request)
        size = int.from_bytes(await channel.read_exactly(self._octets), "big")
        if not 0 < size <= 0xFFFF:
            raise not_this(self._exchange.label, channel.first)
        reply = await channel.read_exactly(size)
        return Answer(facts=self._exchange.understand(request, reply, self._argument))
