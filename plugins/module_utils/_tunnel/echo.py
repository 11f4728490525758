# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ping (RFC 792) out of one interface only, so that no other way can stand in for the tunnel."""

from __future__ import annotations

import os
import socket
import struct
import time

_REPLY, _REQUEST = 0, 8
_HEADER = struct.Struct("!BBHHH")
_IP_MTU_DISCOVER, _IP_PMTUDISC_DO = 10, 2  # ip(7); the socket module does not name them
HEADERS = 20 + _HEADER.size
"""Bytes of a packet that are not payload: the headers of IP and ICMP."""


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(identifier: int, payload: bytes) -> bytes:
    """An echo request."""
    bare = _HEADER.pack(_REQUEST, 0, 0, identifier, 1) + payload
    return _HEADER.pack(_REQUEST, 0, checksum(bare), identifier, 1) + payload


def answers(packet: bytes, identifier: int, payload: bytes) -> bool:
    """Whether this IPv4 packet is the reply to `request`."""
    body = packet[(packet[0] & 0x0F) * 4 :]
    if len(body) < _HEADER.size:
        return False
    kind, code, _sum, found, _sequence = _HEADER.unpack_from(body)
    return (kind, code, found) == (_REPLY, 0, identifier) and body[_HEADER.size :] == payload


def ping(
    address: str, *, source: str, interface: str, size: int, timeout: float, any_way_back: bool = False
) -> float | None:
    """Seconds until the answer to a packet of `size` bytes, which nobody may cut in pieces; None without an answer.

    The answer, too, must come by this interface, unless `any_way_back`: the other end has a better one.
    """
    payload, identifier = os.urandom(size - HEADERS), int.from_bytes(os.urandom(2), "big")
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as channel,
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ear,
        ):
            if not any_way_back:
                ear.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            channel.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
            channel.bind((source, 0))
            begin = time.monotonic()
            channel.sendto(request(identifier, payload), (address, 0))
            while (left := begin + timeout - time.monotonic()) > 0:
                ear.settimeout(left)
                packet, _sender = ear.recvfrom(65535)
                if answers(packet, identifier, payload):
                    return time.monotonic() - begin
    except OSError:  # no such interface, no such address, too large, or silence
        return None
    return None
