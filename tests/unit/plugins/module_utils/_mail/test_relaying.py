# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways out: which can work, which come back, and how they are written into Postfix's files."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.relaying import (
    comes_back,
    relay_client_errors,
    relay_errors,
    transport_errors,
)

RELAY: dict[str, Any] = {
    "host": "smarthost.example.net",
    "ports": [587, 465],
    "user": "us@example.net",
    "tls": "secure",
    "ca_file": "/etc/ssl/certs/ca-certificates.crt",
    "through_peer": False,
}
SETTINGS: dict[str, Any] = {
    "hostname": "mx1.corp.example.test",
    "addresses": ["198.51.100.80"],
    "domains": ["example.test"],
    "peers": [{"name": "mx2.corp.example.test", "address": "198.51.100.144"}],
    "relay": RELAY,
    "relay_password": "a: b#c",
    "mailboxes": ["alice@example.test"],
    "transports": [],
    "relay_clients": ["198.51.100.145"],
}
OTHER: dict[str, Any] = {"domain": "other.example.net", "host": "mx.example.net"}
FETCHED: dict[str, Any] = {
    "domain": "branch.example.net",
    "host": "mx.branch.example.net",
    "recipients": ["bob@branch.example.net"],
    "etrn_clients": ["203.0.113.9", "2001:db8::9"],
}
MOVED: dict[str, Any] = {"address": "fax@example.test", "host": "fax.example.net", "tls": "secure"}


def _errors(**relay: Any) -> list[str]:
    password = relay.pop("password", SETTINGS["relay_password"])
    return list(relay_errors({**SETTINGS, "relay": {**RELAY, **relay}, "relay_password": password}))


def test_a_smart_host_that_can_work() -> None:
    assert _errors() == []
    assert _errors(user="", password="", tls="may", ports=[25]) == []
    assert _errors(host="203.0.113.5", tls="encrypt") == []
    assert _errors(host="mx2.corp.example.test", through_peer=True) == []
    assert list(relay_errors({**SETTINGS, "relay": {}, "relay_password": ""})) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": "mx1.corp.example.test"}, ["this server itself", "MAIL-11"]),
        ({"host": "MX1.corp.example.test"}, ["this server itself"]),
        ({"host": "198.51.100.80", "tls": "encrypt"}, ["this server itself"]),
        ({"host": "127.0.0.2", "tls": "encrypt"}, ["this server itself"]),
        ({"host": "0.0.0.0", "tls": "encrypt"}, ["this server itself"]),
        ({"host": "localhost.example.net"}, ["this server itself"]),
        ({"host": "example.test"}, ["postfix_domains"]),
        ({"host": "mx2.corp.example.test"}, ["postfix_peers", "through_peer"]),
        ({"host": "198.51.100.144", "tls": "encrypt"}, ["postfix_peers"]),
        ({"host": "203.0.113.5"}, ["checked against names"]),
        ({"host": "smarthost"}, ["'smarthost'", "single label"]),
        ({"host": ""}, ["no full name"]),
        ({"ports": []}, ["names none"]),
        ({"ports": [587, 587]}, ["twice"]),
        ({"ports": [26]}, ["26", "587"]),
        ({"password": ""}, ["relay_password is empty", "us@example.net"]),
        ({"user": ""}, ["without postfix_relay.user"]),
        ({"user": "a:b"}, ["colon"]),
        ({"tls": "may"}, ["whoever listens"]),
        ({"password": "secret\nrelayhost = evil"}, ["control character"]),
        ({"password": "secret "}, ["control character"]),
        ({"ca_file": ""}, ["ca_file is empty"]),
    ],
)
def test_a_smart_host_that_cannot_work(change: dict[str, Any], words: list[str]) -> None:
    errors = _errors(**change)
    assert len(errors) == 1, errors
    assert all(word in errors[0] for word in words), errors
    assert "secret" not in errors[0]


def test_a_password_for_nothing() -> None:
    (error,) = relay_errors({**SETTINGS, "relay": {}})
    assert "without postfix_relay." in error


def test_the_clients_of_a_smart_host_are_addresses() -> None:
    assert list(relay_client_errors(SETTINGS)) == []
    (error,) = relay_client_errors({**SETTINGS, "relay_clients": ["198.51.100.0/24"]})
    assert "no address" in error


def test_what_is_elsewhere_does_not_come_back() -> None:
    assert comes_back("mx.example.net", SETTINGS) == ""
    assert "itself" in comes_back("[198.51.100.80]", SETTINGS)


def test_transports_that_can_work() -> None:
    assert list(transport_errors({**SETTINGS, "transports": [OTHER, FETCHED, MOVED]})) == []


@pytest.mark.parametrize(
    ("transports", "words"),
    [
        ([{**OTHER, "host": "mx1.corp.example.test"}], ["this server itself", "MAIL-11"]),
        ([{**OTHER, "host": "198.51.100.80"}], ["this server itself"]),
        ([{**OTHER, "host": "mx2.corp.example.test"}], ["postfix_peers", "MAIL-11"]),
        ([{**OTHER, "host": "example.test"}], ["postfix_domains"]),
        ([{**OTHER, "host": "mx"}], ["single label"]),
        ([{**OTHER, "host": "203.0.113.5", "tls": "secure"}], ["checked against names"]),
        ([{**OTHER, "domain": "example.test"}], ["delivered here"]),
        ([{**OTHER, "domain": "mx1.corp.example.test"}], ["delivered here"]),
        ([{**OTHER, "domain": "net"}], ["'net'", "single label"]),
        ([{**OTHER, "domain": "Other.example.net"}], ["capital letters"]),
        ([{**OTHER, "address": "fax@example.test"}], ["one of the two"]),
        ([{"host": "mx.example.net"}], ["one of the two"]),
        ([OTHER, OTHER], ["other.example.net", "more than once"]),
        ([OTHER, {**FETCHED, "host": "mx.example.net", "tls": "encrypt"}], ["with tls may and encrypt"]),
        ([{**MOVED, "address": "fax"}], ["no address"]),
        ([{**MOVED, "address": "fax@other.example.net"}], ["none of postfix_domains"]),
        ([{**MOVED, "address": "alice@example.test"}], ["has a mailbox here"]),
        ([{**MOVED, "recipients": ["fax@example.test"]}], ["Leave them out"]),
        ([{**MOVED, "etrn_clients": ["203.0.113.9"]}], ["Give the domain"]),
        ([{**OTHER, "recipients": ["bob"]}], ["'bob'", "no address"]),
        ([{**OTHER, "recipients": ["bob@example.test"]}], ["another domain"]),
        ([{**FETCHED, "recipients": []}], ["List the recipients"]),
        ([{**FETCHED, "etrn_clients": ["branch.example.net"]}], ["Names can be forged"]),
    ],
)
def test_transports_that_cannot_work(transports: list[dict[str, Any]], words: list[str]) -> None:
    errors = list(transport_errors({**SETTINGS, "transports": transports}))
    assert len(errors) == 1, errors
    assert all(word in errors[0] for word in words), errors
