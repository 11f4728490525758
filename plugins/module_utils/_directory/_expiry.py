# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an account ends, between a date and the directory's ticks of 100 ns since 1601. Private to this collection."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NEVER = 0x7FFFFFFFFFFFFFFF
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_WORD = "never"


def ticks(text: str) -> int:
    """A moment; a day alone is over when it is over in UTC."""
    if text.strip().lower() in (_WORD, ""):
        return NEVER
    try:
        if len(text.strip()) == len("2027-01-31"):
            day = datetime.combine(date.fromisoformat(text.strip()), datetime.min.time(), tzinfo=UTC)
            moment = day + timedelta(days=1)
        else:
            moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as exc:
        raise ResourceError(
            f"account_expires '{text}' is no date. Nothing was changed. Give it as 2027-01-31, as"
            " 2027-01-31T18:00:00+01:00 or as never."
        ) from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int((moment - _EPOCH) / timedelta(microseconds=1)) * 10


def same(left: int, right: int) -> bool:
    """Whether both mean the same moment; the directory knows never by two numbers."""
    return left == right or {left, right} <= {0, NEVER}


def text(number: int) -> str:
    """Ticks as a moment in UTC."""
    if number in (0, NEVER):
        return _WORD
    return (_EPOCH + timedelta(microseconds=number // 10)).isoformat()
