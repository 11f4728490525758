# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a topology: findings, and the one text that lists them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Severity(StrEnum):
    """Errors stop a run, warnings do not."""

    ERROR = "error"
    WARNING = "warning"


class FindingDict(TypedDict):
    """A finding as it stands in results and in the plan."""

    rule: str
    requirement: str
    severity: str
    place: str
    host: str
    value: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a rule's function yields: the rule itself is added by the registry."""

    place: str
    value: object
    message: str
    remedy: str
    host: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: its name, the requirement that asks for it, and whether a breach stops the run."""

    name: str
    requirement: str
    summary: str
    severity: Severity = Severity.ERROR
    waivable: bool = False

    def finding(self, violation: Violation) -> Finding:
        """The breach of this rule that `violation` describes."""
        return Finding(
            rule=self.name,
            requirement=self.requirement,
            severity=self.severity,
            place=violation.place,
            host=violation.host,
            value=shorten(violation.value),
            message=violation.message,
            remedy=violation.remedy,
        )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One breach of one rule at one place."""

    rule: str
    requirement: str
    severity: Severity
    place: str
    value: str
    message: str
    remedy: str
    host: str = ""

    def as_dict(self) -> FindingDict:
        """The finding as plain data."""
        return {
            "rule": self.rule,
            "requirement": self.requirement,
            "severity": self.severity.value,
            "place": self.place,
            "host": self.host,
            "value": self.value,
            "message": self.message,
            "remedy": self.remedy,
        }

    def as_text(self) -> str:
        """The finding as one sentence, for a warning."""
        return f"{self.place}: {self.message} {self.remedy} [rule {self.rule}, {self.requirement}]"


def shorten(value: object, *, limit: int = 80) -> str:
    """The value as text, cut where a long one would hide the message."""
    text = "" if value is None else str(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def split(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Errors and warnings, each in the order found."""
    errors: list[Finding] = []
    warnings: list[Finding] = []
    for finding in findings:
        (errors if finding.severity is Severity.ERROR else warnings).append(finding)
    return errors, warnings


def render(errors: Sequence[Finding]) -> str:
    """The one text that lists every error."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    lines = [f"The topology has {count}. Nothing was changed on any host."]
    for number, finding in enumerate(errors, start=1):
        value = f" = {finding.value}" if finding.value else ""
        host = f", host {finding.host}" if finding.host and finding.host not in finding.place else ""
        lines += [
            "",
            f"{number}. {finding.place}{value}",
            f"   {finding.message}",
            f"   Remedy: {finding.remedy}",
            f"   Rule: {finding.rule} ({finding.requirement}){host}",
        ]
    return "\n".join(lines)
