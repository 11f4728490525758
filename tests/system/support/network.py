# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client without any code of ours sees on the network."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
from testinfra.host import Host

_NTP_EPOCH = 2208988800


def tcp(address: str, port: int, *, seconds: float = 2) -> str:
    """`open`, `refused` or `silent`."""
    try:
        socket.create_connection((address, port), timeout=seconds).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"
    return "open"


def records(server: str, name: str, kind: str) -> list[str]:
    """What a DNS server says of a name, sorted; an empty list when there is nothing."""
    query = dns.message.make_query(name, kind)
    answer = dns.query.udp(query, server, timeout=5)
    wanted = dns.rdatatype.from_text(kind)
    return sorted(str(item) for rrset in answer.answer if rrset.rdtype == wanted for item in rrset)


def texts(server: str, name: str) -> list[str]:
    """What a DNS server says in TXT records of a name, the strings of each joined; over TCP, as keys are long."""
    answer = dns.query.tcp(dns.message.make_query(name, "TXT"), server, timeout=5)
    rows = [item for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for item in rrset]
    return sorted(b"".join(item.strings).decode() for item in rows)


def handshake(address: str, port: int, *, name: str, context: ssl.SSLContext) -> dict[str, object]:
    """The certificate that a client which checks chain and name has accepted."""
    with (
        socket.create_connection((address, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        return dict(secured.getpeercert() or {})


def clock_offset(server: str) -> float:
    """Seconds by which a time server's clock differs from ours (RFC 5905, client mode)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"\x23" + 47 * b"\0", (server, 123))
        reply = client.recv(512)
    seconds, fraction = struct.unpack("!II", reply[40:48])
    assert reply[0] & 7 == 4, "this is not an answer of a server"
    return float(seconds - _NTP_EPOCH + fraction / 2**32 - time.time())


def _ber(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + size + content


def ldap_bind(address: str, *, user: str, password: str, name: str = "", context: ssl.SSLContext | None = None) -> int:
    """The result code of a simple bind (RFC 4511 4.2), with a context over TLS: 0 success, 49 invalid credentials."""
    with socket.create_connection((address, 636 if context else 389), timeout=10) as plain:
        link = context.wrap_socket(plain, server_hostname=name) if context else plain
        with link:
            return _ldap(link, _ldap_login(user, password))


def ldap_replace(
    address: str, *, user: str, password: str, dn: str, values: dict[str, str], name: str, context: ssl.SSLContext
) -> dict[str, int]:
    """The result code of replacing each attribute of an object as a user (RFC 4511 4.6): 0 done, 50 no right to."""
    with (
        socket.create_connection((address, 636), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as link,
    ):
        assert _ldap(link, _ldap_login(user, password)) == 0
        codes = {}
        for attribute, value in values.items():
            content = _ber(0x04, attribute.encode()) + _ber(0x31, _ber(0x04, value.encode()))
            change = _ber(0x30, _ber(0x0A, b"\x02") + _ber(0x30, content))
            codes[attribute] = _ldap(link, _ber(0x66, _ber(0x04, dn.encode()) + _ber(0x30, change)))
        return codes


def ldap_add(
    address: str, *, user: str, password: str, dn: str, values: Mapping[str, str], name: str, context: ssl.SSLContext
) -> int:
    """The result code of adding an object (RFC 4511 4.7): 0 done, 68 there already; that of the login, if it fails."""
    with (
        socket.create_connection((address, 636), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as link,
    ):
        if code := _ldap(link, _ldap_login(user, password)):
            return code
        rows = (_ber(0x04, key.encode()) + _ber(0x31, _ber(0x04, value.encode())) for key, value in values.items())
        attributes = b"".join(_ber(0x30, row) for row in rows)
        return _ldap(link, _ber(0x68, _ber(0x04, dn.encode()) + _ber(0x30, attributes)))


def ldap_time(address: str) -> float:
    """The clock of a directory server, as its root entry tells it to everybody, in seconds since 1970."""
    base, filtered = _ber(0x04, b""), _ber(0x87, b"objectClass")
    limits = 2 * _ber(0x0A, b"\0") + 2 * _ber(0x02, b"\0") + _ber(0x01, b"\0")
    search = _ber(0x63, base + limits + filtered + _ber(0x30, _ber(0x04, b"currentTime")))
    with socket.create_connection((address, 389), timeout=10) as link:
        link.sendall(_ber(0x30, _ber(0x02, b"\x01") + search))
        found = re.search(rb"(\d{14})\.0Z", link.recv(4096))
    assert found, "this is not an answer of a domain controller"
    return datetime.strptime(f"{found[1].decode()}+0000", "%Y%m%d%H%M%S%z").timestamp()


def _ldap_login(user: str, password: str) -> bytes:
    return _ber(0x60, _ber(0x02, b"\x03") + _ber(0x04, user.encode()) + _ber(0x80, password.encode()))


def _ldap(link: socket.socket, request: bytes) -> int:
    link.sendall(_ber(0x30, _ber(0x02, b"\x01") + request))
    reply = link.recv(4096)
    # The first ENUMERATED of one octet is the result code of the response.
    return reply[reply.index(b"\x0a\x01") + 2]


def tcp_from(host: Host, targets: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What `tcp` finds, seen from another host; many at once."""
    wanted = list(targets)
    done = host.run("python3 -c %s %s", _TCP_FROM, json.dumps(wanted))
    assert done.rc == 0, done.stderr
    return dict(zip(wanted, json.loads(done.stdout), strict=True))


def open_from(host: Host, addresses: Iterable[str], ports: Iterable[int]) -> set[tuple[str, int]]:
    """Which of the ports take a TCP connection from another host, at any of the addresses. It may be thousands."""
    done = host.run("python3 -c %s %s %s", _OPEN_FROM, json.dumps(list(addresses)), json.dumps(list(ports)))
    assert done.rc == 0, done.stderr
    return {(address, port) for address, port in json.loads(done.stdout)}


_TCP_FROM = """
import concurrent.futures, json, socket, sys
def look(target):
    try:
        socket.create_connection(tuple(target), timeout=2).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"
    return "open"
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(list(pool.map(look, json.loads(sys.argv[1])))))
"""
_OPEN_FROM = """
import asyncio, json, sys
async def look(address, port, slots):
    async with slots:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 2)
        except (OSError, asyncio.TimeoutError):
            return None
        writer.close()
        return (address, port)
async def main():
    slots = asyncio.Semaphore(900)
    targets = [(a, p) for p in json.loads(sys.argv[2]) for a in json.loads(sys.argv[1])]
    found = await asyncio.gather(*(look(*target, slots) for target in targets))
    print(json.dumps([target for target in found if target]))
asyncio.run(main())
"""
