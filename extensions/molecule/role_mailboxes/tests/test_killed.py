# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons that are killed while mail flows: they come back by themselves, and no accepted message is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import DOVECOTS_LMTP, Faults, solo_faults
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import Outcome
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
OUTAGE = 60
"""Seconds in which a daemon that was killed serves again, on a busy machine."""


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


def test_lmtp_is_killed_in_mid_delivery(host: Host, faults: Faults, outcomes: list[Outcome]) -> None:
    """A message may come twice where the process died between the mailbox and its answer: one per kill, no more."""
    with faults.mail() as mail:
        one = f"for pid in $({DOVECOTS_LMTP}); do kill -KILL $pid && echo killed; done"
        kills = root_shell(host, f"for turn in $(seq 30); do {one}; sleep 0.1; done").count("killed")
    outcome = faults.outcome(f"{solo(host).name}: LMTP killed", mail)
    outcomes.append(outcome)
    faults.nothing_lost(outcome)
    assert faults.logged("status=deferred") > 0, "no delivery was hit"
    assert outcome.doubled <= kills + outcome.unanswered, outcome


def test_postfix_is_killed(host: Host, faults: Faults, outcomes: list[Outcome]) -> None:
    """What had been delivered, but was not out of the queue on the disk yet, comes twice: one per delivery."""
    hit = 0
    with faults.mail() as mail:
        for who in ("main", "all"):
            hit += faults.deliveries()
            root_shell(host, f"systemctl kill --signal=KILL --kill-who={who} {faults.postfix_unit}")
            faults.accepting(mail, seconds=OUTAGE)
    outcome = faults.outcome(f"{solo(host).name}: Postfix killed", mail)
    outcomes.append(outcome)
    faults.nothing_lost(outcome)
    assert mail.log.failed, "the fault was not felt"
    assert outcome.doubled <= hit + outcome.unanswered, outcome


def test_dovecot_is_killed(host: Host, outcomes: list[Outcome]) -> None:
    """Ports with logins are there again soon after it is, and not when Postfix has waited a minute."""
    with solo_faults(host, ("ann", "ben"), submitted=True) as faults:
        with faults.mail() as mail:
            hit = faults.deliveries()
            root_shell(host, "systemctl kill --signal=KILL dovecot.service")
            faults.serving(seconds=OUTAGE)
            faults.accepting(mail, seconds=OUTAGE)
        outcome = faults.outcome(f"{solo(host).name}: Dovecot killed", mail)
        outcomes.append(outcome)
        faults.nothing_lost(outcome)
        assert outcome.doubled <= hit + outcome.unanswered, outcome
