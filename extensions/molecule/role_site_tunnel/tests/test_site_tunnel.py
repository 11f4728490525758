# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes between two offices, what does not, and how the tunnel comes back. `vars.yml` describes the offices."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support.capture import capture
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, eventually, play
from testinfra.host import Host

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
OFFICES: dict[str, dict[str, str]] = yaml.safe_load((SCENARIO / "vars.yml").read_text())["scenario_offices"]
PAIRS = [("solo12", "solo13"), ("solo13", "solo12")]
BACK_SECONDS = 40
OVER_SECONDS = 25
"""Until the traffic goes by another tunnel; a run measured 12 to 14 s, of which 12 s are silence."""
UDP, TCP = "udp dport 1194", "tcp dport 1194"
"""Until a tunnel carries data again; a run measured 1 to 3 s, on two busy cores."""


def _unit(peer: str) -> str:
    return f"mailforest-tunnel@{peer}.service"


def _look(own: str, peer: str) -> dict[str, Any]:
    """What site_tunnel_info finds on one host: first the tunnel by UDP, then that by TCP."""
    shared = {
        "local_address": OFFICES[own]["gateway"],
        "peer_address": OFFICES[peer]["gateway"],
        "routes": [OFFICES[peer]["network"]],
    }
    links = [
        {**shared, "name": peer, "interface": f"mf-{peer}", "metric": 100},
        {**shared, "name": f"{peer}-tcp", "interface": f"mf-{peer}-tcp", "metric": 4196, "mtu": 1400},
    ]
    return module(at(own), "site_tunnel_info", links=links, fail=False)


def _well() -> bool:
    return all(_look(*pair)["problems"] == [] for pair in PAIRS)


def _way(own: str, peer: str) -> str:
    """The interface by which a packet to the other office leaves; an error where there is none."""
    return root_shell(at(own), f"ip route get {OFFICES[peer]['inner']} | grep -o 'dev [^ ]*'").split()[1]


def _ways() -> list[str]:
    return [_way(*pair) for pair in PAIRS]


def _passes(own: str, peer: str) -> bool:
    script = f"ip netns exec inner ping -c 1 -W 1 {OFFICES[peer]['inner']} >/dev/null && echo yes || true"
    return root_shell(at(own), script).strip() == "yes"


@contextmanager
def _dropped(*rules: str) -> Iterator[None]:
    """What these rules of nftables match is dropped on its way into one of the two."""
    host = at("solo12")
    chain = "add table inet cut; add chain inet cut in { type filter hook input priority -300; }"
    root_shell(host, f"nft '{'; '.join([chain, *(f'add rule inet cut in {rule} drop' for rule in rules)])}'")
    try:
        yield
    finally:
        root_shell(host, "nft delete table inet cut")


def _again(**extra: Any) -> Run:
    return play(SCENARIO.parent / "shared/converge.yml", extra_vars=extra)


def _connect(host: Host, address: str, *, where: str = "") -> str:
    """The source address that a server inside the other office sees."""
    client = f"import socket; print(socket.create_connection(('{address}', 7777), 5).recv(99).decode())"
    return root_shell(host, f"{where} python3 -c {shlex.quote(client)}").strip()


@pytest.fixture(scope="module", autouse=True)
def servers() -> Any:
    """In each office a host that tells every caller the address it is called from."""
    for name in OFFICES:
        root_shell(
            at(name),
            "systemd-run --quiet --collect --unit=scenario-server --property=NetworkNamespacePath=/run/netns/inner "
            f"python3 -c {shlex.quote(_SERVER)}",
        )
    for name in OFFICES:
        eventually(partial(_listens, at(name)), seconds=15)
    yield
    for name in OFFICES:
        root_shell(at(name), "systemctl stop scenario-server")


def _listens(host: Host) -> bool:
    return "7777" in root_shell(host, "ip netns exec inner ss --listening --tcp --numeric --no-header")


_SERVER = """
import socket
server = socket.create_server(("", 7777))
while True:
    session, caller = server.accept()
    session.sendall(caller[0].encode())
    session.close()
"""


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_source_addresses_stay_what_they_are(own: str, peer: str) -> None:
    inner = OFFICES[peer]["inner"]
    assert _connect(at(own), inner, where="ip netns exec inner") == OFFICES[own]["inner"]
    assert _connect(at(own), inner) == OFFICES[own]["gateway"], "the gateway itself"


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_the_line_shows_nothing_of_the_offices(own: str, peer: str) -> None:
    networks = [office["network"] for office in OFFICES.values()]
    with capture(at(own), beside=solo(at(own)).address, networks=networks) as seen:
        _connect(at(own), OFFICES[peer]["inner"], where="ip netns exec inner")
    assert seen == []


def test_it_starts_at_boot() -> None:
    assert all(at(name).service("mailforest-tunnels.target").is_enabled for name in OFFICES)


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_it_is_not_root_that_faces_the_line(own: str, peer: str) -> None:
    script = f"stat -c %U /proc/$(systemctl show --property=MainPID --value {_unit(peer)})"
    assert root_shell(at(own), script).strip() == "nobody"


@pytest.mark.parametrize(("own", "peer"), PAIRS)
def test_it_comes_back_when_an_end_is_killed(own: str, peer: str) -> None:
    root_shell(at(own), f"systemctl kill --signal=KILL {_unit(peer)}")
    eventually(_well, seconds=BACK_SECONDS)


def test_tcp_takes_over_where_udp_is_dropped_and_gives_back() -> None:
    """Dropped one way only, which is the harder case: an end that hears the other takes the line for whole."""
    assert _ways() == ["mf-solo13", "mf-solo12"]
    with _dropped(UDP):
        eventually(lambda: _ways() == ["mf-solo13-tcp", "mf-solo12-tcp"], seconds=OVER_SECONDS)
        assert _passes("solo12", "solo13")
        assert _passes("solo13", "solo12")
        found = _look("solo13", "solo12")
        assert [tunnel["connected"] for tunnel in found["tunnels"]] == [False, True]
        (problem,) = found["problems"]  # of the tunnel by UDP alone: the other one is well
        assert problem.startswith("The tunnel solo12 to ")
    eventually(_well, seconds=BACK_SECONDS)
    assert _ways() == ["mf-solo13", "mf-solo12"]


def test_it_comes_back_after_the_line_was_cut() -> None:
    with _dropped(UDP, TCP):
        eventually(lambda: not _look("solo13", "solo12")["tunnels"][0]["connected"], seconds=60)
        eventually(lambda: not _passes("solo13", "solo12"), seconds=60)
    eventually(_well, seconds=BACK_SECONDS)


def test_a_route_that_leads_elsewhere_is_named() -> None:
    network = OFFICES["solo13"]["network"]
    root_shell(at("solo12"), f"ip route add {network} dev office0")
    try:
        found = _look("solo12", "solo13")
    finally:
        root_shell(at("solo12"), f"ip route del {network} dev office0")
    assert found["tunnels"][0]["astray"] == {network: "office0"}
    assert "not the way to its networks" in found["problems"][0]


def _fingerprint(name: str) -> str:
    command = "openssl x509 -noout -fingerprint -sha256 -in /etc/ssl/mailforest/host.crt"
    return root_shell(at(name), command).strip().partition("=")[2]


def test_one_of_two_fingerprints_is_accepted_and_no_other() -> None:
    """As while a certificate is exchanged. The tests from here on leave the tunnels as they are for the next one."""
    other = ":".join(["00"] * 32)
    run = _again(scenario_fingerprints={name: [other, _fingerprint(name)] for name in OFFICES})
    assert run.code == 0, run.explain()
    run = _again(scenario_fingerprints={name: [other] for name in OFFICES}, site_tunnel_wait=15)
    assert run.code != 0
    assert "certificate hash verification failed" in run.explain()


def test_another_name_than_the_expected_is_refused() -> None:
    """The last test leaves the tunnels well."""
    run = _again(scenario_expected_name="nobody.example.test", site_tunnel_wait=15)
    assert run.code != 0
    assert "must be nobody.example.test" in run.explain()
    assert {result.host for result in run.failures} == set(OFFICES)


def _without_interface(own: str, peer: str) -> bool:
    return not at(own).interface(f"mf-{peer}").exists


def test_a_link_that_is_no_longer_listed_is_taken_away() -> None:
    run = _again(site_tunnel_links=[])
    assert run.code == 0, run.explain()
    for own, peer in PAIRS:
        assert not at(own).service(_unit(peer)).is_running
        assert not at(own).file("/etc/mailforest/tunnel").exists
        # OpenVPN says goodbye to its peer before it goes.
        eventually(partial(_without_interface, own, peer), seconds=15)


def test_a_renewed_certificate_is_taken_up() -> None:
    run = _again()
    assert run.code == 0, run.explain()
    for name in OFFICES:
        root_shell(at(name), "echo >> /etc/ssl/scenario-peer-ca.crt")
    run = _again()
    assert run.code == 0, run.explain()
    assert sorted(change.split(":")[0] for change in run.changes) == sorted(OFFICES)
    assert _well()
