# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule on waivers themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Violation
from ..model import Topology
from ..reader import nearest
from .registry import RULES, rule


@rule("waiver-legal", "AD-36", "A waiver names a rule that allows it, and a host, and gives a reason.")
def waiver_legal(topology: Topology) -> Iterator[Violation]:
    """A waiver that silences nothing hides that somebody wanted it to."""
    rules = {registered.rule.name: registered.rule for registered in RULES}
    waivable = [name for name, row in rules.items() if row.waivable]
    for index, waiver in enumerate(topology.waivers):
        place = f"mailforest_waivers[{index}]"
        if waiver.rule and waiver.rule not in waivable:
            known = waiver.rule in rules
            yield Violation(
                place=f"{place}.rule",
                value=waiver.rule,
                message="This rule cannot be waived." if known else "There is no such rule.",
                remedy=f"{nearest(waiver.rule, waivable)}Rules that can be waived: {', '.join(waivable)}.",
            )
        if waiver.host and waiver.host not in topology.hosts:
            yield Violation(
                place=f"{place}.host",
                value=waiver.host,
                message="There is no such host in the mailforest groups.",
                remedy=f"{nearest(waiver.host, topology.hosts)}Name a host.",
            )
        if waiver.reason and not waiver.reason.strip():
            yield Violation(
                place=f"{place}.reason", value=None, message="The reason is empty.", remedy="Say why, for later."
            )
