# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server is taken out of service and returned: users are told, mail waits, verify.yml and site.yml know."""

from __future__ import annotations

import imaplib
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.findings import Found, findings
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, ROOT, Run, play, verify

TARGET = mail_target.load()
SERVER = "mx12"
REASON = "a new disk for the test"
MARK = "mailforest maintenance"


@pytest.fixture(scope="module", name="office")
def deployed() -> Office:
    """The office that the scenario has deployed."""
    return offices.current()


@pytest.fixture(name="client")
def user() -> Iterator[Client]:
    """Who reads and sends; what was sent is removed."""
    found = Client(TARGET, TARGET.hosts[0])
    yield found
    found.remove(993, TARGET.recipient, MARK)


def _on(host: str, **more: Any) -> Run:
    return play(ROOT / "playbooks/maintenance_on.yml", extra_vars={"maintenance_host": host, **more})


def _off(host: str) -> Run:
    return play(ROOT / "playbooks/maintenance_off.yml", extra_vars={"maintenance_host": host})


def _errors(rows: list[Found]) -> list[str]:
    return [str(row) for row in rows if row.severity == "ERROR"]


def _open(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def _last_words(session: Any) -> bytes:
    """What the server says to somebody who waits for news, until it hangs up."""
    said = b""
    session.sock.settimeout(30)
    while piece := session.sock.recv(4096):
        said += piece
    return said


def test_a_mail_server_is_out_of_service_and_comes_back(office: Office, client: Client) -> None:
    """It stays out at a boot, and what it had accepted is delivered afterwards."""
    address = office.addresses[SERVER]
    before = _errors(findings(verify()))
    subject = f"{MARK} {secrets.token_hex(8)}"
    root_shell(at(SERVER), "postconf -e defer_transports=lmtp,virtual; postfix reload; sleep 2")
    client.send(587, TARGET.sender, [TARGET.recipient.address], subject=subject)
    with suppress(imaplib.IMAP4.abort), client.imap(993) as session:  # it ends without a farewell of ours
        session.login(TARGET.recipient.login, TARGET.recipient.password)
        session.select("INBOX")
        session.send(b"w1 IDLE\r\n")
        run = _on(SERVER, maintenance_reason=REASON)
        assert run.code == 0, run.explain()
        last = _last_words(session)
    assert b"* BYE " in last
    assert not any(_open(address, port) for port in (25, 465, 587, 993))
    assert _on(SERVER, maintenance_reason=REASON).changes == []

    root_shell(at(SERVER), "systemctl start default.target; sleep 3")  # what a boot starts
    assert not any(_open(address, port) for port in (25, 993))
    seen = findings(verify())
    assert _errors(seen) == before
    assert [row for row in seen if row.severity == "WARNING" and row.subject.startswith("unit postfix.service")]
    refused = play(PLAYBOOKS / "office.yml", arguments=[f"--limit={SERVER}"])
    assert refused.code != 0
    assert f"it is in maintenance: {REASON}" in refused.output
    assert not _open(address, 25)

    root_shell(at(SERVER), "postconf -X defer_transports")
    back = _off(SERVER)
    done = {f"{SERVER}: Serve again, now and at boot", f"{SERVER}: Forget that it was in maintenance"}
    assert done < set(back.changes), back.explain()
    assert _errors(findings(verify())) == before
    assert client.found(993, TARGET.recipient, subject)
    assert client.copies(993, TARGET.recipient, [subject]) == {subject: 1}


def test_what_an_office_has_no_other_of_is_refused(office: Office) -> None:
    """The control: the mail server is taken out by the same playbook."""
    (controller,) = [name for name in office.controllers if name == office.controllers[0]]
    for host, said in (
        (controller, "has the roles"),
        (office.gateways[0], "no way to the others"),
        ("nobody", "Give one host as maintenance_host"),
    ):
        run = _on(host, maintenance_reason=REASON)
        assert run.code != 0
        assert said in run.failures[0].message, run.explain()
        assert run.changes == []
    assert _on(SERVER).code != 0
