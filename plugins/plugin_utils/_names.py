# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: whether the world knows the mail servers by the names that they greet by (MAIL-21)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import HostAnswers, Plan
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import WARNING, Finding

_A_REMEDY = "Correct the record in the public DNS; output/public-dns.zone has it."
_PTR_REMEDY = "Ask who gave you the address for the record; output/public-dns.zone has it."


def of_names(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """Names that do not lead to the servers, and addresses that do not lead back."""
    for row in plan["mail"]["names"]:
        yield from _judged(answers, "__names", "A", row["name"], row["address"], row["worldwide"])
        yield from _judged(answers, "__addresses", "PTR", row["reverse"], f"{row['name']}.", row["worldwide"])


def _judged(
    answers: HostAnswers, registered: str, kind: str, name: str, expected: str, worldwide: bool
) -> Iterator[Finding]:
    """What this vantage point was told of one name. Where nobody on the Internet has the address, nothing may be."""
    rows = (answers.get(registered) or {}).get("answers", [])
    seen: Mapping[str, Any] | None = next((row for row in rows if row["name"].lower() == name.lower()), None)
    if seen is None or (not seen["values"] and not worldwide) or seen["values"] == [expected.lower()]:
        return
    yield Finding(
        severity=WARNING,
        requirement="MAIL-21",
        vantage=answers.host,
        subject=f"{kind} {name.rstrip('.')}",
        expected=expected.rstrip("."),
        found=", ".join(value.rstrip(".") for value in seen["values"]) or seen["error"] or "nothing",
        remedy=_A_REMEDY if kind == "A" else _PTR_REMEDY,
    )
