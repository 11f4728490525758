# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepared lies over real sockets: what is said of each, at which stage, and that of the honest service beside it.

A firewall that drops, one that rejects and a host that is down: `tests/system/test_probes.py`, with real rules.
"""

from __future__ import annotations

import contextlib
import hashlib
import resource
import time
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Finding, Stage, Verdict, check, resolver
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import NAME, Authority, Behaviour
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.lies import (
    IMAPS,
    LIES,
    SUBMISSION,
    Lie,
    World,
)


@pytest.fixture(scope="session")
def world(authority: Authority, stranger: Authority) -> World:
    """What the servers are made of."""
    return World(authority=authority, stranger=stranger)


def find(server: Behaviour, world: World, **keys: Any) -> Finding:
    """Check a server on loopback."""
    with fakes.listening(server) as port:
        trust = {"server_name": NAME, "ca_file": world.authority.ca_file} if keys.get("tls") else {}
        return check(host="127.0.0.1", port=port, **{"timeout": 5, **trust, **keys}).finding


@pytest.mark.parametrize("row", LIES, ids=lambda row: row.name)
def test_a_lie(row: Lie, world: World) -> None:
    found = find(row.server(world), world, **row.keys)
    assert (found.verdict, found.stage) == (row.verdict, row.stage), found.detail
    assert row.detail in found.detail


@pytest.mark.parametrize("row", LIES, ids=lambda row: row.name)
def test_the_truth_beside_it(row: Lie, world: World) -> None:
    found = find(row.honest(world), world, **row.keys)
    assert (found.verdict, found.stage, found.detail) == (Verdict.OPEN, Stage.PROTOCOL, "")


def test_a_certificate_with_another_fingerprint(world: World) -> None:
    context = world.authority.context()
    shown = find(world.imaps(context), world, **IMAPS).certificate["fingerprint_sha256"]
    other = hashlib.sha256(b"another").hexdigest()
    found = find(world.imaps(context), world, **IMAPS, fingerprints=[other])
    assert (found.verdict, found.stage) == (Verdict.BAD_CERTIFICATE, Stage.TLS)
    assert found.detail == f"the certificate has the fingerprint {shown}, expected {other}"
    with_colons = ":".join(shown[i : i + 2] for i in range(0, 64, 2)).upper()
    assert find(world.imaps(context), world, **IMAPS, fingerprints=[other, with_colons]).verdict is Verdict.OPEN


@pytest.mark.parametrize(
    ("names", "days", "detail"),
    [
        ((NAME,), (-1.0, 30.0), ""),
        (("*.example.test",), (-1.0, 30.0), ""),
        (("*.test",), (-1.0, 30.0), "the certificate is for *.test, not for mx1.example.test"),
        (("mx2.example.test",), (-1.0, 30.0), "is for mx2.example.test, not for"),
        ((NAME,), (-30.0, -1.0), "has expired at"),
        ((NAME,), (1.0, 30.0), "is not valid before"),
    ],
)
def test_who_does_not_know_the_authority_sees_all_the_rest(
    world: World, names: tuple[str, ...], days: tuple[float, float], detail: str
) -> None:
    server = world.imaps(world.stranger.context(names=names, days=days))
    found = find(server, world, **IMAPS, ca_file="", verify_chain=False)
    assert found.verdict is (Verdict.BAD_CERTIFICATE if detail else Verdict.OPEN), found.detail
    assert detail in found.detail


def test_a_banner_after_three_seconds_is_waited_for(world: World) -> None:
    begun = time.monotonic()
    found = find(fakes.late(3, world.smtp()), world, **SUBMISSION)
    assert (found.verdict, found.stage) == (Verdict.OPEN, Stage.PROTOCOL)
    assert time.monotonic() - begun > 3


def test_a_name_that_does_not_resolve(world: World) -> None:
    found = check(host="mx1.invalid", port=25, protocol="smtp").finding
    assert (found.verdict, found.stage) == (Verdict.UNRESOLVED, Stage.RESOLVE)


@pytest.mark.parametrize("dead", ["refused", "filtered"])
def test_a_dead_first_address_and_a_living_second(monkeypatch: pytest.MonkeyPatch, world: World, dead: str) -> None:
    monkeypatch.setattr(resolver, "_system_addresses", lambda _host: ["127.0.0.2", "127.0.0.1"])
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(fakes.listening(world.smtp()))
        if dead == "filtered":
            stack.enter_context(fakes.dropping(address="127.0.0.2", port=port))
        keys = {"server_name": NAME, "ca_file": world.authority.ca_file}
        found = check(host="mx.example.test", port=port, **SUBMISSION, **keys, timeout=20).finding
    assert (found.verdict, found.stage, found.address) == (Verdict.OPEN, Stage.PROTOCOL, "127.0.0.1")


@pytest.mark.parametrize("protocol", ["dns", "kerberos", "cldap", "ntp"])
def test_rubbish_over_udp(protocol: str) -> None:
    argument = {} if protocol == "ntp" else {"argument": "corp.example.test"}
    with fakes.answering(lambda _request: b"rubbish" * 20) as port:
        found = check(host="127.0.0.1", port=port, transport="udp", protocol=protocol, **argument).finding
    assert (found.verdict, found.stage) == (Verdict.WRONG_PROTOCOL, Stage.PROTOCOL)


def test_nothing_over_udp() -> None:
    with fakes.answering(lambda _request: None) as port:
        found = check(host="127.0.0.1", port=port, transport="udp", protocol="ntp", timeout=0.6).finding
    assert (found.verdict, found.stage) == (Verdict.OPEN_OR_FILTERED, Stage.CONNECT)


def test_a_connection_limit_is_no_refusal_of_a_login_or_of_old_tls(world: World) -> None:
    """The second connection is turned away before anything was offered, so nothing is known of what it was for."""
    for keys in ({"cleartext_auth": "refused"}, {"tls_minimum": "TLSv1.2"}):
        seen: list[object] = []
        honest = world.smtp()

        def once(connection: Any, seen: list[object] = seen, honest: Behaviour = honest) -> None:
            seen.append(connection)
            (honest if len(seen) == 1 else fakes.hang_up)(connection)

        found = find(once, world, **SUBMISSION, **keys)
        assert (found.verdict, len(seen)) == (Verdict.UNKNOWN, 2), found.detail


def test_endless_answers_take_bounded_memory(world: World) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (b"2" * 65536, b"220-" + b"x" * 8000 + b"\r\n"):
        for _turn in range(20):
            assert find(fakes.repeats(data), world, **SUBMISSION).verdict is Verdict.WRONG_PROTOCOL
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, f"{grown} KiB more"
