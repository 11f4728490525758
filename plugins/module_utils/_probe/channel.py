# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP connection whose reader knows exactly what came in the clear and what came through TLS."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import printable
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

_CHUNK = 65536
_LONGEST_LINE = 8192
_MOST_BYTES = 256 * 1024
"""What one connection may say: no honest answer to a probe comes near it."""
_SAMPLE = 64


@cache
def _first_chosen_port() -> int:
    """The first port that the kernel chooses for a connection."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 1


def connected_to_itself(connection: socket.socket, address: str, port: int) -> bool:
    """On loopback a port that the kernel chooses can connect to itself when nobody listens there.

    The other side's name is not asked for: after a reset there is none.
    """
    if port < _first_chosen_port():
        return False
    own, own_port = connection.getsockname()[:2]
    return own_port == port and ipaddress.ip_address(own) == ipaddress.ip_address(address.partition("%")[0])


class Channel:
    """A connected socket, optionally under TLS, with the few ways of reading that the probes need."""

    def __init__(self, connection: socket.socket, *, broken: ConnectionResetError | None = None) -> None:
        self._socket = connection
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._incoming: ssl.MemoryBIO
        self._outgoing: ssl.MemoryBIO
        self.tls: ssl.SSLObject | None = None
        self.first = b""
        """The first bytes off the wire since the connection, or since TLS was begun."""
        self.said = b""
        """The first bytes of what was said, without TLS around it."""
        self.heard = 0
        """How many bytes were said."""

    @classmethod
    async def dial(cls, address: str, port: int) -> Self:
        """Connect; the operating system's error says why it did not work.

        Where nobody listens, and at a firewall that rejects, it is ECONNREFUSED; ECONNRESET comes after a connection.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        broken: ConnectionResetError | None = None
        try:
            try:
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
            except ConnectionResetError:
                broken = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            if connected_to_itself(connection, address, port):
                raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing listens there")
        except BaseException:
            connection.close()
            raise
        return cls(connection, broken=broken)

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
            await self._send(data)
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
        data = await (self._receive() if self.tls is None else self._decrypted(self.tls))
        self._buffer += data
        self.heard += len(data)
        self.said += data[: _SAMPLE - len(self.said)]
        if self.heard > _MOST_BYTES:
            raise Judged(Verdict.WRONG_PROTOCOL, f"sent {self.heard} bytes without end: {printable(self.said)}")

    async def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        while True:
            try:
                data = tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._receive())
                continue
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                raise EOFError("closed by the other side")
            return data

    async def _receive(self) -> bytes:
        if self._broken:
            raise self._broken
        data = await self._loop.sock_recv(self._socket, _CHUNK)
        if not data:
            raise EOFError("closed by the other side")
        self.first += data[: _SAMPLE - len(self.first)]
        return data

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._send(data)

    async def _send(self, data: bytes) -> None:
        if self._broken:
            raise self._broken
        await self._loop.sock_sendall(self._socket, data)
