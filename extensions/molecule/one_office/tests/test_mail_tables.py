# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail is taken and delivered by tables, so it goes on without a domain controller; and they follow the directory."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client, letter

TARGET = mail_target.load()
ALICE, BORIS = TARGET.recipient, TARGET.sender
CLIENT = Client(TARGET, TARGET.hosts[0])
STRANGER = "stranger@elsewhere.example"
NOBODY = f"nobody-{uuid.uuid4().hex[:8]}@{TARGET.domain}"
SERVER, CONTROLLER = "mx12", "dc12"
TABLES = "/var/lib/mailforest-mail-tables"
MINUTE = 60


def _rcpt(recipient: str) -> int:
    """The answer to a recipient at port 25."""
    with CLIENT.smtp(25) as session:
        session.mail(STRANGER)
        return session.rcpt(recipient)[0]


def _seconds_until(reached: Callable[[], bool], limit: int = MINUTE) -> float:
    begun = time.monotonic()
    while not reached():
        assert time.monotonic() - begun < limit
        time.sleep(1)
    return time.monotonic() - begun


def _log(since: str) -> str:
    return root_shell(at(SERVER), f"journalctl --output=cat --since='{since}' SYSLOG_FACILITY=2")


def _deliver(subject: str, *recipients: str) -> None:
    """Hand a message in on the server itself, to all recipients at once, as another server would."""
    text = letter(STRANGER, recipients[0], subject).decode()
    root_shell(at(SERVER), f"sendmail -i -f {STRANGER} -- {' '.join(recipients)} <<'END'\n{text}\nEND")


@contextmanager
def _without_a_controller() -> Iterator[None]:
    root_shell(at(CONTROLLER), "systemctl stop samba-ad-dc")
    try:
        yield
    finally:
        root_shell(at(CONTROLLER), "systemctl start samba-ad-dc")
        _seconds_until(lambda: not module(at(SERVER), "mail_tables_info")["fault"], 2 * MINUTE)
        _seconds_until(lambda: _rcpt(NOBODY) == 550)


@contextmanager
def _disabled(name: str) -> Iterator[None]:
    root_shell(at(CONTROLLER), f"samba-tool user disable {name}")
    try:
        yield
    finally:
        root_shell(at(CONTROLLER), f"samba-tool user enable {name}")
        _seconds_until(lambda: BORIS.address in root_shell(at(SERVER), f"cat {TABLES}/users"))


def test_a_disabled_user_gets_no_mail_within_a_minute() -> None:
    assert _rcpt(BORIS.address) == 250
    with _disabled("boris"):
        assert _seconds_until(lambda: _rcpt(BORIS.address) == 550) < MINUTE
        # A list that the user is in goes on without.
        assert _rcpt(f"staff@{TARGET.domain}") == 250


def test_mail_goes_on_while_no_controller_answers() -> None:
    """To a user and to a list. The control is an address that only the directory could know of: it is put off."""
    subject, begun = f"tables {uuid.uuid4()}", root_shell(at(SERVER), "date '+%Y-%m-%d %H:%M:%S'").strip()
    assert _rcpt(NOBODY) == 550
    with _without_a_controller():
        answers = {recipient: _rcpt(recipient) for recipient in (ALICE.address, f"staff@{TARGET.domain}", NOBODY)}
        _deliver(subject, ALICE.address)
        _deliver(f"{subject} all", f"staff@{TARGET.domain}")
        _deliver(f"{subject} extension", ALICE.address.replace("@", "+extension@"))
        _seconds_until(lambda: _log(begun).count("Saved)") >= 3)
        _seconds_until(lambda: bool(module(at(SERVER), "mail_tables_info")["fault"]))
    assert (answers[ALICE.address], answers[f"staff@{TARGET.domain}"]) == (250, 250)
    assert 400 <= answers[NOBODY] < 500
    # What needed the directory waited on the server, which tries again each minute.
    _seconds_until(lambda: CLIENT.copies(993, ALICE, [f"{subject} extension"])[f"{subject} extension"] > 0, 2 * MINUTE)
    subjects = [subject, f"{subject} all", f"{subject} extension"]
    # Each search finds those whose subject begins with what it looks for.
    assert CLIENT.copies(993, ALICE, subjects) == {subjects[0]: 3, subjects[1]: 1, subjects[2]: 1}
    assert CLIENT.copies(993, BORIS, subjects) == {subjects[0]: 1, subjects[1]: 1, subjects[2]: 0}
    assert "status=bounced" not in _log(begun)
    for user in (ALICE, BORIS):
        CLIENT.remove(993, user, subject)
