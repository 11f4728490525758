# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observer on the Internet reaches, and what not. It has routes to the offices: only the rules stop it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import testinfra
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import open_from, tcp_from
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.ports import ALL
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
UNIT = "mailforest-firewall.service"


def test_exactly_what_is_published_answers(host: Host, office: Office) -> None:
    """AD-10: every TCP port of the catalogue and 1,000 others, at every address of the system."""
    gateways = {office.addresses[name] for name in office.gateways}
    public = set(office.public_addresses.values())
    inner = {office.addresses[name] for name in office.inner}
    expected = {(address, 22) for address in gateways | public}
    expected |= {(address, port) for address in public for port in office.published}
    assert open_from(host, gateways | public | inner, ALL) == expected


def test_ipv6_opens_nothing_more(host: Host, office: Office) -> None:
    """AD-10: the same at the gateways' IPv6 addresses, the link's own among them; nothing is published there."""
    interface = root_shell(host, "ip -o -6 addr show scope link").split()[1]
    addresses = set()
    for name in office.gateways:
        gateway = testinfra.get_host(f"ansible://{name}")
        outer = root_shell(gateway, f"ip -o -4 addr show to {office.public_addresses[name]}").split()[1]
        found = root_shell(gateway, f"ip -o -6 addr show dev {outer}").splitlines()
        ours = {line.split()[3].partition("/")[0] for line in found}
        assert len(ours) == 2, found
        addresses |= {f"{address}%{interface}" if address.startswith("fe80:") else address for address in ours}
    assert open_from(host, addresses, ALL) == {(address, 22) for address in addresses}


def test_it_is_the_rules_that_close(host: Host, office: Office) -> None:
    """The control: without the gateway's rules the hosts' own hold; without any rule all is open."""
    ldaps = [(office.addresses[name], 636) for name in office.controllers]
    smtp = [(office.addresses[name], 25) for name in office.mail_servers]
    with _without_rules(office.gateways):
        assert _open(host, ldaps + smtp) == smtp
        with _without_rules(office.controllers):
            assert _open(host, ldaps + smtp) == ldaps + smtp
    assert _open(host, ldaps + smtp) == []


def _open(host: Host, targets: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [target for target, seen in tcp_from(host, targets).items() if seen == "open"]


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
