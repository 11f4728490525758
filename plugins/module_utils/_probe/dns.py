# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS (RFC 1035): the SOA of a name."""

from __future__ import annotations

import secrets
import struct
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import not_this
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}
_SOA, _INTERNET, _RECURSION_DESIRED = 6, 1, 0x0100


class Dns:
    """One query; with a name it must be answered, without one any answer will do."""

    label = "DNS"

    def request(self, argument: str) -> bytes:
        """Ask for the SOA of the name, or of the root."""
        labels = [label for label in argument.rstrip(".").split(".") if label]
        name = b"".join(bytes([len(label)]) + label for label in (text.encode("idna") for text in labels)) + b"\0"
        head = struct.pack(">HHHHHH", secrets.randbits(16), _RECURSION_DESIRED, 1, 0, 0, 0)
        return head + name + struct.pack(">HH", _SOA, _INTERNET)

    def understand(self, request: bytes, reply: bytes, argument: str) -> dict[str, Any]:
        """Return the response code and the number of answers."""
        if len(reply) < 12 or reply[:2] != request[:2] or not reply[2] & 0x80:
            raise not_this(self.label, reply)
        rcode = reply[3] & 0x0F
        name = _RCODES.get(rcode, str(rcode)) if rcode else "NOERROR"
        if argument and rcode:
            raise Judged(Verdict.UNKNOWN, f"answers DNS, but says {name} for {argument}")
        authoritative, (answers,) = bool(reply[2] & 0x04), struct.unpack(">H", reply[6:8])
        return {"rcode": name, "answers": answers, "authoritative": authoritative}
