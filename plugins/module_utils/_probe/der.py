# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few rules of BER and DER (X.690) that LDAP, Kerberos and certificates need."""

from __future__ import annotations

from collections.abc import Iterator

INTEGER, OCTET_STRING, ENUMERATED, SEQUENCE = 0x02, 0x04, 0x0A, 0x30


class DerError(ValueError):
    """The bytes are not what BER or the layout asks for."""


def encode(tag: int, *parts: bytes) -> bytes:
    """Return one element with a definite length."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int, *, tag: int = INTEGER) -> bytes:
    """Return a non-negative INTEGER."""
    return encode(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def header(data: bytes) -> tuple[int, int] | None:
    """Return (offset of the content, its length) of the element that begins data; None when more bytes are needed."""
    if len(data) < 2:
        return None
    first = data[1]
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise DerError(f"length of {count} octets")
    if len(data) < 2 + count:
        return None
    return 2 + count, int.from_bytes(data[2 : 2 + count], "big")


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, content) of each element in data."""
    position = 0
    while position < len(data):
        found = header(data[position:])
        if found is None or position + sum(found) > len(data):
            raise DerError("an element is cut off")
        start = position + found[0]
        yield data[position], data[start : start + found[1]]
        position = start + found[1]


def children(data: bytes, *, tag: int = SEQUENCE) -> list[tuple[int, bytes]]:
    """Return the members of the one constructed element that data holds."""
    outer = next(elements(data), None)
    if outer is None or outer[0] != tag:
        raise DerError(f"expected tag {tag:#04x}, found {data[:1].hex() or 'nothing'}")
    return list(elements(outer[1]))
