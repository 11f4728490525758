# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users log in, groups have members, names resolve: asked over the network, or of Samba's own tool."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.network import ldap_bind, records
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PASSWORD = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], ".build/molecule/password")
INVALID_CREDENTIALS = 49


def _bind(host: Host, user: str) -> int:
    domain = solo(host).fqdn.partition(".")[2]
    return ldap_bind(
        solo(host).address,
        user=f"{user}@{domain}",
        password=PASSWORD.read_text(encoding="ascii").strip(),
        name=solo(host).fqdn,
        context=client_context(host),
    )


@pytest.mark.parametrize(("user", "code"), [("anna", 0), ("berta", 0), ("clara", INVALID_CREDENTIALS)])
def test_only_enabled_users_log_in(host: Host, user: str, code: int) -> None:
    assert _bind(host, user) == code


@pytest.mark.parametrize(("group", "members"), [("staff", {"anna", "berta"}), ("sales", {"anna", "berta"})])
def test_groups_have_their_members(host: Host, group: str, members: set[str]) -> None:
    assert set(root_shell(host, f"samba-tool group listmembers {group}").split()) == members


def test_a_user_has_the_addresses(host: Host) -> None:
    shown = root_shell(host, "samba-tool user show anna --attributes=mail,proxyAddresses").splitlines()
    assert "mail: anna@example.test" in shown
    assert "smtp:boss@example.test" in "\n".join(shown)


def test_the_mailbox_attribute_is_the_guid(host: Host) -> None:
    text = root_shell(host, "samba-tool user show anna --attributes=objectGUID,adminDescription")
    shown = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    assert shown["adminDescription"] == shown["objectGUID"]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("example.test", "MX", ["10 mail.example.test."]),
        ("_imaps._tcp.example.test", "SRV", ["0 1 993 mail.example.test."]),
        ("example.test", "TXT", ['"v=spf1 mx -all"']),
    ],
)
def test_records_are_served(host: Host, name: str, kind: str, expected: list[str]) -> None:
    assert records(solo(host).address, name, kind) == expected


def test_the_host_record_is_served(host: Host) -> None:
    assert records(solo(host).address, "mail.example.test", "A") == [solo(host).address]


def test_the_named_roles_are_where_they_should_be(host: Host) -> None:
    found = owners(host)
    assert (found["pdc"], found["schema"]) == (solo(host).name, solo(host).name)
