# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role samba_member refuses before it changes anything, and what it installs and writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

Rule = Callable[..., list[str]]
Value = Callable[..., Any]
TEMPLATES = Path(__file__).resolve().parents[3] / "roles/samba_member/templates"
SHARE = {"name": "projects", "path": "/srv/projects", "group": "projects-change", "local_accounts": ["scanner"]}
GOOD: dict[str, Any] = {
    "ansible_facts": {"distribution_major_version": "12"},
    "samba_member_realm": "CORP.EXAMPLE.TEST",
    "samba_member_controllers": ["dc3.corp.example.test"],
}
SERVER: dict[str, Any] = {
    "samba_member_shares": [SHARE],
    "samba_member_local_accounts": ["scanner"],
    "samba_member_local_account_passwords": {"scanner": "Sesame-1"},
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        SERVER,
        {"samba_member_login_groups": ["Domain Admins", "it-staff"]},
        {"samba_member_sudo": [{"group": "it", "commands": ["ALL", "/usr/bin/id -u"]}]},
        {"samba_member_local_groups": [{"name": "adm", "group": "it"}]},
        {"samba_member_idmap_range": "20000000-29999999"},
    ],
)
def test_accepts(values: dict[str, Any], broken: Rule) -> None:
    assert broken("samba_member", **(GOOD | values)) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"samba_member_controllers": []}, "samba_member_controllers is empty"),
        ({"samba_member_idmap_range": "1000-2000"}, "1000-2000 is no range"),
        ({"samba_member_idmap_range": "20000000-10000000"}, "is no range"),
        ({"samba_member_login_groups": ["CORP\\it"]}, "no name of a group"),
        ({"samba_member_sudo": [{"group": "it\nALL", "commands": ["ALL"]}]}, "no name of a group"),
        ({"samba_member_sudo": [{"group": "it", "commands": ["id"]}]}, "is no command with its full path"),
        ({"samba_member_sudo": [{"group": "it", "commands": ["/bin/a\nroot ALL=ALL"]}]}, "is no command"),
        ({"samba_member_local_groups": [{"name": "adm", "group": "Domain Admins"}]}, "has a space"),
        ({"samba_member_shares": [{**SHARE, "name": "homes", "local_accounts": []}]}, "homes is no name for a share"),
        ({"samba_member_shares": [{**SHARE, "path": "/srv", "local_accounts": []}]}, "/srv is no directory of its own"),
        ({"samba_member_shares": [SHARE]}, "scanner is not in samba_member_local_accounts"),
        ({**SERVER, "samba_member_local_account_passwords": {}}, "has no password of scanner"),
        ({**SERVER, "samba_member_shares": [SHARE, SHARE]}, "two shares have the same name"),
    ],
)
def test_refuses(values: dict[str, Any], said: str, broken: Rule) -> None:
    messages = broken("samba_member", **(GOOD | values))
    assert len(messages) == 1
    assert said in messages[0]


@pytest.mark.parametrize(
    ("values", "there", "missing"),
    [
        ({}, {"winbind", "libnss-winbind"}, {"samba", "libpam-winbind", "sudo"}),
        (SERVER, {"samba", "samba-vfs-modules"}, {"libpam-winbind"}),
        ({**SERVER, "ansible_facts": {"distribution_major_version": "13"}}, {"samba"}, {"samba-vfs-modules"}),
        ({"samba_member_login_groups": ["it"]}, {"libpam-winbind"}, {"samba"}),
    ],
)
def test_only_what_is_needed_is_installed(
    values: dict[str, Any], there: set[str], missing: set[str], evaluate: Value
) -> None:
    names = set(evaluate("samba_member", "__samba_member_package_names", **(GOOD | values)))
    assert there <= names
    assert not missing & names


def written(path: str, evaluate: Value, **values: Any) -> str:
    """A template of the role, as it is written."""
    given = GOOD | values
    names = (
        *("samba_member_netbios", "samba_member_sudo", "samba_member_shares", "samba_member_login_groups"),
        *("samba_member_idmap", "samba_member_idmap_range", "samba_member_settings", "samba_member_local_groups"),
        *("__samba_member_workgroup", "__samba_member_other_range", "samba_member_host_name", "__samba_member_domain"),
    )
    variables = {name: evaluate("samba_member", name, **given) for name in names} | given
    template = trust_as_template((TEMPLATES / path).read_text(encoding="utf-8"))
    templar = Templar(loader=DataLoader(), variables=variables)
    text: str = templar.template(template, escape_backslashes=False, overrides={"trim_blocks": True})
    return text


def test_a_share_is_for_its_group_and_its_local_accounts(evaluate: Value) -> None:
    text = written("etc/samba/smb.conf.j2", evaluate, **SERVER)
    assert 'valid users = "@CORP\\projects-change" "HOST1\\scanner"\n' in text
    assert "read only = no\n" in text
    assert "password server = dc3.corp.example.test\n" in text
    assert "template shell = /usr/sbin/nologin\n" in text


def test_sudo_is_written_so_that_nothing_breaks_out(evaluate: Value) -> None:
    entry = {"group": "it staff", "commands": ["/bin/a x,y:z=1", "ALL"], "authenticate": False}
    text = written("etc/sudoers.d/mailforest-member.j2", evaluate, samba_member_sudo=[entry])
    assert text.splitlines()[-1] == r"%it\ staff ALL=(root) NOPASSWD: /bin/a x\,y\:z\=1, ALL"


def test_nobody_of_the_domain_logs_in_unless_named(evaluate: Value) -> None:
    rules = written("etc/security/access-mailforest.conf.j2", evaluate).splitlines()
    assert [line for line in rules if not line.startswith("#")] == ["-:ALL:ALL"]
    rules = written(
        "etc/security/access-mailforest.conf.j2", evaluate, samba_member_login_groups=["Domain Admins"]
    ).splitlines()
    assert [line for line in rules if not line.startswith("#")] == ["+:(Domain Admins):ALL", "-:ALL:ALL"]


def test_the_profile_makes_homes_only_for_who_logs_in(evaluate: Value) -> None:
    assert "pam_mkhomedir" not in evaluate("samba_member", "__samba_member_profile", **GOOD)
    given = GOOD | {"samba_member_login_groups": ["it"]}
    lines = evaluate("samba_member", "__samba_member_profile", **given).splitlines()
    assert lines[-1] == "    optional pam_mkhomedir.so umask=0077"
    assert lines.index("Account:") + 3 == lines.index("    required pam_permit.so")
