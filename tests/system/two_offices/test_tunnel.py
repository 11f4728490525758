# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel between the offices is hurt or stopped: nothing leaks, nothing is lost. There are routes around it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.directory import group, has_group
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.network import open_from
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, eventually, play, site
from ansible_collections.mailforest.stack.tests.system.support.tunnel_faults import (
    Table,
    captured,
    cut,
    kill,
    suffer,
    units,
)

PORTS = (53, 88, 135, 389, 445, 464, 636, 3268, 3269)
FIREWALL = "mailforest-firewall.service"
REPLICATION_SECONDS = 420.0
"""Samba asks its partners every five minutes."""
OUTAGE_SECONDS = 30.0
"""Runs measured 2 to 6 s, on two busy cores."""


def _answers(office: Office) -> dict[str, set[tuple[str, int]]]:
    """Which directory ports of the other office's controllers answer, seen from every host."""

    def look(name: str) -> set[tuple[str, int]]:
        others = [other for other in office.controllers if office.sites[other] != office.sites[name]]
        return open_from(at(name), [office.addresses[other] for other in others], PORTS)

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(office.hosts, pool.map(look, office.hosts), strict=True))


@contextmanager
def _stopped(office: Office) -> Iterator[None]:
    """All tunnels stopped at both ends; afterwards they are up again, and carry."""
    known = {name: units(name) for name in office.gateways}
    try:
        for name, found in known.items():
            root_shell(at(name), f"systemctl stop {' '.join(found)}")
        yield
    finally:
        for name, found in known.items():
            root_shell(at(name), f"systemctl start {' '.join(found)}")
    eventually(lambda: all(_answers(office).values()), seconds=90)


@contextmanager
def _without_rules(office: Office) -> Iterator[None]:
    """No firewall on the gateways at all."""
    for name in office.gateways:
        root_shell(at(name), f"systemctl stop {FIREWALL}")
    try:
        yield
    finally:
        for name in office.gateways:
            root_shell(at(name), f"systemctl start {FIREWALL}")


@contextmanager
def _without_leak_rule(office: Office) -> Iterator[None]:
    """The gateways' rules without those that keep the offices' traffic in the tunnel."""
    for name in office.gateways:
        root_shell(at(name), "nft flush chain inet mailforest tunnelled")
    try:
        yield
    finally:
        for name in office.gateways:
            root_shell(at(name), f"systemctl restart {FIREWALL}")


def test_while_it_is_stopped_no_traffic_of_the_offices_leaves(office: Office) -> None:
    """AD-9, AD-11: no directory port answers across, and nothing of it is on the Internet; before, all answered."""
    assert all(len(found) % len(PORTS) == 0 and found for found in _answers(office).values())
    with _stopped(office), captured(office) as packets:
        assert not any(_answers(office).values())
    assert packets == [[] for _ in office.gateways]


def test_it_is_the_rules_that_stop_it(office: Office) -> None:
    """The control: without rules the ports answer by the Internet, and the capture sees it."""
    with _stopped(office), _without_rules(office), captured(office) as packets:
        answers = _answers(office)
    # The controllers answer hosts of the offices only; the gateways have their addresses on the Internet now.
    assert all(answers[name] for name in office.inner)
    assert all(packets)


def test_it_is_the_leak_rule_that_stops_the_gateways_own_traffic(office: Office) -> None:
    """The control: what a gateway itself sends has no other rule to stop it."""
    with _stopped(office), _without_leak_rule(office), captured(office) as packets:
        _answers(office)
    assert all(any(line.startswith("out ") for line in found) for found in packets)


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """How long nothing passed after each fault; printed at the end."""
    found = Table()
    yield found
    found.show(request.config)


def test_it_comes_back_from_what_happens_often(office: Office, table: Table) -> None:
    """AD-9, AD-11: nothing of the offices on the Internet throughout. What takes longer: two_offices_faults."""
    for name in office.gateways:
        seconds = suffer(office, partial(kill, name))
        table.line(f"killed at {name}", seconds)
        assert seconds < OUTAGE_SECONDS
    seconds = suffer(office, partial(cut, office, office.gateways[-1], 5))
    table.line("line cut for 5 s", seconds)
    assert 4 < seconds < 5 + OUTAGE_SECONDS


def test_a_gateway_gets_a_new_key(office: Office, table: Table) -> None:
    """AD-11: the tunnel is away for the seconds of a restart; the next run of site.yml has nothing to do.

    An earlier run was interrupted when it had switched the key and not yet the certificate.
    """
    gateway = office.gateways[-1]
    read = "sha256sum /etc/ssl/mailforest/host.key; stat --format='%a %U' /etc/ssl/mailforest/host.key"
    before = root_shell(at(gateway), read).split()

    root_shell(
        at(gateway),
        "cd /etc/ssl && install -d -m 700 mailforest-next && cp -p mailforest/host.crt mailforest-next/ "
        "&& cat mailforest/ca.crt > mailforest/host.crt",
    )

    def rotate() -> None:
        run = play(ROOT / "playbooks/rotate_tunnel_keys.yml", extra_vars={"rotate_tunnel_keys_of": gateway})
        assert run.code == 0, run.explain()

    seconds = suffer(office, rotate)
    table.line(f"new key of {gateway}", seconds)
    assert seconds < OUTAGE_SECONDS
    after = root_shell(at(gateway), read).split()
    assert before[0] != after[0]
    assert before[1:] == after[1:]
    run = site("--tags=certificates,site_tunnel", f"--limit={gateway}", check=True)
    assert run.changes == [], run.explain()


@pytest.fixture
def target() -> mail_target.Target:
    return mail_target.load()


def test_what_was_written_meanwhile_arrives_by_itself(office: Office, target: mail_target.Target) -> None:
    """AD-7, MAIL-13: objects written in both offices, and a message; nobody forces replication."""
    ends = (office.controllers[0], office.controllers[-1])
    assert office.sites[ends[0]] != office.sites[ends[1]]
    here, there = (Client(target, server) for server in target.hosts)
    with ExitStack() as stack:
        with _stopped(office):
            names = [stack.enter_context(group(at(end), f"mailforest-test-{end}")) for end in ends]
            subject = here.send(587, target.recipient, [target.sender.address])
            assert [has_group(at(end), name) for end, name in zip(ends, names[::-1], strict=True)] == [False, False]
        for end, name in zip(ends, names[::-1], strict=True):
            eventually(partial(has_group, at(end), name), seconds=REPLICATION_SECONDS, pause=5)
        root_shell(at(office.mail_servers[0]), "postqueue -f")
        eventually(lambda: there.copies(993, target.sender, [subject])[subject] == 1, seconds=60)
    there.remove(993, target.sender, subject)
