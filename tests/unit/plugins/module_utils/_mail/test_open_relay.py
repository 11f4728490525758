# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that passes on a stranger's mail is told from one that refuses it, and no message is ever handed over."""

from __future__ import annotations

import smtplib
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.open_relay import Reply, attempts, look


class _Server(socketserver.StreamRequestHandler):
    """Says what the test wants to MAIL and RCPT, and notes what it was told."""

    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(b"220 mx ESMTP\r\n")
        for line in self.rfile:
            verb = line.split()[0].decode().upper()
            server.told.append(line.decode().strip())
            self.wfile.write(server.says.get(verb, b"250 2.0.0 Ok\r\n"))
            if verb == "QUIT":
                return


@pytest.fixture
def server() -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Server) as made:
        made.daemon_threads = True
        made.told, made.says = [], {}  # type: ignore[attr-defined]
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def ask(server: Any) -> list[Reply]:
    row = {"server": "mx1", "address": "127.0.0.1", "port": server.server_address[1], "sender": "me@example.test"}
    return list(look(attempts([row], "relay-probe@example.org")))


def test_an_open_relay(server: Any) -> None:
    replies = ask(server)
    assert [(reply.attempt.sender, reply.code, reply.relays) for reply in replies] == [
        ("", 250, True),
        ("me@example.test", 250, True),
    ]
    assert server.told[1].lower() == "mail from:<>"
    assert not any(line.upper().startswith(("DATA", "BDAT")) for line in server.told)


@pytest.mark.parametrize(
    ("verb", "said", "code"),
    [
        ("RCPT", b"554 5.7.1 Relay access denied\r\n", 554),
        ("RCPT", b"450 4.7.1 Try again later\r\n", 450),
        ("MAIL", b"550 5.1.8 No such sender\r\n", 550),
    ],
)
def test_who_refuses_relays_nothing(server: Any, verb: str, said: bytes, code: int) -> None:
    server.says[verb] = said
    replies = ask(server)
    assert [(reply.code, reply.relays) for reply in replies] == [(code, False)] * 2
    assert replies[0].text == said.decode()[4:].strip()


def test_who_does_not_answer_relays_nothing() -> None:
    def gone(_address: str, _port: int) -> smtplib.SMTP:
        raise ConnectionRefusedError("nobody there")

    row = {"server": "mx1", "address": "198.51.100.80", "port": 25, "sender": "me@example.test"}
    replies = list(look(attempts([row], "x@example.org"), gone))
    assert [(reply.code, reply.relays, reply.text) for reply in replies] == [(0, False, "nobody there")] * 2
