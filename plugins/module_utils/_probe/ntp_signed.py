# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time with a signature, as members of a domain ask for it ([MS-SNTP])."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
import struct
from dataclasses import dataclass

from ansible_collections.mailforest.stack.plugins.module_utils._probe.ntp import Ntp

_PORT = 123
_CLIENT_VERSION_3 = 0x1B
"""Windows asks by version 3; to version 4 with this trailer chrony gives no answer."""
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class SignedTime:
    """A server's answer. `verified`: the signature is that of the account's password; None = not known here."""

    offset: float
    synchronised: bool
    signed: bool
    verified: bool | None


def request(rid: int) -> bytes:
    """A client's packet with the account that the answer is to be signed for, and an empty signature."""
    return bytes([_CLIENT_VERSION_3]) + bytes(39) + secrets.token_bytes(8) + struct.pack("<I", rid) + bytes(16)


def understand(asked: bytes, reply: bytes, nt_hash: bytes | None) -> SignedTime:
    """Judge the time and the signature, which is over the account's NT hash and the packet."""
    time = Ntp().understand(asked, reply, "")
    signature = reply[52:68]
    signed = len(reply) == 68 and any(signature)
    verified = None
    if signed and nt_hash is not None:
        wanted = hashlib.md5(nt_hash + reply[:48], usedforsecurity=False).digest()
        verified = hmac.compare_digest(wanted, signature)
    return SignedTime(offset=time["offset"], synchronised=time["synchronised"], signed=signed, verified=verified)


def ask(address: str, rid: int, *, nt_hash: bytes | None = None, timeout: float = 5.0, port: int = _PORT) -> SignedTime:
    """Ask up to three times; OSError when nobody answers, Judged when what answers is no time server."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    asked = request(rid)
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout / _TRIES)
        connection.connect((address, port))
        for turn in range(_TRIES):
            connection.send(asked)
            try:
                return understand(asked, connection.recv(1024), nt_hash)
            except TimeoutError:
                if turn == _TRIES - 1:
                    raise
    raise AssertionError("unreachable")
