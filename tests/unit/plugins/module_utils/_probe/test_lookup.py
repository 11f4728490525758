# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking names up, against a name server on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import lookup
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Dns, MessageError

NAME = "_ldap._tcp.corp.example.test"
POINTER = b"\xc0\x0c"


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def record(kind: str, data: bytes) -> bytes:
    return POINTER + struct.pack(">HHIH", lookup.TYPES[kind], 1, 60, len(data)) + data


def message(request: bytes, *records: bytes, flags: int = 0x8180) -> bytes:
    return request[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + request[12:] + b"".join(records)


class Server:
    """Answers every query with what it is told, over UDP and TCP on one port."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.flags = 0x8180
        self.asked = 0
        self.silent = False
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def _serve_udp(self) -> None:
        while True:
            try:
                request, client = self._udp.recvfrom(512)
            except OSError:
                return
            self.asked += 1
            if self.silent:
                continue
            self._udp.sendto(b"garbage", client)
            truncated = bool(self.flags & 0x0200)
            self._udp.sendto(message(request, *([] if truncated else self.records), flags=self.flags), client)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _client = self._tcp.accept()
            except OSError:
                return
            with connection:
                (size,) = struct.unpack(">H", connection.recv(2))
                reply = message(connection.recv(size), *self.records)
                connection.sendall(struct.pack(">H", len(reply)) + reply)

    def close(self) -> None:
        self._udp.close()
        self._tcp.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def dns(server: Server, *servers: str) -> Dns:
    return Dns(servers=servers or ("127.0.0.1",), port=server.port, timeout=0.4)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("A", bytes([198, 51, 100, 70]), "198.51.100.70"),
        ("AAAA", bytes(15) + b"\x01", "::1"),
        ("SRV", struct.pack(">HHH", 0, 100, 389) + name("DC1.corp.example.test"), "0 100 389 dc1.corp.example.test."),
        ("SRV", struct.pack(">HHH", 0, 100, 389) + b"\x03dc1" + POINTER, f"0 100 389 dc1.{NAME}."),
        ("MX", struct.pack(">H", 10) + name("mx1.example.test"), "10 mx1.example.test."),
        ("CNAME", name("www.example.test"), "www.example.test."),
        ("TXT", b"\x03v=s\x03pf1", "v=spf1"),
        ("SOA", name("a.test") + name("b.test") + struct.pack(">5I", 1, 2, 3, 4, 5), "a.test. b.test. 1 2 3 4 5"),
    ],
)
def test_values_are_told_as_zone_files_have_them(server: Server, kind: str, data: bytes, text: str) -> None:
    server.records = [record(kind, data), record("A" if kind != "A" else "TXT", b"\x01\x01\x01\x01")]
    answer = dns(server).lookup(NAME, kind)
    assert (answer.values, answer.error, answer.server) == ((text,), "", "127.0.0.1")
    assert answer.shown()["values"] == [text]


@pytest.mark.parametrize(("flags", "error"), [(0x8183, "NXDOMAIN"), (0x8180, "no such record")])
def test_that_there_is_nothing_is_an_answer(server: Server, flags: int, error: str) -> None:
    server.flags = flags
    assert dns(server).lookup(NAME, "SRV").error == error


def test_a_server_that_fails_is_told(server: Server) -> None:
    server.flags = 0x8182
    assert dns(server).lookup(NAME, "SRV").error == "127.0.0.1: SERVFAIL"


def test_what_does_not_fit_is_asked_for_by_tcp(server: Server) -> None:
    server.flags |= 0x0200
    server.records = [record("A", bytes([198, 51, 100, number])) for number in range(40)]
    assert len(dns(server).lookup(NAME, "A").values) == 40


def test_a_server_that_is_gone_costs_its_time_once(server: Server) -> None:
    server.records = [record("A", bytes([198, 51, 100, 70]))]
    asking = dns(server, "127.0.0.2", "127.0.0.1")
    assert [asking.lookup(NAME, "A").server for _turn in range(2)] == ["127.0.0.1"] * 2
    assert "127.0.0.2" in asking._silent


def test_nobody_answers(server: Server) -> None:
    server.silent = True
    assert "no answer in 0.4 s" in dns(server).lookup(NAME, "A").error
    assert server.asked == 2


def test_no_server_at_all() -> None:
    assert Dns(servers=()).lookup(NAME, "A").error == "there is no name server"


@pytest.mark.parametrize("text", ["a..b", "x" * 64])
def test_what_is_no_name_is_told(server: Server, text: str) -> None:
    assert "is no name" in dns(server).lookup(text, "A").error


@pytest.mark.parametrize("data", [b"", b"\xc0\x00", b"\x05ab", b"\x01a"])
def test_a_broken_name_ends(data: bytes) -> None:
    with pytest.raises(MessageError):
        lookup.read_name(data, 0)


def test_the_systems_servers(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    assert lookup.system_servers(file) == []
    file.write_text("search x.test\n# nameserver 198.51.100.1\nnameserver 198.51.100.70\nnameserver\nnameserver ::1\n")
    assert lookup.system_servers(file) == ["198.51.100.70", "::1"]
