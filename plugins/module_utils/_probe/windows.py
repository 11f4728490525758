# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SMB's negotiation (MS-SMB2 2.2.3) and the bind to the RPC endpoint mapper (MS-RPCE, C706)."""

from __future__ import annotations

import struct
import uuid

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import Answer, Dialogue, not_this

_DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302)
_SMB2 = b"\xfeSMB"
_SIGNING_REQUIRED = 2
_ENDPOINT_MAPPER = uuid.UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
_NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
_BIND, _BIND_ACK, _BIND_NAK = 11, 12, 13


def negotiate() -> bytes:
    """Return a NEGOTIATE request for SMB 2.0.2 to 3.0.2."""
    head = struct.pack("<4sHHIHHIIQIIQ16s", _SMB2, 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, bytes(16))
    body = struct.pack("<HHHHI16sQ", 36, len(_DIALECTS), 1, 0, 0, uuid.uuid4().bytes, 0)
    request = head + body + struct.pack(f"<{len(_DIALECTS)}H", *_DIALECTS)
    return struct.pack(">I", len(request)) + request


def bind() -> bytes:
    """Return a bind to the endpoint mapper, version 3.0, in NDR."""
    context = struct.pack("<HBB16sHH16sI", 0, 1, 0, _ENDPOINT_MAPPER.bytes_le, 3, 0, _NDR.bytes_le, 2)
    body = struct.pack("<HHIBBH", 4280, 4280, 0, 1, 0, 0) + context
    return struct.pack("<BBBB4sHHI", 5, 0, _BIND, 3, b"\x10\0\0\0", 16 + len(body), 0, 1) + body


class Smb(Dialogue):
    """The dialect a server chooses."""

    label = "SMB"

    async def open(self, channel: Channel) -> Answer:
        """Negotiate."""
        await channel.write(negotiate())
        reply = await channel.read_exactly(4 + 64 + 6)
        if reply[0] or reply[4:8] != _SMB2:
            raise not_this(self.label, reply)
        (status,), (_size, security, dialect) = struct.unpack("<I", reply[12:16]), struct.unpack("<HHH", reply[68:74])
        if status:
            raise not_this(self.label, f"status {status:#010x}")
        version = f"{dialect >> 8}.{dialect >> 4 & 15}.{dialect & 15}"
        return Answer(facts={"dialect": version, "signing_required": bool(security & _SIGNING_REQUIRED)})


class Rpc(Dialogue):
    """The endpoint mapper's acknowledgement."""

    label = "RPC"

    async def open(self, channel: Channel) -> Answer:
        """Bind."""
        await channel.write(bind())
        reply = await channel.read_exactly(16)
        if reply[0] != 5 or reply[2] not in (_BIND_ACK, _BIND_NAK):
            raise not_this(self.label, reply)
        return Answer(facts={"endpoint_mapper": reply[2] == _BIND_ACK})
