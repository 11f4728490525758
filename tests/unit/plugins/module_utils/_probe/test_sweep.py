# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare connections in one sweep: as many as allowed, each for its time, and beside the conversations."""

from __future__ import annotations

import asyncio
import errno
import select
import threading
import time
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import (
    Check,
    Limits,
    Verdict,
    probe,
    probe_async,
    sweep,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes


def test_thousands_of_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own verdict, and no more sockets are open than may be."""
    closed = fakes.unused_port()
    seen: dict[sweep.Sweep, int] = {}
    land = sweep.Sweep._land

    def watched(part: sweep.Sweep, poll: select.epoll) -> None:
        seen[part] = max(seen.get(part, 0), len(part._flying))
        land(part, poll)

    monkeypatch.setattr(sweep.Sweep, "_land", watched)
    with fakes.listening(fakes.hang_up) as port:
        ports = [closed if index % 7 == 0 else port for index in range(3000)]
        results = probe([Check(host="127.0.0.1", port=number) for number in ports], Limits(concurrency=20))
    assert [r.finding.verdict is Verdict.OPEN for r in results] == [number == port for number in ports]
    assert [r.check.port for r in results] == ports
    assert len(seen) == 2
    assert all(1 < most <= 10 for most in seen.values())


def test_a_window_of_silent_ports() -> None:
    with fakes.dropping() as port:
        begun = time.monotonic()
        results = probe([Check(host="127.0.0.1", port=port, timeout=0.2)] * 20, Limits(concurrency=5))
        elapsed = time.monotonic() - begun
    assert {result.finding.verdict for result in results} == {Verdict.FILTERED}
    assert all(0.2 <= result.seconds < 1 for result in results)
    assert 0.8 <= elapsed < 3


def test_each_check_has_its_own_timeout() -> None:
    with fakes.dropping() as port:
        checks = [Check(host="127.0.0.1", port=port, timeout=seconds) for seconds in (0.6, 0.1, 0.3)]
        results = probe(checks)
    assert [round(result.seconds, 1) for result in results] == [0.6, 0.1, 0.3]


def test_an_attempt_is_not_ended_by_the_time_of_the_one_before() -> None:
    port, done = fakes.unused_port(), threading.Event()

    def become_silent() -> None:
        time.sleep(0.1)
        with fakes.dropping(port=port):
            done.wait(5)

    thread = threading.Thread(target=become_silent)
    thread.start()
    result = probe([Check(host="127.0.0.1", port=port, timeout=0.5)], Limits(retries=1, delay=0.3))[0]
    done.set()
    thread.join()
    assert (result.finding.verdict, result.attempts) == (Verdict.FILTERED, 2)
    assert result.seconds >= 0.8


def test_a_finding_before_the_deadline_is_kept() -> None:
    check = Check(host="127.0.0.1", port=fakes.unused_port())
    result = probe([check], Limits(retries=100, delay=0.1, deadline=0.35))[0]
    assert result.finding.verdict is Verdict.REFUSED
    assert result.attempts in (3, 4)


def test_conversations_beside_it() -> None:
    with fakes.listening(fakes.smtp()) as port:
        spoken, bare = Check(host="127.0.0.1", port=port, protocol="smtp"), Check(host="127.0.0.1", port=port)
        named, gone = Check(host="localhost", port=port), Check(host="no-such-host.invalid", port=port)
        results = probe([spoken, bare, named, gone] * 50)
    expected = [Verdict.OPEN, Verdict.OPEN, Verdict.OPEN, Verdict.UNRESOLVED]
    assert [result.finding.verdict for result in results] == expected * 50


def test_who_cancels_a_run_does_not_wait_for_it() -> None:
    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await probe_async([Check(host="127.0.0.1", port=port, timeout=20)])

    with fakes.dropping() as port:
        begun = time.monotonic()
        asyncio.run(cancelled())
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (errno.ECONNREFUSED, Verdict.REFUSED),
        (errno.EHOSTUNREACH, Verdict.UNREACHABLE),
        (errno.ENETUNREACH, Verdict.UNREACHABLE),
        (errno.EPERM, Verdict.UNREACHABLE),
        (errno.EADDRNOTAVAIL, Verdict.UNKNOWN),
        (errno.EMFILE, Verdict.UNKNOWN),
    ],
)
def test_what_an_error_means(code: int, verdict: Verdict) -> None:
    assert sweep.judge_connect(code)[0] is verdict


@pytest.mark.parametrize(
    ("keys", "bare"),
    [
        ({}, True),
        ({"host": "2001:db8::1"}, True),
        ({"host": "mx1.example.test"}, False),
        ({"protocol": "smtp"}, False),
        ({"tls": "implicit"}, False),
        ({"transport": "udp"}, False),
    ],
)
def test_what_a_bare_check_is(keys: dict[str, Any], bare: bool) -> None:
    assert sweep.is_bare(Check(**{"host": "198.51.100.68", "port": 1, **keys})) is bare
