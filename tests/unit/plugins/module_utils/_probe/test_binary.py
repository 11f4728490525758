# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS, Kerberos, CLDAP, NTP, SMB and RPC, with replies laid out by hand after their specifications."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Finding, Stage, Verdict, check
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import tlv

Answer = Callable[[bytes], bytes | None]
ARGUMENTS = {"dns": "corp.example.test", "kerberos": "CORP.EXAMPLE.TEST", "cldap": "corp.example.test", "ntp": ""}


def dns(rcode: int) -> Answer:
    """RFC 1035, section 4.1.1: the question comes back with QR, AA and the response code set."""
    return lambda request: request[:2] + bytes([0x85, rcode]) + request[4:6] + b"\0\1\0\0\0\0" + request[12:]


def kerberos(code: int) -> Answer:
    """RFC 4120, section 5.9.1: KRB-ERROR."""

    def number(value: int) -> bytes:
        return tlv(2, bytes([value]))

    def text(value: bytes) -> bytes:
        return tlv(0x1B, value)

    error = tlv(
        0x7E,
        tlv(
            0x30,
            tlv(0xA0, number(5)),
            tlv(0xA1, number(30)),
            tlv(0xA4, tlv(0x18, b"20261123170000Z")),
            tlv(0xA5, number(0)),
            tlv(0xA6, number(code)),
            tlv(0xA9, text(b"CORP.EXAMPLE.TEST")),
            tlv(0xAA, tlv(0x30, tlv(0xA0, number(2)), tlv(0xA1, tlv(0x30, text(b"krbtgt"))))),
        ),
    )
    return lambda request: error


def cldap(*, served: bool) -> Answer:
    """MS-ADTS, section 6.3.3.2: an entry with the Netlogon attribute, or only the end of the search."""
    attribute = tlv(0x30, tlv(4, b"Netlogon"), tlv(0x31, tlv(4, struct.pack("<HHI", 23, 0, 0x3FD))))
    entry = tlv(0x30, tlv(2, b"\1"), tlv(0x64, tlv(4), tlv(0x30, attribute)))
    end = tlv(0x30, tlv(2, b"\1"), tlv(0x65, tlv(10, b"\0"), tlv(4), tlv(4)))
    return lambda request: entry + end if served else end


def ntp(*, leap: int = 0, stratum: int = 2, ahead: float = 0.0) -> Answer:
    """RFC 5905, section 7.3: mode 4, the client's transmit time as origin."""

    def answer(request: bytes) -> bytes:
        now = int((time.time() + 2208988800 + ahead) * 2**32)
        return bytes([leap << 6 | 0x24, stratum]) + bytes(22) + request[40:48] + bytes(8) + now.to_bytes(8, "big")

    return answer


def over_udp(answer: Answer, protocol: str, **keys: Any) -> Finding:
    """Check a UDP port that answers so."""
    with fakes.answering(answer) as port:
        options = {"argument": ARGUMENTS.get(protocol), "timeout": 0.6, **keys}
        return check(host="127.0.0.1", port=port, transport="udp", protocol=protocol, **options).finding


def over_tcp(answer: Answer, protocol: str, octets: int) -> Finding:
    """Check a TCP port that answers so, with a length in front."""

    def behave(connection: socket.socket) -> None:
        request = connection.recv(4096)
        reply = answer(request[octets:]) or b""
        connection.sendall(len(reply).to_bytes(octets, "big") + reply)
        connection.recv(4096)

    with fakes.listening(behave) as port:
        return check(host="127.0.0.1", port=port, protocol=protocol, argument=ARGUMENTS[protocol], timeout=2).finding


@pytest.mark.parametrize(
    ("protocol", "answer", "verdict", "fact"),
    [
        ("dns", dns(0), Verdict.OPEN, {"rcode": "NOERROR", "answers": 1, "authoritative": True}),
        ("dns", dns(2), Verdict.UNKNOWN, {}),
        ("dns", dns(3), Verdict.UNKNOWN, {}),
        ("dns", dns(5), Verdict.UNKNOWN, {}),
        ("dns", lambda request: b"\0\0" + dns(0)(request)[2:], Verdict.WRONG_PROTOCOL, {}),  # type: ignore[index]
        ("dns", lambda request: request, Verdict.WRONG_PROTOCOL, {}),
        ("dns", lambda request: b"hello", Verdict.WRONG_PROTOCOL, {}),
        ("kerberos", kerberos(6), Verdict.OPEN, {"message": "KRB-ERROR", "code": 6, "realm": "CORP.EXAMPLE.TEST"}),
        ("kerberos", kerberos(25), Verdict.OPEN, {"message": "KRB-ERROR", "code": 25, "realm": "CORP.EXAMPLE.TEST"}),
        ("kerberos", lambda request: tlv(0x6B, tlv(0x30)), Verdict.OPEN, {"message": "AS-REP"}),
        ("kerberos", kerberos(68), Verdict.UNKNOWN, {}),
        ("kerberos", lambda request: tlv(0x7E, tlv(0x30)), Verdict.WRONG_PROTOCOL, {}),
        ("kerberos", lambda request: b"\x7e\x20\x30", Verdict.WRONG_PROTOCOL, {}),
        ("kerberos", lambda request: b"hello", Verdict.WRONG_PROTOCOL, {}),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_over_both_transports(
    protocol: str, answer: Answer, verdict: Verdict, fact: dict[str, Any], transport: str
) -> None:
    octets = 2 if protocol == "dns" else 4
    found = over_udp(answer, protocol) if transport == "udp" else over_tcp(answer, protocol, octets)
    assert (found.verdict, found.answer) == (verdict, fact)
    assert found.stage is Stage.PROTOCOL


@pytest.mark.parametrize(
    ("protocol", "answer", "verdict", "fact"),
    [
        ("cldap", cldap(served=True), Verdict.OPEN, {"domain": "corp.example.test"}),
        ("cldap", cldap(served=False), Verdict.UNKNOWN, {}),
        ("cldap", lambda request: request, Verdict.WRONG_PROTOCOL, {}),
        ("cldap", lambda request: b"hello", Verdict.WRONG_PROTOCOL, {}),
        ("cldap", lambda request: b"\x30\x05\x02\x01\x01\x64\x00", Verdict.WRONG_PROTOCOL, {}),
        ("ntp", ntp(), Verdict.OPEN, {"stratum": 2, "synchronised": True}),
        ("ntp", ntp(leap=3, stratum=0), Verdict.OPEN, {"stratum": 0, "synchronised": False}),
        ("ntp", lambda request: request, Verdict.WRONG_PROTOCOL, {}),
        ("ntp", lambda request: b"hello", Verdict.WRONG_PROTOCOL, {}),
        ("ntp", lambda request: b"\x24\x02" + bytes(46), Verdict.WRONG_PROTOCOL, {}),
        ("none", lambda request: b"anything", Verdict.OPEN, {}),
        ("none", lambda request: None, Verdict.OPEN_OR_FILTERED, {}),
        ("dns", lambda request: None, Verdict.OPEN_OR_FILTERED, {}),
        ("kerberos", lambda request: None, Verdict.OPEN_OR_FILTERED, {}),
        ("cldap", lambda request: None, Verdict.OPEN_OR_FILTERED, {}),
        ("ntp", lambda request: None, Verdict.OPEN_OR_FILTERED, {}),
    ],
)
def test_over_udp(protocol: str, answer: Answer, verdict: Verdict, fact: dict[str, Any]) -> None:
    found = over_udp(answer, protocol)
    assert found.verdict is verdict
    assert {key: found.answer.get(key) for key in fact} == fact


def test_ntp_offset() -> None:
    assert over_udp(ntp(ahead=100.0), "ntp").answer["offset"] == pytest.approx(100.0, abs=1.0)


def test_dns_without_a_name_takes_any_answer() -> None:
    found = over_udp(dns(5), "dns", argument=None)
    assert (found.verdict, found.answer["rcode"]) == (Verdict.OPEN, "REFUSED")


def test_an_answer_to_the_second_request_counts() -> None:
    asked: list[bytes] = []

    def second(request: bytes) -> bytes | None:
        asked.append(request)
        return ntp()(request) if len(asked) > 1 else None

    assert over_udp(second, "ntp").verdict is Verdict.OPEN
    assert asked[0] == asked[1]


def test_udp_refused() -> None:
    found = check(host="127.0.0.1", port=fakes.unused_port(socket.SOCK_DGRAM), transport="udp", protocol="ntp").finding
    assert (found.verdict, found.stage) == (Verdict.REFUSED, Stage.CONNECT)


@pytest.mark.parametrize("size", [0, 100000])
def test_absurd_length_over_tcp(size: int) -> None:
    with fakes.listening(fakes.says(size.to_bytes(4, "big"))) as port:
        found = check(host="127.0.0.1", port=port, protocol="kerberos", argument="X").finding
    assert found.verdict is Verdict.WRONG_PROTOCOL


SMB_HEAD = b"\xfeSMB" + struct.pack("<HHI", 64, 0, 0) + bytes(52)


@pytest.mark.parametrize(
    ("protocol", "reply", "verdict", "fact"),
    [
        # MS-SMB2, section 2.2.4: StructureSize 65, SecurityMode, DialectRevision
        (
            "smb",
            struct.pack(">I", 70) + SMB_HEAD + struct.pack("<HHH", 65, 3, 0x0302),
            Verdict.OPEN,
            {"dialect": "3.0.2", "signing_required": True},
        ),
        (
            "smb",
            struct.pack(">I", 70) + SMB_HEAD + struct.pack("<HHH", 65, 1, 0x0210),
            Verdict.OPEN,
            {"dialect": "2.1.0", "signing_required": False},
        ),
        ("smb", struct.pack(">I", 70) + SMB_HEAD[:8] + b"\x0d\0\0\xc0" + bytes(62), Verdict.WRONG_PROTOCOL, {}),
        ("smb", b"HTTP/1.1 400 Bad Request\r\n" * 4, Verdict.WRONG_PROTOCOL, {}),
        # C706, section 12.6.4: version 5.0, type 12 bind_ack or 13 bind_nak
        ("rpc", b"\5\0\x0c\3" + bytes(12), Verdict.OPEN, {"endpoint_mapper": True}),
        ("rpc", b"\5\0\x0d\3" + bytes(12), Verdict.OPEN, {"endpoint_mapper": False}),
        ("rpc", b"HTTP/1.1 400 Bad Request\r\n", Verdict.WRONG_PROTOCOL, {}),
    ],
)
def test_windows_protocols(protocol: str, reply: bytes, verdict: Verdict, fact: dict[str, Any]) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(reply)
        connection.recv(4096)

    with fakes.listening(behave) as port:
        found = check(host="127.0.0.1", port=port, protocol=protocol, timeout=2).finding
    assert (found.verdict, found.answer) == (verdict, fact)
