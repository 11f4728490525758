# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Debian 12 to 13 in place, interrupted on the way: messages, their UIDs, UIDLs and flags, and scripts stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.killed import begin, kill
from ansible_collections.mailforest.stack.tests.system.support.mail_faults import solo_faults
from ansible_collections.mailforest.stack.tests.system.support.mailbox_view import Reader, same_but_for_new_mail
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play
from ansible_collections.mailforest.stack.tests.system.support.tables import table
from testinfra.host import Host

testinfra_hosts = ["ansible://solo12"]
PLAYBOOK = Path(__file__).parent / "upgrade.yml"
MESSAGES = 200


def _reader(host: Host) -> Reader:
    place = solo(host)
    return Reader(
        address=place.address,
        fqdn=place.fqdn,
        login=f"ann@{place.name}.example.test",
        context=client_context(host),
        password=(ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip(),
    )


def _inventories() -> list[Path]:
    return [Path(name) for name in os.environ["ANSIBLE_INVENTORY"].split(",")]


def _upgrade(*, check: bool = False) -> Run:
    return play(PLAYBOOK, inventories=_inventories(), check=check, seconds=3000)


def _interrupted(host: Host) -> None:
    """The run is killed, with all its processes here, as soon as packages are being upgraded."""
    run = begin(PLAYBOOK, inventories=_inventories())
    deadline = time.monotonic() + 600
    while host.run("systemctl is-active --quiet mailforest-release-upgrade.service").rc != 0:
        assert time.monotonic() < deadline and run.poll() is None, "the upgrade did not begin"
        time.sleep(1)
    kill(run)


def test_what_speaks_against_it_is_said_before_anything_changes(host: Host) -> None:
    root_shell(
        host, "apt-mark hold postfix; echo 'deb http://example.test stable main' > /etc/apt/sources.list.d/other.list"
    )
    try:
        run = _upgrade()
    finally:
        root_shell(host, "apt-mark unhold postfix; rm /etc/apt/sources.list.d/other.list")
    assert run.code != 0
    assert "held back: postfix" in run.output
    assert "stable" in run.output
    root_shell(host, "! grep -r trixie /etc/apt/sources.list*; systemctl is-active dovecot.service")


def test_the_mail_is_the_same_afterwards(host: Host, pytestconfig: pytest.Config) -> None:
    with solo_faults(host, ("ann", "ben")) as faults:
        _reader(host).fill(MESSAGES)
        before = _reader(host).view()
        planned = _upgrade(check=True)
        assert planned.code == 0, planned.explain()
        assert _reader(host).view() == before
        with faults.mail(pause=2) as mail:
            _interrupted(host)
            run = _upgrade()
            assert run.code == 0, run.explain()
            faults.accepting(mail, seconds=60)
        outcome = faults.outcome("solo12: Debian 12 to 13", mail)
        pytestconfig.get_terminal_writer().write(f"\n{table([outcome])}\n")
        faults.nothing_lost(outcome)
        assert root_shell(host, ". /etc/os-release; echo $VERSION_ID").strip() == "13"
        assert root_shell(host, "dovecot --version")[:3] == "2.4"
        same_but_for_new_mail(before, _reader(host).view())
        again = _upgrade()
        assert (again.code, again.changes) == (0, []), again.explain()
