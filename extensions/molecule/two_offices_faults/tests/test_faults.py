# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts, a run that is killed, an office that is cut off: afterwards all is well, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.killed import begin, kill
from ansible_collections.mailforest.stack.tests.system.support.lab import cut_power, give_power, renew
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    PLAYBOOKS,
    eventually,
    site,
    verify,
)

SETTLED_SECONDS = 600
MESSAGES = 20


@pytest.fixture(scope="session")
def office() -> Office:
    """The two offices, with the file that the mail clients read."""
    offices.write_mail_target()
    return offices.current()


def _proven(*, seconds: float = SETTLED_SECONDS) -> None:
    """verify.yml finds nothing; it may take a while, as replication does."""
    eventually(lambda: verify().code == 0, seconds=seconds, pause=5)


def test_all_hosts_lose_their_power_at_once(office: Office) -> None:
    cut_power(office.hosts)
    give_power(office, office.hosts)
    _proven()
    run = site(check=True)
    assert run.changes == [], run.explain()


def test_an_office_without_its_gateway_loses_no_mail(office: Office) -> None:
    """Twenty messages to Boris, whose mailbox is behind the gateway that is dead; each comes, once."""
    target = mail_target.load()
    here, there = (Client(target, server) for server in target.hosts)
    gateway = office.gateways[-1]
    cut_power([gateway])
    try:
        subjects = [here.send(587, target.recipient, [target.sender.address]) for _ in range(MESSAGES)]
    finally:
        give_power(office, [gateway])
    wanted = dict.fromkeys(subjects, 1)
    eventually(lambda: there.copies(993, target.sender, subjects) == wanted, seconds=SETTLED_SECONDS, pause=5)
    time.sleep(30)
    assert there.copies(993, target.sender, subjects) == wanted
    for subject in subjects:
        there.remove(993, target.sender, subject)
    _proven()


@pytest.mark.parametrize("after", [45, 75, 105])
def test_a_run_that_is_killed_while_a_lost_controller_joins(office: Office, after: int) -> None:
    """Killed at different moments, with all its connections; the next run makes it good."""
    renew(office.controllers[-1])
    run = begin(PLAYBOOKS / "office.yml")
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(timeout=after)
    kill(run)
    result = site()
    assert result.changes, json.dumps(dict(result.stats))
    _proven()
