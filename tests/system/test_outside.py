# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer on the Internet reaches, and what not. It has routes to the office: only the rules stop it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import testinfra
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import tcp_from
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
DIRECTORY_PORTS = (53, 88, 135, 389, 445, 464, 636, 3268, 3269, 50000)
MAIL_PORTS = (25, 110, 143, 465, 587, 993, 995, 2525)
UNIT = "mailforest-firewall.service"


def _open(host: Host, targets: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [target for target, seen in tcp_from(host, targets).items() if seen == "open"]


def test_nothing_behind_the_gateway_is_open(host: Host, office: Office) -> None:
    inner = [office.addresses[name] for name in (*office.controllers, *office.mail_servers)]
    assert _open(host, [(address, port) for address in inner for port in (22, *DIRECTORY_PORTS, *MAIL_PORTS)]) == []


def test_the_gateway_itself_is_open_to_its_administrators_only(host: Host, office: Office) -> None:
    gateways = [office.addresses[name] for name in office.gateways]
    found = _open(host, [(address, port) for address in gateways for port in (22, *DIRECTORY_PORTS, *MAIL_PORTS)])
    assert found == [(address, 22) for address in gateways]


def test_it_is_the_rules_that_close(host: Host, office: Office) -> None:
    """The control: without the gateway's rules the hosts' own hold; without any rule all is open."""
    ldaps = [(office.addresses[name], 636) for name in office.controllers]
    smtp = [(office.addresses[name], 25) for name in office.mail_servers]
    with _without_rules(office.gateways):
        assert _open(host, ldaps + smtp) == smtp
        with _without_rules(office.controllers):
            assert _open(host, ldaps + smtp) == ldaps + smtp
    assert _open(host, ldaps + smtp) == []


@contextmanager
def _without_rules(names: Iterable[str]) -> Iterator[None]:
    hosts = [testinfra.get_host(f"ansible://{name}") for name in names]
    for host in hosts:
        root_shell(host, f"systemctl stop {UNIT}")
    try:
        yield
    finally:
        for host in hosts:
            root_shell(host, f"systemctl start {UNIT}")
