# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP connection whose reader knows exactly what came in the clear and what came through TLS."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from types import TracebackType
from typing import Self

from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import printable
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

_CHUNK = 65536
_LONGEST_LINE = 8192


class Channel:
    """A connected socket, optionally under TLS, with the few ways of reading that the probes need."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._incoming: ssl.MemoryBIO
        self._outgoing: ssl.MemoryBIO
        self.tls: ssl.SSLObject | None = None
        self.first = b""
        """The first bytes off the wire since the connection, or since TLS was begun."""

    @classmethod
    async def dial(cls, address: str, port: int) -> Self:
        """Connect; the operating system's error says why it did not work."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
            # On loopback a port of the ephemeral range can connect to itself when nobody listens there.
            if connection.getsockname() == connection.getpeername():
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing listens there")
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    async def start_tls(self, context: ssl.SSLContext, server_name: str) -> ssl.SSLObject:
        """Do the handshake; what was sent in the clear after the agreement to start TLS is an attack or a defect."""
        if self._buffer:
            raise Judged(Verdict.WRONG_TLS, f"sent more in the clear after agreeing to TLS: {printable(self._buffer)}")
        self.first = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        while True:
            try:
                tls.do_handshake()
                await self._flush()
                return tls
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._receive())
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await self._flush()  # the alert tells the other side's log why we left
                raise

    async def write(self, data: bytes) -> None:
        """Send all of data."""
        if self.tls is None:
            await self._loop.sock_sendall(self._socket, data)
        else:
            self.tls.write(data)
            await self._flush()

    async def read_line(self) -> str:
        """Return one line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise Judged(
                    Verdict.WRONG_PROTOCOL, f"sent {len(self._buffer)} bytes without a line end, not a line of text"
                )
            await self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.decode("utf-8", "replace").rstrip("\r")

    async def read_exactly(self, count: int) -> bytes:
        """Return count bytes."""
        while len(self._buffer) < count:
            await self._fill()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    async def peek(self, count: int) -> bytes:
        """Return the next count bytes and leave them to be read."""
        while len(self._buffer) < count:
            await self._fill()
        return bytes(self._buffer[:count])

    async def _fill(self) -> None:
        if self.tls is None:
            self._buffer += await self._receive()
            return
        while True:
            try:
                data = self.tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._receive())
                continue
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                raise EOFError("closed by the other side")
            self._buffer += data
            return

    async def _receive(self) -> bytes:
        data = await self._loop.sock_recv(self._socket, _CHUNK)
        if not data:
            raise EOFError("closed by the other side")
        if len(self.first) < 64:
            self.first += data[:64]
        return data

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._loop.sock_sendall(self._socket, data)
