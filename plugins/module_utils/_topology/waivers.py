# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waivers: a rule silenced for a host, with a reason and an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from .findings import Finding, Rule, Severity, Violation
from .model import Waiver

NOTICE = timedelta(days=30)
WAIVER_ENDING = Rule(
    name="waiver-ending",
    requirement="AD-36",
    summary="A waiver ends within 30 days.",
    severity=Severity.WARNING,
)
WAIVER_ENDED = Rule(
    name="waiver-ended",
    requirement="AD-36",
    summary="A waiver has ended; the rule that it silenced speaks again.",
    severity=Severity.WARNING,
)
WAIVER_UNUSED = Rule(
    name="waiver-unused",
    requirement="AD-36",
    summary="A waiver silences nothing.",
    severity=Severity.WARNING,
)
WAIVER_RULES: tuple[Rule, ...] = (WAIVER_ENDING, WAIVER_ENDED, WAIVER_UNUSED)


def apply_waivers(findings: Iterable[Finding], waivers: Sequence[Waiver], *, today: date) -> list[Finding]:
    """The findings that are left, and what is to be said of the waivers themselves."""
    rows = list(findings)
    valid = {(waiver.rule, waiver.host) for waiver in waivers if waiver.until and waiver.until >= today}
    left = [finding for finding in rows if (finding.rule, finding.host) not in valid]
    raised = {(finding.rule, finding.host) for finding in rows}
    return left + list(_about_waivers(waivers, raised, today))


def _about_waivers(waivers: Sequence[Waiver], raised: set[tuple[str, str]], today: date) -> Iterator[Finding]:
    """What is to be said of each waiver."""
    for index, waiver in enumerate(waivers):
        if waiver.until is None:
            continue
        place = f"mailforest_waivers[{index}]"
        subject = f"The waiver of {waiver.rule} for {waiver.host}"
        if (waiver.rule, waiver.host) not in raised:
            rule, message, remedy = WAIVER_UNUSED, f"{subject} silences nothing.", "Remove it."
        elif waiver.until < today:
            rule, message = WAIVER_ENDED, f"{subject} ended on {waiver.until}; the rule speaks again."
            remedy = "Cure the cause, or set a new end."
        elif waiver.until - today <= NOTICE:
            rule, message = WAIVER_ENDING, f"{subject} ends on {waiver.until}; after that the rule stops the run."
            remedy = "Cure the cause, or set a new end."
        else:
            continue
        violation = Violation(place=place, value=waiver.until, message=message, remedy=remedy, host=waiver.host)
        yield rule.finding(violation)
