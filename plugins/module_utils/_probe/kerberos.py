# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos (RFC 4120): an AS-REQ for a principal nobody has. No password is involved, and nobody is locked out."""

from __future__ import annotations

import secrets
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import (
    SEQUENCE,
    DerError,
    children,
    elements,
    encode,
    integer,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import PROBE_USER, not_this
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

_AS_REQ, _AS_REP, _KRB_ERROR = 0x6A, 0x6B, 0x7E
_VERSION, _AS_REQ_TYPE = 5, 10
_NT_PRINCIPAL, _NT_SRV_INST = 1, 2
_AES256, _AES128, _RC4 = 18, 17, 23
_ERROR_CODE, _REALM = 0xA6, 0xA9
_WRONG_REALM = 68


def _principal(kind: int, *names: str) -> bytes:
    parts = encode(SEQUENCE, *(encode(0x1B, name.encode("ascii")) for name in names))
    return encode(SEQUENCE, encode(0xA0, integer(kind)), encode(0xA1, parts))


class Kerberos:
    """A KDC answers with an error, which shows that it lives."""

    label = "Kerberos"

    def request(self, argument: str) -> bytes:
        """Ask for a ticket of the realm."""
        realm = argument.upper()
        body = encode(
            SEQUENCE,
            encode(0xA0, encode(0x03, bytes(5))),
            encode(0xA1, _principal(_NT_PRINCIPAL, PROBE_USER)),
            encode(0xA2, encode(0x1B, realm.encode("ascii"))),
            encode(0xA3, _principal(_NT_SRV_INST, "krbtgt", realm)),
            encode(0xA5, encode(0x18, b"20370913024805Z")),
            encode(0xA7, integer(secrets.randbits(31))),
            encode(0xA8, encode(SEQUENCE, integer(_AES256), integer(_AES128), integer(_RC4))),
        )
        fields = encode(0xA1, integer(_VERSION)), encode(0xA2, integer(_AS_REQ_TYPE)), encode(0xA4, body)
        return encode(_AS_REQ, encode(SEQUENCE, *fields))

    def understand(self, request: bytes, reply: bytes, argument: str) -> dict[str, Any]:
        """Return the kind of answer; an AS-REP is one too."""
        try:
            if reply[0] == _AS_REP and children(reply, tag=_AS_REP):
                return {"message": "AS-REP"}
            fields = dict(elements(children(reply, tag=_KRB_ERROR)[0][1]))
            code = int.from_bytes(next(elements(fields[_ERROR_CODE]))[1], "big")
            realm = next(elements(fields[_REALM]))[1].decode("latin-1") if _REALM in fields else ""
        except (DerError, IndexError, KeyError, StopIteration) as error:
            raise not_this(self.label, reply) from error
        if code == _WRONG_REALM:
            raise Judged(Verdict.UNKNOWN, f"answers Kerberos, but not for the realm {argument.upper()}")
        return {"message": "KRB-ERROR", "code": code, "realm": realm}
