# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand-made hello, read by OpenSSL, and how its answers are read."""

from __future__ import annotations

import asyncio
import ssl
import struct

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.hello import offer_older
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import NAME, Authority, Behaviour


def offer(behave: Behaviour, minimum: str = "TLSv1.2", name: str = NAME) -> str:
    """Offer a server what is older than minimum."""

    async def talk(port: int) -> str:
        async with asyncio.timeout(5), await Channel.dial("127.0.0.1", port) as channel:
            return await offer_older(channel, minimum, name)

    with fakes.listening(behave) as port:
        return asyncio.run(talk(port))


def serve(context: ssl.SSLContext) -> Behaviour:
    """Do a handshake."""
    return fakes.over_tls(context, fakes.silence)


@pytest.mark.parametrize(
    ("newest", "minimum", "taken"),
    [
        (ssl.TLSVersion.TLSv1, "TLSv1.2", "TLSv1"),
        (ssl.TLSVersion.TLSv1_1, "TLSv1.2", "TLSv1.1"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.2", "TLSv1.1"),
        (ssl.TLSVersion.TLSv1, "TLSv1.3", "TLSv1"),
        (ssl.TLSVersion.TLSv1_2, "TLSv1.3", "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3", "TLSv1.2"),
    ],
)
def test_a_server_takes_its_newest_of_what_is_offered(
    authority: Authority, newest: ssl.TLSVersion, minimum: str, taken: str
) -> None:
    assert offer(serve(fakes.with_old_tls(authority.context(), newest=newest)), minimum) == taken


@pytest.mark.parametrize("oldest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_without_old_versions_refuses(authority: Authority, oldest: ssl.TLSVersion) -> None:
    context = authority.context()
    context.minimum_version = oldest
    assert offer(serve(context), "TLSv1.2" if oldest is ssl.TLSVersion.TLSv1_2 else "TLSv1.3") == ""


@pytest.mark.parametrize(("name", "asked"), [(NAME, NAME), ("bücher.example.test", "xn--bcher-kva.example.test")])
def test_the_server_sees_the_name(authority: Authority, name: str, asked: str) -> None:
    assert _names_asked(authority, name) == [asked]


@pytest.mark.parametrize("address", ["198.51.100.68", "2001:db8::1"])
def test_an_address_is_not_sent_as_a_name(authority: Authority, address: str) -> None:
    assert _names_asked(authority, address) == [None]


def _names_asked(authority: Authority, name: str) -> list[str | None]:
    asked: list[str | None] = []
    context = fakes.with_old_tls(authority.context(), newest=ssl.TLSVersion.TLSv1_1)
    context.sni_callback = lambda _connection, server_name, _context: asked.append(server_name)
    assert offer(serve(context), name=name) == "TLSv1.1"
    return asked


def _hello(version: int) -> bytes:
    body = b"\x02\x00\x00\x26" + struct.pack(">H", version) + bytes(36)
    return struct.pack(">BHH", 22, 0x0301, len(body)) + body


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (fakes.says(_hello(0x0300)), "SSLv3"),
        (fakes.says(_hello(0x0303)), ""),
        (fakes.says(b"\x15\x03\x01\x00\x02\x02\x46"), ""),
        (fakes.after_a_word(fakes.hang_up), ""),
        (fakes.after_a_word(fakes.resets), ""),
    ],
)
def test_how_an_answer_is_read(answer: Behaviour, taken: str) -> None:
    assert offer(answer) == taken


@pytest.mark.parametrize("answer", [b"220 mx1 ESMTP\r\n", b"\x16\x03\x01\x00\x02\x02\x00", b"\x17\x03\x03\x00\x10" * 9])
def test_another_answer_is_no_refusal(answer: bytes) -> None:
    with pytest.raises(Judged, match="answered an old TLS hello with") as caught:
        offer(fakes.says(answer))
    assert caught.value.verdict is Verdict.WRONG_TLS
