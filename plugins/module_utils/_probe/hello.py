# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offer a server TLS that is too old, whatever the own OpenSSL still knows (RFC 4346, RFC 5246, RFC 8446 4.2.1).

An OpenSSL without TLS 1.0 cannot ask, and its own refusal looks like the server's. So the hello is made by hand; the
version in the server's hello is the answer, and nothing of the handshake beyond it is needed.
"""

from __future__ import annotations

import ipaddress
import secrets
import struct

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import printable
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
_NUMBERS = {name: number for number, name in VERSIONS.items()}
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2
_TLS_1_0, _TLS_1_2 = 0x0301, 0x0303
_RENEGOTIATION_SCSV = 0x00FF
# ECDHE, DHE and RSA with AES, 3DES, RC4, Camellia and single DES, down to export and no encryption at all.
_OLD_CIPHERS = (
    *(0xC00A, 0xC014, 0xC009, 0xC013, 0x0039, 0x0038, 0x0033, 0x0032, 0x0035, 0x002F, 0xC008, 0xC012, 0x0016, 0x0013),
    *(0x000A, 0xC007, 0xC011, 0x0005, 0x0004, 0x0084, 0x0041, 0x0088, 0x0045, 0x0015, 0x0009, 0x0006, 0x0003, 0x0002),
)
_TLS_1_2_CIPHERS = (
    *(0xC02C, 0xC030, 0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0x009F, 0x009E, 0xCCAA, 0x009D, 0x009C, 0xC024, 0xC028, 0xC023),
    *(0xC027, 0x006B, 0x0067, 0x003D, 0x003C),
)
_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019)
_SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0202)


def _numbers(values: tuple[int, ...]) -> bytes:
    """A list of two-octet numbers with its length in front."""
    return struct.pack(f">H{len(values)}H", 2 * len(values), *values)


def _extension(kind: int, content: bytes) -> bytes:
    return struct.pack(">HH", kind, len(content)) + content


def _server_name(name: str) -> bytes:
    """Addresses are not sent (RFC 6066, section 3)."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        host = name.encode("idna")
        return _extension(0, struct.pack(">HBH", len(host) + 3, 0, len(host)) + host)
    return b""


def client_hello(version: int, server_name: str) -> bytes:
    """Return a hello that offers version and everything older."""
    ciphers = (*(_TLS_1_2_CIPHERS if version >= _TLS_1_2 else ()), *_OLD_CIPHERS, _RENEGOTIATION_SCSV)
    extensions = _server_name(server_name) + _extension(10, _numbers(_GROUPS)) + _extension(11, b"\x01\x00")
    if version >= _TLS_1_2:
        extensions += _extension(13, _numbers(_SIGNATURES))
    body = struct.pack(">H", version) + secrets.token_bytes(32) + b"\0" + _numbers(ciphers) + b"\x01\x00"
    body += struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", _HANDSHAKE, _TLS_1_0, len(message)) + message


async def offer_older(channel: Channel, minimum: str, server_name: str) -> str:
    """Offer what is older than minimum; return the version that the server takes, or nothing when it refuses."""
    await channel.write(client_hello(_NUMBERS[minimum] - 1, server_name))
    try:
        kind, _version, size = struct.unpack(">BHH", await channel.read_exactly(5))
        start = await channel.read_exactly(min(size, 6))
    except (EOFError, ConnectionError):
        return ""  # hanging up on an old hello is a refusal too
    if kind == _ALERT:
        return ""
    if kind != _HANDSHAKE or len(start) < 6 or start[0] != _SERVER_HELLO:
        raise Judged(Verdict.WRONG_TLS, f"answered an old TLS hello with {printable(channel.first)}")
    chosen = int.from_bytes(start[4:6], "big")
    return VERSIONS.get(chosen, f"{chosen:#06x}") if chosen < _NUMBERS[minimum] else ""
