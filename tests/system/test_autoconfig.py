# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-17: a mail program that knows an address finds its servers; where that was not asked for, nothing is there."""

from __future__ import annotations

import http.client
import socket
import ssl
import xml.etree.ElementTree as ElementTree

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.network import handshake, records, tcp
from ansible_collections.mailforest.stack.tests.system.support.office import AUTOCONFIG_PORT, Office

ON = bool(offices.current().mail.get("autoconfig"))
CALLED = {
    "autoconfig": ("/mail/config-v1.1.xml", "GET"),
    "autodiscover": ("/autodiscover/autodiscover.xml", "POST"),
}
IMPLICIT = (993, 995, 465)


@pytest.fixture(scope="module")
def context(office: Office) -> ssl.SSLContext:
    """A program that trusts the forest's CA alone."""
    return ssl.create_default_context(cafile=str(office.ca_file))


def _addresses(office: Office, label: str) -> list[str]:
    return records(office.addresses[office.controllers[0]], f"{label}.{office.mail_domain}", "A")


def _told(text: bytes) -> set[tuple[str, int]]:
    """Host and port of every server, of whichever format."""
    found: dict[str, list[str]] = {"host": [], "port": []}
    for one in ElementTree.fromstring(text).iter():
        name = one.tag.rpartition("}")[2].lower()
        key = {"hostname": "host", "server": "host", "port": "port"}.get(name)
        if key and one.text and one.text.strip():
            found[key].append(one.text)
    return {(host, int(port)) for host, port in zip(found["host"], found["port"], strict=True)}


@pytest.mark.parametrize("label", CALLED)
def test_programs_are_told_of_servers_that_are_there(office: Office, context: ssl.SSLContext, label: str) -> None:
    """By the name in DNS, with the certificate checked, and each server that is named answers under that name."""
    servers = [office.addresses[name] for name in office.mail_servers] if ON else []
    assert sorted(_addresses(office, label)) == sorted(servers)
    if not ON:
        assert [tcp(office.addresses[name], AUTOCONFIG_PORT) for name in office.mail_servers].count("open") == 0
    path, method = CALLED[label]
    name = f"{label}.{office.mail_domain}"
    for address in servers:
        link = http.client.HTTPSConnection(name, context=context)
        plain = socket.create_connection((address, AUTOCONFIG_PORT), timeout=10)
        link.sock = context.wrap_socket(plain, server_hostname=name)
        link.request(method, path, body="<Autodiscover/>" if method == "POST" else None)
        answer = link.getresponse()
        assert answer.status == 200
        told = _told(answer.read())
        assert {port for _host, port in told} >= {993, 465}
        for host, port in told:
            assert tcp(office.addresses[host.partition(".")[0]], port) == "open"
            if port in IMPLICIT:
                handshake(office.addresses[host.partition(".")[0]], port, name=host, context=context)


def test_the_srv_record_leads_there(office: Office) -> None:
    """Outlook's way where the domain has no host of that name."""
    found = records(office.addresses[office.controllers[0]], f"_autodiscover._tcp.{office.mail_domain}", "SRV")
    assert found == ([f"0 1 443 {office.fqdn(name)}." for name in office.mail_servers] if ON else [])
