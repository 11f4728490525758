# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-17: what Thunderbird and Outlook ask for, and what they get, from another machine."""

from __future__ import annotations

import http.client
import socket
import ssl
import xml.etree.ElementTree as ElementTree

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import Place, client_context, solo
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
QUESTION = (
    '<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/'
    '2006"><Request><EMailAddress>alice@example.test</EMailAddress></Request></Autodiscover>'
)
WAYS = [
    ("imap", 993, "implicit"),
    ("imap", 143, "starttls"),
    ("pop3", 995, "implicit"),
    ("smtp", 465, "implicit"),
    ("smtp", 587, "starttls"),
]


@pytest.fixture
def place(host: Host) -> Place:
    """Where the host is."""
    return solo(host)


def _domain(place: Place) -> str:
    return place.fqdn.partition(".")[2]


def _ask(host: Host, name: str, path: str, *, method: str = "GET", body: str = "") -> http.client.HTTPResponse:
    """Ask as a program does: the certificate is checked against the name that it asks for."""
    place, context = solo(host), client_context(host)
    link = http.client.HTTPSConnection(name, timeout=20, context=context)
    plain = socket.create_connection((place.address, 443), timeout=20)
    link.sock = context.wrap_socket(plain, server_hostname=name)
    link.request(method, path, body=body or None, headers={"Content-Type": "text/xml"} if body else {})
    return link.getresponse()


@pytest.mark.parametrize("path", ["/mail/config-v1.1.xml?emailaddress=alice%40example.test", "/mail/config-v1.1.xml"])
def test_thunderbird_is_told(host: Host, place: Place, path: str) -> None:
    answer = _ask(host, f"autoconfig.{_domain(place)}", path)
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/xml")
    provider = ElementTree.fromstring(answer.read()).find("emailProvider")
    assert provider is not None
    assert provider.findtext("domain") == _domain(place)
    servers = [one for one in provider if one.tag in ("incomingServer", "outgoingServer")]
    kinds = {"SSL": "implicit", "STARTTLS": "starttls"}
    found = [
        (one.get("type"), int(one.findtext("port", "0")), kinds[one.findtext("socketType", "")]) for one in servers
    ]
    assert found == WAYS
    assert {one.findtext("hostname") for one in servers} == {place.fqdn}
    assert {one.findtext("username") for one in servers} == {"%EMAILADDRESS%"}


@pytest.mark.parametrize("path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"])
@pytest.mark.parametrize("label", ["autodiscover.", ""])
def test_outlook_is_told(host: Host, place: Place, label: str, path: str) -> None:
    """By the domain's own name, and by the server's, to which the SRV record leads."""
    name = f"{label}{_domain(place)}" if label else place.fqdn
    answer = _ask(host, name, path, method="POST", body=QUESTION)
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/xml")
    account = ElementTree.fromstring(answer.read()).find(f".//{OUTLOOK}Account")
    assert account is not None
    assert account.findtext(f"{OUTLOOK}Action") == "settings"
    kinds = {"SSL": "implicit", "TLS": "starttls"}
    found = [
        (
            one.findtext(f"{OUTLOOK}Type", "").lower(),
            int(one.findtext(f"{OUTLOOK}Port", "0")),
            kinds[one.findtext(f"{OUTLOOK}Encryption", "")],
        )
        for one in account.findall(f"{OUTLOOK}Protocol")
    ]
    assert found == WAYS


@pytest.mark.parametrize("path", ["/", "/index.html", "/autodiscover.xml", "/mail/../../../../etc/passwd", "/mail/"])
def test_nothing_else_is_served(host: Host, place: Place, path: str) -> None:
    answer = _ask(host, place.fqdn, path)
    assert answer.status in (400, 404)
    assert "nginx/" not in answer.getheader("Server", "")
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Strict-Transport-Security") == "max-age=31536000"


def test_nothing_listens_beside_it(host: Host, place: Place) -> None:
    """The package's own site, which would be at port 80."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.address, 80), timeout=5)
    socket.create_connection((place.address, 443), timeout=5).close()


def test_a_name_that_is_not_in_the_certificate_is_refused_by_the_program(host: Host, place: Place) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _ask(host, f"www.{_domain(place)}", "/mail/config-v1.1.xml")


def test_others_fetch_the_policy_for_tls(host: Host, place: Place) -> None:
    """MTA-STS (RFC 8461): as text, under a name that the certificate has."""
    answer = _ask(host, f"mta-sts.{_domain(place)}", "/.well-known/mta-sts.txt")
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain")
    lines = answer.read().decode().splitlines()
    assert lines == ["version: STSv1", "mode: testing", f"mx: {place.fqdn}", "max_age: 604800"]
