# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain is made once, and nothing is ever written over one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _domain
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

OPTIONS: dict[str, Any] = {
    "dns_domain_name": "corp.example.test",
    "domain_netbios_name": None,
    "site": "hq",
    "host_name": "dc1",
    "host_address": "198.51.100.68",
    "host_address6": None,
    "functional_level": "2008_R2",
    "backend_store": "tdb",
    "backend_store_size": 8,
    "rfc2307": True,
    "peers": [],
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
    netbios_name="DC1",
    sysvol="/var/lib/samba/sysvol",
    netlogon="/var/lib/samba/sysvol/corp.example.test/scripts",
    controller_level=None,
)


class FakeSamba:
    """Samba on a host, in memory."""

    private_dir = "/var/lib/samba/private"

    def __init__(self, found: _domain.Found | None = None, settings: _domain.Settings | None = SETTINGS) -> None:
        self.found = found or _domain.Found()
        self.smb_conf = settings
        self.levels = {"2008_R2", "2016"}
        self.broken = False
        self.peers: dict[str, str] = {}
        self.calls: list[str] = []

    def find(self) -> _domain.Found:
        return self.found

    def settings(self) -> _domain.Settings | None:
        return self.smb_conf

    def supports(self, level: str) -> bool:
        return level in self.levels

    def password_fault(self, password: str) -> str | None:
        return None if len(password) >= 7 else "it has fewer than 7 characters"

    def served_by(self, address: str) -> str | None:
        return self.peers.get(address)

    def move_aside(self) -> str:
        self.calls.append("move_aside")
        self.found = _domain.Found()
        return f"{self.private_dir}.interrupted"

    def provision(self, forest: _domain.Forest, password: str) -> None:
        self.calls.append(f"provision {forest.realm} {forest.netbios_name} {forest.site}")
        self.found = _domain.Found(fault="half") if self.broken else _domain.Found(domain=DOMAIN)


def outcome(
    samba: FakeSamba, *, password: str | None = "Sesame-1", check_mode: bool = False, **options: Any
) -> dict[str, Any]:
    forest = _domain.forest_of({**OPTIONS, **options})
    resource = _domain.DomainResource(lambda: samba, forest, password=password, check_mode=check_mode)
    return _engine._run(resource, check_mode=check_mode)


def test_a_blank_host_gets_the_forest() -> None:
    samba = FakeSamba()
    result = outcome(samba)
    assert samba.calls == ["provision CORP.EXAMPLE.TEST CORP hq"]
    assert result["changed"]
    assert result["domain"]["sid"] == DOMAIN.sid
    assert result["diff"]["before"] == {}
    assert "Sesame" not in repr(result)


def test_the_wanted_domain_stays_without_password_smb_conf_or_address() -> None:
    samba = FakeSamba(_domain.Found(domain=DOMAIN), settings=None)
    result = outcome(samba, password=None, host_address=None)
    assert (result["changed"], result["operations"], samba.calls) == (False, [], [])
    assert result["domain"]["functional_levels"] == {"domain": 4, "forest": 4, "domain_controller": 4}


@pytest.mark.parametrize(
    "other", [{"dns_domain_name": "corp2.example.test"}, {"domain_netbios_name": "OTHER"}], ids=["realm", "netbios"]
)
def test_another_domain_is_refused_and_left_alone(other: dict[str, Any]) -> None:
    samba = FakeSamba(_domain.Found(domain=DOMAIN))
    with pytest.raises(ResourceError, match=r"already holds the domain corp\.example\.test .*Nothing was changed"):
        outcome(samba, **other)
    assert samba.calls == []


def test_a_database_of_the_other_kind_is_an_error_with_the_way_out() -> None:
    samba = FakeSamba(_domain.Found(domain=DOMAIN))
    with pytest.raises(
        ResourceError, match=r"of kind tdb and not mdb\. Nothing was changed.*samba_dc_backend.*dc_demote"
    ):
        outcome(samba, backend_store="mdb")
    assert (
        outcome(FakeSamba(_domain.Found(domain=replace(DOMAIN, backend_store="mdb"))), backend_store="mdb")["changed"]
        is False
    )


@pytest.mark.parametrize("size", [0, 1025])
def test_a_database_has_a_size_that_can_be(size: int) -> None:
    with pytest.raises(ResourceError, match=f"backend_store_size '{size}': it is not from 1 to 1024 GB"):
        outcome(FakeSamba(), backend_store_size=size)


def test_a_controller_is_not_renamed() -> None:
    """AD-48."""
    samba = FakeSamba(_domain.Found(domain=replace(DOMAIN, controller_name="dc1")))
    with pytest.raises(
        ResourceError, match=r"is the domain controller dc1, and host_name says dc9\. Nothing was changed"
    ):
        outcome(samba, host_name="dc9")
    assert outcome(samba, host_name="DC1")["changed"] is False


def test_an_interrupted_run_is_moved_aside_and_made_anew() -> None:
    samba = FakeSamba(_domain.Found(fault="no secret"))
    result = outcome(samba)
    assert samba.calls == ["move_aside", "provision CORP.EXAMPLE.TEST CORP hq"]
    assert result["moved_aside"] == "/var/lib/samba/private.interrupted"
    assert [step["verb"] for step in result["operations"]] == ["move_aside", "provision"]


def test_a_directory_that_was_served_is_never_moved_aside() -> None:
    samba = FakeSamba(_domain.Found(fault="unreadable", served=True))
    with pytest.raises(ResourceError, match="no interrupted provisioning"):
        outcome(samba)
    assert samba.calls == []


def test_check_mode_says_what_would_be_made_and_what_cannot_be_known() -> None:
    samba = FakeSamba(settings=None)
    result = outcome(samba, check_mode=True)
    assert (result["changed"], samba.calls, result["domain"]) == (True, [], {})
    assert len(result["unknown"]) == 2
    assert result["diff"]["after"]["site"] == "hq"


@pytest.mark.parametrize(
    ("options", "password", "message"),
    [
        ({"dns_domain_name": "corp"}, "Sesame-1", "dns_domain_name 'corp': it has a single label"),
        ({"domain_netbios_name": "A" * 16}, "Sesame-1", "NetBIOS allows 15"),
        ({"domain_netbios_name": "dc1"}, "Sesame-1", "equals the host's name"),
        ({"domain_netbios_name": "corp.example.test"}, "Sesame-1", "equals the realm"),
        ({"site": "Bad Site"}, "Sesame-1", "site 'Bad Site'"),
        ({"host_name": "h" * 16}, "Sesame-1", "host_name"),
        ({"host_address": "127.0.0.1"}, "Sesame-1", "host_address '127.0.0.1'"),
        ({"host_address6": "fe80::1"}, "Sesame-1", "host_address6"),
        ({"host_address": None}, "Sesame-1", "host_address is not given"),
        ({}, None, "administrator_password is not given"),
        ({}, "short", "fewer than 7"),
    ],
)
def test_wrong_input_is_refused_before_anything(options: dict[str, Any], password: str | None, message: str) -> None:
    samba = FakeSamba()
    with pytest.raises(ResourceError, match=r"(?i)nothing was changed") as caught:
        outcome(samba, password=password, **options)
    assert message in str(caught.value)
    assert samba.calls == []


def test_all_faults_of_names_come_at_once() -> None:
    with pytest.raises(ResourceError) as caught:
        outcome(FakeSamba(), dns_domain_name="x", site="a b", host_name="-")
    assert len(caught.value.details["faults"]) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"server_role": "standalone server"}, "server role is 'standalone server'"),
        ({"realm": "OTHER.TEST"}, "realm is 'OTHER.TEST'"),
        ({"workgroup": "WORKGROUP"}, "workgroup is 'WORKGROUP'"),
        ({"netbios_name": "DC2"}, "netbios name is 'DC2'"),
        ({"sysvol": None}, "share [sysvol] has no path"),
        ({"netlogon": None}, "share [netlogon] has no path"),
    ],
)
def test_smb_conf_has_to_suit(change: dict[str, Any], message: str) -> None:
    samba = FakeSamba(settings=replace(SETTINGS, **change))
    with pytest.raises(ResourceError) as caught:
        outcome(samba)
    assert message in str(caught.value)
    assert samba.calls == []


def test_a_domain_that_a_peer_serves_is_not_made_a_second_time() -> None:
    samba = FakeSamba()
    samba.peers = {"198.51.100.134": "CORP.example.test"}
    with pytest.raises(ResourceError, match=r"198\.51\.100\.134 serves it.*Nothing was changed"):
        outcome(samba, peers=["198.51.100.80", "198.51.100.134"])
    assert samba.calls == []


def test_peers_of_other_domains_and_those_of_a_domain_that_is_here_are_no_obstacle() -> None:
    samba = FakeSamba()
    samba.peers = {"198.51.100.134": "other.example.test"}
    assert outcome(samba, peers=["198.51.100.134"])["changed"]
    samba.peers = {"198.51.100.134": "corp.example.test"}
    assert not outcome(samba, peers=["198.51.100.134"])["changed"]


def test_level_2016_needs_the_release_and_the_setting() -> None:
    samba = FakeSamba()
    samba.levels = {"2008_R2"}
    with pytest.raises(ResourceError, match="needs a Samba that knows"):
        outcome(samba, functional_level="2016")
    with pytest.raises(ResourceError, match="ad dc functional level"):
        outcome(FakeSamba(), functional_level="2016")
    assert outcome(FakeSamba(settings=replace(SETTINGS, controller_level="2016")), functional_level="2016")["changed"]


def test_a_provisioning_that_leaves_nothing_readable_is_an_error() -> None:
    samba = FakeSamba()
    samba.broken = True
    with pytest.raises(ResourceError, match="cannot be read: half"):
        outcome(samba)


def test_names_default_to_the_domains_first_label_and_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "dc7.corp.example.test")
    forest = _domain.forest_of({**OPTIONS, "host_name": None})
    assert (forest.netbios_name, forest.host_name, forest.realm) == ("CORP", "dc7", "CORP.EXAMPLE.TEST")
