# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what follows from a host being in maintenance is no error; one forgotten there is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, Plan
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import CONTROLLER, ERROR, WARNING, Finding

_LONG = 7
"""Days after which a host has been forgotten there."""


def _marks(answers: Answers) -> dict[str, tuple[str, int]]:
    """Host to reason and days; every host remembers, as the one itself may be off."""
    found: dict[str, tuple[str, int]] = {}
    for answer in answers.given("__host", "maintenance").values():
        for row in answer["maintenance"]:
            if row["host"] in answers.plan["hosts"]:
                found[row["host"]] = str(row["reason"]), int(row["days"])
    return found


def _names(host: str, plan: Plan) -> re.Pattern[str]:
    """Its names and address, as findings have them."""
    row = plan["hosts"][host]
    names = (name for name in (host, row.get("fqdn", ""), row.get("address", "")) if name)
    return re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in names), re.IGNORECASE)


def _of(finding: Finding, host: str, names: re.Pattern[str]) -> bool:
    """Whether the host itself says it, or others of the host."""
    told = (finding.subject, finding.expected, finding.found)
    return finding.vantage == host or any(names.search(text) for text in told)


def excused(findings: Iterable[Finding], answers: Answers) -> Iterator[Finding]:
    """The findings; those of hosts in maintenance as warnings that say so."""
    marks = {host: (reason, _names(host, answers.plan)) for host, (reason, _days) in _marks(answers).items()}
    for finding in findings:
        for host, (reason, names) in marks.items():
            if finding.severity == ERROR and _of(finding, host, names):
                cause = f"{host} is in maintenance: {reason}."
                yield replace(finding, severity=WARNING, cause=cause, remedy=f"maintenance_off brings {host} back.")
                break
        else:
            yield finding


def forgotten(answers: Answers) -> Iterator[Finding]:
    """Hosts that have been in maintenance for long."""
    for host, (reason, days) in sorted(_marks(answers).items()):
        if days > _LONG:
            yield Finding(
                severity=WARNING,
                requirement="AD-13",
                vantage=CONTROLLER,
                subject=f"maintenance of {host}",
                expected=f"over within {_LONG} days",
                found=f"{days} days: {reason}",
                cause="It was forgotten, or the work takes long.",
                remedy=f"maintenance_off brings {host} back (docs/operations/maintenance.md).",
            )
