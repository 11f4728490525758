# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed time, with replies laid out by hand after [MS-SNTP] 2.2."""

from __future__ import annotations

import hashlib
import time

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import ntp_signed
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes

NT_HASH = bytes(range(16))
RID = 1104


def server(request: bytes, *, signature: bytes | None) -> bytes:
    assert len(request) == 68
    assert request[0] == 0x1B
    assert request[48:52] == RID.to_bytes(4, "little")
    assert request[52:] == bytes(16)
    now = int((time.time() + 2208988800) * 2**32)
    packet = bytes([0x1C, 3]) + bytes(22) + request[40:48] + bytes(8) + now.to_bytes(8, "big")
    if signature is None:
        return packet
    made = hashlib.md5(NT_HASH + packet, usedforsecurity=False).digest() if signature == b"right" else signature
    return packet + request[48:52] + made


@pytest.mark.parametrize(
    ("signature", "key", "signed", "verified"),
    [
        (b"right", NT_HASH, True, True),
        (b"right", bytes(16), True, False),
        (b"right", None, True, None),
        (bytes(16), NT_HASH, False, None),
        (None, NT_HASH, False, None),
    ],
)
def test_a_signature_is_that_of_the_account(
    signature: bytes | None, key: bytes | None, signed: bool, verified: bool | None
) -> None:
    with fakes.answering(lambda request: server(request, signature=signature)) as port:
        found = ntp_signed.ask("127.0.0.1", RID, nt_hash=key, port=port)
    assert (found.signed, found.verified) == (signed, verified)
    assert abs(found.offset) < 1


def test_another_protocol_is_no_time() -> None:
    with fakes.answering(lambda request: b"hello") as port, pytest.raises(Judged):
        ntp_signed.ask("127.0.0.1", RID, port=port)


def test_silence_is_told_in_time() -> None:
    with fakes.answering(lambda request: None) as port, pytest.raises(TimeoutError):
        ntp_signed.ask("127.0.0.1", RID, port=port, timeout=0.3)
