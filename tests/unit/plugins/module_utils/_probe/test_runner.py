# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many checks at once, tried again, in bounded time and with bounded files."""

from __future__ import annotations

import resource
import socket
import threading
import time
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import (
    Check,
    Expectation,
    Limits,
    Verdict,
    parse_all,
    probe,
    resolver,
    runner,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes


def test_results_keep_the_order_of_the_checks() -> None:
    closed = fakes.unused_port()
    with fakes.listening(fakes.silence) as port:
        checks = [Check(host="127.0.0.1", port=port if i % 3 else closed) for i in range(300)]
        results = probe(checks, Limits(concurrency=50))
    assert [result.check for result in results] == checks
    assert [r.finding.verdict for r in results] == [Verdict.OPEN if i % 3 else Verdict.REFUSED for i in range(300)]


def test_nothing_to_check() -> None:
    assert probe([]) == []


@pytest.mark.parametrize(
    ("expect", "accept", "verdict", "passed"),
    [
        ("open", [], Verdict.OPEN, True),
        ("open", [], Verdict.REFUSED, False),
        ("open", ["refused"], Verdict.REFUSED, True),
        ("closed", [], Verdict.REFUSED, True),
        ("closed", [], Verdict.FILTERED, True),
        ("closed", [], Verdict.UNREACHABLE, True),
        ("closed", [], Verdict.OPEN_OR_FILTERED, False),
        ("closed", ["open-or-filtered"], Verdict.OPEN_OR_FILTERED, True),
        ("closed", [], Verdict.UNRESOLVED, False),
        ("closed", [], Verdict.UNKNOWN, False),
        ("closed", [], Verdict.WRONG_PROTOCOL, False),
        ("closed", [], Verdict.OPEN, False),
    ],
)
def test_what_passes(expect: str, accept: list[str], verdict: Verdict, passed: bool) -> None:
    check = parse_all([{"host": "h", "port": 1, "expect": expect, "accept": accept}])[0]
    assert check.passes(verdict) is passed


def test_a_service_that_is_starting_is_tried_again() -> None:
    port = fakes.unused_port()
    started = threading.Event()
    done = threading.Event()

    def start_late() -> None:
        time.sleep(0.3)
        with fakes.listening(fakes.silence, port=port):
            started.set()
            done.wait(5)

    thread = threading.Thread(target=start_late)
    thread.start()
    result = probe([Check(host="127.0.0.1", port=port)], Limits(retries=20, delay=0.1))[0]
    done.set()
    thread.join()
    assert started.is_set()
    assert result.finding.verdict is Verdict.OPEN
    assert result.attempts > 1


@pytest.mark.parametrize(
    ("behave", "keys", "attempts"),
    [
        (None, {"expect": Expectation.OPEN}, 3),
        (None, {"expect": Expectation.CLOSED}, 1),
        (fakes.silence, {"expect": Expectation.CLOSED}, 1),
        (fakes.smtp(STARTTLS="502 no"), {"protocol": "smtp", "tls": "starttls"}, 1),
        (fakes.hang_up, {"protocol": "smtp"}, 3),
    ],
)
def test_how_often_a_check_is_tried(behave: fakes.Behaviour | None, keys: dict[str, Any], attempts: int) -> None:
    limits = Limits(retries=2, delay=0.01)
    if behave is None:
        result = probe([Check(host="127.0.0.1", port=fakes.unused_port(), **keys)], limits)[0]
    else:
        with fakes.listening(behave) as port:
            result = probe([Check(host="127.0.0.1", port=port, **keys)], limits)[0]
    assert result.attempts == attempts


def test_the_deadline_ends_everything() -> None:
    with fakes.dropping() as port:
        checks = [Check(host="127.0.0.1", port=port, timeout=5)] * 20
        start = time.monotonic()
        results = probe(checks, Limits(deadline=0.3, concurrency=10))
        elapsed = time.monotonic() - start
    assert elapsed < 1.5
    assert {result.finding.verdict for result in results} == {Verdict.UNKNOWN}
    assert {result.attempts for result in results} == {0, 1}
    assert all("deadline of 0.3 s" in result.finding.detail for result in results)


def test_many_filtered_ports_take_the_time_of_one() -> None:
    with fakes.dropping() as port:
        start = time.monotonic()
        results = probe([Check(host="127.0.0.1", port=port, timeout=0.5)] * 100, Limits(concurrency=100))
        elapsed = time.monotonic() - start
    assert {result.finding.verdict for result in results} == {Verdict.FILTERED}
    assert elapsed < 2.5


def test_a_host_with_two_addresses_is_open_when_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "_system_addresses", lambda _host: ["127.0.0.2", "127.0.0.1"])
    with fakes.listening(fakes.silence) as port:
        results = probe([Check(host="two.example.test", port=port)] * 2)
    assert [(r.finding.verdict, r.finding.address) for r in results] == [(Verdict.OPEN, "127.0.0.1")] * 2


def test_a_name_is_looked_up_once_and_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def flaky(host: str) -> list[str]:
        asked.append(host)
        if len(asked) == 1:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ["127.0.0.1"]

    monkeypatch.setattr(resolver, "_system_addresses", flaky)
    with fakes.listening(fakes.silence) as port:
        results = probe([Check(host="a.example.test", port=port)] * 5, Limits(retries=2, delay=0.01))
    assert {result.finding.verdict for result in results} == {Verdict.OPEN}
    assert len(asked) == 2


def test_a_resolver_that_is_gone_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def gone(_host: str) -> list[str]:
        released.wait(20)
        return []

    monkeypatch.setattr(resolver, "_system_addresses", gone)
    start = time.monotonic()
    results = probe([Check(host="a.example.test", port=port, timeout=0.2) for port in range(1, 30)])
    elapsed = time.monotonic() - start
    released.set()
    assert {(r.finding.verdict, r.finding.detail) for r in results} == {
        (Verdict.UNRESOLVED, "no answer from the resolver")
    }
    assert elapsed < 5


def test_a_name_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "_system_addresses", lambda _host: [])
    assert probe([Check(host="a.example.test", port=1)])[0].finding.verdict is Verdict.UNRESOLVED


def test_ipv6() -> None:
    with fakes.listening(fakes.silence, family=socket.AF_INET6) as port:
        assert probe([Check(host="::1", port=port)])[0].finding.verdict is Verdict.OPEN


def test_a_low_limit_of_open_files_is_raised_or_respected() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        assert runner.files_allow(500) == 500
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500 * 2 + 64
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(("soft", "hard", "allowed"), [(100, 100, 18), (64, 64, 1), (-1, -1, 500), (4096, 4096, 500)])
def test_concurrency_within_the_limit(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, allowed: int) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _what, limits: set_to.append(limits))
    assert runner.files_allow(500) == allowed
