# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: a rule is a function with a name, a requirement and a severity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from ..findings import Finding, Rule, Severity, Violation
from ..model import Topology


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule may look at."""

    topology: Topology
    today: date


Check = Callable[[Topology], Iterator[Violation]]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A rule and the function that looks for breaches of it."""

    rule: Rule
    check: Check

    def run(self, context: Context) -> Iterator[Finding]:
        """Every breach of the rule."""
        for violation in self.check(context.topology):
            yield self.rule.finding(violation)


RULES: list[Registered] = []


def rule(
    name: str, requirement: str, summary: str, *, severity: Severity = Severity.ERROR, waivable: bool = False
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule."""

    def register(check: Check) -> Check:
        described = Rule(name=name, requirement=requirement, summary=summary, severity=severity, waivable=waivable)
        RULES.append(Registered(rule=described, check=check))
        return check

    return register
