# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer on the Internet reaches, and what not. It has routes to the office: only the rules stop it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import testinfra
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import tcp_from
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
DIRECTORY_PORTS = (53, 88, 135, 389, 445, 464, 636, 3268, 3269, 50000)
READING_PORTS = (110, 143, 993, 995)
UNIT = "mailforest-firewall.service"


def test_the_directory_is_closed(host: Host, office: Office) -> None:
    targets = [(office.addresses[name], port) for name in office.controllers for port in DIRECTORY_PORTS]
    assert {target: seen for target, seen in tcp_from(host, targets).items() if seen == "open"} == {}


def test_the_gateway_itself_serves_nothing_of_the_directory(host: Host, office: Office) -> None:
    targets = [(office.addresses[name], port) for name in office.gateways for port in DIRECTORY_PORTS]
    assert {target: seen for target, seen in tcp_from(host, targets).items() if seen == "open"} == {}


def test_without_the_rules_the_directory_would_be_open(host: Host, office: Office) -> None:
    """The control: what is closed above is closed by the rules, and for no other reason."""
    target = (office.addresses[office.controllers[0]], 636)
    with _without_rules([*office.gateways, *office.controllers]):
        assert tcp_from(host, [target]) == {target: "open"}
    assert tcp_from(host, [target]) == {target: "silent"}


@contextmanager
def _without_rules(names: list[str]) -> Iterator[None]:
    hosts = [testinfra.get_host(f"ansible://{name}") for name in names]
    for host in hosts:
        root_shell(host, f"systemctl stop {UNIT}")
    try:
        yield
    finally:
        for host in hosts:
            root_shell(host, f"systemctl start {UNIT}")
