# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: mail that waits (`postqueue -j`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .problem import ERROR, WARNING, Problem


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From how many messages and from which age on it is a warning; from ten times that age on an error."""

    messages: int = 500
    age: int = 1800


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A message in the queue."""

    queue: str
    arrived: float
    reason: str


def read(listing: str) -> list[Waiting]:
    """One JSON object for each message."""
    rows = [json.loads(line) for line in listing.splitlines() if line.strip()]
    return [
        Waiting(
            queue=str(row.get("queue_name", "")),
            arrived=float(row.get("arrival_time", 0)),
            reason=next((str(one["delay_reason"]) for one in row.get("recipients", []) if one.get("delay_reason")), ""),
        )
        for row in rows
    ]


def facts(messages: Sequence[Waiting], now: float) -> dict[str, int]:
    """How many wait, and since when the oldest does."""
    oldest = max((int(now - message.arrived) for message in messages), default=0)
    return {"messages": len(messages), "oldest_seconds": max(oldest, 0)}


def judge(messages: Sequence[Waiting], limits: Limits, now: float) -> Iterator[Problem]:
    """Too many, too old, or held by somebody."""
    told = facts(messages, now)
    reasons = Counter(message.reason for message in messages if message.reason).most_common(1)
    cause = f"Most often: {reasons[0][0]}" if reasons else "Nothing takes them on: see the log of Postfix."
    remedy = "postqueue -p lists them with the reasons; postqueue -f tries again once these are mended."
    if told["messages"] > limits.messages or told["oldest_seconds"] > limits.age:
        yield Problem(
            severity=ERROR if told["oldest_seconds"] > 10 * limits.age else WARNING,
            requirement="MAIL-13",
            subject="mail queue",
            expected=f"at most {limits.messages} messages, none older than {limits.age // 60} minutes",
            found=f"{told['messages']} messages, the oldest {told['oldest_seconds'] // 60} minutes old",
            cause=cause,
            remedy=remedy,
        )
    if held := sum(message.queue == "hold" for message in messages):
        yield Problem(
            severity=WARNING,
            requirement="MAIL-13",
            subject="mail queue",
            expected="no message on hold",
            found=f"{held} on hold",
            cause="An administrator or a rule put them there; nothing delivers them by itself.",
            remedy="postqueue -p marks them with !; postsuper -H ID releases one, postsuper -d ID removes it.",
        )
