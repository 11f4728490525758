# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that lock the administrator out: the hosts take them back by themselves, and the run says what happened."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import testinfra
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, root_shell, snapshot, solo
from ansible_collections.mailforest.stack.tests.system.support.killed import begin, kill
from ansible_collections.mailforest.stack.tests.system.support.network import tcp
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, eventually, play
from testinfra.host import Host

SOLO = ("solo12", "solo13")
CONVERGE = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]).parent / "shared/converge.yml"
SECONDS = 5
# Each is a mistake that nothing on the host can tell beforehand.
MISTAKES: Mapping[str, Mapping[str, Any]] = {
    # sshd listens elsewhere than the inventory says.
    "new logins": {"firewall_ssh_ports": [2222]},
    # The administrator's own network is taken for one behind a tunnel: connections that stand fall silent too.
    "everything": {"firewall_tunnelled": [{"interface": "mf-nowhere", "networks": ["198.51.100.0/24"]}]},
}
LOAD = "mailforest.stack.firewall : Load the rules, and log in anew"


def _host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}")


def _converge(**extra: Any) -> Run:
    return play(CONVERGE, extra_vars=extra)


def _converge_wrongly(**extra: Any) -> Run:
    return _converge(firewall_confirm_seconds=SECONDS, **extra)


def _loaded() -> dict[str, str]:
    """The rules of every host; a login shows that it is reached, too."""
    command = "nft --stateless list table inet mailforest 2>/dev/null || echo none"
    return {name: root_shell(_host(name), command) for name in SOLO}


def _states() -> dict[str, list[str]]:
    return {name: snapshot(_host(name)) for name in SOLO}


def _refused(run: Run, *words: str) -> None:
    """Every host failed, in the task that loads, and said so."""
    assert {(failure.host, failure.task) for failure in run.failures} == {(name, LOAD) for name in SOLO}, run.explain()
    for failure in run.failures:
        assert [word for word in words if word not in failure.message] == [], failure.message


@pytest.fixture(scope="module", autouse=True)
def good_rules() -> Iterator[None]:
    """The tests begin with rules that hold, and each leaves them; the hosts are open in the end, for other roles."""
    run = _converge()
    assert run.code == 0, run.explain()
    yield
    for name in SOLO:
        root_shell(_host(name), "systemctl stop mailforest-firewall.service")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_former_rules_come_back(mistake: str) -> None:
    rules, states = _loaded(), _states()
    run = _converge_wrongly(**MISTAKES[mistake])
    _refused(run, f"not confirmed within {SECONDS} seconds", "The former rules are back", "nothing was kept")
    assert _loaded() == rules
    assert _states() == states


@pytest.mark.parametrize("mistake", MISTAKES)
def test_where_nothing_ruled_before_nothing_rules_again(mistake: str) -> None:
    for name in SOLO:
        root_shell(_host(name), "systemctl stop mailforest-firewall.service")
    states = _states()
    _refused(_converge_wrongly(**MISTAKES[mistake]), "The former rules are back")
    assert set(_loaded().values()) == {"none\n"}
    assert _states() == states
    for name in SOLO:
        root_shell(_host(name), "systemctl start mailforest-firewall.service")


def test_a_controller_that_dies_confirms_nothing() -> None:
    """No process is left that could: the host comes back all the same."""
    rules, addresses = _loaded(), [solo(_host(name)).address for name in SOLO]
    seconds = 20  # both hosts are out of reach at the same time, however slow one of them is
    mistake = json.dumps({"firewall_confirm_seconds": seconds, **MISTAKES["new logins"]})
    controller = begin(CONVERGE, arguments=["--extra-vars", mistake])
    try:
        eventually(lambda: all(tcp(address, 22) != "open" for address in addresses), seconds=120, pause=0.2)
    finally:
        kill(controller)
    eventually(lambda: all(tcp(address, 22) == "open" for address in addresses), seconds=seconds + 10)
    assert _loaded() == rules


def test_changes_by_hand_are_found_and_undone() -> None:
    rules = _loaded()
    for name in SOLO:
        assert module(_host(name), "firewall_info")["problems"] == []
        root_shell(_host(name), "nft add rule inet mailforest input tcp dport 9999 accept")
        root_shell(_host(name), "nft delete element inet mailforest net_198_51_100_0_24 '{ 198.51.100.0/24 }'")
        found = module(_host(name), "firewall_info", fail=False)
        assert found["added"] == ["input: tcp dport 9999 accept"]
        assert found["missing"] == ["set net_198_51_100_0_24: 198.51.100.0/24"]
        assert len(found["problems"]) == 2
    assert sorted(_converge().changes) == [f"{name}: {LOAD}" for name in SOLO]
    assert _loaded() == rules
    assert _converge().changes == []


def test_what_the_controller_reached_through_the_host_is_reached_still() -> None:
    """As behind a gateway: logging in to the host itself goes well, and that is not enough."""
    rules = _loaded()
    addresses = [solo(_host(name)).address for name in SOLO]
    for name in SOLO:
        root_shell(_host(name), "systemd-run --collect --unit=listener-inside python3 -m http.server 8080")
    try:
        eventually(lambda: all(tcp(address, 8080) == "open" for address in addresses), seconds=10)
        places = [{"host": address, "port": 8080} for address in addresses]
        run = _converge_wrongly(firewall_rules=[], firewall_confirm_through=places)
    finally:
        for name in SOLO:
            root_shell(_host(name), "systemctl stop listener-inside")
    _refused(run, "8080 no longer answered this controller, but had before", "The former rules are back")
    assert _loaded() == rules
