# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one thing that is wrong with a host."""

from __future__ import annotations

from dataclasses import asdict, dataclass

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A finding without its vantage point, which is the host."""

    severity: str = ERROR
    requirement: str
    subject: str
    expected: str
    found: str
    cause: str = ""
    remedy: str = ""

    def shown(self) -> dict[str, str]:
        """What the module returns of it."""
        return asdict(self)
