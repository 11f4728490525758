# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: everything that was to be looked at, so that what is well counts too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import (
    Answers,
    HostAnswers,
    Plan,
    flow_subject,
    port_subject,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import ERROR, Finding
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import _TOLD
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_directory import compare_layout
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_hosts import CONTROLLER_CHECKS


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"
    """Not looked at: its vantage point did not answer."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that is declared, and a vantage point that looks at it."""

    kind: str
    requirement: str
    vantage: str
    subject: str
    outcome: Outcome

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by from run to run."""
        return self.vantage, self.subject


_Row = tuple[str, str, str, str, bool]
"""Kind, requirement, vantage, subject, and whether it was looked at."""


def _ports(answers: HostAnswers, plan: Plan) -> Iterator[_Row]:
    looked = "results" in (answers.get("__ports") or {})
    for row in plan["expectations"].get(answers.host, []):
        yield "port", row["requirement"], answers.host, port_subject(row), looked


def _told(answers: HostAnswers, plan: Plan) -> Iterator[_Row]:
    site = plan["hosts"].get(answers.host, {}).get("site", "")
    for question in _TOLD:
        answer = answers.get(question.registered)
        if answer is not None:
            subject = question.subject.format(site=site)
            yield "host", question.requirement, answers.host, subject, "problems" in answer


def _own(answers: HostAnswers, plan: Plan) -> Iterator[_Row]:
    """What a host says of itself, and a controller of the forest's layout."""
    if (answer := answers.get("__host")) is not None:
        looked = "problems" in answer
        for unit in plan["hosts"][answers.host]["health"]["units"]:
            yield "host", unit["requirement"], answers.host, f"unit {unit['name']}", looked
    controller = answers.get("__health") or {}
    for check in controller.get("problems_by_check", {}):
        if check in CONTROLLER_CHECKS:
            requirement, subject, _expected = CONTROLLER_CHECKS[check]
            yield "host", requirement, answers.host, subject, True
    if layout := controller.get("layout"):
        for requirement, subject, _expected, _found in compare_layout(layout, plan):
            yield "directory", requirement, answers.host, subject, True
    for reply in (answers.get("__relaying") or {}).get("replies", []):
        yield "mail", "MAIL-18", answers.host, f"relaying by {reply['server']}", True


def _names(answers: HostAnswers, plan: Plan) -> Iterator[_Row]:
    """Records of the directory's DNS, asked of each controller; those about mail, asked on each mail server."""
    if (answer := answers.get("__srv")) is not None:
        for row in plan["srv"]:
            requirement = "AD-18" if "._sites.gc." in row["name"] else "AD-52"
            yield "dns", requirement, answers.host, f"SRV {row['name']}", "answers" in answer
        for row in plan["records"]:
            yield "dns", row["requirement"], answers.host, f"{row['type']} {row['name']}", "answers" in answer
    if (answer := answers.get("__texts")) is not None:
        mail = plan["mail"]
        looked = "answers" in answer and "records" in (answers.get("__dkim") or {})
        domains = {row["domain"]: row["name"] for row in mail["signing"] if row["host"] == answers.host and row["zone"]}
        keys = (answers.get("__dkim") or {}).get("records", [])
        used = [row["name"] for row in keys if row["domain"] in domains and row["use"] != "next"]
        lacking = [name for domain, name in domains.items() if domain not in {row["domain"] for row in keys}]
        for name in [*(row["name"] for row in mail["texts"]), *used, *lacking]:
            yield "dns", "MAIL-24", answers.host, f"TXT {name}", looked


def _flows(answers: HostAnswers) -> Iterator[_Row]:
    for result in answers.items("__flows"):
        if flow := result.get("item"):
            yield "mail", "MAIL-12", answers.host, flow_subject(flow), "problems" in result


def _roles(answers: Answers) -> Iterator[_Row]:
    given = answers.given("__roles", "owners")
    for role in answers.plan["fsmo"]:
        yield "role", "AD-27", ", ".join(given) or "controller", f"role {role}", bool(given)


def _reached(answers: HostAnswers) -> _Row:
    return "host", "", "controller", answers.host, True


def _declared(answers: Answers) -> Iterator[_Row]:
    for host in answers.by_host.values():
        yield _reached(host)
        yield from _ports(host, answers.plan)
        if not host.missing:
            yield from _told(host, answers.plan)
            yield from _own(host, answers.plan)
            yield from _names(host, answers.plan)
            yield from _flows(host)
    yield from _roles(answers)


def _outcome(findings: Iterable[Finding], *, looked: bool) -> Outcome:
    severities = {finding.severity for finding in findings}
    if severities:
        return Outcome.FAILED if ERROR in severities else Outcome.WARNED
    return Outcome.PASSED if looked else Outcome.SKIPPED


def all_checks(answers: Answers, findings: Iterable[Finding]) -> list[Check]:
    """Each declared thing with what came of it, then each finding about something that no list has."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.vantage, finding.subject), []).append(finding)
    checks = _matched(_declared(answers), found)
    known = {check.key for check in checks}
    for (vantage, subject), rows in found.items():
        if (vantage, subject) not in known:
            outcome = _outcome(rows, looked=True)
            requirement = rows[0].requirement
            checks.append(
                Check(kind="other", requirement=requirement, vantage=vantage, subject=subject, outcome=outcome)
            )
    return checks


def _matched(rows: Iterable[_Row], found: Mapping[tuple[str, str], list[Finding]]) -> list[Check]:
    checks: dict[tuple[str, str], Check] = {}
    for kind, requirement, vantage, subject, looked in rows:
        told = found.get((vantage, subject), [])
        check = Check(
            kind=kind,
            requirement=told[0].requirement if told else requirement,
            vantage=vantage,
            subject=subject,
            outcome=_outcome(told, looked=looked),
        )
        checks.setdefault(check.key, check)
    return list(checks.values())
