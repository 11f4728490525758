# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the mail roles: which are refused and with what words, and how they are written into the daemons' files."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.settings import (
    dovecot_errors,
    dovecot_quoted,
    ldap_filter_value,
    postfix_errors,
    relay_network,
)

DIRECTORY = {
    "uris": ["ldaps://dc1.corp.example.test", "ldaps://dc2.corp.example.test:636"],
    "base_dn": "DC=corp,DC=example,DC=test",
    "bind_dn": "CN=svc-mail,OU=Mail,DC=corp,DC=example,DC=test",
    "group_dn": "CN=Mail (all) 100%,OU=Mail,DC=corp,DC=example,DC=test",
    "mailbox_attribute": "adminDescription",
}
HOMES = {**DIRECTORY, "home_attribute": "adminDisplayName"}
PEER = {"name": "mx2.corp.example.test", "address": "198.51.100.144"}
LOCAL_POSTFIX: dict[str, Any] = {
    "hostname": "mx1.corp.example.test",
    "domains": ["example.test"],
    "listeners": ["smtp"],
    "login_listeners": [],
    "networks": [],
    "peers": [],
    "ca_file": "/etc/ssl/mailforest/ca.crt",
    "directory": {},
    "password": "",
    "mailboxes": [],
    "aliases": [],
    "dovecot": False,
    "quota": False,
    "message_size_limit": 52428800,
    "addresses": ["198.51.100.80"],
    "relay": {},
    "relay_password": "",
    "lists": [],
    "tables": "",
    "relay_clients": [],
    "smtputf8": True,
    "transports": [],
    "milters": ["inet:127.0.0.1:11332", "unix:/run/milter/socket"],
}
DIRECTORY_POSTFIX: dict[str, Any] = {
    **LOCAL_POSTFIX,
    "listeners": ["smtp", "submission"],
    "login_listeners": ["submission"],
    "directory": DIRECTORY,
    "password": "Ein sicheres #1",
    "dovecot": True,
}
LOCAL_DOVECOT: dict[str, Any] = {
    "hostname": "mx1.corp.example.test",
    "listeners": ["imap", "imaps"],
    "peers": [],
    "ca_file": "/etc/ssl/mailforest/ca.crt",
    "directory": {},
    "password": "",
    "users": [],
    "tables": "",
    "postfix": False,
    "quota": "",
    "sieve": False,
    "version": "2.4",
    "virtual": True,
    "full_text_search": False,
    "shared_folders": False,
    "backup_directory": "",
    "backup_keep": 14,
    "kerberos_realm": "",
    "keytab": "",
    "auth_cache_seconds": 5,
    "guesses": {"per_address": 10, "per_account": 30, "minutes": 10},
    "guesses_exempt": ["198.51.100.64/26", "2001:db8::/64"],
    "folders": [{"name": "Sent Items", "use": "sent"}, {"name": "Entwürfe", "use": "drafts"}],
}
DIRECTORY_DOVECOT: dict[str, Any] = {**LOCAL_DOVECOT, "directory": HOMES, "password": "secret", "postfix": True}
USER = {"name": "alice@example.test", "password_hash": "{SHA512-CRYPT}$6$salt$hash"}


@pytest.mark.parametrize(
    "settings",
    [LOCAL_POSTFIX, DIRECTORY_POSTFIX, {**DIRECTORY_POSTFIX, "directory": HOMES, "peers": [PEER]}],
    ids=["local", "directory", "peers"],
)
def test_postfix_values_that_work(settings: dict[str, Any]) -> None:
    assert postfix_errors(settings) == []


@pytest.mark.parametrize(
    "settings",
    [
        LOCAL_DOVECOT,
        {**LOCAL_DOVECOT, "users": [USER], "quota": "500M"},
        {**LOCAL_DOVECOT, "guesses": {"per_address": 0, "per_account": 0, "minutes": 1}, "guesses_exempt": []},
        {**LOCAL_DOVECOT, "listeners": [], "postfix": True},
        {**LOCAL_DOVECOT, "listeners": ["sieve"], "postfix": True, "sieve": True},
        {**LOCAL_DOVECOT, "directory": DIRECTORY, "password": "secret", "auth_cache_seconds": 0},
        {**DIRECTORY_DOVECOT, "kerberos_realm": "CORP.EXAMPLE.TEST", "keytab": "BQI="},
        *({**DIRECTORY_DOVECOT, "peers": [PEER], "listeners": names} for names in (["imaps"], ["imap", "pop3"])),
    ],
    ids=["local", "users", "no limits", "delivery only", "sieve", "directory", "tickets", "peers", "peers by STARTTLS"],
)
def test_dovecot_values_that_work(settings: dict[str, Any]) -> None:
    assert dovecot_errors(settings) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hostname": "mx1"}, ["postfix_hostname", "'mx1'", "single label", "MAIL-21"]),
        ({"domains": ["example..test"]}, ["postfix_domains", "example..test", "empty label"]),
        ({"domains": ["Example.test"]}, ["postfix_domains", "capital"]),
        ({"domains": ["a.test", "a.test"]}, ["postfix_domains", "a.test", "more than once"]),
        ({"domains": []}, ["postfix_domains is empty"]),
        ({"listeners": ["smtp", "smtp"]}, ["postfix_listeners", "smtp", "more than once"]),
        ({"networks": ["192.0.2.0/33"]}, ["postfix_networks", "192.0.2.0/33", "not a network"]),
        ({"networks": ["10.0.0.0/8"]}, ["postfix_networks", "10.0.0.0/8", "wider than /24", "MAIL-18"]),
        ({"networks": ["8.8.8.0/24"]}, ["postfix_networks", "8.8.8.0/24", "public", "MAIL-18"]),
        ({"directory": {**DIRECTORY, "uris": ["ldap://dc1"]}}, ["postfix_directory.uris", "ldap://dc1", "ldaps://"]),
        ({"directory": {**DIRECTORY, "uris": ["ldaps://dc1:0"]}}, ["postfix_directory.uris", "port 0"]),
        ({"directory": {**DIRECTORY, "uris": []}}, ["postfix_directory lacks uris"]),
        ({"directory": {**DIRECTORY, "base_dn": "corp.example.test"}}, ["base_dn", "distinguished name"]),
        ({"directory": {**DIRECTORY, "bind_dn": "CN=a%u,DC=test"}}, ["bind_dn", "holds %"]),
        ({"directory": {**DIRECTORY, "group_dn": "CN=a\nbind = no"}}, ["group_dn", "line break"]),
        ({"directory": {**DIRECTORY, "mailbox_attribute": "a)(b"}}, ["mailbox_attribute", "'a)(b'"]),
        (
            {"directory": {**DIRECTORY, "mailbox_attribute": "msDS-cloudExtensionAttribute1"}},
            ["mailbox_attribute", "users may write", "adminDescription"],
        ),
        ({"password": ""}, ["postfix_directory_password is empty", "svc-mail"]),
        ({"password": "geheim\nstart_tls = no"}, ["postfix_directory_password", "line break"]),
        ({"password": "geheim "}, ["postfix_directory_password", "space"]),
        ({"mailboxes": ["alice@example.test"]}, ["postfix_mailboxes and postfix_directory"]),
        ({"aliases": [{"name": "info", "recipients": []}]}, ["postfix_aliases", "info", "vanish"]),
        ({"aliases": [{"name": "info", "recipients": ["|/bin/sh"]}]}, ["postfix_aliases", "|/bin/sh"]),
        ({"dovecot": False, "quota": True}, ["postfix_quota is on", "postfix_dovecot: true"]),
        ({"dovecot": False}, ["postfix_listeners", "submission", "postfix_dovecot: true"]),
        ({"message_size_limit": 0}, ["postfix_message_size_limit", "1024"]),
        ({"milters": ["127.0.0.1:11332"]}, ["postfix_milters", "'127.0.0.1:11332'", "inet:host:port"]),
        ({"milters": ["unix:/a, inet:evil:1"]}, ["postfix_milters", "no milter"]),
    ],
)
def test_postfix_values_that_are_refused(change: dict[str, Any], words: list[str]) -> None:
    told = " ".join(postfix_errors({**DIRECTORY_POSTFIX, **change}))
    assert [word for word in words if word not in told] == []
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("mailboxes", "words"),
    [
        (["alice"], ["'alice'", "name@domain"]),
        (["alice@elsewhere.test"], ["alice@elsewhere.test", "none of postfix_domains"]),
        (["a@example.test", "a@example.test"], ["more than once"]),
    ],
)
def test_mailboxes_that_are_refused(mailboxes: list[str], words: list[str]) -> None:
    told = " ".join(postfix_errors({**LOCAL_POSTFIX, "dovecot": True, "mailboxes": mailboxes}))
    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hostname": "mx1"}, ["dovecot_hostname", "single label"]),
        ({"listeners": ["imap", "imap"]}, ["dovecot_listeners", "more than once"]),
        ({"listeners": []}, ["dovecot_listeners is empty"]),
        ({"directory": DIRECTORY}, ["dovecot_directory_password is empty"]),
        ({"directory": DIRECTORY, "password": "x", "users": [USER]}, ["dovecot_users and dovecot_directory"]),
        ({"users": [{**USER, "name": "../alice"}]}, ["dovecot_users", "'../alice'"]),
        ({"users": [{**USER, "name": "Alice"}]}, ["dovecot_users", "small letters"]),
        (
            {"users": [{**USER, "password_hash": "in clear text"}]},
            ["dovecot_users", "alice@example.test", "doveadm pw"],
        ),
        ({"users": [{**USER, "password_hash": "a:b"}]}, ["dovecot_users", "doveadm pw"]),
        ({"users": [USER, USER]}, ["dovecot_users", "more than once"]),
        ({"listeners": ["imaps", "sieve"]}, ["dovecot_listeners: sieve", "dovecot_postfix: true"]),
        ({"kerberos_realm": "CORP.EXAMPLE.TEST", "keytab": "BQI="}, ["kerberos_realm is given without"]),
        ({"kerberos_realm": "CORP.EXAMPLE.TEST"}, ["dovecot_keytab is empty"]),
        ({"kerberos_realm": "corp.example.test", "keytab": "BQI="}, ["'corp.example.test'", "capital"]),
        ({"full_text_search": True, "version": "2.3"}, ["dovecot_full_text_search", "2.3"]),
        ({"shared_folders": True, "virtual": False}, ["dovecot_shared_folders", "host's own users"]),
        ({"backup_directory": "/srv/b", "virtual": False}, ["dovecot_backup_directory", "homes"]),
        ({"backup_keep": 0}, ["dovecot_backup_keep", "at least 1"]),
        (
            {"guesses": {"per_address": 1, "per_account": 1001, "minutes": 0}},
            ["dovecot_guesses_per_address: 1 ", "dovecot_guesses_per_account: 1001", "dovecot_guesses_minutes: 0"],
        ),
        ({"guesses_exempt": ["10.0.0.1/24"]}, ["dovecot_guesses_exempt: '10.0.0.1/24'", "host bits"]),
        ({"guesses_exempt": ["::/0"]}, ["dovecot_guesses_exempt: ::/0", "everybody"]),
        ({"quota": "2GB"}, ["dovecot_quota", "'2GB'", "2G"]),
        (
            {"password": "x", "directory": {**DIRECTORY, "quota_attribute": "info"}},
            ["quota_attribute", "users may write info", "maxStorage"],
        ),
        (
            {"password": "x", "directory": {**DIRECTORY, "quota_attribute": "adminDescription"}},
            ["dovecot_directory", "adminDescription", "more than once"],
        ),
        ({"auth_cache_seconds": 3600}, ["dovecot_auth_cache_seconds", "3600", "disabled"]),
        ({"folders": [{"name": 'a" {', "use": "sent"}]}, ["dovecot_folders"]),
        ({"folders": [{"name": "A", "use": "sent"}, {"name": "B", "use": "sent"}]}, ["dovecot_folders", "sent"]),
    ],
)
def test_dovecot_values_that_are_refused(change: dict[str, Any], words: list[str]) -> None:
    told = " ".join(dovecot_errors({**LOCAL_DOVECOT, **change}))
    assert [word for word in words if word not in told] == []
    assert "in clear text" not in told


def test_all_errors_come_at_once() -> None:
    assert len(postfix_errors({**DIRECTORY_POSTFIX, "hostname": "mx1", "password": "", "networks": ["0.0.0.0/0"]})) == 3


@pytest.mark.parametrize("network", ["192.168.20.0/24", "10.1.2.0/28", "fd00:1::/64", "8.8.8.8/32", "2001:db8::1/128"])
def test_networks_that_may_relay(network: str) -> None:
    assert relay_network(network) == ""


@pytest.mark.parametrize(
    ("network", "word"),
    [
        ("0.0.0.0/0", "public"),
        ("::/0", "public"),
        ("172.16.0.0/16", "wider"),
        ("fd00::/48", "wider"),
        ("2a00::/64", "public"),
        ("192.168.20.1/24", "host bits"),
        ("all", "not a network"),
    ],
)
def test_networks_that_may_not_relay(network: str, word: str) -> None:
    assert word in relay_network(network)


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("CN=mail-users,DC=test", "CN=mail-users,DC=test"),
        ("CN=Mail (all)*,DC=test", r"CN=Mail \28all\29\2a,DC=test"),
        (r"CN=a\,b,DC=test", r"CN=a\5c,b,DC=test"),
        ("CN=100% #1 $x,DC=test", r"CN=100\25 \231 \24x,DC=test"),
        ("CN=Büro,DC=test", r"CN=B\c3\bcro,DC=test"),
    ],
)
def test_a_value_in_an_ldap_filter(value: str, escaped: str) -> None:
    assert ldap_filter_value(value) == escaped


@pytest.mark.parametrize(("value", "quoted"), [("plain", '"plain"'), ('a "b" #\\c', '"a \\"b\\" #\\\\c"')])
def test_a_value_in_quotes(value: str, quoted: str) -> None:
    assert dovecot_quoted(value) == quoted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directory": DIRECTORY}, ["whose mailbox is where", "home_attribute"]),
        ({"ca_file": ""}, ["tls_ca_file is empty"]),
        ({"peers": [PEER, {**PEER, "address": "198.51.100.145"}]}, ["mx2.corp.example.test", "more than once"]),
        ({"peers": [PEER, {**PEER, "name": "mx3.corp.example.test"}]}, ["198.51.100.144", "more than once"]),
        ({"peers": [{**PEER, "name": "mx2"}]}, ["'mx2'", "single label"]),
        ({"peers": [{**PEER, "name": "MX2.example.test"}]}, ["capital letters"]),
        ({"peers": [{**PEER, "name": "mx1.corp.example.test"}]}, ["this server itself"]),
        ({"peers": [{**PEER, "address": "198.51.100.144/32"}]}, ["198.51.100.144/32", "no address"]),
        ({"directory": {**HOMES, "home_attribute": "info"}}, ["home_attribute", "info", "adminDisplayName"]),
        ({"directory": {**HOMES, "home_attribute": "adminDescription"}}, ["adminDescription", "more than once"]),
    ],
)
@pytest.mark.parametrize("role", ["postfix", "dovecot"])
def test_peers_that_do_not_work(role: str, change: dict[str, Any], words: list[str]) -> None:
    if role == "postfix":
        errors = postfix_errors({**DIRECTORY_POSTFIX, "directory": HOMES, "peers": [PEER], **change})
    else:
        errors = dovecot_errors({**DIRECTORY_DOVECOT, "peers": [PEER], **change})
    assert len(errors) == 1
    assert all(word in errors[0] for word in (role, *words)), errors


def test_peers_need_the_port_that_they_use() -> None:
    settings = {**DIRECTORY_POSTFIX, "directory": HOMES, "peers": [PEER], "listeners": ["submission"]}
    assert "lacks smtp" in postfix_errors(settings)[0]


@pytest.mark.parametrize(("listeners", "missing"), [(["imap", "pop3s"], "imaps"), (["imaps", "pop3"], "pop3s")])
def test_a_login_is_passed_on_in_one_way(listeners: list[str], missing: str) -> None:
    errors = dovecot_errors({**DIRECTORY_DOVECOT, "peers": [PEER], "listeners": listeners})
    assert [missing in error for error in errors] == [True]
    assert dovecot_errors({**DIRECTORY_DOVECOT, "listeners": listeners}) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"group_dn": "board"}], ["postfix_lists.group_dn", "'board'"]),
        ([{"group_dn": "CN=board,DC=test", "senders_dn": "staff"}], ["postfix_lists.senders_dn", "'staff'"]),
        ([{"group_dn": "CN=board,DC=test"}, {"group_dn": "CN=board,DC=test"}], ["more than once"]),
    ],
)
def test_lists_that_do_not_work(rows: list[dict[str, str]], words: list[str]) -> None:
    (error,) = postfix_errors({**DIRECTORY_POSTFIX, "lists": rows})
    assert all(word in error for word in words), error
    assert postfix_errors({**DIRECTORY_POSTFIX, "lists": [{"group_dn": "CN=board,DC=test"}]}) == []
    assert "no postfix_directory" in postfix_errors({**LOCAL_POSTFIX, "lists": [{"group_dn": "CN=board,DC=test"}]})[0]


@pytest.mark.parametrize(
    "change",
    [
        {"domains": ["пошта.example.test"]},
        {"aliases": [{"name": "лена@example.test", "recipients": ["root"]}]},
        {"aliases": [{"name": "lena@example.test", "recipients": ["лена@example.net"]}]},
    ],
)
def test_names_beyond_ascii_need_smtputf8(change: dict[str, Any]) -> None:
    assert postfix_errors({**LOCAL_POSTFIX, **change}) == []
    (error,) = postfix_errors({**LOCAL_POSTFIX, **change, "smtputf8": False})
    assert "xn--" in error


@pytest.mark.parametrize("domain", ["пошта", "по шта.test", "a\u2024.test"])
def test_domains_beyond_ascii_that_dns_cannot_have(domain: str) -> None:
    (error,) = postfix_errors({**LOCAL_POSTFIX, "domains": [domain]})
    assert "no mail domain" in error
