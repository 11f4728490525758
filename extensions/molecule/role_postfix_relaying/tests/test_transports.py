# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail for other systems: accepted for recipients that are there, sent to where they are, fetched by who may."""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
LOGIN = "relay"
TRANSPORTS = "texthash:/etc/postfix/transports.texthash"
STRANGER = "stranger@elsewhere.example"


@pytest.fixture
def peer(host: Host) -> Host:
    """The other system."""
    return at("solo13" if solo(host).name == "solo12" else "solo12")


@pytest.fixture
def client(host: Host) -> Iterator[smtplib.SMTP]:
    """A stranger at port 25."""
    with smtplib.SMTP(solo(host).address, 25, timeout=60, local_hostname="client.example.org") as session:
        session.ehlo()
        yield session


def _domain(kind: str, host: Host) -> str:
    return f"{kind}.{solo(host).name}.example.test"


def _arrived(host: Host, token: str) -> bool:
    return bool(host.run(f"grep -rqF {token} /home/{LOGIN}/Maildir/new").rc == 0)


@pytest.mark.parametrize("kind", ["asked", "listed"])
def test_mail_for_another_system_is_passed_on(client: smtplib.SMTP, peer: Host, kind: str) -> None:
    token = secrets.token_hex(8)
    client.sendmail(STRANGER, [f"{LOGIN}@{_domain(kind, peer)}"], f"Subject: {token}\r\n\r\nHello.\r\n")
    eventually(lambda: _arrived(peer, token), seconds=30)


@pytest.mark.parametrize("kind", ["asked", "listed", "fetched"])
def test_mail_to_nobody_there_is_refused_in_the_session(client: smtplib.SMTP, peer: Host, kind: str) -> None:
    """Else it would be accepted, and bounce to whom it is said to come from."""
    client.mail(STRANGER)
    assert client.rcpt(f"nobody-there@{_domain(kind, peer)}")[0] == 550
    assert client.rcpt(f"{LOGIN}@{_domain(kind, peer)}")[0] == 250


def test_one_address_is_elsewhere_and_its_neighbour_is_not(client: smtplib.SMTP, host: Host) -> None:
    client.mail(STRANGER)
    assert client.rcpt(f"moved@{_domain('asked', host)}")[0] == 250
    assert client.rcpt(f"not-moved@{_domain('asked', host)}")[0] == 550
    where = root_shell(host, f"postmap -q moved@{_domain('asked', host)} {TRANSPORTS}")
    assert "other:[" in where


def test_a_way_out_is_no_way_through(client: smtplib.SMTP, host: Host) -> None:
    client.mail(STRANGER)
    assert client.rcpt("somebody@outgoing.example.test")[0] == 554
    assert "other:[" in root_shell(host, f"postmap -q outgoing.example.test {TRANSPORTS}")


def test_a_site_fetches_its_mail_and_nobody_else_does(client: smtplib.SMTP, host: Host, peer: Host) -> None:
    """MAIL-14, MAIL-15: it waits, whatever time passes, until the site asks; and for one domain of the site only."""
    token, domain = secrets.token_hex(8), _domain("fetched", peer)
    client.sendmail(STRANGER, [f"{LOGIN}@{domain}"], f"Subject: {token}\r\n\r\nHello.\r\n")
    eventually(lambda: domain in root_shell(host, "postqueue -p"), seconds=20)
    code, answer = client.docmd("ETRN", domain)
    assert code == 554, answer
    script = (
        f"import smtplib; s = smtplib.SMTP('{solo(host).address}', 25, timeout=20); s.ehlo('{solo(peer).fqdn}'); "
        "print(*(s.docmd('ETRN', domain)[0] for domain in ('{0}', '{1}', '{2}')), s.docmd('TURN')[0])"
    )
    refused = script.format(_domain("asked", peer), _domain("fetched", host), "elsewhere.example")
    assert root_shell(peer, f'python3 -c "{refused}"').split()[:3] == ["554", "554", "554"]
    assert not _arrived(peer, token)
    assert domain in root_shell(host, "postqueue -p")
    granted = root_shell(peer, f'python3 -c "{script.format(domain, domain, domain)}"').split()
    assert granted[0] == "250"
    assert int(granted[3]) >= 500, "TURN"
    eventually(lambda: _arrived(peer, token), seconds=30)
