# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: judge what each host says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import HostAnswers
from ansible_collections.mailforest.stack.plugins.plugin_utils._broken import broken, line
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding

CONTROLLER_CHECKS = {
    "dns": ("AD-52", "names of the domain controller in its own DNS", "all of them"),
    "time": ("AD-14", "time of the domain controller", "the PDC emulator's, signed for members"),
    "certificate": ("AD-10", "certificate of LDAPS", "of the forest's CA, for its name, valid for weeks"),
    "files": ("AD-12", "files of the domain controller", "of root alone"),
    "logins": ("AD-14", "logins to the domain controller", "of its administrators alone"),
}
"""Check of `dc_info` to the requirement that it is for, what it is about, and what is to be."""
_OTHERS = ("AD-15", "the domain controller itself", "well")
_TOLD = {field.name for field in fields(Finding)} - {"vantage"}


def of_controller(answers: HostAnswers) -> Iterator[Finding]:
    """What a domain controller finds wrong with itself."""
    answer = answers.get("__health")
    if answer is None:
        return
    if "problems_by_check" not in answer:
        yield broken(_OTHERS[0], answers.host, _OTHERS[1], answer)
    for check, problems in answer.get("problems_by_check", {}).items():
        requirement, subject, expected = CONTROLLER_CHECKS.get(check, _OTHERS)
        for problem in problems:
            yield Finding(
                requirement=requirement,
                vantage=answers.host,
                subject=subject,
                expected=expected,
                found=line(problem),
            )


def of_health(answers: HostAnswers) -> Iterator[Finding]:
    """What any host finds wrong with itself."""
    answer = answers.get("__host")
    if answer is None:
        return
    if "problems" not in answer:
        yield broken("AD-13", answers.host, "health of the host", answer)
    for problem in answer.get("problems", []):
        told = {name: str(value) for name, value in problem.items() if name in _TOLD}
        yield Finding(**{**told, "vantage": answers.host, "found": line(told["found"])})
