# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a certificate by what it says: days, names and fingerprint. Its issuer is OpenSSL's to judge."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _labels(name: str) -> list[str]:
    ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    return ascii_name.rstrip(".").casefold().split(".")


def carries(names: Iterable[str], wanted: str) -> bool:
    """Say whether one of the names is the wanted one; `*` stands for a whole first label (RFC 9525, section 6)."""
    if (address := _address(wanted)) is not None:
        return address in [_address(name) for name in names]
    first, *rest = _labels(wanted)
    for name in names:
        label, *others = _labels(name)
        if others == rest and (label == first or (label == "*" and len(rest) > 1)):
            return True
    return False


def faults(certificate: Mapping[str, Any], check: Check, *, now: datetime | None = None) -> Iterator[str]:
    """Say what is wrong with a certificate beside its issuer."""
    known = set(check.fingerprints)
    if known and certificate["fingerprint_sha256"] not in known:
        wanted = " or ".join(check.fingerprints)
        yield f"the certificate has the fingerprint {certificate['fingerprint_sha256']}, expected {wanted}"
    if "not_after" not in certificate:
        if not check.verify_chain:
            yield "the certificate cannot be read"
        return
    if not check.verify_chain:
        yield from _unverified(certificate, check, now or datetime.now(UTC))
    days = certificate["days_left"]
    if check.min_days_left is not None and 0 <= days < check.min_days_left:
        yield f"the certificate ends in {days} days, fewer than {check.min_days_left}"


def _unverified(certificate: Mapping[str, Any], check: Check, now: datetime) -> Iterator[str]:
    """What OpenSSL would have found, had it verified."""
    if now > datetime.fromisoformat(certificate["not_after"]):
        yield f"the certificate has expired at {certificate['not_after']}"
    if now < datetime.fromisoformat(certificate["not_before"]):
        yield f"the certificate is not valid before {certificate['not_before']}"
    if not carries(certificate["names"], check.tls_name):
        yield f"the certificate is for {', '.join(certificate['names']) or 'no name'}, not for {check.tls_name}"
