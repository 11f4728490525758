# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check can say. These names are an interface: they do not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Verdict(StrEnum):
    """The one word a check ends with."""

    OPEN = "open"
    REFUSED = "refused"
    FILTERED = "filtered"
    UNREACHABLE = "unreachable"
    UNRESOLVED = "unresolved"
    OPEN_OR_FILTERED = "open-or-filtered"
    WRONG_PROTOCOL = "wrong-protocol"
    WRONG_TLS = "wrong-tls"
    BAD_CERTIFICATE = "bad-certificate"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """The last stage a check entered."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    BANNER = "banner"
    TLS = "tls"
    PROTOCOL = "protocol"


class Expectation(StrEnum):
    """What the port should be."""

    OPEN = "open"
    CLOSED = "closed"


PASSING: Mapping[Expectation, frozenset[Verdict]] = {
    Expectation.OPEN: frozenset({Verdict.OPEN}),
    Expectation.CLOSED: frozenset({Verdict.REFUSED, Verdict.FILTERED, Verdict.UNREACHABLE}),
}

# Waiting does not change what a service has been configured to do.
FINAL: frozenset[Verdict] = frozenset({Verdict.OPEN, Verdict.WRONG_TLS, Verdict.BAD_CERTIFICATE})


class Judged(Exception):
    """A probe saw enough to give a verdict other than open."""

    def __init__(self, verdict: Verdict, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


_NOTHING: Mapping[str, Any] = MappingProxyType({})
"""One for all findings that have nothing: there are tens of thousands of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one attempt at one port found."""

    verdict: Verdict
    stage: Stage
    detail: str = ""
    address: str = ""
    tls: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    certificate: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    answer: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(kw_only=True)
class Progress:
    """How far an attempt has come; kept apart from the attempt, so that it survives its failure."""

    stage: Stage = Stage.RESOLVE
    address: str = ""
    tls: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)

    def finding(self, verdict: Verdict, detail: str = "") -> Finding:
        """Freeze the state reached into a finding."""
        return Finding(
            verdict=verdict,
            stage=self.stage,
            detail=detail,
            address=self.address,
            tls=self.tls,
            certificate=self.certificate,
            answer=self.answer,
        )
