# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What postqueue says of one message."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import queue
from ansible_collections.mailforest.stack.plugins.module_utils._mail.queue import Entry

LISTING = """\
{"queue_name": "active", "queue_id": "AAA", "arrival_time": 1, "recipients": [{"address": "a@example.test"}]}

{"queue_name": "deferred", "queue_id": "BBB", "recipients": [{"delay_reason": "full"}, {"delay_reason": "full"}]}
"""


@pytest.mark.parametrize(
    ("number", "entry"),
    [
        ("AAA", Entry(queue="active", reasons=())),
        ("BBB", Entry(queue="deferred", reasons=("full",))),
        ("CCC", None),
    ],
)
def test_the_message_of_a_number(number: str, entry: Entry | None) -> None:
    assert queue.find(LISTING, number) == entry


def test_an_empty_queue() -> None:
    assert queue.find("", "AAA") is None


def test_what_was_seen_is_kept_and_the_last_look_counts() -> None:
    followed = queue.Followed()
    for entry in (
        Entry(queue="active", reasons=()),
        Entry(queue="deferred", reasons=("full",)),
        Entry(queue="active", reasons=("full",)),
        None,
    ):
        followed.note(entry)
    assert (followed.queues, followed.reasons, followed.waiting) == (["active", "deferred"], ["full"], False)
