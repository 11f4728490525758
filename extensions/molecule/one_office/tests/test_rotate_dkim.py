# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of signing keys while users send: nothing is signed that others could not verify at that moment.

The public DNS is played by a name server on the observer, which has what the test puts there.
"""

from __future__ import annotations

import json
import re
import secrets
import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target, name_server
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.findings import findings
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.network import texts
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play, site, verify

TARGET = mail_target.load()
PLAYBOOK = ROOT / "playbooks/rotate_dkim.yml"
SERVER, OUTSIDE = "mx12", "outside"
WORK, UNIT = "/run/mailforest-public-dns", "mailforest-public-dns.service"
MARK = "mailforest rotate dkim"
ELSEWHERE = "203.0.113.77"


@pytest.fixture(scope="module", name="office")
def deployed() -> Office:
    """The office that the scenario has deployed."""
    return offices.current()


@pytest.fixture(name="client")
def user() -> Iterator[Client]:
    """Who sends; what was sent is removed."""
    found = Client(TARGET, TARGET.hosts[0])
    yield found
    found.remove(993, TARGET.recipient, MARK)


@pytest.fixture(scope="module", name="public")
def public_dns() -> Iterator[None]:
    """A name server at 127.0.0.1 of the observer, without any record."""
    host = at(OUTSIDE)
    root_shell(host, f"systemctl stop {UNIT} 2>/dev/null; mkdir -p {WORK}; echo '{{}}' > {WORK}/zone.json")
    root_shell(host, f"cat > {WORK}/server.py <<'END_OF_FILE'\n{Path(name_server.__file__).read_text()}\nEND_OF_FILE")
    root_shell(host, f"systemd-run --unit={UNIT} --collect python3 {WORK}/server.py 53 {WORK}/zone.json")
    yield
    root_shell(host, f"systemctl stop {UNIT}; rm -r {WORK}")


def _keys(office: Office) -> dict[str, Any]:
    found = at(SERVER).ansible(
        "mailforest.stack.dkim_key", json.dumps({"domains": [office.mail_domain], "selector": SERVER}), check=True
    )
    assert not found["changed"]
    return dict(found)


def _publish(record: dict[str, Any]) -> None:
    """Put a record into the public DNS, in the place of all others."""
    zone = json.dumps({f"{record['name']} TXT": [record["value"]]})
    root_shell(at(OUTSIDE), f"echo '{zone}' > {WORK}/new && mv {WORK}/new {WORK}/zone.json")


def _rotate(**more: Any) -> Run:
    return play(PLAYBOOK, extra_vars={"rotate_dkim_name_servers": ["127.0.0.1"], **more})


def _judged(message: bytes) -> dict[str, Any]:
    """What rspamd sees in a message that comes from elsewhere, by what DNS says now."""
    text = message.decode().replace("\r\n", "\n").rstrip("\n")
    scan = f"rspamc -h /run/rspamd/controller.sock --json --ip {ELSEWHERE}"
    given = f"cat > {WORK}.eml <<'END_OF_MESSAGE'\n{text}\nEND_OF_MESSAGE"
    # Again where rspamd starts anew just now.
    ask = f"for turn in $(seq 20); do {scan} {WORK}.eml && exit; sleep 1; done; exit 1"
    said = root_shell(at(SERVER), f"{given}\n({ask}) | sed -n '/^{{/,$p'")
    found: dict[str, Any] = json.loads(said)["symbols"]
    return found


def _signed(client: Client) -> tuple[str, bool]:
    """Send a message; the selector of its signature, and whether who receives it now can verify that."""
    subject = f"{MARK} {secrets.token_hex(8)}"
    client.send(587, TARGET.sender, [TARGET.recipient.address], subject=subject)
    message = client.fetched(993, TARGET.recipient, subject)
    selector = re.search(rb"DKIM-Signature:.*?\bs=([^;\s]+)", message, re.DOTALL)
    return selector[1].decode() if selector else "", "R_DKIM_ALLOW" in _judged(message)


@contextmanager
def _sending(client: Client) -> Iterator[list[tuple[str, bool]]]:
    """Messages, one after the other, until the end; what became of each."""
    outcomes: list[tuple[str, bool]] = []
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            try:
                outcomes.append(_signed(client))
            except (OSError, smtplib.SMTPException):  # deferred while rspamd starts anew, as mail programs see it too
                time.sleep(1)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        thread.join(timeout=120)
        assert not thread.is_alive()


def test_a_key_is_changed_and_every_signature_verifies(office: Office, client: Client, public: None) -> None:
    """MAIL-24: stopped while the public DNS lacks the record; then switched, kept by site.yml; ended by another run."""
    if _keys(office)["rotation"]["former"]:  # of a run of this test that was ended
        _rotate(rotate_dkim_keep_days=0)
    former = _keys(office)["selector"]

    stopped = _rotate()
    assert stopped.code != 0
    assert "127.0.0.1: NXDOMAIN" in stopped.failures[0].message, stopped.explain()
    waiting = _keys(office)
    (record,) = [row for row in waiting["records"] if row["use"] == "next"]
    assert (waiting["selector"], waiting["rotation"]["next"]) == (former, record["selector"])
    assert f'{record["name"]}. 3600 IN TXT "{record["strings"][0]}"' in stopped.failures[0].message
    assert texts(office.addresses[office.controllers[0]], record["name"]) == [record["value"]]
    assert _signed(client) == (former, True)

    _publish(record)
    with _sending(client) as outcomes:
        switched = _rotate()
    assert switched.code == 0, switched.explain()
    assert {verified for _selector, verified in outcomes} == {True}
    assert [selector for selector, _verified in outcomes] == sorted(
        (selector for selector, _verified in outcomes), key=[former, record["selector"]].index
    )
    assert _signed(client) == (record["selector"], True)

    assert site("--tags=rspamd", "--limit=mailforest_mail_servers,mailforest_domain_controllers").changes == []
    assert _rotate().changes == []  # the former one stands for a week
    assert texts(office.addresses[office.controllers[0]], f"{former}._domainkey.{office.mail_domain}")

    ended = _rotate(rotate_dkim_keep_days=0)
    assert ended.code == 0, ended.explain()
    for name in office.controllers:
        assert texts(office.addresses[name], f"{former}._domainkey.{office.mail_domain}") == []
    assert [row["selector"] for row in _keys(office)["records"]] == [record["selector"]]
    assert former not in [
        line.partition("._domainkey")[0] for line in (office.directory / "public-dns.zone").read_text().splitlines()
    ]
    assert [str(row) for row in findings(verify()) if row.requirement == "MAIL-24"] == []


def test_check_mode_tells_and_changes_nothing(office: Office) -> None:
    before = _keys(office)
    run = play(PLAYBOOK, check=True, extra_vars={"rotate_dkim_name_servers": []})
    assert run.code == 0, run.explain()
    assert [result.message for result in run.results if "A next key will be made" in result.message]
    assert _keys(office) == before


def test_a_host_that_signs_nothing_is_refused(office: Office) -> None:
    run = play(PLAYBOOK, extra_vars={"rotate_dkim_of": office.controllers[0]})
    assert run.code != 0
    assert "signs nothing, nothing was changed" in run.failures[0].message
