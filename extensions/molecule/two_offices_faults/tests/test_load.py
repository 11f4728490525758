# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand messages and a hundred open mail programs, while roles move, certificates rotate, a controller restarts.

No message is lost, and no error is shown to a mail program that another try does not cure.
MAILFOREST_LOAD_MESSAGES and MAILFOREST_LOAD_CLIENTS are other numbers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.certificates import days_left, served
from ansible_collections.mailforest.stack.tests.system.support.crowd import Person, crowd, everybodys, mail_programs
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.lab import restart
from ansible_collections.mailforest.stack.tests.system.support.mail_target import Target
from ansible_collections.mailforest.stack.tests.system.support.mail_target import load as load_target
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, eventually, verified
from ansible_collections.mailforest.stack.tests.system.support.repeated import Repeated
from ansible_collections.mailforest.stack.tests.system.support.senders import honest, own_address
from ansible_collections.mailforest.stack.tests.system.support.steady_mail import Log, Outcome, Sender, merged, steady
from ansible_collections.mailforest.stack.tests.system.support.traffic import delivered, doors
from ansible_collections.mailforest.stack.tests.system.support.troubles import Toll, operation

MESSAGES = int(os.environ.get("MAILFOREST_LOAD_MESSAGES", "10000"))
CLIENTS = int(os.environ.get("MAILFOREST_LOAD_CLIENTS", "100"))
PAUSE = 0.3
"""Seconds between two messages at each door."""
CURED_SECONDS = 60.0
"""Until a mail program works again by trying again: the time of a controller's restart, and a mail server's reload."""
SENT_SECONDS = 7200
SETTLED_SECONDS = 900


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices, with the file that the mail clients read."""
    offices.write_mail_target()
    return offices.current()


@contextmanager
def _mail(office: Office, target: Target, people: Sequence[Person]) -> Iterator[list[Sender]]:
    everybody = [person.user.address for person in people]
    with ExitStack() as stack:
        yield [
            stack.enter_context(steady(door, sender, everybody, pause=PAUSE)) for door, sender in doors(office, target)
        ]


def _roles_move(office: Office) -> None:
    """All seven to the other office. The rotation ends with site.yml, which has each where the inventory has it."""
    branch = office.controllers[-1]
    operation(ROOT / "playbooks/fsmo_transfer.yml", fsmo_transfer_to=branch)
    assert set(owners(at(office.controllers[0])).values()) == {branch}


def _certificates_rotate(office: Office, target: Target) -> None:
    """Those that were issued today, too: the new ones are good for two days more."""
    names = office.mail_servers
    before = [served(office, name)["serialNumber"] for name in names]
    days = max(days_left(office, name) for name in names) + 2
    operation(ROOT / "playbooks/rotate_certificates.yml", certificates_days=days)
    after = [served(office, name)["serialNumber"] for name in names]
    assert not set(before) & set(after)
    assert owners(at(office.controllers[0])) == office.fsmo


def _controller_restarts(office: Office) -> None:
    restart(office, office.controllers[:1])


def _figures(outcome: Outcome, programs: Sequence[Repeated], seconds: float) -> str:
    looks, errors = sum(len(one.done) for one in programs), sum(len(one.failed) for one in programs)
    return (
        "| messages | accepted | found | lost | doubled | unanswered | refused | mail stood for | messages a minute "
        "| clients | looks | errors | most tries | longest until it worked |\n"
        f"{'| --- ' * 14}|\n"
        f"| {outcome.sent} | {outcome.accepted} | {outcome.found} | {outcome.lost} | {outcome.doubled} "
        f"| {outcome.unanswered} | {outcome.refused} | {outcome.outage} s | {60 * outcome.accepted / seconds:.0f} "
        f"| {len(programs)} | {looks} | {errors} | {max(one.tries for one in programs)} "
        f"| {max(one.outage for one in programs):.1f} s |"
    )


def _kinds(programs: Sequence[Repeated]) -> str:
    """Every kind of error once, with its number."""
    failed = [text for one in programs for text in one.failed]
    return "\n".join(f"{failed.count(kind)} times: {kind[:200]}" for kind in sorted(set(failed)))


def test_under_load_nothing_is_lost_and_every_error_is_cured_by_a_retry(
    office: Office, pytestconfig: pytest.Config
) -> None:
    target, toll = load_target(), Toll()
    with honest(office, own_address(office)), crowd(office, target, CLIENTS) as people:
        with mail_programs(people, target) as programs, _mail(office, target, people) as senders:
            begun = time.monotonic()
            _roles_move(office)
            toll.hit(office)
            _certificates_rotate(office, target)
            _controller_restarts(office)
            eventually(lambda: sum(one.log.sent for one in senders) >= MESSAGES, seconds=SENT_SECONDS, pause=5)
            seconds = time.monotonic() - begun
            eventually(lambda: all(one.cured for one in programs), seconds=CURED_SECONDS)
        delivered(office)
        outcome = Outcome.of("load", _log(senders), everybodys(people, target))
        printed = f"\n{_figures(outcome, programs, seconds)}\n{_kinds(programs)}\n"
        pytestconfig.get_terminal_writer().write(printed)
        assert outcome.accepted >= MESSAGES, outcome
        assert (outcome.lost, outcome.refused) == (0, 0), outcome
        assert outcome.doubled <= toll.deliveries + outcome.unanswered, (outcome, toll)
        assert len(programs) == CLIENTS
        assert max(one.outage for one in programs) < CURED_SECONDS, printed
    verified(seconds=SETTLED_SECONDS)


def _log(senders: Sequence[Sender]) -> Log:
    return merged(one.log for one in senders)
