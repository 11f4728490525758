# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox is carried to a server of the other release while mail arrives: it is the same there, in both directions.

What playbook move_mailbox does with the directory is shown in two_offices_faults/tests/test_move_mailbox.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import solo_faults
from ansible_collections.mailforest.stack.tests.system.support.mailbox_view import Reader
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PLAYBOOK = Path(__file__).parent / "move.yml"
MESSAGES = 60


def _reader(host: Host) -> Reader:
    place = solo(host)
    return Reader(
        address=place.address,
        fqdn=place.fqdn,
        login=f"ann@{place.name}.example.test",
        context=client_context(host),
        password=(ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip(),
    )


def _move(source: str, target: str, between: Path) -> Run:
    inventories = [Path(name) for name in os.environ["ANSIBLE_INVENTORY"].split(",")]
    given = {"move_from": source, "move_to": target, "move_between": str(between)}
    return play(PLAYBOOK, inventories=inventories, extra_vars=given)


def _settled(host: Host) -> None:
    """Deliver what waited, so that nothing of the last test comes later."""
    root_shell(host, "postconf -X defer_transports; postfix reload; postqueue -f")


def test_a_mailbox_is_the_same_on_a_server_of_the_other_release(
    host: Host, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    source = solo(host).name
    target = {"solo12": "solo13", "solo13": "solo12"}[source]
    here, there = _reader(host), _reader(at(target))
    with solo_faults(host, ("ann",)) as faults:
        here.fill(MESSAGES)
        with faults.mail(pause=0.2) as mail:
            run = _move(source, target, tmp_path)
            assert run.code == 0, run.explain()
            carried = here.view()  # nothing is delivered any more
            assert there.view() == carried
            assert len(carried["INBOX messages"]) > MESSAGES // 2, "no mail arrived meanwhile"
            _settled(host)
            faults.accepting(mail, seconds=60)
        outcome = faults.outcome(f"carried from {source} to {target}", mail)
        faults.nothing_lost(outcome)
        assert outcome.doubled == 0, outcome
    pytestconfig.get_terminal_writer().write(f"\n{table([outcome])}\n")
