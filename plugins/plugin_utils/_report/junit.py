# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the checks as JUnit XML, which every CI system reads; a suite for each vantage point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding, render
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Check, Outcome

_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, and a server's banner may hold."""
_Findings = Mapping[tuple[str, str], Sequence[Finding]]


def junit(checks: Iterable[Check], findings: Iterable[Finding], *, time: str, warnings_fail: bool) -> str:
    """The document. A warning is a failure where warnings fail the run; else it is told with a case that passed."""
    failing = {Outcome.FAILED, Outcome.WARNED} if warnings_fail else {Outcome.FAILED}
    told: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        told.setdefault((finding.vantage, finding.subject), []).append(finding)
    suites: dict[str, list[Check]] = {}
    for check in checks:
        suites.setdefault(check.vantage, []).append(check)
    root = ElementTree.Element("testsuites", name="mailforest.stack.verify")
    for vantage, rows in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", name=vantage, timestamp=time.removesuffix("Z"))
        _count(suite, rows, failing)
        for check in rows:
            _case(suite, check, told, failing)
    _count(root, [check for rows in suites.values() for check in rows], failing)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_ILLEGAL.sub("?", text)}\n'


def _count(element: ElementTree.Element, checks: Sequence[Check], failing: set[Outcome]) -> None:
    element.set("tests", str(len(checks)))
    element.set("failures", str(sum(check.outcome in failing for check in checks)))
    element.set("errors", "0")
    element.set("skipped", str(sum(check.outcome is Outcome.SKIPPED for check in checks)))


def _case(suite: ElementTree.Element, check: Check, told: _Findings, failing: set[Outcome]) -> None:
    requirement = f"{check.requirement} " if check.requirement else ""
    case = ElementTree.SubElement(
        suite, "testcase", classname=f"verify.{check.kind}.{check.vantage}", name=f"{requirement}{check.subject}"
    )
    findings = told.get(check.key, ())
    text = "\n".join(render(findings))
    if check.outcome is Outcome.SKIPPED:
        ElementTree.SubElement(case, "skipped", message="Its vantage point did not answer.")
    elif check.outcome in failing:
        message = "; ".join(f"expected {each.expected}, found {each.found}" for each in findings)
        ElementTree.SubElement(case, "failure", message=message, type=check.outcome.value).text = text
    elif text:
        ElementTree.SubElement(case, "system-out").text = text
