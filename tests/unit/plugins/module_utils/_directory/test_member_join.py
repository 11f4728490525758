# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member joins once, takes no other's place, and leaves nothing behind when the join fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _member_join
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import Unreachable
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

OPTIONS: dict[str, Any] = {
    "dns_domain_name": "corp.example.test",
    "domain_netbios_name": None,
    "domain_servers": ["dc3.corp.example.test", "dc1.corp.example.test"],
    "domain_ou_path": None,
    "hostname": "member1",
    "state": "domain",
}
SETTINGS = _member_join.MemberSettings(
    server_role="member server", realm="CORP.EXAMPLE.TEST", workgroup="CORP", netbios_name="MEMBER1"
)
ACCOUNT = _member_join.Account(
    dn="CN=MEMBER1,CN=Computers,DC=corp,DC=example,DC=test",
    guid="0c2b3c7a-0f0b-4c6e-8d0d-3f2a9b1f7a11",
    sid="S-1-5-21-1-2-3-1103",
)
SURVEY = _member_join.MemberSurvey(netbios_name="CORP")


class FakeHost:
    """Samba on the member, in memory."""

    def __init__(
        self, *secrets: str, controller: bool = False, settings: _member_join.MemberSettings | None = SETTINGS
    ) -> None:
        self.known = list(secrets)
        self.controller = controller
        self.smb_conf = settings
        self.calls: list[str] = []

    def is_controller(self) -> bool:
        return self.controller

    def secrets(self) -> list[str]:
        return self.known

    def settings(self) -> _member_join.MemberSettings | None:
        return self.smb_conf

    def forget(self, netbios_name: str) -> None:
        self.calls.append(f"forget {netbios_name}")
        self.known.remove(netbios_name)


class FakeDirectory:
    """What the controllers know, and which of them answer."""

    def __init__(self, host: FakeHost, account: _member_join.Account | None = None) -> None:
        self.host = host
        self.account = account
        self.taken = True
        self.survey = SURVEY
        self.down: set[str] = set()
        self.alive: set[str] = set()
        self.root = Root(fqdn="", dns_name="corp.example.test", skew=0.5)
        self.breaks = False
        self.asked: list[str] = []

    def partner(self, server: str) -> FakePartner:
        return FakePartner(self, server)


class FakePartner:
    """One controller."""

    def __init__(self, directory: FakeDirectory, server: str) -> None:
        self.directory = directory
        self.server = server

    def greet(self) -> Root:
        self.directory.asked.append(self.server.partition(".")[0])
        if self.server.partition(".")[0] in self.directory.down:
            raise Unreachable(f"{self.server} does not answer. Nothing was changed.")
        return replace(self.directory.root, fqdn=self.server)

    def own_account(self) -> _member_join.Account | None:
        return self.directory.account if self.directory.taken else None

    def survey(self, host_name: str) -> _member_join.MemberSurvey:
        assert host_name == "member1"
        return replace(self.directory.survey, account=self.directory.account)

    def at_work(self, address: str) -> bool:
        return address in self.directory.alive

    def join(self) -> None:
        self.directory.host.calls.append(f"join {self.server.partition('.')[0]}")
        self.directory.account = self.directory.account or ACCOUNT
        if "CORP" not in self.directory.host.known:
            self.directory.host.known.append("CORP")
        if self.directory.breaks:
            raise ResourceError("Joining failed.")
        self.directory.taken = True

    def leave(self) -> None:
        self.directory.host.calls.append("leave")
        self.directory.account = None
        self.directory.host.known.remove("CORP")

    def remove(self, dn: str) -> None:
        self.directory.host.calls.append(f"remove {dn}")
        self.directory.account = None


def outcome(
    host: FakeHost,
    directory: FakeDirectory | None = None,
    *,
    password: str | None = "Sesame-1",
    check_mode: bool = False,
    **options: Any,
) -> dict[str, Any]:
    known = directory or FakeDirectory(host)
    resource = _member_join.MemberResource(
        lambda: host,
        known.partner,
        _member_join.membership_of(OPTIONS | options),
        password=password,
        check_mode=check_mode,
    )
    return _engine._run(resource, check_mode=check_mode)


def test_joins_through_the_first_controller() -> None:
    host = FakeHost()
    found = outcome(host)
    assert host.calls == ["join dc3"]
    assert found["changed"]
    assert found["server"] == "dc3.corp.example.test"
    assert found["account"]["guid"] == ACCOUNT.guid


def test_joins_through_the_other_when_the_first_is_down() -> None:
    host = FakeHost()
    directory = FakeDirectory(host)
    directory.down = {"dc3"}
    assert outcome(host, directory)["server"] == "dc1.corp.example.test"
    assert directory.asked == ["dc3", "dc1"]


def test_a_member_stays_and_needs_no_password() -> None:
    host = FakeHost("CORP")
    found = outcome(host, FakeDirectory(host, ACCOUNT), password=None)
    assert not found["changed"]
    assert host.calls == []


def test_check_mode_joins_nobody() -> None:
    host = FakeHost()
    found = outcome(host, check_mode=True)
    assert found["changed"]
    assert found["operations"][0]["verb"] == "join"
    assert host.calls == []


def test_check_mode_on_a_host_that_is_not_set_up() -> None:
    host = FakeHost(settings=None)
    directory = FakeDirectory(host)
    directory.down = {"dc1", "dc3"}
    found = outcome(host, directory, check_mode=True)
    assert found["changed"]
    assert len(found["unknown"]) == 2


def test_a_secret_that_the_directory_does_not_take_is_replaced() -> None:
    host = FakeHost("CORP")
    directory = FakeDirectory(host, ACCOUNT)
    directory.taken = False
    found = outcome(host, directory)
    assert host.calls == ["join dc3"]
    assert "does not take" in found["operations"][0]["change"]["reason"]


def test_a_wiped_host_takes_its_account_over() -> None:
    host = FakeHost()
    found = outcome(host, FakeDirectory(host, ACCOUNT))
    assert host.calls == ["join dc3"]
    assert ACCOUNT.dn in found["operations"][0]["change"]["reason"]


def refused(host: FakeHost, directory: FakeDirectory | None = None, **options: Any) -> str:
    before = list(host.known)
    with pytest.raises(ResourceError) as error:
        outcome(host, directory, **options)
    assert host.calls == []
    assert host.known == before
    return str(error.value)


def test_another_host_of_the_name_keeps_its_account() -> None:
    host = FakeHost()
    directory = FakeDirectory(host, ACCOUNT)
    directory.survey = replace(SURVEY, addresses=["198.51.100.9"])
    directory.alive = {"198.51.100.9"}
    assert "198.51.100.9 answers" in refused(host, directory)
    directory.alive.clear()
    assert outcome(host, directory)["changed"]


@pytest.mark.parametrize("kind", ["domain controller", "user"])
def test_what_is_no_member_is_not_taken_over(kind: str) -> None:
    host = FakeHost()
    assert f"is a {kind}" in refused(host, FakeDirectory(host, replace(ACCOUNT, kind=kind)))


def test_a_controller_is_refused() -> None:
    assert "is a domain controller" in refused(FakeHost(controller=True))


def test_a_member_of_another_domain_is_refused() -> None:
    assert "is a member of OLD and not of CORP" in refused(FakeHost("OLD"))


def test_a_password_is_needed_to_join() -> None:
    assert "domain_admin_password is not given" in refused(FakeHost(), password=None)


def test_nobody_answers() -> None:
    for host in (FakeHost(), FakeHost("CORP")):
        directory = FakeDirectory(host)
        directory.down = {"dc1", "dc3"}
        assert "dc1.corp.example.test does not answer" in refused(host, directory)


def test_a_member_in_check_mode_while_nobody_answers() -> None:
    host = FakeHost("CORP")
    directory = FakeDirectory(host)
    directory.down = {"dc1", "dc3"}
    found = outcome(host, directory, check_mode=True)
    assert not found["changed"]
    assert "still takes" in found["unknown"][0]


@pytest.mark.parametrize(
    ("root", "said"),
    [({"dns_name": "other.test"}, "serves the domain other.test"), ({"skew": 200.0}, "200 s ahead of")],
)
def test_a_controller_that_does_not_suit(root: dict[str, Any], said: str) -> None:
    host = FakeHost()
    directory = FakeDirectory(host)
    directory.root = replace(directory.root, **root)
    assert said in refused(host, directory)


def test_another_netbios_name() -> None:
    host = FakeHost()
    directory = FakeDirectory(host)
    directory.survey = replace(SURVEY, netbios_name="OTHER")
    assert "is OTHER and not CORP" in refused(host, directory)


def test_smb_conf_must_suit() -> None:
    said = refused(FakeHost(settings=replace(SETTINGS, realm="OTHER.TEST", server_role="standalone server")))
    assert "realm is 'OTHER.TEST'" in said
    assert "server role is 'standalone server'" in said
    assert "it does not exist" in refused(FakeHost(settings=None))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hostname": "a-name-that-is-too-long"}, "NetBIOS allows 15"),
        ({"domain_servers": []}, "at least one controller"),
        ({"domain_servers": ["dc1"]}, "no full name of a host in corp.example.test"),
        ({"domain_servers": ["member1.corp.example.test"]}, "it is this host itself"),
        ({"dns_domain_name": "corp"}, "single label"),
    ],
)
def test_names_that_cannot_be(options: dict[str, Any], said: str) -> None:
    assert said in refused(FakeHost(), **options)


def test_a_failed_join_leaves_nothing() -> None:
    host = FakeHost()
    directory = FakeDirectory(host)
    directory.breaks = True
    with pytest.raises(ResourceError, match="Joining failed"):
        outcome(host, directory)
    assert host.calls == ["join dc3", f"remove {ACCOUNT.dn}", "forget CORP"]
    assert directory.account is None


def test_a_failed_join_leaves_an_account_that_was_there() -> None:
    host = FakeHost()
    directory = FakeDirectory(host, ACCOUNT)
    directory.breaks = True
    with pytest.raises(ResourceError, match="Joining failed"):
        outcome(host, directory)
    assert host.calls == ["join dc3", "forget CORP"]
    assert directory.account == ACCOUNT


def test_leaves_once() -> None:
    host = FakeHost("CORP")
    directory = FakeDirectory(host, ACCOUNT)
    assert outcome(host, directory, state="workgroup")["changed"]
    assert host.calls == ["leave"]
    assert not outcome(host, directory, state="workgroup", password=None)["changed"]


def test_a_dead_secret_is_forgotten() -> None:
    host = FakeHost("CORP")
    directory = FakeDirectory(host, ACCOUNT)
    directory.taken = False
    outcome(host, directory, state="workgroup", password=None)
    assert host.calls == ["forget CORP"]
