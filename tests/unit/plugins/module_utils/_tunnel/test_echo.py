# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ping, byte by byte."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel import echo

IP_HEADER = bytes([0x45]) + bytes(19)
PAYLOAD = b"abcde"


def reply(identifier: int = 7, *, kind: int = 0, payload: bytes = PAYLOAD) -> bytes:
    return IP_HEADER + bytes([kind, 0, 0, 0]) + identifier.to_bytes(2, "big") + b"\0\1" + payload


def test_the_checksum_is_that_of_rfc_1071() -> None:
    assert echo.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


@pytest.mark.parametrize("payload", [b"", PAYLOAD, bytes(range(256)) * 5])
def test_a_request_sums_up_to_nothing(payload: bytes) -> None:
    packet = echo.request(0xBEEF, payload)
    assert packet[0] == 8
    assert echo.checksum(packet) == 0


def test_only_the_answer_to_the_request_counts() -> None:
    assert echo.answers(reply(), 7, PAYLOAD)
    assert not echo.answers(reply(8), 7, PAYLOAD)
    assert not echo.answers(reply(kind=3), 7, PAYLOAD)
    assert not echo.answers(reply(payload=b"other"), 7, PAYLOAD)
    assert not echo.answers(IP_HEADER + b"\0\0", 7, PAYLOAD)


def test_without_the_interface_there_is_no_answer() -> None:
    assert echo.ping("127.0.0.1", source="127.0.0.1", interface="mf-none", size=100, timeout=1) is None
