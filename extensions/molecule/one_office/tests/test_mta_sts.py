# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MTA-STS (RFC 8461) as a server that sends mail here goes about it, and where reports on TLS go (RFC 8460)."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
from ansible_collections.mailforest.stack.tests.system.support.network import handshake, records, texts
from ansible_collections.mailforest.stack.tests.system.support.office import Office, current

PATH = "/.well-known/mta-sts.txt"


@pytest.fixture(scope="module", name="office")
def deployed() -> Office:
    """The office that the scenario has deployed."""
    return current()


@pytest.fixture(scope="module", name="context")
def trust(office: Office) -> ssl.SSLContext:
    """Who trusts the forest's CA, as the world trusts a public one."""
    return ssl.create_default_context(cafile=str(office.ca_file))


@pytest.fixture(scope="module", name="server")
def name_server(office: Office) -> str:
    """The directory's DNS."""
    return office.addresses[office.controllers[0]]


def _policy(address: str, name: str, context: ssl.SSLContext) -> list[tuple[str, str]]:
    """The policy's lines, from the place in DNS, under a name that the certificate must have."""
    link = http.client.HTTPSConnection(name, context=context)
    plain = socket.create_connection((address, 443), timeout=10)
    link.sock = context.wrap_socket(plain, server_hostname=name)
    link.request("GET", PATH)
    answer = link.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain")
    lines = (line.partition(": ") for line in answer.read().decode().splitlines())
    return [(key, value) for key, _colon, value in lines]


def test_the_policy_names_the_servers_that_take_the_mail(office: Office, server: str, context: ssl.SSLContext) -> None:
    """Record, policy and MX agree, and each server's certificate is the one that the policy promises."""
    domain = office.mail_domain
    (record,) = texts(server, f"_mta-sts.{domain}")
    version, number = record.split("; ")
    assert version == "v=STSv1"
    assert number.removeprefix("id=").isalnum()
    addresses = records(server, f"mta-sts.{domain}", "A")
    assert addresses == [office.addresses[name] for name in office.mail_servers]
    policy = _policy(addresses[0], f"mta-sts.{domain}", context)
    assert policy[:2] == [("version", "STSv1"), ("mode", "testing")]
    named = {value for key, value in policy if key == "mx"}
    assert {f"10 {name}." for name in named} == set(records(server, domain, "MX"))
    for name in named:
        assert handshake(records(server, name, "A")[0], 465, name=name, context=context)


def test_reports_on_tls_go_to_the_address_of_the_inventory(office: Office, server: str) -> None:
    assert texts(server, f"_smtp._tls.{office.mail_domain}") == [f"v=TLSRPTv1; rua=mailto:{office.mail['tls_reports']}"]


def test_the_public_dns_is_to_say_the_same(office: Office, server: str) -> None:
    domain, lines = office.mail_domain, (office.directory / "public-dns.zone").read_text(encoding="utf-8").splitlines()
    for label in ("_mta-sts", "_smtp._tls"):
        (text,) = texts(server, f"{label}.{domain}")
        assert f'{label}.{domain}. 3600 IN TXT "{text}"' in lines
    (public,) = office.public_addresses.values()
    assert f"mta-sts.{domain}. 3600 IN A {public}" in lines
