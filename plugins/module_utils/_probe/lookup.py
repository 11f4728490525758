# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look records up in DNS (RFC 1035, RFC 2782), at given servers or at the system's, with the standard library only."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}
_FINAL = ("", "NXDOMAIN")
"""Answers after which no other server is asked."""
_INTERNET, _RECURSION_DESIRED, _RESPONSE, _TRUNCATED = 1, 0x0100, 0x8000, 0x0200
_HEADER = struct.Struct(">HHHHHH")
_LARGEST = 65535
_MOST_POINTERS = 64


class MessageError(ValueError):
    """The bytes are no answer to the question."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What DNS says about one name and type."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    """As zone files have them; names end with a dot."""
    error: str = ""
    """Empty when there are values."""
    server: str = ""

    def shown(self) -> dict[str, object]:
        """What the module tells of it."""
        return {
            "name": self.name,
            "type": self.type,
            "values": list(self.values),
            "error": self.error,
            "server": self.server,
        }


def read_name(message: bytes, position: int) -> tuple[str, int]:
    """A name that may be compressed (RFC 1035 4.1.4), with a final dot, and the position behind it."""
    labels: list[str] = []
    behind, jumps = None, 0
    while True:
        length = _octet(message, position)
        if length >= 0xC0:
            behind = position + 2 if behind is None else behind
            position = (length & 0x3F) << 8 | _octet(message, position + 1)
            jumps += 1
            if jumps > _MOST_POINTERS:
                raise MessageError("a name without end")
            continue
        position += 1
        if length == 0:
            return ".".join(labels) + ".", position if behind is None else behind
        label = message[position : position + length]
        if len(label) < length:
            raise MessageError("a name is cut off")
        labels.append(label.decode("utf-8", "replace"))
        position += length


def _octet(message: bytes, position: int) -> int:
    if position >= len(message):
        raise MessageError("the message is cut off")
    return message[position]


def question(number: int, name: str, kind: str) -> bytes:
    """A query for one name and type."""
    labels = [label.encode("idna") if not label.isascii() else label.encode() for label in name.rstrip(".").split(".")]
    if any(not 0 < len(label) < 64 for label in labels):
        raise MessageError(f"'{name}' is no name")
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    head = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    return head + encoded + struct.pack(">HH", TYPES[kind], _INTERNET)


def _host(message: bytes, start: int, end: int) -> str:
    return read_name(message, start)[0].lower()


def _address(message: bytes, start: int, end: int) -> str:
    return str(ipaddress.ip_address(message[start:end]))


def _texts(message: bytes, start: int, end: int) -> str:
    found = b""
    while start < end:
        length = message[start]
        found += message[start + 1 : start + 1 + length]
        start += 1 + length
    return found.decode("utf-8", "backslashreplace")


def _numbers_and_host(count: int) -> Callable[[bytes, int, int], str]:
    def text(message: bytes, start: int, end: int) -> str:
        numbers = struct.unpack_from(f">{count}H", message, start)
        return " ".join([*map(str, numbers), _host(message, start + 2 * count, end)])

    return text


def _soa(message: bytes, start: int, end: int) -> str:
    primary, position = read_name(message, start)
    contact, position = read_name(message, position)
    return " ".join([primary.lower(), contact.lower(), *map(str, struct.unpack_from(">5I", message, position))])


_TEXT: Mapping[str, Callable[[bytes, int, int], str]] = {
    "A": _address,
    "AAAA": _address,
    "CNAME": _host,
    "MX": _numbers_and_host(1),
    "NS": _host,
    "PTR": _host,
    "SOA": _soa,
    "SRV": _numbers_and_host(3),
    "TXT": _texts,
}


def understand(message: bytes, number: int, kind: str) -> tuple[str, tuple[str, ...], bool]:
    """The response code ('' when it is well), the values of the type, and whether the rest did not fit."""
    if len(message) < _HEADER.size:
        raise MessageError("the message is cut off")
    replied, flags, questions, answers, _authorities, _more = _HEADER.unpack_from(message)
    if replied != number or not flags & _RESPONSE:
        raise MessageError("an answer to something else")
    code = flags & 0x0F
    error = _RCODES.get(code, str(code)) if code else ""
    try:
        return error, tuple(_values(message, kind, questions, answers)), bool(flags & _TRUNCATED)
    except (struct.error, ValueError) as exc:
        raise MessageError(str(exc)) from exc


def _values(message: bytes, kind: str, questions: int, answers: int) -> Iterator[str]:
    position = _HEADER.size
    for _turn in range(questions):
        position = read_name(message, position)[1] + 4
    for _turn in range(answers):
        position = read_name(message, position)[1]
        found, _class, _ttl, length = struct.unpack_from(">HHIH", message, position)
        start = position + 10
        position = start + length
        if found == TYPES[kind]:
            yield _TEXT[kind](message, start, position)


def system_servers(file: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The name servers of this host, in their order."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    words = (line.split() for line in lines)
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]


@dataclass(frozen=True, kw_only=True)
class Dns:
    """Asks servers one after the other, each twice; one that is gone costs its timeout once only."""

    servers: Sequence[str]
    timeout: float = 2.0
    port: int = 53
    _silent: set[str] = field(default_factory=set)

    def lookup(self, name: str, kind: str) -> Answer:
        """Ask until somebody knows."""
        faults = []
        for server in [*self._alive(), *self._silent]:
            try:
                error, values = self._ask(server, name, kind)
            except (OSError, MessageError) as exc:
                self._silent.add(server)
                faults.append(f"{server}: {str(exc) or 'no answer'}")
                continue
            if error in _FINAL:
                error = error or ("" if values else "no such record")
                return Answer(name=name, type=kind, values=tuple(sorted(values)), error=error, server=server)
            faults.append(f"{server}: {error}")
        return Answer(name=name, type=kind, error="; ".join(faults) or "there is no name server")

    def _alive(self) -> list[str]:
        return [server for server in self.servers if server not in self._silent]

    def _ask(self, server: str, name: str, kind: str) -> tuple[str, tuple[str, ...]]:
        number = secrets.randbits(16)
        request = question(number, name, kind)
        error, values, truncated = self._by_udp(server, request, number, kind)
        if truncated:
            reply = self._by_tcp(server, request)
            error, values, _truncated = understand(reply, number, kind)
        return error, values

    def _by_udp(self, server: str, request: bytes, number: int, kind: str) -> tuple[str, tuple[str, ...], bool]:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as connection:
            connection.connect((server, self.port))
            for _turn in range(2):
                connection.send(request)
                deadline = time.monotonic() + self.timeout / 2
                while (left := deadline - time.monotonic()) > 0:
                    connection.settimeout(left)
                    with contextlib.suppress(MessageError, TimeoutError):
                        return understand(connection.recv(_LARGEST), number, kind)
        raise TimeoutError(f"no answer in {self.timeout:g} s")

    def _by_tcp(self, server: str, request: bytes) -> bytes:
        with socket.create_connection((server, self.port), timeout=self.timeout) as connection:
            connection.sendall(struct.pack(">H", len(request)) + request)
            (size,) = struct.unpack(">H", _exactly(connection, 2))
            return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise MessageError("the answer is cut off")
        data += piece
    return data


def lookup_all(dns: Dns, asked: Iterable[tuple[str, str]]) -> list[Answer]:
    """All names and types, in their order."""
    return [dns.lookup(name, kind) for name, kind in asked]
