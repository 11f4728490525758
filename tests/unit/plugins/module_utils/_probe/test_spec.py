# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake in the list of checks is named, with its place, before anything is probed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Check, Expectation, SpecError, parse_all
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import Authority

GOOD: dict[str, Any] = {"host": "mx1.example.test", "port": 25}


def problems(*raw: Any) -> list[str]:
    """Return what is wrong."""
    with pytest.raises(SpecError) as caught:
        parse_all(list(raw))
    return caught.value.problems


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"port": 0}, "port", "is not a port (1 to 65535)"),
        ({"port": 65536}, "port", "is not a port"),
        ({"port": "imaps"}, "port", "'imaps' is not a port"),
        ({"port": 25.5}, "port", "is not a port"),
        ({"port": True}, "port", "is not a port"),
        ({"port": None}, "port", "missing"),
        ({"host": ""}, "host", "missing"),
        ({"host": "a b"}, "host", "is not a host name"),
        ({"host": "http://mx1"}, "host", "is not a host name"),
        ({"host": "a..b"}, "host", "is not a host name"),
        ({"host": 5}, "host", "5 is not text"),
        ({"protocol": "gopher"}, "protocol", "'gopher' is not one of none, smtp"),
        ({"transport": "sctp"}, "transport", "is not one of tcp, udp"),
        ({"tls": "yes"}, "tls", "is not one of none, starttls, implicit"),
        ({"expect": "shut"}, "expect", "is not one of open, closed"),
        ({"accept": ["ajar"]}, "accept", "'ajar' is not one of open, refused"),
        ({"accept": "open"}, "accept", "is not a list"),
        ({"timeout": 0}, "timeout", "leaves no time"),
        ({"timeout": "soon"}, "timeout", "is not a number"),
        ({"timeout": -1}, "timeout", "zero or more"),
        ({"tls": "implicit", "min_days_left": 1.5}, "min_days_left", "is not a whole number"),
        ({"tls": "implicit", "tls_minimum": "SSLv3"}, "tls_minimum", "is not one of TLSv1.2, TLSv1.3"),
        ({"ca_file": "/nonexistent/ca.crt"}, "ca_file", "/nonexistent/ca.crt cannot be read: No such file"),
        ({"cleartext_auth": "maybe"}, "cleartext_auth", "is not one of refused"),
        ({"protocol": "smtp", "auth_offered": "perhaps"}, "auth_offered", "is neither true nor false"),
        ({"capabilities": [1]}, "capabilities", "1 is not text"),
        ({"mechanisms": "PLAIN"}, "mechanisms", "is not a list"),
        ({"tls": "implicit", "verify_chain": "perhaps"}, "verify_chain", "is neither true nor false"),
        ({"tls": "implicit", "fingerprints": ["ab:cd"]}, "fingerprints", "'abcd' is not a SHA-256 fingerprint"),
        ({"hots": "x"}, "hots", "no such key. Known: host, port"),
        # contradictions
        ({"transport": "udp", "protocol": "smtp"}, "transport", "smtp is checked over tcp only"),
        ({"protocol": "ntp"}, "transport", "ntp is checked over udp only"),
        ({"transport": "udp", "protocol": "kpasswd"}, "transport", "kpasswd is checked over tcp only"),
        ({"transport": "udp", "tls": "implicit"}, "tls", "no TLS over udp"),
        ({"tls": "starttls"}, "tls", "none has no STARTTLS"),
        ({"tls": "starttls", "protocol": "ssh"}, "tls", "ssh has no STARTTLS"),
        ({"protocol": "kerberos"}, "argument", "kerberos needs one"),
        ({"protocol": "cldap", "transport": "udp"}, "argument", "cldap needs one"),
        ({"protocol": "smtp", "argument": "x"}, "argument", "smtp takes none"),
        ({"cleartext_auth": "refused"}, "cleartext_auth", "needs smtp, imap"),
        (
            {"protocol": "imap", "tls": "implicit", "cleartext_auth": "refused"},
            "cleartext_auth",
            "tls none or starttls",
        ),
        ({"auth_offered": False}, "auth_offered", "needs smtp, imap"),
        ({"protocol": "imap", "relay_reply": "554 5.7.1"}, "relay_reply", "needs smtp"),
        ({"protocol": "imap", "greeting": "mx1.example.test"}, "greeting", "needs smtp"),
        ({"capabilities": ["IDLE"]}, "capabilities", "needs smtp, imap"),
        ({"tls_minimum": "TLSv1.2"}, "tls_minimum", "needs tls starttls or implicit"),
        ({"min_days_left": 7}, "min_days_left", "needs tls starttls or implicit"),
        ({"min_days_left": 0}, "min_days_left", "needs tls starttls or implicit"),
        ({"fingerprints": ["0" * 64]}, "fingerprints", "needs tls starttls or implicit"),
        ({"verify_chain": False}, "verify_chain", "needs tls starttls or implicit"),
        ({"mechanisms": ["PLAIN"]}, "mechanisms", "needs smtp, imap"),
        ({"protocol": "smtp", "auth_offered": False, "mechanisms": ["PLAIN"]}, "mechanisms", "none can be offered"),
    ],
)
def test_a_mistake_is_named_with_index_and_key(change: dict[str, Any], place: str, words: str) -> None:
    found = problems(GOOD, {**GOOD, **change})
    assert len(found) == 1
    assert found[0].startswith(f"checks[1].{place}: ")
    assert words in found[0]


def test_every_mistake_in_every_check_is_named_at_once() -> None:
    found = problems({"port": 0}, "smtp", {**GOOD, "tls": "x", "port": "y"}, GOOD)
    assert [text.partition(": ")[0] for text in found] == [
        "checks[0].host",
        "checks[0].port",
        "checks[1]",
        "checks[2].port",
        "checks[2].tls",
    ]


def test_a_file_without_a_certificate(tmp_path: Path) -> None:
    empty = tmp_path / "ca.crt"
    empty.write_text("no certificate")
    assert problems({**GOOD, "ca_file": str(empty)}) == [f"checks[0].ca_file: {empty} holds no certificate in PEM."]


def test_an_authority_that_is_not_used(authority: Authority) -> None:
    contradiction = {**GOOD, "tls": "implicit", "ca_file": authority.ca_file, "verify_chain": False}
    assert problems(contradiction) == ["checks[0].ca_file: is not used where verify_chain is false."]


@pytest.mark.parametrize("given", ["ab" * 32, "AB" * 32, ":".join(["Ab"] * 32)])
def test_fingerprints_in_every_spelling(given: str) -> None:
    assert parse_all([{**GOOD, "tls": "implicit", "fingerprints": [given]}])[0].fingerprints == ("ab" * 32,)


def test_what_is_not_given_has_its_default() -> None:
    raw = {**GOOD, "name": None, "ca_file": "", "argument": "", "timeout": None}
    assert parse_all([raw], timeout=7.0) == [Check(host="mx1.example.test", port=25, timeout=7.0)]


def test_text_from_templates_is_understood(authority: Authority) -> None:
    raw = {
        "host": "198.51.100.68",
        "port": "587",
        "protocol": "smtp",
        "tls": "starttls",
        "ca_file": authority.ca_file,
        "auth_offered": "True",
        "timeout": "2.5",
        "min_days_left": "14",
        "expect": "open",
        "capabilities": ("PIPELINING",),
    }
    check = parse_all([raw])[0]
    assert (check.port, check.timeout, check.min_days_left, check.auth_offered) == (587, 2.5, 14, True)
    assert check.expect is Expectation.OPEN
    assert check.capabilities == ("PIPELINING",)


@pytest.mark.parametrize(
    ("keys", "label", "endpoint", "tls_name"),
    [
        ({"name": "imaps", "protocol": "imap"}, "imaps", "h:993/tcp", "h"),
        ({"protocol": "imap", "server_name": "mx1"}, "imap", "h:993/tcp", "mx1"),
        ({"host": "::1"}, "port", "[::1]:993/tcp", "::1"),
    ],
)
def test_how_a_check_is_called(keys: dict[str, Any], label: str, endpoint: str, tls_name: str) -> None:
    check = parse_all([{"host": "h", "port": 993, **keys}])[0]
    assert (check.label, check.endpoint, check.tls_name) == (label, endpoint, tls_name)
