# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may take, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import (
    Expectation,
    Finding,
    Progress,
    Verdict,
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long, how often, how many at once."""

    deadline: float = 300.0
    retries: int = 0
    delay: float = 1.0
    concurrency: int = 200

    def attempts(self, check: Check) -> int:
        """How often a check is tried: only what should be open is waited for."""
        return 1 + (self.retries if check.expect is Expectation.OPEN else 0)

    def too_late(self, attempts: int) -> Finding:
        """What is said of a check that was not finished, after so many attempts."""
        when = "during it" if attempts else "before it began"
        return Progress().finding(Verdict.UNKNOWN, f"the deadline of {self.deadline:g} s came {when}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A check, what was found, and whether that was expected."""

    check: Check
    finding: Finding
    seconds: float
    attempts: int

    @property
    def passed(self) -> bool:
        """Say whether the finding is what was expected."""
        return self.check.passes(self.finding.verdict)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as the module reports it."""
        check, finding = self.check, self.finding
        return {
            "name": check.name,
            "host": check.host,
            "port": check.port,
            "transport": check.transport,
            "protocol": check.protocol,
            "tls": check.tls,
            "verdict": str(finding.verdict),
            "stage": str(finding.stage),
            "seconds": round(self.seconds, 4),
            "attempts": self.attempts,
            "expected": str(check.expect),
            "passed": self.passed,
            "detail": finding.detail,
            "requirement": check.requirement,
            "address": finding.address,
            "session": dict(finding.tls),
            "certificate": dict(finding.certificate),
            "answer": dict(finding.answer),
        }
