# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Full disks, a host that restarts or loses its power while mail flows: what was accepted is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.lab import power_cycle
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import (
    Faults,
    fill,
    small_disk,
    solo_faults,
)
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import Outcome
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
FULL_SECONDS = 8


@pytest.fixture(scope="module")
def outcomes(pytestconfig: pytest.Config) -> Iterator[list[Outcome]]:
    """The table of what became of the mail, printed at the end."""
    found: list[Outcome] = []
    yield found
    pytestconfig.get_terminal_writer().write(f"\n{table(found)}\n")


@pytest.fixture
def faults(host: Host) -> Iterator[Faults]:
    with solo_faults(host, ("ann", "ben")) as found:
        yield found


def test_the_disk_of_the_mailboxes_is_full(host: Host, faults: Faults, outcomes: list[Outcome]) -> None:
    """Mail is taken, and waits."""
    with small_disk(host, "/var/vmail", 8):
        with faults.mail(pause=0.2) as mail:
            fill(host, "/var/vmail")
            eventually(lambda: faults.logged("status=deferred") > FULL_SECONDS, seconds=60)
            root_shell(host, "rm /var/vmail/filler")
            faults.accepting(mail, seconds=30)
        outcome = faults.outcome(f"{solo(host).name}: mailboxes' disk full", mail)
    outcomes.append(outcome)
    faults.nothing_lost(outcome)
    assert outcome.doubled == 0, outcome


def test_the_disk_of_the_queue_is_full(host: Host, faults: Faults, outcomes: list[Outcome]) -> None:
    """Nothing is taken, for now."""
    with small_disk(host, "/var/spool/postfix", 120):
        with faults.mail(pause=0.2) as mail:
            fill(host, "/var/spool/postfix")
            eventually(lambda: len(mail.log.failed) > FULL_SECONDS, seconds=60)
            root_shell(host, "rm /var/spool/postfix/filler")
            faults.accepting(mail, seconds=30)
        outcome = faults.outcome(f"{solo(host).name}: queue's disk full", mail)
    outcomes.append(outcome)
    faults.nothing_lost(outcome)
    assert any(failure.startswith("452 4.3.1") for failure in mail.log.failed), mail.log.failed
    assert outcome.doubled <= outcome.unanswered, outcome


@pytest.mark.parametrize("cut", [False, True], ids=["restarted", "power lost"])
def test_the_host_goes_and_comes_back(host: Host, faults: Faults, outcomes: list[Outcome], cut: bool) -> None:
    """What was delivered, but was not out of the queue yet, comes twice: one per delivery under way."""
    with faults.mail() as mail:
        faults.accepting(mail, seconds=30)
        hit = faults.deliveries()
        power_cycle(solo(host).address, cut=cut)
        faults.accepting(mail, seconds=60)
    outcome = faults.outcome(f"{solo(host).name}: {'power lost' if cut else 'restarted'}", mail)
    outcomes.append(outcome)
    faults.nothing_lost(outcome)
    assert mail.log.failed, "the fault was not felt"
    assert outcome.doubled <= hit + outcome.unanswered, outcome
