# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of the tests under traffic: what failed is tried again and counted, what is no failure ends the test."""

from __future__ import annotations

import time

import pytest
from ansible_collections.mailforest.stack.tests.system.support.repeated import Repeated, repeated

PAUSE = 0.01


def _until(client: Repeated, number: int) -> None:
    deadline = time.monotonic() + 10
    while len(client.done) < number:
        assert time.monotonic() < deadline and not client.error, client.failed
        time.sleep(PAUSE)


def test_what_fails_is_done_again_before_anything_else() -> None:
    failures = [OSError("away"), ValueError("half an answer")]

    def act(number: int) -> str:
        if number == 1 and failures:
            raise failures.pop(0)
        return str(number)

    with repeated(act, pause=PAUSE) as client:
        _until(client, 4)
    assert client.done[:4] == ["0", "1", "2", "3"]
    assert client.failed == ["OSError: away", "ValueError: half an answer"]
    assert (client.tries, client.cured) == (3, True)
    assert client.outage >= 2 * PAUSE


def test_what_does_not_work_in_the_end_is_not_cured() -> None:
    def act(number: int) -> str:
        if number:
            raise OSError("gone")
        return "once"

    with repeated(act, pause=PAUSE) as client:
        _until(client, 1)
        while not client.failed:
            time.sleep(PAUSE)
    assert (client.done, client.cured) == (["once"], False)


def test_a_mistake_of_the_test_is_no_failure_of_a_server() -> None:
    def act(_number: int) -> str:
        raise KeyError("a mistake")

    with pytest.raises(KeyError, match="a mistake"), repeated(act, pause=PAUSE) as client:
        client.join(timeout=10)
