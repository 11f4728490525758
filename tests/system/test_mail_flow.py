# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail_flow on real mail servers: what it sees of a message that arrives, and what it says of one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, refusal, root_shell
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.mail_target import SUBMISSION
from testinfra.host import Host

OFFICE = offices.current()
TARGET = mail_target.load()
testinfra_hosts = [f"ansible://{name}" for name in OFFICE.mail_servers]
PORTS = TARGET.submission


@pytest.fixture
def server(host: Host) -> str:
    """The mail server's name."""
    return OFFICE.fqdn(str(host.backend.host))


def _wanted(server: str, **more: Any) -> dict[str, Any]:
    """A message from the recipient of the mail tests to the same, read through every server by IMAP and POP3."""
    user = TARGET.recipient
    pop3 = {"port": 995, "tls": "implicit"}
    return {
        "server": server,
        "user": user.login,
        "password": user.password,
        "address": user.address,
        "readers": [{"server": one.fqdn, "pop3": pop3} for one in TARGET.hosts],
        "ca_file": "/etc/ssl/mailforest/ca.crt",
        "follow_queue": True,
        **more,
    }


@pytest.mark.parametrize("port", PORTS)
def test_a_message_is_followed_found_judged_and_removed(host: Host, server: str, port: int) -> None:
    """MAIL-12, with the queue in view."""
    found = module(host, "mail_flow", **_wanted(server, submission={"port": port, "tls": SUBMISSION[port]}))
    assert found["problems"] == []
    assert found["queue_id"] in {hop["id"] for hop in found["hops"]}
    assert (found["queue"]["waiting"], found["removed"]) == (False, 1)
    first, *_others, last = found["hops"]
    assert (first["by"], first["protocol"], first["tls"]) == (server, "ESMTPSA", "TLSv1.3")
    assert last["protocol"].startswith("LMTP")
    assert [(one["imap_copies"], one["pop3_copies"]) for one in found["readings"]] == [(1, 1)] * len(TARGET.hosts)
    for one in TARGET.hosts:  # the control: it is gone for others, too
        assert _copies(one) == 0


def test_a_message_that_waits_is_named_with_the_reason(host: Host, server: str) -> None:
    with _held_back(host):
        said = refusal(host, "mail_flow", **_wanted(server, deadline=4))
    assert "did not show the message that was accepted" in said
    assert "It waits in the deferred queue as" in said
    assert "deferred transport" in said


@contextmanager
def _held_back(host: Host) -> Iterator[None]:
    """A server that accepts and does not deliver; afterwards it does, and what waited is removed."""
    root_shell(host, "cp -a /etc/postfix/main.cf /etc/postfix/main.cf.test")
    try:
        root_shell(host, "postconf -e 'defer_transports = lmtp, smtp, peer' && postfix reload")
        yield
    finally:
        root_shell(host, "mv /etc/postfix/main.cf.test /etc/postfix/main.cf && postfix reload && postqueue -f")
        assert _client(TARGET.hosts[0]).found(993, TARGET.recipient, _SUBJECT), "it never came"
        _client(TARGET.hosts[0]).remove(993, TARGET.recipient, _SUBJECT)


_SUBJECT = "mailforest.stack: a probe of the mail flow"


def _client(server: mail_target.Server) -> Client:
    return Client(TARGET, server)


def _copies(server: mail_target.Server) -> int:
    return _client(server).copies(993, TARGET.recipient, [_SUBJECT])[_SUBJECT]
