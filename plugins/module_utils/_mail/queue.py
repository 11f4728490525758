# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: follow a message through the Postfix queue of the host that looks (`postqueue -j`)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

Listing = Callable[[], str]
"""Returns what `postqueue -j` prints: one JSON object for each message that is in the queue."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """A message in the queue: in which part of it, and why it is not delivered yet."""

    queue: str
    reasons: tuple[str, ...]


@dataclasses.dataclass(kw_only=True)
class Followed:
    """What was seen of one message: the parts of the queue it was in, why it waited, and whether it is there still."""

    queues: list[str] = dataclasses.field(default_factory=list)
    reasons: list[str] = dataclasses.field(default_factory=list)
    waiting: bool = False

    def note(self, entry: Entry | None) -> None:
        """Take down one look."""
        self.waiting = entry is not None
        if entry is not None:
            self.queues += [entry.queue] if entry.queue not in self.queues else []
            self.reasons += [reason for reason in entry.reasons if reason not in self.reasons]


def find(listing: str, number: str) -> Entry | None:
    """The message of that number; none when it is not in the queue, or no longer."""
    for line in listing.splitlines():
        row = json.loads(line) if line.strip() else {}
        if row.get("queue_id") == number:
            reasons = [str(one["delay_reason"]) for one in row.get("recipients", []) if one.get("delay_reason")]
            return Entry(queue=str(row.get("queue_name", "")), reasons=tuple(dict.fromkeys(reasons)))
    return None
