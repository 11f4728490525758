# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes the tunnels to the other host, what does not, and how they come back. `vars.yml` describes them."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.capture import capture
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, eventually, play

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
PAIRS = [("solo12", "solo13"), ("solo13", "solo12")]
UNIT = "mailforest-tls-tunnel.service"
NAMED, PINNED, OTHER_NAME, OTHER_PIN = 7001, 7002, 7003, 7004
SERVER, FIRST_SERVER = 7700, 7701
CONNECT_SECONDS = 3
BACK_SECONDS = 15
"""A run measured 1 to 2 s, on two busy cores."""
# Says what the server said; nothing when it said nothing.
_CLIENT = """
import socket, sys
try:
    session = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
    session.settimeout(20)
    stream = session.makefile("rw", newline="\\r\\n")
    greeting = stream.readline().strip()
    stream.write(sys.argv[3] + "\\r\\n"); stream.flush()
    print(greeting + "; " + stream.readline().strip() if greeting else "")
except ConnectionResetError:
    pass
"""
# TLS 1.3: the client has connected before the server looks at its certificate, so the refusal comes when it reads.
_TLS_CLIENT = """
import socket, ssl, sys
context = ssl._create_unverified_context()
if sys.argv[3:]:
    context.load_cert_chain(*sys.argv[3:])
plain = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
try:
    print(context.wrap_socket(plain).recv(99).decode())
except (ssl.SSLError, ConnectionResetError):
    pass
"""


def _talk(own: str, port: int, *, word: str = "hello", address: str = "127.0.0.1") -> str:
    return root_shell(at(own), f"python3 -c {shlex.quote(_CLIENT)} {address} {port} {word}").strip()


def _handshake(own: str, address: str, port: int, *, certificate: bool) -> str:
    """The server's greeting to a client of TLS that takes any certificate, and shows this host's or none."""
    shown = "/etc/ssl/mailforest/host.crt /etc/ssl/mailforest/host.key" if certificate else ""
    return root_shell(at(own), f"python3 -c {shlex.quote(_TLS_CLIENT)} {address} {port} {shown}").strip()


def _again(**extra: Any) -> Run:
    return play(SCENARIO.parent / "shared/converge.yml", extra_vars=extra)


@contextmanager
def _first_server(name: str) -> Iterator[None]:
    """The server that is asked before the other one."""
    root_shell(at(name), f"systemctl start scenario-server@{FIRST_SERVER}")
    try:
        eventually(lambda: at(name).socket(f"tcp://0.0.0.0:{FIRST_SERVER}").is_listening, seconds=15)
        yield
    finally:
        root_shell(at(name), f"systemctl stop scenario-server@{FIRST_SERVER}")


@pytest.mark.parametrize("port", [NAMED, PINNED])
@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_data_goes_through(own: str, peer: str, port: int) -> None:
    assert _talk(own, port) == f"220 port {SERVER}; 250 hello"


@pytest.mark.parametrize("port", [OTHER_NAME, OTHER_PIN])
@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_a_waiting_end_with_another_certificate_is_refused(own: str, peer: str, port: int) -> None:
    assert _talk(own, port) == ""
    log = root_shell(at(own), f"journalctl --unit={UNIT} --since=-1min --output=cat --no-pager")
    assert "Subject checks failed" in log if port == OTHER_NAME else "not found in local repository" in log


@pytest.mark.parametrize("port", [6001, 6002])
@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_a_dialling_end_with_another_certificate_is_refused(own: str, peer: str, port: int) -> None:
    """With none, too; the control is the certificate that is expected."""
    there = solo(at(peer)).address
    assert _handshake(own, there, port, certificate=True) == f"220 port {SERVER}"
    assert _handshake(own, there, port, certificate=False) == ""
    assert _handshake(peer, there, port, certificate=True) == ""


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_the_line_shows_nothing_of_what_is_said(own: str, peer: str) -> None:
    """The control says it beside the tunnel."""
    here, there = solo(at(own)).address, solo(at(peer)).address
    seen: dict[str, list[str]] = {}
    for how, port, address in (("tunnel", NAMED, "127.0.0.1"), ("plain", SERVER, there)):
        with capture(at(own), beside=here, networks=[f"{there}/32"], holding="marked-word") as seen[how]:
            assert "marked-word" in _talk(own, port, word="marked-word", address=address)
    assert seen["tunnel"] == []
    assert len(seen["plain"]) >= 2, "there and back"


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_a_server_that_is_dead_is_passed_over_and_comes_first_again(own: str, peer: str) -> None:
    assert _talk(own, NAMED).startswith(f"220 port {SERVER};")
    with _first_server(peer):
        assert _talk(own, NAMED).startswith(f"220 port {FIRST_SERVER};")
    assert _talk(own, NAMED).startswith(f"220 port {SERVER};")


def test_a_waiting_end_that_is_silent_is_passed_over() -> None:
    host = at("solo13")
    root_shell(
        host,
        "nft 'add table inet cut; add chain inet cut in { type filter hook input priority -300; }; "
        "add rule inet cut in tcp dport 6009 drop'",
    )
    begun = time.monotonic()
    try:
        assert _talk("solo12", PINNED) == f"220 port {SERVER}; 250 hello"
    finally:
        root_shell(host, "nft delete table inet cut")
    assert CONNECT_SECONDS <= time.monotonic() - begun < CONNECT_SECONDS + 10


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_it_is_not_root_that_faces_the_line(own: str, peer: str) -> None:
    script = f"stat -c %U /proc/$(systemctl show --property=MainPID --value {UNIT})"
    assert root_shell(at(own), script).strip() == "stunnel4"


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_it_comes_back_when_it_is_killed(own: str, peer: str) -> None:
    before = root_shell(at(own), f"systemctl show --property=MainPID --value {UNIT}").strip()
    root_shell(at(own), f"systemctl kill --signal=KILL {UNIT}")

    def back() -> bool:
        now = root_shell(at(own), f"systemctl show --property=MainPID --value {UNIT}").strip()
        return now not in ("0", before) and at(own).socket("tcp://127.0.0.1:7001").is_listening

    eventually(back, seconds=BACK_SECONDS)
    assert _talk(own, NAMED) == f"220 port {SERVER}; 250 hello"
    assert _talk(peer, PINNED) == f"220 port {SERVER}; 250 hello"


def test_it_starts_at_boot() -> None:
    assert all(at(name).service(UNIT).is_enabled for name, _peer in PAIRS)


def test_values_that_cannot_work_are_refused_before_anything_changes() -> None:
    open_to_all = {"name": "open", "side": "server", "listen": "0.0.0.0:6003", "connect": ["127.0.0.1:25"]}
    run = _again(tls_tunnel_services=[open_to_all])
    assert run.code != 0
    assert run.changes == []
    assert {result.host for result in run.failures} == {"solo12", "solo13"}
    assert all("anybody would be let in" in result.message for result in run.failures)


def test_a_certificate_that_stunnel_cannot_read_never_becomes_active() -> None:
    """It looks like one. The tunnels work on with what they have."""
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    service = {"name": "broken", "side": "server", "listen": "127.0.0.1:6003", "connect": ["127.0.0.1:25"]}
    run = _again(tls_tunnel_services=[{**service, "peer_certificates": [broken]}])
    assert run.code != 0
    assert run.changes == []
    assert all("stunnel" in result.message for result in run.failures), run.explain()
    assert _talk("solo12", PINNED) == f"220 port {SERVER}; 250 hello"


def test_without_services_it_does_not_run() -> None:
    run = _again(tls_tunnel_services=[])
    assert run.code == 0, run.explain()
    for name, _peer in PAIRS:
        assert not at(name).service(UNIT).is_running
        assert not at(name).service(UNIT).is_enabled
        assert not at(name).file("/etc/mailforest/tls-tunnel").exists


def test_a_renewed_ca_is_taken_up() -> None:
    """The last test; it leaves the tunnels well."""
    run = _again()
    assert run.code == 0, run.explain()
    for name, _peer in PAIRS:
        root_shell(at(name), "echo >> /etc/ssl/scenario-peer-ca.crt")
    run = _again()
    assert run.code == 0, run.explain()
    assert sorted(change.split(":")[0] for change in run.changes) == ["solo12", "solo13"]
    assert _talk("solo12", NAMED) == f"220 port {SERVER}; 250 hello"
