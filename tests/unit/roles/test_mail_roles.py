# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail roles' tables: ports as in the catalogue of services, files for each way to know users, probes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.filter import AnsibleJinja2Filter
from ansible.plugins.loader import filter_loader
from ansible_collections.mailforest.stack.plugins.module_utils._mail import settings, ways
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import (
    DOVECOT_SERVICES,
    POSTFIX_SERVICES,
    SERVICES,
    Tls,
)
from ansible_collections.mailforest.stack.tests.unit.roles.conftest import Evaluate

FILTERS = {
    **{name: getattr(settings, name) for name in ("postfix_errors", "dovecot_errors")},
    **{name: getattr(settings, name) for name in ("ldap_filter_value", "dovecot_quoted")},
    "postfix_relay_ways": ways.relay_ways,
    "postfix_limited_lists": ways.limited_lists,
}
TLS = {Tls.OFFERED: "starttls", Tls.REQUIRED: "starttls", Tls.IMPLICIT: "implicit"}
TABLES = ("users", "senders", "groups", "members", "logins")
DIRECTORY = {
    "uris": ["ldaps://dc1.corp.example.test"],
    "base_dn": "DC=corp,DC=example,DC=test",
    "bind_dn": "CN=svc-mail,DC=corp,DC=example,DC=test",
    "group_dn": "CN=mail (all),DC=corp,DC=example,DC=test",
    "mailbox_attribute": "adminDescription",
}
HOMES = {**DIRECTORY, "home_attribute": "adminDisplayName"}
PEERS = [
    {"name": "mx2.example.test", "address": "198.51.100.144"},
    {"name": "mx3.example.test", "address": "2001:db8::25"},
]


@pytest.fixture(autouse=True)
def own_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the roles' variables find the collection's filters, which no collection loader looks for here."""
    known = {f"mailforest.stack.{name}": function for name, function in FILTERS.items()}
    find = filter_loader.get

    def get(name: str, *args: Any, **kwargs: Any) -> Any:
        return AnsibleJinja2Filter(known[name]) if name in known else find(name, *args, **kwargs)

    monkeypatch.setattr(filter_loader, "get", get)


def _facts(release: str = "13") -> dict[str, Any]:
    return {
        "distribution": "Debian",
        "distribution_major_version": release,
        "fqdn": "mx1.example.test",
        "default_ipv4": {"address": "198.51.100.68"},
    }


@pytest.mark.parametrize("name", POSTFIX_SERVICES)
def test_postfix_serves_the_ports_of_the_catalogue(evaluate: Evaluate, name: str) -> None:
    row = evaluate("postfix", "__postfix_services")[name]
    found = (row["probe"]["name"], row["probe"]["port"], row["probe"]["tls"], row["probe"]["requirement"], row["login"])
    known = SERVICES[name]
    assert found == (name, known.port, TLS[known.tls], known.requirement, name != "smtp")


@pytest.mark.parametrize("name", DOVECOT_SERVICES)
def test_dovecot_serves_the_ports_of_the_catalogue(evaluate: Evaluate, name: str) -> None:
    row = evaluate("dovecot", "__dovecot_services")[name]
    known = SERVICES[name]
    assert row == {
        "name": name,
        "port": known.port,
        "protocol": known.protocol,
        "tls": TLS[known.tls],
        "requirement": known.requirement,
    }


def test_the_roles_serve_every_mail_service(evaluate: Evaluate) -> None:
    assert set(evaluate("postfix", "__postfix_services")) == set(POSTFIX_SERVICES)
    assert set(evaluate("dovecot", "__dovecot_services")) == set(DOVECOT_SERVICES)


@pytest.mark.parametrize(
    ("values", "files"),
    [
        ({}, set()),
        ({"postfix_dovecot": True}, {"senders.regexp"}),
        ({"postfix_domains": ["example.test"]}, {"own_senders.texthash"}),
        ({"postfix_domains": ["example.test"], "postfix_own_senders_log_in": False}, set()),
        ({"postfix_mailboxes": ["a@example.test"]}, {"mailboxes.texthash"}),
        ({"postfix_directory": DIRECTORY}, {f"ldap/{table}.cf" for table in TABLES}),
        (
            {"postfix_directory": HOMES, "postfix_peers": PEERS},
            {"peer_status.regexp"} | {f"ldap/{table}.cf" for table in (*TABLES, "homes", "homeless", "elsewhere")},
        ),
    ],
    ids=["alone", "dovecot", "domains", "any sender", "list", "directory", "peers"],
)
def test_postfix_has_the_tables_it_needs(evaluate: Evaluate, values: dict[str, Any], files: set[str]) -> None:
    found = evaluate("postfix", "__postfix_files", ansible_facts=_facts(), **values)
    always = {"/etc/postfix/main.cf", "/etc/postfix/master.cf", "/etc/postfix/aliases.texthash", "/etc/mailname"}
    always |= {"/etc/systemd/system/postfix.service.d/mailforest.conf"}
    assert {spec["path"] for spec in found} == always | {f"/etc/postfix/{name}" for name in files}


def test_a_file_with_the_password_is_secret(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_directory": DIRECTORY, "dovecot_directory": DIRECTORY}
    tables = [spec for spec in evaluate("postfix", "__postfix_files", **values) if "/ldap/" in spec["path"]]
    assert {(spec["mode"], spec["group"], spec["secret"]) for spec in tables} == {("0640", "postfix", True)}
    stored = [spec for spec in evaluate("dovecot", "__dovecot_files", **values) if "directory" in spec["path"]]
    assert [(spec["mode"], spec["secret"]) for spec in stored] == [("0600", True)]


def test_every_home_is_in_one_table(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_directory": HOMES, "postfix_peers": PEERS}
    tables = evaluate("postfix", "__postfix_home_tables", **values)
    here, *peers = [f"(adminDisplayName={name}.example.test)" for name in ("mx1", "mx2", "mx3")]
    asked = {name: table["query_filter"].partition("(adminDescription=*)")[2] for name, table in tables.items()}
    address = "(|(mail=%s)(userPrincipalName=%s)(proxyAddresses=smtp:%s)))"
    assert asked == {
        "homes": f"(|{''.join(peers)}){address}",
        "homeless": f"(!(|{here}{''.join(peers)})){address}",
        "elsewhere": f"(!{here}){address}",
    }
    values = {"ansible_facts": _facts(), "dovecot_directory": HOMES, "dovecot_peers": PEERS}
    places = evaluate("dovecot", "__dovecot_places", **values)
    assert places == {"here": here, "peer": f"(|{''.join(peers)})", "unknown": f"(!(|{here}{''.join(peers)}))"}


def test_without_peers_every_mailbox_is_here(evaluate: Evaluate) -> None:
    assert evaluate("dovecot", "__dovecot_places", ansible_facts=_facts(), dovecot_directory=HOMES)["here"] == ""
    values = {"ansible_facts": _facts(), "postfix_directory": HOMES}
    assert [evaluate("postfix", f"__postfix_peers_{name}", **values) for name in ("pass", "home")] == ["", ""]


def test_peers_are_told_from_others_by_their_addresses(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_peers": PEERS}
    passing = evaluate("postfix", "__postfix_peers_pass", **values)
    assert passing == ", check_client_access cidr:{{198.51.100.144 OK}, {2001:db8::25 OK}}"
    home = evaluate("postfix", "__postfix_peers_home", **values)
    first = ", check_client_access cidr:{{198.51.100.144 DUNNO}, {2001:db8::25 DUNNO}, {0.0.0.0/0 OK}, {::/0 OK}}"
    assert home == f"{first}, check_recipient_access proxy:ldap:/etc/postfix/ldap/elsewhere.cf"


@pytest.mark.parametrize(
    ("listeners", "tls", "ports"),
    [
        (["imap", "imaps", "pop3", "pop3s"], "ssl", [993, 995]),
        (["imaps"], "ssl", [993, 995]),
        (["imap", "pop3"], "starttls", [143, 110]),
    ],
)
def test_logins_are_passed_on_with_tls(evaluate: Evaluate, listeners: list[str], tls: str, ports: list[int]) -> None:
    assert evaluate("dovecot", "__dovecot_proxy_tls", dovecot_listeners=listeners) == tls
    assert list(evaluate("dovecot", "__dovecot_proxy_ports", dovecot_listeners=listeners).values()) == ports


RELAY = {"host": "smarthost.example.net", "user": "us", "ports": [465, 587, 25]}


def test_a_smart_hosts_ports_are_tried_in_order(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_relay": RELAY}
    hops = ["[127.0.0.1]:1005", "[smarthost.example.net]:587", "[smarthost.example.net]:25"]
    assert evaluate("postfix", "__postfix_ways", **values)["hops"] == hops
    checks = evaluate("postfix", "__postfix_ways", **values)["checks"]
    assert [(check["port"], check["tls"]) for check in checks] == [
        (465, "implicit"),
        (587, "starttls"),
        (25, "starttls"),
    ]
    assert {check["server_name"] for check in checks} == {"smarthost.example.net"}
    assert {check["auth_offered"] for check in checks} == {True}


@pytest.mark.parametrize(
    ("relay", "files"),
    [
        (RELAY, {"relay_password.texthash", "relay_tls.conf"}),
        ({"host": "smarthost.example.net", "ports": [25], "tls": "may"}, set()),
        ({"host": "smarthost.example.net", "ports": [587], "user": "us"}, {"relay_password.texthash"}),
    ],
)
def test_a_smart_host_has_the_files_it_needs(evaluate: Evaluate, relay: dict[str, Any], files: set[str]) -> None:
    found = evaluate("postfix", "__postfix_files", ansible_facts=_facts(), postfix_relay=relay)
    specs = {spec["path"].removeprefix("/etc/postfix/"): spec for spec in found if "/relay_" in spec["path"]}
    assert set(specs) == files | {"relay_status.regexp"}
    if "relay_password.texthash" in files:
        assert (specs["relay_password.texthash"]["mode"], specs["relay_password.texthash"]["secret"]) == ("0600", True)
    packages = evaluate("postfix", "__postfix_package_names", ansible_facts=_facts(), postfix_relay=relay)
    assert ("stunnel4" in packages) == ("relay_tls.conf" in files)
    assert ("libsasl2-modules" in packages) == ("user" in relay)


LISTS = [
    {"group_dn": "CN=all (2),DC=test"},
    {"group_dn": "CN=board,DC=test", "senders_dn": "CN=board,DC=test"},
    {"group_dn": "CN=sales,DC=test", "senders_dn": "CN=marketing,DC=test"},
]


def test_lists_with_limited_senders_have_their_tables(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_directory": DIRECTORY, "postfix_lists": LISTS}
    found = {spec["path"]: spec for spec in evaluate("postfix", "__postfix_files", **values)}
    names = ["closed_lists", "list_1", "list_2", "list_1_senders", "list_2_senders"]
    tables = [f"/etc/postfix/ldap/{name}.cf" for name in names]
    assert set(tables) <= set(found)
    assert found[tables[2]]["vars"]["limited"]["name"] == "list_2"
    assert found[tables[4]]["template"] == "etc/postfix/ldap/list_senders.cf.j2"
    assert {(found[table]["mode"], found[table]["secret"]) for table in tables} == {("0640", True)}
    assert "(distinguishedName=CN=all \\282\\29,DC=test)" in found[tables[0]]["vars"]["table"]["query_filter"]
    assert {f"proxy:ldap:{table}" for table in tables} <= set(evaluate("postfix", "__postfix_proxied", **values))
    assert evaluate("postfix", "__postfix_restriction_classes", **values) == ["list_1", "list_2"]


TRANSPORTS: list[dict[str, Any]] = [
    {"domain": "asked.example.net", "host": "mx.example.net"},
    {"domain": "listed.example.net", "host": "mx.example.net", "recipients": ["a@listed.example.net"], "accept": True},
    {"domain": "branch.example.net", "host": "mx.example.net", "recipients": [], "etrn_clients": ["203.0.113.9"]},
    {"domain": "out.example.net", "host": "mx.example.net", "accept": False},
    {"address": "fax@example.test", "host": "fax.example.net"},
]


def test_other_systems_are_asked_or_their_recipients_are_listed(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_transports": TRANSPORTS}
    found = {
        name: [row["domain"] for row in evaluate("postfix", f"__postfix_{name}", **values)]
        for name in ("relayed", "relayed_listed", "etrn")
    }
    assert found == {
        "relayed": ["asked.example.net", "branch.example.net", "listed.example.net"],
        "relayed_listed": ["branch.example.net", "listed.example.net"],
        "etrn": ["branch.example.net"],
    }
    assert evaluate("postfix", "__postfix_relayed_asked", **values) == ["asked.example.net"]
    assert evaluate("postfix", "__postfix_restriction_classes", **values) == ["etrn_1"]
    assert evaluate("postfix", "__postfix_transport_maps", **values) == ["texthash:/etc/postfix/transports.texthash"]


@pytest.mark.parametrize(
    ("transports", "files"),
    [
        ([], set()),
        (TRANSPORTS[3:4], set()),
        (TRANSPORTS[4:], {"transport_addresses"}),
        (TRANSPORTS[1:2], {"relay_recipients"}),
        (TRANSPORTS[:1], {"relay_recipients", "verified_domains"}),
        (TRANSPORTS[2:3], {"relay_recipients", "etrn"}),
    ],
    ids=["none", "out", "address", "listed", "asked", "fetched"],
)
def test_other_systems_have_the_tables_they_need(
    evaluate: Evaluate, transports: list[dict[str, Any]], files: set[str]
) -> None:
    found = evaluate("postfix", "__postfix_files", ansible_facts=_facts(), postfix_transports=transports)
    always = {"aliases"} | ({"transports", "transport_tls"} if transports else set())
    assert {spec["path"] for spec in found if spec["path"].endswith(".texthash")} == {
        f"/etc/postfix/{name}.texthash" for name in always | files
    }


@pytest.mark.parametrize(
    ("release", "further"), [("12", {"directory-peer", "directory-unknown", "directory-peer-sieve"}), ("13", set())]
)
def test_dovecot_has_the_files_it_needs_for_peers(evaluate: Evaluate, release: str, further: set[str]) -> None:
    values = {"ansible_facts": _facts(release), "dovecot_directory": HOMES, "dovecot_peers": PEERS}
    stored = [spec for spec in evaluate("dovecot", "__dovecot_files", **values) if "/directory" in spec["path"]]
    assert {spec["path"] for spec in stored} == {f"/etc/dovecot/{name}.conf" for name in {"directory"} | further}
    assert all((spec["mode"], spec["secret"]) == ("0600", True) for spec in stored)


def test_only_enabled_members_with_a_mailbox_are_asked_for(evaluate: Evaluate) -> None:
    wanted = (
        "(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
        r"(memberOf:1.2.840.113556.1.4.1941:=CN=mail \28all\29,DC=corp,DC=example,DC=test)(adminDescription=*)"
    )
    assert evaluate("postfix", "__postfix_user_filter", postfix_directory=DIRECTORY) == wanted
    assert evaluate("dovecot", "__dovecot_user_filter", dovecot_directory=DIRECTORY) == wanted


def test_without_a_group_every_user_with_a_mailbox_is_meant(evaluate: Evaluate) -> None:
    found = evaluate("dovecot", "__dovecot_user_filter", dovecot_directory={**DIRECTORY, "group_dn": ""})
    assert "memberOf" not in found
    assert found.endswith("(adminDescription=*)")


@pytest.mark.parametrize(
    ("given", "default"), [([], ["postmaster"]), ([{"name": "postmaster", "recipients": ["a"]}], [])]
)
def test_postmaster_is_always_there(evaluate: Evaluate, given: list[dict[str, Any]], default: list[str]) -> None:
    assert evaluate("postfix", "__postfix_default_aliases", postfix_aliases=given) == default


def test_postmaster_of_every_virtual_domain_is_there(evaluate: Evaluate) -> None:
    found = evaluate(
        "postfix", "__postfix_default_aliases", postfix_directory=DIRECTORY, postfix_domains=["a.test", "b.test"]
    )
    assert found == ["postmaster", "postmaster@a.test", "postmaster@b.test"]


@pytest.mark.parametrize(("release", "version"), [("12", "2.3"), ("13", "2.4")])
def test_dovecot_is_written_for_the_release(evaluate: Evaluate, release: str, version: str) -> None:
    files = evaluate("dovecot", "__dovecot_files", ansible_facts=_facts(release), dovecot_directory=DIRECTORY)
    templates = {spec["path"]: spec.get("template") for spec in files}
    assert templates["/etc/dovecot/dovecot.conf"] == f"etc/dovecot/dovecot-{version}.conf.j2"
    assert templates["/etc/dovecot/directory.conf"] == f"etc/dovecot/directory-{version}.conf.j2"


@pytest.mark.parametrize(
    ("release", "directory", "expected"), [("12", DIRECTORY, False), ("13", DIRECTORY, True), ("12", {}, True)]
)
def test_smtputf8_is_what_delivery_can_take(
    evaluate: Evaluate, release: str, directory: dict[str, Any], expected: bool
) -> None:
    found = evaluate("postfix", "postfix_smtputf8", ansible_facts=_facts(release), postfix_directory=directory)
    assert found is expected


def test_every_listener_is_probed_where_clients_are(evaluate: Evaluate) -> None:
    checks = evaluate("postfix", "__postfix_checks", ansible_facts=_facts(), postfix_dovecot=True)
    checks += evaluate("dovecot", "__dovecot_checks", ansible_facts=_facts())
    assert {check["port"] for check in checks} == {25, 465, 587, 143, 993, 110, 995}
    assert {(check["host"], check["server_name"]) for check in checks} == {("198.51.100.68", "mx1.example.test")}


def test_a_server_without_dovecot_has_no_logins(evaluate: Evaluate) -> None:
    assert evaluate("postfix", "postfix_listeners") == ["smtp"]
    assert evaluate("postfix", "__postfix_errors", ansible_facts=_facts()) == []


def test_errors_reach_the_role(evaluate: Evaluate) -> None:
    assert len(evaluate("postfix", "__postfix_errors", ansible_facts=_facts(), postfix_networks=["10.0.0.0/8"])) == 1
    assert len(evaluate("dovecot", "__dovecot_errors", ansible_facts=_facts(), dovecot_auth_cache_seconds=99)) == 1


MADE = "/var/lib/mailforest-mail-tables"


def test_tables_are_asked_before_the_directory(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_directory": HOMES, "postfix_peers": PEERS, "postfix_tables": MADE}
    assert evaluate("postfix", "__postfix_table", **values)["users"] == f"lmdb:{MADE}/users, "
    assert evaluate("postfix", "__postfix_transport_maps", **values) == [
        f"lmdb:{MADE}/homes",
        "proxy:ldap:/etc/postfix/ldap/homes.cf",
        "proxy:ldap:/etc/postfix/ldap/homeless.cf",
    ]
    # What a peer sends for a mailbox that is not here is refused by table too, and nobody else is asked about that.
    checks = evaluate("postfix", "__postfix_known_checks", **values)
    assert checks.startswith("check_client_access cidr:{{198.51.100.144 DUNNO}, {2001:db8::25 DUNNO}, {0.0.0.0/0 OK}")
    assert checks.endswith(f"check_recipient_access lmdb:{MADE}/elsewhere, ")


def test_without_tables_the_directory_is_asked_alone(evaluate: Evaluate) -> None:
    values = {"ansible_facts": _facts(), "postfix_directory": HOMES, "postfix_peers": PEERS}
    assert evaluate("postfix", "__postfix_table", **values) == {"aliases": "", "users": "", "homes": []}
    assert evaluate("postfix", "__postfix_known", **values) == ""
    assert "lmdb:" not in str(evaluate("postfix", "__postfix_transport_maps", **values))


@pytest.mark.parametrize("role", ["postfix", "dovecot"])
def test_tables_without_a_directory_are_refused(evaluate: Evaluate, role: str) -> None:
    values = {"ansible_facts": _facts(), f"{role}_tables": MADE}
    assert f"{role}_tables" in " ".join(evaluate(role, f"__{role}_errors", **values))


@pytest.mark.parametrize(("release", "field"), [("12", "quota_rule=*:bytes="), ("13", "quota_storage_size=")])
def test_a_limit_is_told_in_the_words_of_the_release(evaluate: Evaluate, release: str, field: str) -> None:
    values = {
        "ansible_facts": _facts(release),
        "mail_tables_directory": DIRECTORY,
        "mail_tables_domains": ["example.test"],
    }
    told = evaluate("mail_tables", "__mail_tables_settings", **values)
    assert (told["quota_field"], told["path"]) == (field, MADE)
    assert "password" not in told
