# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a header says of a message's way, and what is a fault in it."""

from __future__ import annotations

import email

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import headers
from ansible_collections.mailforest.stack.plugins.module_utils._mail.headers import Hop, Judged

ARRIVED = """\
Return-Path: <alice@example.test>
Received: from mx2.example.test
\tby mx2.example.test with LMTP
\tid ssGnJTrdC2vgGwAAo0E
\t(envelope-from <alice@example.test>)
\tfor <alice@example.test>; Sun, 29 Nov 2026 08:07:22 +0000
Authentication-Results: mx2.example.test;
\tdkim=pass header.d=example.test header.s=mail (a comment; with a semicolon) header.b=abc;
\tspf=none smtp.mailfrom=alice@example.test; dmarc=pass (policy=reject) header.from=example.test
Authentication-Results: elsewhere.invalid; dkim=fail
Received: from mx1.example.test (mx1.example.test [198.51.100.70])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
\t key-exchange X25519 server-signature ECDSA (prime256v1) server-digest SHA256)
\t(Client CN "mx1.example.test", Issuer "CA" (verified OK))
\tby mx2.example.test (Postfix) with ESMTPS id 6F315272552
\tfor <alice@example.test>; Sun, 29 Nov 2026 08:07:21 +0000 (UTC)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.test;
\ts=mail; t=1795939641; h=from:to; bh=abc=; b=def
\tghi==
Received: from laptop (unknown [198.51.100.10])
\t(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))
\tby mx1.example.test (Postfix) with ESMTPSA id 4A1B2C3D
\tfor <alice@example.test>; Sun, 29 Nov 2026 08:07:20 +0000 (UTC)
Message-ID: <1@example.test>

"""
OK = "2.0.0 Ok: queued as 4A1B2C3D"


def _judged(text: str = ARRIVED) -> Judged:
    trusted = ["mx1.example.test", "mx2.example.test"]
    return headers.judge(email.message_from_string(text), trusted=trusted)


def _faults(text: str, *, accepted: str = OK, dkim: str = "any") -> list[str]:
    return list(
        headers.faults(_judged(text), server="mx1.example.test", accepted=accepted, domain="example.test", dkim=dkim)
    )


def test_every_hop_is_read_the_first_one_first() -> None:
    assert _judged().hops == (
        Hop(
            sender="laptop",
            by="mx1.example.test",
            protocol="ESMTPSA",
            id="4A1B2C3D",
            tls="TLSv1.2",
            cipher="ECDHE-RSA-AES256-GCM-SHA384",
        ),
        Hop(
            sender="mx1.example.test",
            by="mx2.example.test",
            protocol="ESMTPS",
            id="6F315272552",
            tls="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
        ),
        Hop(
            sender="mx2.example.test",
            by="mx2.example.test",
            protocol="LMTP",
            id="ssGnJTrdC2vgGwAAo0E",
            tls="",
            cipher="",
        ),
    )


def test_checks_are_read_and_only_those_of_our_servers_count() -> None:
    found = _judged()
    assert [(one.by, one.trusted, one.method, one.result) for one in found.authentication] == [
        ("mx2.example.test", True, "dkim", "pass"),
        ("mx2.example.test", True, "spf", "none"),
        ("mx2.example.test", True, "dmarc", "pass"),
        ("elsewhere.invalid", False, "dkim", "fail"),
    ]
    assert found.authentication[0].properties == {
        "header.d": "example.test",
        "header.s": "mail",
        "header.b": "abc",
    }
    assert found.trusted("dkim") == ("pass",)


def test_a_signature_says_whose_it_is() -> None:
    assert [(one.domain, one.selector) for one in _judged().signatures] == [("example.test", "mail")]


@pytest.mark.parametrize("dkim", ["any", "signed", "pass"])
def test_a_message_without_fault(dkim: str) -> None:
    assert _faults(ARRIVED, dkim=dkim) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("with ESMTPSA id", "with ESMTPS id", "over TLS after a login"),
        ("with ESMTPSA id", "with ESMTP id", "over TLS after a login"),
        (
            "with ESMTPS id",
            "with ESMTP id",
            "From mx1.example.test to mx2.example.test the message went without TLS (ESMTP)",
        ),
        ("id 4A1B2C3D", "id 5555", "took the message as 4A1B2C3D, and no Received header names that number"),
        ("dkim=pass", "dkim=fail", "dkim=fail"),
        ("spf=none", "spf=softfail", "spf=softfail"),
        ("dmarc=pass", "dmarc=fail", "Correct the DMARC records of example.test"),
    ],
)
def test_each_fault_is_told_with_a_remedy(old: str, new: str, words: str) -> None:
    (fault,) = _faults(ARRIVED.replace(old, new))
    assert words in fault


@pytest.mark.parametrize(
    ("dkim", "old", "new", "words"),
    [
        ("signed", "d=example.test;", "d=other.test;", "no DKIM signature of example.test (signatures: other.test)"),
        ("pass", "dkim=pass", "dkim=none", "No server of ours found a good DKIM signature (they said: none)"),
        ("pass", "Authentication-Results: mx2", "Authentication-Results: mx3", "they said: nothing"),
    ],
)
def test_what_is_demanded_of_dkim(dkim: str, old: str, new: str, words: str) -> None:
    text = ARRIVED.replace(old, new)
    assert _faults(text) == []
    (fault,) = _faults(text, dkim=dkim)
    assert words in fault


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("from a by mx1 (Postfix) with ESMTPSA id 1; now", True),
        ("from a by mx1 (Postfix) with UTF8SMTPSA id 1; now", True),
        ("from a by mx1 (Postfix) with esmtpsa id 1; now", True),
        ("from a by mx1 (Postfix) with ESMTPS id 1; now", False),
        ("from a by mx1 (Postfix, with ESMTPSA) with ESMTP id 1; now", False),
        ("from a by mx1 with LMTPSA id 1; now", False),
    ],
)
def test_only_a_login_under_tls_counts(received: str, expected: bool) -> None:
    (hop,) = _judged(f"Received: {received}\n\n").hops
    assert hop.authenticated is expected


@pytest.mark.parametrize(
    ("received", "secure"),
    [
        ("from mx1 by mx1 with SMTP id 1; now", True),
        ("from localhost by mx1 with ESMTP id 1; now", True),
        ("from mx1 by mx2 with UTF8SMTPS id 1; now", True),
        ("from mx1 by mx2 with UTF8LMTPS id 1; now", True),
        ("from mx1 by mx2 with LMTP id 1; now", True),
        ("from mx1 by mx2 with ESMTP id 1; now", False),
        ("from mx1 by mx2 with UTF8SMTP id 1; now", False),
        ("by mx2 id 1; now", False),
    ],
)
def test_a_hop_is_secure_under_tls_or_within_a_host(received: str, secure: bool) -> None:
    (hop,) = _judged(f"Received: {received}\n\n").hops
    assert hop.secure is secure


@pytest.mark.parametrize(
    ("answer", "number"),
    [(OK, "4A1B2C3D"), ("2.0.0 Ok: queued as 4bXyz12abc", "4bXyz12abc"), ("2.0.0 Message accepted", "")],
)
def test_the_queues_number(answer: str, number: str) -> None:
    assert headers.queue_id(answer) == number


def test_a_server_that_names_no_number_is_not_at_fault() -> None:
    assert _faults(ARRIVED, accepted="2.0.0 Message accepted") == []
