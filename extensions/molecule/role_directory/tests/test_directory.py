# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users log in, groups have members, names resolve: asked over the network, or of Samba's own tool."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import (
    client_context,
    module,
    refusal,
    root_shell,
    solo,
)
from ansible_collections.mailforest.stack.tests.system.support.network import ldap_bind, records
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
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


def test_the_database_is_lmdb_of_the_size_that_was_chosen(host: Host) -> None:
    """AD-17: a file of LMDB begins with its number (mdb.c, MDB_MAGIC) behind the header of the page."""
    files = root_shell(host, "ls /var/lib/samba/private/sam.ldb.d/*.ldb").splitlines()
    partitions = [file for file in files if not file.endswith("metadata.tdb")]
    assert len(partitions) == 5
    for file in partitions:
        quoted = shlex.quote(file)
        assert (
            root_shell(host, f"od --address-radix=n --format=x4 --skip-bytes=16 --read-bytes=4 {quoted}").strip()
            == "beefc0de"
        )
        assert f"{2**30}" in root_shell(host, f"mdb_stat -e -n {quoted}")


def test_a_level_is_raised_when_it_is_confirmed_and_after_a_backup(host: Host) -> None:
    """AD-46, AD-50: where Samba can; the one of Debian 12 offers no more than it has, which is said."""
    domain = solo(host).fqdn.partition(".")[2]
    wanted = {"domain": "2016", "forest": "2016"}
    assert f"{solo(host).name} offers 2008_R2" in refusal(host, "functional_level", **wanted, confirm=domain)
    if str(host.system_info.release).partition(".")[0] == "12":
        return
    # What role samba_dc writes for samba_dc_functional_level, before playbook raise_level raises the levels.
    root_shell(host, "sed -i '/^.global.$/a ad dc functional level = 2016' /etc/samba/smb.conf")
    root_shell(host, "systemctl restart samba-ad-dc.service")
    eventually(
        lambda: f"is not given; give the domain's name, {domain}" in refusal(host, "functional_level", **wanted),
        seconds=60,
    )
    raised = module(host, "functional_level", **wanted, confirm=domain)
    assert (raised["changed"], raised["levels"]) == (True, wanted)
    assert host.file(raised["backup"]).exists
    assert module(host, "functional_level", **wanted)["changed"] is False
    assert "cannot be lowered" in refusal(host, "functional_level", domain="2012", confirm=domain)
    assert _bind(host, "anna") == 0
