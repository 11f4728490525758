# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one thing that is not as declared, and how many of them become text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERROR, WARNING = "error", "warning"
CONTROLLER = "controller"
"""The vantage point of what keeps Ansible itself from a host."""


def _counted(text: str) -> list[tuple[int, str]]:
    """A key that sorts dc2 before dc10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as declared: who looked at what, what was to be, and what was."""

    severity: str = ERROR
    requirement: str
    vantage: str
    subject: str
    expected: str
    found: str
    cause: str = ""
    """What has likely brought it about, where that can be told from what was seen."""
    remedy: str = ""

    @property
    def order(self) -> tuple[Any, ...]:
        """Errors first, hosts out of reach before what follows from it, then by requirement as people count."""
        kind, _dash, number = self.requirement.partition("-")
        counted = int(number) if number.isdigit() else 0
        reached = self.vantage != CONTROLLER
        return self.severity != ERROR, reached, kind, counted, _counted(self.subject), _counted(self.vantage)

    @property
    def matter(self) -> tuple[str, ...]:
        """All but the vantage point: what several of them may see alike."""
        return self.severity, self.requirement, self.subject, self.expected, self.found, self.cause, self.remedy


def as_dicts(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """The findings as plain data."""
    return [asdict(finding) for finding in findings]


def _matters(findings: Iterable[Finding]) -> dict[tuple[str, ...], list[str]]:
    """What was seen, and from where: what several vantage points see alike is one matter."""
    matters: dict[tuple[str, ...], list[str]] = {}
    for finding in findings:
        matters.setdefault(finding.matter, []).append(finding.vantage)
    return matters


def tally(findings: Iterable[Finding]) -> dict[str, int]:
    """Severity to how many there are; what several vantage points see alike counts once."""
    severities = [matter[0] for matter in _matters(findings)]
    return {severity: severities.count(severity) for severity in (ERROR, WARNING)}


def count(findings: Iterable[Finding]) -> str:
    """How many there are, in words."""
    rows = tally(findings).items()
    return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in rows if number) or "no findings"


def first(findings: Iterable[Finding]) -> str:
    """The gravest one in a sentence, for where there is room for one only."""
    finding = min(findings, key=lambda each: each.order)
    title = " ".join(filter(None, (finding.requirement, finding.subject)))
    return f"{title}, seen from {finding.vantage}: {finding.found.rstrip('.')}"


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Findings that differ in subject and vantage point only: a host that is down has many ports."""

    severity: str
    requirement: str
    subjects: tuple[str, ...]
    vantages: tuple[str, ...]
    expected: str
    found: str
    cause: str
    remedy: str


def paragraphs(findings: Iterable[Finding]) -> list[Paragraph]:
    """The findings, each matter told once."""
    grouped: dict[tuple[Any, ...], list[str]] = {}
    for (severity, requirement, subject, *rest), vantages in _matters(findings).items():
        grouped.setdefault((severity, requirement, tuple(vantages), *rest), []).append(subject)
    return [
        Paragraph(
            severity=severity,
            requirement=requirement,
            subjects=tuple(subjects),
            vantages=vantages,
            expected=expected,
            found=found,
            cause=cause,
            remedy=remedy,
        )
        for (severity, requirement, vantages, expected, found, cause, remedy), subjects in grouped.items()
    ]


def render(findings: Iterable[Finding]) -> list[str]:
    """Lines of text."""
    lines: list[str] = []
    for row in paragraphs(findings):
        found = row.found.rstrip(".")
        lines += [
            f"  {' '.join(filter(None, (row.severity.upper(), row.requirement)))}: {', '.join(row.subjects)}",
            f"    Seen from {', '.join(row.vantages)}. Expected: {row.expected}. Found: {found}.",
            *([f"    Likely cause: {row.cause}"] if row.cause else []),
            *([f"    Remedy: {row.remedy}"] if row.remedy else []),
        ]
    return lines
