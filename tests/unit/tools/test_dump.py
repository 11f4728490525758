# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two like offices have in common is the measure of a third: what differs there is told, and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.tests.system.support.dump import Measure

MEASURE = Measure(
    first={"file a": "1", "key": "x", "only here": ""}, second={"file a": "1", "key": "y", "only there": ""}
)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"file a": "1", "key": "z", "only here": "", "only there": ""}, []),
        ({"file a": "2"}, ["file a: 2 instead of 1"]),
        ({}, ["file a: not there instead of 1"]),
        ({"file a": "1", "file b": "1"}, ["file b: left over"]),
    ],
)
def test_only_what_both_agree_on_counts(found: dict[str, str], told: list[str]) -> None:
    assert MEASURE.differences(found) == told
