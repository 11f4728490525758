# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe one UDP port: only an answer shows that somebody is there."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from ansible_collections.mailforest.stack.plugins.module_utils._probe.protocols import PROTOCOLS
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Progress, Stage, Verdict

_TRIES = 3
_LARGEST = 65535


@dataclass(frozen=True, kw_only=True)
class UdpProbe:
    """One question, sent up to three times within the check's timeout."""

    check: Check
    address: str
    progress: Progress

    async def run(self) -> None:
        """Return when the answer is understood; raise what was found otherwise."""
        self.progress.stage = Stage.CONNECT
        exchange = PROTOCOLS[self.check.protocol].exchange
        request = exchange.request(self.check.argument) if exchange else b"\n"
        reply = await self._ask(request)
        if exchange:
            self.progress.stage = Stage.PROTOCOL
            self.progress.answer = exchange.understand(request, reply, self.check.argument)

    async def _ask(self, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as connection:
            await loop.sock_connect(connection, (self.address, self.check.port))
            for _turn in range(_TRIES):
                await loop.sock_sendall(connection, request)
                try:
                    async with asyncio.timeout(self.check.timeout / _TRIES):
                        return await loop.sock_recv(connection, _LARGEST)
                except TimeoutError:
                    continue
        raise Judged(Verdict.OPEN_OR_FILTERED, f"no answer to {_TRIES} requests in {self.check.timeout:g} s")
