# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a choice: the modern profile of TLS, and the wait for strangers at port 25."""

from __future__ import annotations

import socket
import ssl
import time

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
LOGIN = "relay"


def _context(host: Host, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = client_context(host)
    context.minimum_version = context.maximum_version = version
    return context


def _tls(host: Host, port: int, version: ssl.TLSVersion) -> str:
    place = solo(host)
    with (
        socket.create_connection((place.address, port), timeout=20) as plain,
        _context(host, version).wrap_socket(plain, server_hostname=place.fqdn) as secure,
    ):
        return str(secure.version())


@pytest.mark.parametrize("port", [465, 993])
def test_the_modern_profile_is_tls_1_3_alone_where_users_log_in(host: Host, port: int) -> None:
    assert _tls(host, port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"(?i)version|handshake|EOF"):
        _tls(host, port, ssl.TLSVersion.TLSv1_2)


def _talk(host: Host, *, wait: bool) -> tuple[str, float]:
    """The answer to a recipient who is here, from who waits for the greeting or not; and the seconds that it took."""
    place, begun = solo(host), time.monotonic()
    lines = ["EHLO client.example.org", "MAIL FROM:<a@example.org>", f"RCPT TO:<{LOGIN}@{place.fqdn}>", "QUIT"]
    with socket.create_connection((place.address, 25), timeout=20) as connection:
        answers = connection.makefile("rb")
        if not wait:
            connection.sendall(b"EHLO client.example.org\r\n")
        while (line := answers.readline())[3:4] == b"-":
            pass
        seconds = time.monotonic() - begun
        seen = []
        for text in lines:
            connection.sendall(f"{text}\r\n".encode())
            while (line := answers.readline())[3:4] == b"-":
                pass
            seen.append(line.decode()[:3])
    return seen[lines.index(f"RCPT TO:<{LOGIN}@{place.fqdn}>")], seconds


def test_who_speaks_first_is_refused_and_who_waits_is_served(host: Host) -> None:
    root_shell(host, "postfix stop; rm -f /var/lib/postfix/postscreen_cache.lmdb*; systemctl restart postfix")
    assert _talk(host, wait=False)[0] == "550"
    code, seconds = _talk(host, wait=True)
    assert code == "250"
    assert seconds > 2
    code, seconds = _talk(host, wait=True)
    assert code == "250"
    assert seconds < 2, "it waited before"
