# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller joins once, into its site, and takes no other's place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _domain, _join
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

OPTIONS: dict[str, Any] = {
    "dns_domain_name": "corp.example.test",
    "domain_netbios_name": None,
    "replication_source_dc": "dc1.corp.example.test",
    "site_name": "branch",
    "host_name": "dc3",
    "backend_store": "tdb",
    "backend_store_size": 8,
}
DOMAIN = _domain.Domain(
    dns_name="corp.example.test",
    netbios_name="CORP",
    dn="DC=corp,DC=example,DC=test",
    sid="S-1-5-21-1-2-3",
    guid="0c2b3c7a-0f0b-4c6e-8d0d-3f2a9b1f7a11",
    domain_level=4,
    forest_level=4,
    controller_level=4,
)
SETTINGS = _domain.Settings(
    server_role="active directory domain controller",
    realm="CORP.EXAMPLE.TEST",
    workgroup="CORP",
    netbios_name="DC3",
    sysvol="/var/lib/samba/sysvol",
    netlogon="/var/lib/samba/sysvol/corp.example.test/scripts",
    controller_level=None,
)
ROOT = Root(fqdn="dc1.corp.example.test", dns_name="corp.example.test", skew=0.5)
SURVEY = _join.Survey(netbios_name="CORP", domain_level=4, sites=["branch", "hq"])
DEAD = "CN=DC3,CN=Servers,CN=branch,CN=Sites,CN=Configuration,DC=corp,DC=example,DC=test"


class FakeHost:
    """Samba on the host that joins, in memory."""

    private_dir = "/var/lib/samba/private"

    def __init__(self, found: _domain.Found | None = None, settings: _domain.Settings | None = SETTINGS) -> None:
        self.found = found or _domain.Found()
        self.smb_conf = settings
        self.place = "branch"
        self.without_writes = False
        self.calls: list[str] = []

    def find(self) -> _domain.Found:
        return self.found

    def settings(self) -> _domain.Settings | None:
        return self.smb_conf

    def site(self) -> str:
        return self.place

    def read_only(self) -> bool:
        return self.without_writes

    def move_aside(self) -> str:
        self.calls.append("move_aside")
        self.found = _domain.Found()
        return f"{self.private_dir}.interrupted"


class FakePartner:
    """The controller to join from."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.root = ROOT
        self.known = SURVEY
        self.gone = False
        self.alive: dict[str, str] = {}
        self.joined = _domain.Found(domain=DOMAIN)
        self.places = ["branch"]

    def greet(self) -> Root:
        if self.gone:
            raise _join.Unreachable("dc1 does not answer. Nothing was changed.")
        return self.root

    def survey(self, host_name: str) -> _join.Survey:
        assert host_name == "dc3"
        return self.known

    def answers(self, address: str) -> str | None:
        return self.alive.get(address)

    def remove(self, host_name: str) -> None:
        self.host.calls.append(f"remove {host_name}")

    def join(self) -> None:
        self.host.calls.append("join")
        self.host.found = self.joined

    def sites_of(self, host_name: str) -> list[str]:
        assert host_name == "dc3"
        return self.places


def outcome(
    host: FakeHost,
    partner: FakePartner | None = None,
    *,
    password: str | None = "Sesame-1",
    settle: Callable[[], bool] | None = None,
    check_mode: bool = False,
    **options: Any,
) -> dict[str, Any]:
    partner = partner or FakePartner(host)
    wanted = _join.wanted_of({**OPTIONS, **options})
    resource = _join.ControllerResource(
        lambda: host, lambda: partner, wanted, password=password, settle=settle, check_mode=check_mode
    )
    return _engine._run(resource, check_mode=check_mode)


def refusal(host: FakeHost, partner: FakePartner, **options: Any) -> str:
    with pytest.raises(ResourceError, match=r"(?i)nothing was changed") as caught:
        outcome(host, partner, **options)
    assert host.calls == []
    return str(caught.value)


def test_a_blank_host_joins() -> None:
    host = FakeHost()
    result = outcome(host)
    assert host.calls == ["join"]
    assert (result["changed"], result["site"], result["domain"]["sid"]) == (True, "branch", DOMAIN.sid)
    assert result["diff"]["before"] == {}
    assert "Sesame" not in repr(result)


def test_a_controller_that_has_joined_asks_nobody() -> None:
    host = FakeHost(_domain.Found(domain=DOMAIN), settings=None)
    partner = FakePartner(host)
    partner.gone = True
    host.place = "elsewhere"
    result = outcome(host, partner, password=None)
    assert (result["changed"], result["site"], host.calls) == (False, "elsewhere", [])


@pytest.mark.parametrize("old_tickets", [True, False])
def test_both_sides_are_waited_for_in_real_runs_only(old_tickets: bool) -> None:
    host = FakeHost()
    waited: list[list[str]] = []

    def settle() -> bool:
        waited.append(list(host.calls))
        return old_tickets

    assert not outcome(host, settle=settle, check_mode=True)["old_tickets"]
    assert waited == []
    assert outcome(host, settle=settle)["old_tickets"] is old_tickets
    assert waited == [["join"]]


@pytest.mark.parametrize(
    "other", [{"dns_domain_name": "c.test", "replication_source_dc": "a.c.test"}, {"domain_netbios_name": "OTHER"}]
)
def test_another_domain_is_refused_and_left_alone(other: dict[str, Any]) -> None:
    host = FakeHost(_domain.Found(domain=DOMAIN))
    assert "already holds the domain corp.example.test" in refusal(host, FakePartner(host), **other)


def test_a_database_of_the_other_kind_is_an_error() -> None:
    host = FakeHost(_domain.Found(domain=DOMAIN))
    assert "of kind tdb and not mdb" in refusal(host, FakePartner(host), backend_store="mdb")


def test_a_writable_controller_becomes_no_read_only_one() -> None:
    host = FakeHost(_domain.Found(domain=DOMAIN))
    assert "is a writable controller and not a read-only one" in refusal(host, FakePartner(host), read_only=True)
    host.without_writes = True
    assert outcome(host, read_only=True)["changed"] is False
    assert "is a read-only controller and not a writable one" in refusal(host, FakePartner(host))


def test_groups_of_the_password_policy_have_to_be_there() -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.known = replace(SURVEY, unknown_groups=["branch"])
    said = refusal(host, partner, read_only=True, password_allowed_groups=["branch"])
    assert "has no group branch" in said


def test_a_controller_is_not_renamed() -> None:
    """AD-48."""
    host = FakeHost(_domain.Found(domain=replace(DOMAIN, controller_name="dc8")))
    assert "is the domain controller dc8, and host_name says dc3" in refusal(host, FakePartner(host))


def test_an_interrupted_join_is_moved_aside_and_its_traces_in_the_directory_removed() -> None:
    host = FakeHost(_domain.Found(fault="no secret"))
    partner = FakePartner(host)
    partner.known = replace(SURVEY, previous=[DEAD])
    result = outcome(host, partner)
    assert host.calls == ["move_aside", "remove dc3", "join"]
    assert result["moved_aside"] == "/var/lib/samba/private.interrupted"
    assert [step["verb"] for step in result["operations"]] == ["move_aside", "remove_dead", "join"]


def test_a_directory_that_was_served_is_never_moved_aside() -> None:
    host = FakeHost(_domain.Found(fault="unreadable", served=True))
    assert "no interrupted join" in refusal(host, FakePartner(host))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dns_domain_name": "corp"}, "dns_domain_name 'corp': it has a single label"),
        ({"site_name": "Bad Site"}, "site_name 'Bad Site'"),
        ({"host_name": "h" * 16}, "host_name"),
        ({"replication_source_dc": "dc1"}, "no full name of a host in corp.example.test"),
        ({"replication_source_dc": "198.51.100.70"}, "no full name of a host in corp.example.test"),
        ({"replication_source_dc": "DC3.corp.example.test."}, "it is this host itself"),
        ({"password": None}, "domain_admin_password is not given"),
    ],
)
def test_wrong_input_is_refused_before_anything(options: dict[str, Any], message: str) -> None:
    host = FakeHost()
    assert message in refusal(host, FakePartner(host), **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fqdn": "dc2.corp.example.test"}, "answers dc2.corp.example.test"),
        ({"dns_name": "other.test"}, "serves the domain other.test"),
        ({"skew": 151.0}, "is 151 s ahead of this host's"),
        ({"skew": -1200.0}, "is 1200 s behind this host's"),
    ],
)
def test_what_the_server_says_is_judged(change: dict[str, Any], message: str) -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.root = replace(ROOT, **change)
    assert message in refusal(host, partner)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"netbios_name": "OFFICE"}, "is OFFICE and not CORP"),
        ({"sites": ["Default-First-Site-Name"]}, "has no site 'branch', it has Default-First-Site-Name"),
        ({"domain_level": 7}, "is 7, and this host's controller would offer 4"),
        ({"member": "CN=DC3,CN=Computers"}, "an ordinary member named dc3"),
        ({"roles": ["rid", "pdc"], "previous": [DEAD]}, "still holds rid, pdc"),
    ],
)
def test_what_the_directory_has_is_judged(change: dict[str, Any], message: str) -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.known = replace(SURVEY, **change)
    assert message in refusal(host, partner)


def test_a_controller_of_the_name_that_answers_keeps_its_place() -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.known = replace(SURVEY, previous=[DEAD], addresses=["198.51.100.9"])
    partner.alive = {"198.51.100.9": "dc3.corp.example.test"}
    assert "198.51.100.9 answers" in refusal(host, partner)


def test_an_address_that_another_controller_has_now_is_no_obstacle() -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.known = replace(SURVEY, previous=[DEAD], addresses=["198.51.100.9"])
    partner.alive = {"198.51.100.9": "dc4.corp.example.test"}
    outcome(host, partner)
    assert host.calls == ["remove dc3", "join"]


def test_level_2016_is_joined_with_the_setting() -> None:
    host = FakeHost(settings=replace(SETTINGS, controller_level="2016"))
    partner = FakePartner(host)
    partner.known = replace(SURVEY, domain_level=7)
    assert outcome(host, partner)["changed"]


def test_smb_conf_has_to_suit() -> None:
    host = FakeHost(settings=replace(SETTINGS, realm="CORP"))
    assert "realm is 'CORP' and must be 'CORP.EXAMPLE.TEST'" in refusal(host, FakePartner(host))


def test_a_server_that_does_not_answer_ends_a_real_run_only() -> None:
    host = FakeHost(settings=None)
    partner = FakePartner(host)
    partner.gone = True
    result = outcome(host, partner, check_mode=True)
    assert (result["changed"], host.calls, result["domain"], result["site"]) == (True, [], {}, None)
    assert len(result["unknown"]) == 2
    host.smb_conf = SETTINGS
    assert "does not answer" in refusal(host, partner)


def test_a_join_that_leaves_nothing_readable_is_an_error() -> None:
    host = FakeHost()
    partner = FakePartner(host)
    partner.joined = _domain.Found(fault="half")
    with pytest.raises(ResourceError, match="cannot be read: half"):
        outcome(host, partner)


@pytest.mark.parametrize(("own", "theirs"), [("hq", ["branch"]), ("branch", ["hq"]), ("branch", []), ("hq", ["hq"])])
def test_both_databases_have_to_agree_on_the_site(own: str, theirs: list[str]) -> None:
    host = FakeHost()
    host.place = own
    partner = FakePartner(host)
    partner.places = theirs
    with pytest.raises(ResourceError, match="not as asked"):
        outcome(host, partner)


def test_names_default_to_the_domains_first_label_and_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "DC7.corp.example.test")
    wanted = _join.wanted_of({**OPTIONS, "host_name": None})
    assert (wanted.netbios_name, wanted.host_name, wanted.fqdn) == ("CORP", "dc7", "dc7.corp.example.test")
