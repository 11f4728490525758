# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs on the host are told when they ask for names, time and updates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.network import clock_offset
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]


def _addresses(host: Host, name: str) -> set[str]:
    return {line.split()[0] for line in root_shell(host, f"getent ahostsv4 {name}").splitlines()}


def test_the_host_knows_its_full_name(host: Host) -> None:
    assert root_shell(host, "hostname --fqdn").strip() == solo(host).fqdn
    assert root_shell(host, "hostname").strip() == solo(host).name


def test_the_own_name_leads_to_the_address_that_others_use(host: Host) -> None:
    assert _addresses(host, solo(host).fqdn) == {solo(host).address}
    assert _addresses(host, solo(host).name) == {solo(host).address}


@pytest.mark.parametrize("name", ["outside.example.test", "outside"])
def test_named_hosts_are_found(host: Host, name: str) -> None:
    assert _addresses(host, name) == {"198.51.100.10"}


def test_packages_can_still_be_fetched(host: Host) -> None:
    root_shell(host, "apt-get -qq update")


def test_the_time_service_asks_the_named_server(host: Host) -> None:
    assert host.service("chrony.service").is_enabled
    sources = [line.split(",") for line in root_shell(host, "chronyc -n -c sources -a").splitlines()]
    assert [source[2] for source in sources] == ["198.51.100.10"]


def test_the_host_serves_time_to_the_network(host: Host) -> None:
    assert abs(clock_offset(solo(host).address)) < 2


@pytest.fixture
def timer(host: Host) -> Iterator[str]:
    """The timer of the updates, which the lab masks so that none runs during a test."""
    name = "apt-daily-upgrade.timer"
    root_shell(host, f"systemctl unmask {name} && systemctl daemon-reload")
    yield name
    root_shell(host, f"systemctl mask {name}")


def test_security_updates_come_at_the_named_time(host: Host, timer: str) -> None:
    shown = root_shell(host, f"systemctl show {timer} --property=TimersCalendar")
    assert "OnCalendar=*-*-* 03:17:00" in shown
    assert shown.count("OnCalendar") == 1


def test_only_security_updates_are_taken(host: Host) -> None:
    text = root_shell(host, "unattended-upgrade --dry-run --verbose 2>&1 | grep 'Allowed origins'")
    assert "Debian-Security" in text
    assert text.count("origin=") + text.count("o=") == 1
