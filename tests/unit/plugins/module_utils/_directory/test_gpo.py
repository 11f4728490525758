# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group policies in memory: what is asked for is what is done, and no more."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _gpo, _gpobackup
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import (
    Backup,
    Files,
    Gpo,
    GpoResource,
    Wish,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DOMAIN = "DC=corp,DC=example,DC=test"
STAFF = f"OU=Staff,{DOMAIN}"
BASE = f"CN=Policies,CN=System,{DOMAIN}"
DEFAULT = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
OTHER = "{5990264B-7000-482D-A2F0-C43EB26AA956}"
OTHER_LINK = f"[LDAP://cn={OTHER},{BASE.lower()};0]"


class Domain:
    """The policies of a domain in memory."""

    own = "dc1"

    def __init__(self) -> None:
        self.pdc = "dc1"
        self.held = {DEFAULT: self.new(DEFAULT, "Default Domain Policy"), OTHER: self.new(OTHER, "Other")}
        self.content: dict[str, Files] = {DEFAULT: {}, OTHER: {"GPT.INI": b"[General]\r\nVersion=0\r\n"}}
        self.linked = {DOMAIN: "", STAFF: OTHER_LINK}

    def owner(self) -> str:
        return self.pdc

    def all(self) -> list[Gpo]:
        return list(self.held.values())

    def new(self, guid: str, name: str) -> Gpo:
        return Gpo(guid=guid, name=name, dn=f"CN={guid},{BASE}", path=f"corp.example.test/Policies/{guid}")

    def key(self, dn: str) -> str:
        return dn.lower()

    def containers(self) -> dict[str, str]:
        return dict(self.linked)

    def files(self, policy: Gpo) -> Files:
        return self.content.get(policy.guid, {})

    def create(self, policy: Gpo, files: Files) -> None:
        self.held[policy.guid] = policy
        self.content[policy.guid] = files

    def change(self, policy: Gpo, **attributes: str | None) -> None:
        names = {
            "displayName": "name",
            "gPCMachineExtensionNames": "computer_extensions",
            "gPCUserExtensionNames": "user_extensions",
        }
        values: dict[str, Any] = {names[key]: value or "" for key, value in attributes.items() if key in names}
        for key, option in (("flags", "flags"), ("versionNumber", "version")):
            if attributes.get(key) is not None:
                values[option] = int(attributes[key] or 0) & 0xFFFFFFFF
        self.held[policy.guid] = replace(self.held[policy.guid], **values)

    def write(self, policy: Gpo, files: Files) -> None:
        self.content[policy.guid] = files

    def link(self, container: str, value: str) -> None:
        self.linked[container] = value

    def delete(self, policy: Gpo) -> None:
        del self.held[policy.guid], self.content[policy.guid]

    def transaction(self) -> AbstractContextManager[object]:
        return nullcontext()


@pytest.fixture
def domain() -> Domain:
    return Domain()


def wanted(target: str, **options: Any) -> dict[str, Any]:
    return {"target": target, "state": "present", "enabled": None, "enforced": None, "order": None, **options}


def run(domain: Domain, wish: Wish, backup: Backup | None = None, *, check_mode: bool = False) -> list[str]:
    outcome = _engine._run(GpoResource(domain, wish, backup), check_mode=check_mode)
    return [f"{step['verb']} {step['target']}" for step in outcome["operations"]]


def named(domain: Domain, name: str) -> Gpo:
    return next(policy for policy in domain.all() if policy.name == name)


def test_a_policy_is_made_once_and_linked_last(domain: Domain) -> None:
    wish = Wish(name="Staff", guid=None, user_settings=False, links=[wanted(STAFF.lower(), enforced=True)])
    assert run(domain, wish, check_mode=True) == ["create Staff", "set Staff", f"link {STAFF}"]
    assert len(domain.held) == 2
    run(domain, wish)
    policy = named(domain, "Staff")
    assert policy.flags == 1
    assert domain.linked[STAFF] == f"[LDAP://{policy.dn};2]{OTHER_LINK}"
    assert _gpo.info(domain, "staff", None)["policies"][0]["links"][STAFF] == {
        "enabled": True,
        "enforced": True,
        "order": 2,
    }
    assert run(domain, wish) == []


def test_a_link_moves_is_switched_off_and_goes(domain: Domain) -> None:
    run(domain, Wish(name="Staff", guid=None, links=[wanted(STAFF)]))
    policy = named(domain, "Staff")
    assert run(domain, Wish(name="Staff", guid=None, links=[wanted(STAFF, order=1, enabled=False)])) == [
        f"link {STAFF}"
    ]
    assert domain.linked[STAFF] == f"{OTHER_LINK}[LDAP://{policy.dn};1]"
    assert run(domain, Wish(name="Staff", guid=None, links=[wanted(STAFF, state="absent")])) == [f"link {STAFF}"]
    assert domain.linked[STAFF] == OTHER_LINK
    assert run(domain, Wish(name="Staff", guid=None, links=[wanted(STAFF, state="absent")])) == []


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        (wanted(f"OU=Nowhere,{DOMAIN}"), "neither the domain nor an OU nor a site"),
        (wanted(STAFF, order=3), "order 3 is not among the 2 links"),
        (wanted(STAFF, order=0), "order 0"),
    ],
)
def test_a_link_that_cannot_be_is_refused(domain: Domain, link: dict[str, Any], fault: str) -> None:
    with pytest.raises(ResourceError, match=fault):
        run(domain, Wish(name="Staff", guid=None, links=[link]))
    assert len(domain.held) == 2


def test_a_rename_keeps_the_policy(domain: Domain) -> None:
    assert run(domain, Wish(name="Another", guid=OTHER.strip("{}").lower())) == ["set Another"]
    assert domain.held[OTHER].name == "Another"


def test_a_removal_takes_the_links_first(domain: Domain) -> None:
    assert run(domain, Wish(name="Other", guid=None, present=False)) == [f"link {STAFF}", "delete Other"]
    assert domain.linked[STAFF] == ""
    assert run(domain, Wish(name="Other", guid=None, present=False)) == []


def test_the_policies_of_every_domain_stay(domain: Domain) -> None:
    with pytest.raises(ResourceError, match="one of the two policies"):
        run(domain, Wish(name="Default Domain Policy", guid=None, present=False))


def test_on_another_controller_nothing_is_written(domain: Domain) -> None:
    domain.pdc = "dc2"
    with pytest.raises(ResourceError, match="Run on dc2"):
        run(domain, Wish(name="Staff", guid=None))


def test_a_name_that_two_have_needs_a_guid(domain: Domain) -> None:
    domain.held[DEFAULT] = replace(domain.held[DEFAULT], name="other")
    with pytest.raises(ResourceError, match="2 policies are named"):
        run(domain, Wish(name="Other", guid=None))


def test_what_was_backed_up_comes_back_with_a_higher_version(domain: Domain, tmp_path: Path) -> None:
    domain.content[OTHER] = {"GPT.INI": b"[General]\r\nVersion=5\r\ndisplayName=x\r\n", "Machine/Registry.pol": b"good"}
    domain.held[OTHER] = replace(domain.held[OTHER], version=5, computer_extensions="[{35378EAC}]")
    resource = _gpobackup.BackupResource(domain, str(tmp_path / "b"), None)
    outcome = _engine._run(resource, check_mode=False)
    assert len(outcome["operations"]) == 2
    place = outcome["backups"]["Other"]
    assert (
        _engine._run(_gpobackup.BackupResource(domain, str(tmp_path / "b"), ["other"]), check_mode=False)["changed"]
        is False
    )

    domain.content[OTHER] = {"GPT.INI": b"[General]\r\nVersion=8\r\n", "User/Registry.pol": b"bad"}
    domain.held[OTHER] = replace(domain.held[OTHER], version=8, computer_extensions="")
    wish = Wish(name="Other", guid=None)
    assert run(domain, wish, _gpobackup.read(place)) == ["restore Other"]
    assert domain.held[OTHER].version == 0x00010009
    assert domain.held[OTHER].computer_extensions == "[{35378EAC}]"
    assert domain.content[OTHER] == {"GPT.INI": b"[General]\r\nVersion=65545\r\n", "Machine/Registry.pol": b"good"}
    assert run(domain, wish, _gpobackup.read(place)) == []

    (Path(place) / "files/Machine/Registry.pol").write_bytes(b"rot")
    with pytest.raises(ResourceError, match=r"is damaged: Machine/Registry\.pol"):
        _gpobackup.read(place)


def test_only_root_reads_a_backup(domain: Domain, tmp_path: Path) -> None:
    outcome = _engine._run(_gpobackup.BackupResource(domain, str(tmp_path / "b"), ["Other"]), check_mode=False)
    place = Path(outcome["backups"]["Other"])
    assert place.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*") if path.is_file())


def test_a_backup_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"format": 1, "files": {"../../etc/passwd": ""}}')
    with pytest.raises(ResourceError, match="outside a policy"):
        _gpobackup.read(str(tmp_path))
    with pytest.raises(ResourceError, match="is no backup"):
        _gpobackup.read(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("before", "after", "version"),
    [
        ({}, {"Machine/a": b"1"}, 0x00000002),
        ({"User/a": b"1"}, {}, 0x00010001),
        ({"user/a": b"1", "Machine/b": b"1"}, {"user/a": b"2"}, 0x00010002),
        ({"GPT.INI": b"1"}, {"GPT.INI": b"2"}, 0x00000001),
    ],
)
def test_each_half_of_the_version_counts_its_own_files(before: Files, after: Files, version: int) -> None:
    assert _gpo.raised(1, before, after) == version


def test_a_version_never_becomes_zero() -> None:
    assert _gpo.raised(0xFFFFFFFF, {}, {"Machine/a": b"", "User/a": b""}) == 0x00010001


def test_a_list_of_links_that_is_none_is_refused() -> None:
    with pytest.raises(ResourceError, match="no list of links"):
        _gpo.parse_links("[LDAP://cn=x;0]junk", STAFF)
