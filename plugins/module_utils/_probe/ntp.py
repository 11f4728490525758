# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NTP (RFC 5905): one client packet."""

from __future__ import annotations

import secrets
import time
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import not_this

_CLIENT_VERSION_4 = 0x23
_SERVER_MODE = 4
_EPOCH_1900 = 2208988800
_UNSYNCHRONISED_LEAP = 3
_UNSYNCHRONISED_STRATUM = 16


class Ntp:
    """The server's time, its stratum, and whether it trusts its own clock."""

    label = "NTP"

    def request(self, argument: str) -> bytes:
        """Return a client packet whose transmit time is random, so that only its own answer fits."""
        return bytes([_CLIENT_VERSION_4]) + bytes(39) + secrets.token_bytes(8)

    def understand(self, request: bytes, reply: bytes, argument: str) -> dict[str, Any]:
        """Return stratum, offset to the own clock in seconds, and whether the server is synchronised."""
        if len(reply) < 48 or reply[0] & 7 != _SERVER_MODE or reply[24:32] != request[40:48]:
            raise not_this(self.label, reply)
        leap, stratum = reply[0] >> 6, reply[1]
        sent = int.from_bytes(reply[40:48], "big") / 2**32 - _EPOCH_1900
        synchronised = leap != _UNSYNCHRONISED_LEAP and 0 < stratum < _UNSYNCHRONISED_STRATUM
        return {"stratum": stratum, "synchronised": synchronised, "offset": round(sent - time.time(), 3)}
