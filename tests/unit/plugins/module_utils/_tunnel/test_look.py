# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found of a tunnel, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.look import (
    Link,
    declared,
    look,
    look_until,
    telling,
)
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.management import NotRunning, Status

LINK = Link(
    name="branch",
    interface="mf-branch",
    peer="gw-branch",
    local_address="198.51.100.66",
    peer_address="198.51.100.130",
    routes=("198.51.100.128/26", "198.51.100.192/32"),
)


def status(state: str = "CONNECTED", detail: str = "") -> Status:
    return Status(state=state, since="2026-11-23T20:00:00+00:00", detail=detail, received=10, sent=20)


@dataclass
class FakeHost:
    """A gateway that answers as it is told; `states` are taken one after the other, the last one stays."""

    states: list[Status | NotRunning] = field(default_factory=lambda: [status()])
    largest: int = 1420
    ways: dict[str, str] = field(default_factory=dict)
    lines: str = "TLS Error: TLS handshake failed"

    def status(self, link: Link) -> Status:
        found = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(found, NotRunning):
            raise found
        return found

    def ping(self, link: Link, size: int) -> float | None:
        return 0.00071 if size <= self.largest else None

    def interface_towards(self, address: str) -> str:
        return self.ways.get(address, "mf-branch")

    def log(self, link: Link) -> str:
        return self.lines


def test_all_is_well() -> None:
    tunnel = look(LINK, FakeHost())
    assert tunnel.problem == ""
    assert tunnel.shown() == {
        "name": "branch",
        "interface": "mf-branch",
        "peer": "gw-branch",
        "state": "CONNECTED",
        "connected": True,
        "since": "2026-11-23T20:00:00+00:00",
        "received_bytes": 10,
        "sent_bytes": 20,
        "round_trip_ms": 0.71,
        "astray": {},
        "problem": "",
    }


@pytest.mark.parametrize(
    ("host", "connected", "texts"),
    [
        pytest.param(
            FakeHost(states=[NotRunning("Connection refused")]),
            False,
            ["does not run (Connection refused)", "journalctl -u mailforest-tunnel@branch.service", "\nIts log says"],
            id="not running",
        ),
        pytest.param(
            FakeHost(states=[status("RECONNECTING", "ping-restart")]),
            False,
            ["not connected (RECONNECTING, ping-restart since", "gw-branch runs its end", "TLS handshake failed"],
            id="dialling",
        ),
        pytest.param(
            FakeHost(states=[status("WAIT")], lines=""), False, ["not connected (WAIT since"], id="nobody there"
        ),
        pytest.param(FakeHost(largest=1000), True, ["those of 1420 bytes are lost"], id="narrow line"),
        pytest.param(FakeHost(largest=0), True, ["gw-branch (198.51.100.130) does not answer"], id="silent peer"),
        pytest.param(
            FakeHost(ways={"198.51.100.129": "eth1", "198.51.100.192": ""}),
            True,
            ["198.51.100.128/26 by eth1, 198.51.100.192/32 by no way at all", "lower metric"],
            id="another way",
        ),
    ],
)
def test_what_is_wrong_is_said(host: FakeHost, connected: bool, texts: list[str]) -> None:
    tunnel = look(LINK, host)
    assert tunnel.connected is connected
    assert [text for text in texts if text not in tunnel.problem] == []
    assert tunnel.problem.endswith(".") or tunnel.problem.endswith("TLS handshake failed")


def test_networks_that_go_astray_are_named_with_their_way() -> None:
    assert look(LINK, FakeHost(ways={"198.51.100.129": "eth1"})).astray == {"198.51.100.128/26": "eth1"}


def test_one_that_stands_in_is_well_while_another_has_the_traffic() -> None:
    base = {
        "name": "branch",
        "interface": "mf-branch",
        "peer": "gw-branch",
        "peer_fqdn": "",
        "local_address": "198.51.100.66",
        "peer_address": "198.51.100.130",
        "routes": ["198.51.100.128/26"],
        "metric": 100,
        "mtu": 1420,
    }
    first, second = declared([base, {**base, "interface": "mf-tcp", "metric": 4196, "mtu": 1400}])
    assert (first.before, second.before) == ({}, {"198.51.100.128/26": ("mf-branch",)})
    usual, meanwhile = FakeHost(), FakeHost(ways={"198.51.100.129": "mf-tcp"})
    assert [look(link, usual).problem for link in (first, second)] == ["", ""]
    assert look(second, meanwhile).problem == ""
    assert "198.51.100.128/26 by mf-tcp" in look(first, meanwhile).problem
    assert "eth1" in look(second, FakeHost(ways={"198.51.100.129": "eth1"})).problem


def test_the_peer_does_not_stand_for_its_network() -> None:
    link = replace(LINK, peer_address="198.51.100.129")
    assert look(link, FakeHost(ways={"198.51.100.129": "eth1"})).astray == {}
    assert look(link, FakeHost(ways={"198.51.100.190": "eth1"})).astray == {"198.51.100.128/26": "eth1"}


@pytest.mark.parametrize(("wait", "seen"), [(0, "WAIT"), (2, "AUTH"), (30, "CONNECTED")])
def test_it_waits_as_long_as_it_may(wait: float, seen: str) -> None:
    now = [100.0]
    host = FakeHost(states=[status("WAIT"), status("AUTH"), status()])
    (tunnel,) = look_until(
        [LINK], host, wait=wait, clock=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds)
    )
    assert tunnel.state == seen


def test_of_a_log_the_errors_tell_most() -> None:
    asked = ["MANAGEMENT: CMD 'state'", "MANAGEMENT: Client disconnected"]
    wrong = "VERIFY X509NAME ERROR: CN=gw-x.example.test, must be gw-y.example.test"
    log = [wrong, "TLS Error: TLS handshake failed", "Restart pause, 2 second(s)"] * 20
    assert telling("\n".join([*log, *asked])) == wrong
    assert telling("\n".join(log[1:3])) == "TLS Error: TLS handshake failed"
    assert telling("\n".join(["started", *asked])) == "started"
    assert telling("") == ""
