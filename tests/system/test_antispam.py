# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others judge our mail by, and how ours judge theirs: DNS, signatures on users' mail, refusal in the session.

Signatures are verified by rspamd as a stranger's mail would be, by the record that the domain's own DNS has.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target, senders
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client, letter
from ansible_collections.mailforest.stack.tests.system.support.network import texts
from ansible_collections.mailforest.stack.tests.system.support.office import Office

TARGET = mail_target.load()
OFFICE = offices.current()
MARK = "mailforest antispam test"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
ELSEWHERE = "203.0.113.77"
_SEND = """
import json, smtplib, sys
given = json.load(sys.stdin)
with smtplib.SMTP(given["server"], 25, local_hostname=given["name"], timeout=60) as session:
    session.ehlo()
    session.mail(given["sender"])
    session.rcpt(given["recipient"])
    print(json.dumps([session.data(given["text"].encode())[0]]))
"""


@pytest.fixture(params=OFFICE.mail_servers)
def server(request: pytest.FixtureRequest) -> str:
    """Each mail server in turn, by its inventory name."""
    return str(request.param)


@pytest.fixture
def client(server: str, office: Office) -> Iterator[Client]:
    """A client of the server; what it left in the mailboxes is removed."""
    (place,) = [row for row in TARGET.hosts if row.fqdn == office.fqdn(server)]
    found = Client(TARGET, place)
    yield found
    for user in (TARGET.sender, TARGET.recipient):
        found.remove(993, user, MARK)


def _dns(office: Office, name: str) -> list[list[str]]:
    """What every domain controller says."""
    return [texts(office.addresses[host], name) for host in office.controllers]


def test_spf_and_dmarc_are_in_dns(office: Office) -> None:
    """MAIL-24: on every domain controller."""
    for said in _dns(office, office.mail_domain):
        assert said == ["v=spf1 mx -all"]
    for said in _dns(office, f"_dmarc.{office.mail_domain}"):
        assert said == ["v=DMARC1; p=quarantine"]


def _selector(server: str, office: Office) -> str:
    """What the server signs with now."""
    given = json.dumps({"domains": [office.mail_domain], "selector": server})
    return str(at(server).ansible("mailforest.stack.dkim_key", given)["selector"])


def test_every_servers_key_is_in_dns(server: str, office: Office) -> None:
    """MAIL-24: the public half of the key that lies on the server."""
    selector = _selector(server, office)
    key = f"/etc/ssl/mailforest-dkim/{office.mail_domain}.{selector}.key"
    public = root_shell(at(server), f"openssl rsa -in {key} -pubout -outform DER 2>/dev/null | base64 -w0")
    for said in _dns(office, f"{selector}._domainkey.{office.mail_domain}"):
        assert said == [f"v=DKIM1; k=rsa; p={public}"]


def test_the_public_dns_is_told_the_same(server: str, office: Office) -> None:
    text = (office.directory / "public-dns.zone").read_text(encoding="utf-8")
    name = f"{_selector(server, office)}._domainkey.{office.mail_domain}"
    (line,) = [row for row in text.splitlines() if row.startswith(f"{name}. ")]
    strings = line.partition(" TXT ")[2].strip('"').split('" "')
    assert max(map(len, strings)) <= 255
    assert [["".join(strings)]] * len(office.controllers) == _dns(office, name)
    assert f'{office.mail_domain}. 3600 IN TXT "v=spf1 mx -all"' in text


def _judged(server: str, message: bytes) -> dict[str, Any]:
    """What rspamd there sees in a message that comes from elsewhere."""
    text = message.decode().replace("\r\n", "\n").rstrip("\n")
    command = (
        f"rspamc -h /run/rspamd/controller.sock --json --ip {ELSEWHERE} <<'END_OF_MESSAGE'\n{text}\nEND_OF_MESSAGE"
    )
    found: dict[str, Any] = json.loads(root_shell(at(server), command))["symbols"]
    return found


def test_mail_of_a_user_is_signed(server: str, client: Client, office: Office) -> None:
    """MAIL-24: it verifies by what DNS has, and does not when a word of it is changed; nothing tells the login."""
    subject = client.send(587, TARGET.sender, [TARGET.recipient.address], subject=f"{MARK} {server} signed")
    message = client.fetched(993, TARGET.recipient, subject)
    start = message.index(b"DKIM-Signature:")
    assert f"d={office.mail_domain}; s={_selector(server, office)};".encode() in b" ".join(message[start:].split())
    assert "R_DKIM_ALLOW" in _judged(server, message)
    changed = _judged(server, message.replace(b"Sent by a test", b"Sent by a thief"))
    assert "R_DKIM_REJECT" in changed and "R_DKIM_ALLOW" not in changed
    headers = message.partition(b"\r\n\r\n")[0]
    assert b"Authentication-Results" not in headers and b"Authenticated sender" not in headers


@pytest.fixture(scope="module")
def honest(office: Office) -> Iterator[str]:
    """A domain whose mail the observer sends."""
    with senders.honest(office, office.addresses["outside"]) as name:
        yield name


def _from_outside(office: Office, server: str, domain: str, text: bytes) -> int:
    """The answer to a message that an observer on the Internet sends."""
    site = office.sites[server]
    (gateway,) = office.in_site(site, office.gateways)
    given = {
        "server": office.public_addresses[gateway],
        "sender": f"someone@{domain}",
        "recipient": TARGET.recipient.address,
        "text": text.decode(),
        "name": domain,
    }
    script = f"python3 -c '{_SEND}' <<'END_OF_INPUT'\n{json.dumps(given)}\nEND_OF_INPUT"
    (code,) = json.loads(root_shell(at("outside"), script))
    return int(code)


def test_spam_from_outside_is_refused_in_the_session(server: str, client: Client, office: Office, honest: str) -> None:
    """MAIL-24, MAIL-13: through the gateway, with 554. The control: a letter without the mark of spam arrives."""
    spam, good = f"{MARK} {server} spam", f"{MARK} {server} letter"
    assert (
        _from_outside(office, server, honest, letter(f"someone@{honest}", TARGET.recipient.address, spam, GTUBE)) == 554
    )
    assert _from_outside(office, server, honest, letter(f"someone@{honest}", TARGET.recipient.address, good)) == 250
    assert b"spf=pass" in client.fetched(993, TARGET.recipient, good)
    assert client.copies(993, TARGET.recipient, [spam]) == {spam: 0}


def test_a_user_cannot_send_spam_either(client: Client) -> None:
    text = letter(TARGET.sender.address, TARGET.recipient.address, MARK, GTUBE)
    with client.smtp(587) as session:
        session.login(TARGET.sender.login, TARGET.sender.password)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            session.sendmail(TARGET.sender.address, [TARGET.recipient.address], text)
    assert refused.value.smtp_code == 554
