# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices at work, and what may happen to them: nothing that was accepted is lost, and verify.yml names the fault.

A table is printed at the end; `MAILFOREST_TRAFFIC_TABLE` names a file to which each row is added as it is counted.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support import traffic as support
from ansible_collections.mailforest.stack.tests.system.support.faults import Sign
from ansible_collections.mailforest.stack.tests.system.support.findings import Found, verified_from
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually, verified
from ansible_collections.mailforest.stack.tests.system.support.tables import keep, table
from ansible_collections.mailforest.stack.tests.system.support.traffic import Row, traffic
from ansible_collections.mailforest.stack.tests.system.support.troubles import TROUBLES, Trouble, survived

NAMED_SECONDS = 240
SETTLED_SECONDS = 900
_TABLE = "MAILFOREST_TRAFFIC_TABLE"
_PROBES = ("svc-mail-probe", "svc-mail-probe-2")


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """The two offices, with the file that the mail clients read, and a place for changes of the directory."""
    offices.write_mail_target()
    with support.place(offices.current()):
        yield offices.current()


@pytest.fixture(scope="module")
def rows(pytestconfig: pytest.Config) -> Iterator[list[Row]]:
    """What became of the traffic, printed at the end."""
    found: list[Row] = []
    yield found
    pytestconfig.get_terminal_writer().write(f"\n{table(found)}\n")


def _named(sign: Sign, patch: pytest.MonkeyPatch) -> None:
    """Asked again, as what shows a fault may be looked at every minute only. Who is silent is not waited for long."""
    patch.setenv("ANSIBLE_TIMEOUT", "10")
    patch.setenv("ANSIBLE_SSH_RETRIES", "0")
    found: list[Found] = []

    def named() -> bool:
        found[:] = verified_from(sign.vantages)
        return sign.named(found) is not None

    try:
        eventually(named, seconds=NAMED_SECONDS)
    except AssertionError as exc:
        raise AssertionError("\n".join(map(str, found)) or "nothing was found") from exc


def _healed(office: Office) -> None:
    """Without the messages that verify.yml itself sent while they could not come."""
    for name, account in zip(office.mail_servers, _PROBES, strict=True):
        root_shell(at(name), f"doveadm expunge -u {account} mailbox INBOX all || [ $? = 68 ]")  # 68: there is none
    verified(seconds=SETTLED_SECONDS)


def test_offices_at_work_that_nothing_happens_to(office: Office, rows: list[Row]) -> None:
    """The control: no outage, nothing doubled, and verify.yml finds nothing while all this is under way."""
    with traffic(office) as under_way:
        verified(seconds=SETTLED_SECONDS)
        under_way.flowing(seconds=60)
    row = under_way.row("none")
    rows.append(row)
    keep(_TABLE, row)
    assert (row.lost, row.doubled, row.refused) == (0, 0, 0), row
    assert row.changes_found == row.changes > 0, row
    under_way.clear()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name.replace(" ", "_"))
def test_nothing_is_lost_and_all_comes_back(
    office: Office, rows: list[Row], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile() -> None:
        if trouble.sign:
            with monkeypatch.context() as patch:
                _named(trouble.sign, patch)

    def told(row: Row) -> None:
        rows.append(row)
        keep(_TABLE, row)

    survived(office, trouble, told=told, meanwhile=meanwhile)
    _healed(office)
