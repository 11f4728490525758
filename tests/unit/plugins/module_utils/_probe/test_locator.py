# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locator, against controllers on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import locator
from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import OCTET_STRING, SEQUENCE, encode
from ansible_collections.mailforest.stack.plugins.module_utils._probe.ldap import SEARCH_ENTRY, message
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Answer, MessageError

DOMAIN = "corp.example.test"
ALL = f"_ldap._tcp.dc._msdcs.{DOMAIN}"
BRANCH = f"_ldap._tcp.branch._sites.dc._msdcs.{DOMAIN}"
HQ = f"_ldap._tcp.hq._sites.dc._msdcs.{DOMAIN}"


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def pong(controller: str, site: str, client_site: str, *, opcode: int = 23) -> bytes:
    names = (DOMAIN, DOMAIN, f"{controller}.{DOMAIN}", "CORP", controller.upper(), "", site, client_site)
    data = struct.pack("<HHI", opcode, 0, 0x13FD) + bytes(16) + b"".join(name(text) for text in names) + bytes(8)
    values = encode(0x31, encode(OCTET_STRING, data))
    attributes = encode(SEQUENCE, encode(SEQUENCE, encode(OCTET_STRING, b"Netlogon"), values))
    return message(1, encode(SEARCH_ENTRY, encode(OCTET_STRING), attributes))


class Records:
    """DNS from a table."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        self._table = table

    def lookup(self, name: str, kind: str) -> Answer:
        values = self._table.get(name, [])
        return Answer(name=name, type=kind, values=tuple(values), error="" if values else "NXDOMAIN")


class Controller:
    """Answers pings on an address of its own."""

    def __init__(self, address: str, port: int, reply: bytes) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.port = self._socket.getsockname()[1]
        self._reply = reply
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                _request, client = self._socket.recvfrom(2048)
                self._socket.sendto(b"garbage", client)
                self._socket.sendto(self._reply, client)
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()


TABLE = {
    ALL: ["0 100 389 dc1.", "10 100 389 dc3."],
    BRANCH: ["0 100 389 dc3."],
    HQ: ["0 100 389 dc1."],
    "dc1.": ["127.0.0.11"],
    "dc3.": ["127.0.0.13"],
}


@pytest.fixture
def controllers() -> Iterator[dict[str, Controller]]:
    """A client of the branch; dc1 is at hq, dc3 at the branch."""
    first = Controller("127.0.0.11", 0, pong("dc1", "hq", "branch"))
    made = {"dc1": first, "dc3": Controller("127.0.0.13", first.port, pong("dc3", "branch", "branch"))}
    yield made
    for controller in made.values():
        controller.close()


def search(controllers: dict[str, Controller], table: Mapping[str, list[str]] = TABLE) -> locator.Search:
    port = controllers["dc1"].port
    return locator.Locator(Records(table), DOMAIN, timeout=0.3, port=port).locate()


def test_a_client_is_sent_to_its_own_site(controllers: dict[str, Controller]) -> None:
    found = search(controllers)
    assert found.found
    assert (found.found.controller, found.found.controller_site) == (f"dc3.{DOMAIN}", "branch")
    assert [(step["controller"], step["answered"]) for step in found.tried] == [("dc1", True), ("dc3", True)]
    assert list(locator._problems(found, domain=DOMAIN, site="branch")) == []


def test_a_client_stays_with_another_site_when_its_own_is_down(controllers: dict[str, Controller]) -> None:
    controllers["dc3"].close()
    found = search(controllers)
    assert found.found
    assert (found.found.controller, found.found.client_site) == (f"dc1.{DOMAIN}", "branch")
    (problem,) = locator._problems(found, domain=DOMAIN, site="branch")
    assert "dc1.corp.example.test in site hq, not to a controller of site branch" in problem
    assert list(locator._problems(found, domain=DOMAIN, site=None)) == []


def test_nobody_answers(controllers: dict[str, Controller]) -> None:
    for controller in controllers.values():
        controller.close()
    found = search(controllers)
    assert found.found is None
    assert [step["answered"] for step in found.tried] == [False, False]
    assert "none of the controllers" in next(iter(locator._problems(found, domain=DOMAIN, site="branch")))


def test_dns_knows_nobody(controllers: dict[str, Controller]) -> None:
    found = search(controllers, {})
    assert "NXDOMAIN" in next(iter(locator._problems(found, domain=DOMAIN, site=None)))


@pytest.mark.parametrize("reply", [b"", b"\x30\x01", pong("dc1", "hq", "hq", opcode=9)])
def test_what_is_no_answer_is_refused(reply: bytes) -> None:
    with pytest.raises(MessageError):
        locator.understand(reply, "127.0.0.1")


def test_the_lowest_priority_comes_first() -> None:
    records = ["10 1 389 c.", "0 0 389 a.", "5 1 389 b."]
    assert [target for _order, target in sorted(locator._preferred(records))] == ["a.", "b.", "c."]
