# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for tests, in one file: python3 name_server.py PORT ZONE.json, on 127.0.0.1 by UDP.

The file maps "name TYPE" to a list of values, and is read at every question: {"example.test TXT": ["v=spf1 -all"]}.
What it does not name does not exist. Types: A, MX (a name), PTR, TXT.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from pathlib import Path

TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT"}
NO_SUCH_NAME = 3


def _name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def _question(packet: bytes) -> tuple[str, int, bytes]:
    """Name, type, and the question as it stands."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", packet, at + 1)
    return ".".join(labels).lower(), kind, packet[12 : at + 5]


def _data(kind: str, value: str) -> bytes:
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "MX":
        return struct.pack("!H", 10) + _name(value)
    if kind == "PTR":
        return _name(value)
    strings = [value[at : at + 255].encode() for at in range(0, len(value), 255)]
    return b"".join(bytes([len(text)]) + text for text in strings)


def answer(packet: bytes, zone: dict[str, list[str]]) -> bytes:
    """The reply to a question."""
    name, number, question = _question(packet)
    kind = TYPES.get(number, "")
    values = [_data(kind, value) for value in zone.get(f"{name} {kind}", [])]
    known = any(key.split()[0] == name for key in zone)
    header = packet[:2] + struct.pack("!HHHHH", 0x8580 | (0 if known else NO_SUCH_NAME), 1, len(values), 0, 0)
    records = [b"\xc0\x0c" + struct.pack("!HHIH", number, 1, 0, len(data)) + data for data in values]
    return header + question + b"".join(records)


def main() -> None:
    """Answer until ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", int(sys.argv[1])))
        while True:
            packet, sender = listener.recvfrom(4096)
            listener.sendto(answer(packet, json.loads(Path(sys.argv[2]).read_text())), sender)


if __name__ == "__main__":
    main()
