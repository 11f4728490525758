# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the host's certificate, as its file is and as its services show it."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils._probe.certificate import describe

from .problem import ERROR, WARNING, Problem

_SECONDS = 3.0
Shown = Callable[[str, int], "bytes | None"]
"""Address and port to the certificate that is shown there; None = there is none."""


def first_of(pem: str) -> bytes | None:
    """The first certificate of a file, which is the host's own."""
    begin, end = pem.find("-----BEGIN CERTIFICATE-----"), pem.find("-----END CERTIFICATE-----")
    if begin < 0 or end < begin:
        return None
    try:
        return ssl.PEM_cert_to_DER_cert(pem[begin : end + len("-----END CERTIFICATE-----")] + "\n")
    except ValueError:
        return None


def shown(address: str, port: int) -> bytes | None:
    """Whatever it is: it is compared, not trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain) as channel,
        ):
            return channel.getpeercert(binary_form=True)
    except OSError:
        return None


def judge(
    path: Path, address: str, ports: Iterable[int], *, days: int, requirement: str, show: Shown = shown
) -> Iterator[Problem]:
    """A file that is missing or soon too old, and services that show another certificate."""
    own = first_of(path.read_text(encoding="utf-8")) if path.is_file() else None
    if own is None:
        yield Problem(
            requirement=requirement,
            subject=f"certificate {path}",
            expected="the certificate of this host",
            found="there is none",
            cause="It was removed, or the host has never got one.",
            remedy="Run site.yml with the tag certificates.",
        )
        return
    yield from _age(path, own, days, requirement)
    for port in ports:
        seen = show(address, port)
        if seen is not None and seen != own:
            yield Problem(
                requirement=requirement,
                subject=f"certificate at port {port}",
                expected=f"the one in {path} ({_short(own)})",
                found=f"another one ({_short(seen)}, of {_subject(seen)})",
                cause="The file was replaced and the service still shows what it read when it started, or it is told"
                " to read another file.",
                remedy="Run site.yml, which restarts what serves the certificate.",
            )


def _age(path: Path, own: bytes, days: int, requirement: str) -> Iterator[Problem]:
    left = describe(own).get("days_left")
    if left is not None and left < days:
        yield Problem(
            severity=ERROR if left < 0 else WARNING,
            requirement=requirement,
            subject=f"certificate {path}",
            expected=f"valid for {days} days or more",
            found=f"{left} days left" if left >= 0 else f"expired {-left} days ago",
            cause="site.yml, which renews it in time, was not run for long.",
            remedy="Run site.yml with the tag certificates.",
        )


def _short(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()[:16]


def _subject(der: bytes) -> str:
    return str(describe(der).get("subject", "nobody that can be read"))
