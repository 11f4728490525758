# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-1 to MAIL-5, MAIL-25, MAIL-26: programs that nobody here wrote, on each port that they know.

swaks and curl with a login are in test_mail.py. The control for the checks of certificates: with another name expected,
the same program fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_programs as programs
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client, deliver, swaks
from ansible_collections.mailforest.stack.tests.system.support.mail_target import READING, Server

TARGET = mail_target.load()
STRANGER = "stranger@elsewhere.example"
MARK = "mailforest test"
OTHER = f"other.{TARGET.domain}"
IMAP = tuple(port for port in TARGET.reading if READING[port].startswith("imap"))


def _ports(ports: tuple[int, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return pytest.mark.parametrize("port", ports)


@pytest.fixture(params=TARGET.hosts, ids=lambda host: host.fqdn, scope="module")
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of each server in turn; what it left in the mailboxes is removed at the end."""
    server: Server = request.param
    found = Client(TARGET, server)
    yield found
    for user in (TARGET.sender, TARGET.recipient):
        found.remove(993, user, MARK)


@pytest.fixture(scope="module")
def sent(client: Client) -> str:
    """The subject of a message that is in the recipient's inbox."""
    subject = client.send(TARGET.submission[0], TARGET.sender, [TARGET.recipient.address])
    assert client.found(993, TARGET.recipient, subject)
    return subject


def _subject(program: str, port: int, client: Client) -> str:
    return f"{MARK} {program} {port} {client.server.fqdn}"


@_ports(TARGET.submission)
def test_msmtp_sends(client: Client, port: int, tmp_path: Path) -> None:
    subject = _subject("msmtp", port, client)
    done = programs.msmtp(client, port, TARGET.sender, TARGET.recipient.address, subject, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert client.found(993, TARGET.recipient, subject)


@_ports(TARGET.submission)
def test_openssl_sends(client: Client, port: int) -> None:
    subject = _subject("openssl", port, client)
    programs.typed_submission(client, port, TARGET.sender, TARGET.recipient.address, subject)
    assert client.found(993, TARGET.recipient, subject)


@pytest.mark.parametrize("program", ["swaks", "curl", "msmtp"])
def test_another_server_delivers_by_it(client: Client, program: str, tmp_path: Path) -> None:
    """Port 25, from elsewhere, no login."""
    subject = _subject(program, 25, client)
    recipient = TARGET.recipient.address
    if program == "swaks":
        done = swaks(client, 25, STRANGER, recipient, subject)
    elif program == "curl":
        done = deliver(client, STRANGER, recipient, subject)
    else:
        done = programs.msmtp(client, 25, STRANGER, recipient, subject, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert client.found(993, TARGET.recipient, subject)


@_ports(IMAP)
def test_mbsync_fetches(client: Client, port: int, sent: str, tmp_path: Path) -> None:
    done = programs.mbsync(client, port, TARGET.recipient, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(f"Subject: {sent}" in path.read_text("utf-8", "replace") for path in tmp_path.glob("inbox/*/*"))


@_ports(TARGET.reading)
def test_fetchmail_fetches(client: Client, port: int, sent: str, tmp_path: Path) -> None:
    """And leaves it on the server."""
    done = programs.fetchmail(client, port, TARGET.recipient, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Subject: {sent}" in (tmp_path / "fetched").read_text("utf-8", "replace")
    assert client.copies(993, TARGET.recipient, [sent]) == {sent: 1}


@_ports(TARGET.reading)
def test_openssl_reads(client: Client, port: int, sent: str) -> None:
    assert programs.typed_reading(client, port, TARGET.recipient, sent)
    assert not programs.typed_reading(client, port, TARGET.recipient, f"not {sent}")


@pytest.mark.parametrize("port", [TARGET.submission[0], TARGET.submission[-1]])
def test_senders_refuse_a_certificate_of_another_name(client: Client, port: int, tmp_path: Path) -> None:
    recipient = TARGET.recipient.address
    done = programs.msmtp(client, port, TARGET.sender, recipient, "never", folder=tmp_path, name=OTHER)
    assert done.returncode != 0
    with pytest.raises((AssertionError, BrokenPipeError), match=r"mismatch|verify|Broken pipe"):
        programs.typed_submission(client, port, TARGET.sender, recipient, "never", name=OTHER)


@_ports(IMAP)
def test_readers_refuse_a_certificate_of_another_name(client: Client, port: int, tmp_path: Path) -> None:
    for read in (programs.mbsync, programs.fetchmail):
        done = read(client, port, TARGET.recipient, folder=tmp_path, name=OTHER)
        assert done.returncode != 0, done.stdout
        assert OTHER in done.stdout + done.stderr
