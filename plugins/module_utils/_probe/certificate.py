# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what an administrator wants to know from a certificate, whether it was trusted or not (RFC 5280)."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import DerError, children, elements

_ATTRIBUTES = {"550403": "CN", "550406": "C", "550407": "L", "550408": "ST", "55040a": "O", "55040b": "OU"}
_SUBJECT_ALTERNATIVE_NAME = bytes.fromhex("551d11")
_VERSION, _EXTENSIONS, _UTC_TIME = 0xA0, 0xA3, 0x17
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87


def _name(content: bytes) -> str:
    parts = []
    for _tag, relative in elements(content):
        for _tag, pair in elements(relative):
            (_oid_tag, oid), (_value_tag, value) = list(elements(pair))[:2]
            parts.append(f"{_ATTRIBUTES.get(oid.hex(), oid.hex())}={value.decode('utf-8', 'replace')}")
    return ", ".join(parts)


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _alternative_names(extensions: bytes) -> list[str]:
    names = []
    for _tag, extension in elements(next(elements(extensions))[1]):
        members = list(elements(extension))
        if members[0][1] != _SUBJECT_ALTERNATIVE_NAME:
            continue
        for tag, value in elements(next(elements(members[-1][1]))[1]):
            if tag == _DNS_NAME:
                names.append(value.decode("ascii", "replace"))
            elif tag == _IP_ADDRESS:
                names.append(str(ipaddress.ip_address(value)))
    return names


def describe(der: bytes, *, now: datetime | None = None) -> dict[str, Any]:
    """Return subject, names, issuer, dates, days left and fingerprint; only the fingerprint of what cannot be read."""
    fingerprint = {"fingerprint_sha256": hashlib.sha256(der).hexdigest()}
    try:
        fields = list(elements(children(der)[0][1]))
        if fields[0][0] == _VERSION:
            fields = fields[1:]
        _serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
        start, end = (_time(tag, content) for tag, content in elements(validity))
        extensions = next((content for tag, content in fields if tag == _EXTENSIONS), None)
        return {
            "subject": _name(subject),
            "names": _alternative_names(extensions) if extensions else [],
            "issuer": _name(issuer),
            "not_before": start.isoformat(),
            "not_after": end.isoformat(),
            "days_left": (end - (now or datetime.now(UTC))).days,
            **fingerprint,
        }
    except (DerError, ValueError, IndexError, StopIteration, RuntimeError):
        return fingerprint
