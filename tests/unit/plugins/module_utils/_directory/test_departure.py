# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller leaves with everything handed over, and a dead one is removed only when it is dead and holds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _departure, _domain, _join
from ansible_collections.mailforest.stack.plugins.module_utils._directory._root import Root
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

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
WANTED = _join.wanted_of(
    {
        "dns_domain_name": "corp.example.test",
        "domain_netbios_name": None,
        "replication_source_dc": "dc1.corp.example.test",
        "site_name": None,
        "host_name": "dc3",
        "backend_store": "tdb",
    }
)
SURVEY = _join.Survey(netbios_name="CORP", domain_level=4, sites=["hq"], previous=["CN=DC3,CN=Servers,CN=hq"])


class Two:
    """The host that leaves and the controller that stays, in one."""

    private_dir = "/var/lib/samba/private"

    def __init__(self, roles: Sequence[str] = ()) -> None:
        self.found = _domain.Found(domain=DOMAIN)
        self.names = ["dc1", "dc3"]
        self.survey_found = replace(SURVEY, roles=list(roles))
        self.fqdn = "dc1.corp.example.test"
        self.moves = True
        self.calls: list[str] = []

    def find(self) -> _domain.Found:
        return self.found

    def controllers(self) -> list[str]:
        return self.names

    def greet(self) -> Root:
        return Root(fqdn=self.fqdn, dns_name="corp.example.test", skew=0)

    def survey(self, host_name: str) -> _join.Survey:
        assert host_name == "dc3"
        return self.survey_found

    def _moved(self, role: str) -> None:
        if self.moves:
            roles = [other for other in self.survey_found.roles if other != role]
            self.survey_found = replace(self.survey_found, roles=roles)

    def give(self, role: str, owner: str) -> None:
        self.calls.append(f"give {role} to {owner}")
        self._moved(role)

    def take(self, role: str) -> None:
        self.calls.append(f"take {role}")
        self._moved(role)

    def deliver(self) -> None:
        self.calls.append("deliver")

    def remove(self, host_name: str) -> None:
        self.calls.append(f"remove {host_name}")
        self.survey_found = replace(self.survey_found, previous=[])

    def stop(self) -> None:
        self.calls.append("stop")

    def retire(self) -> str:
        self.calls.append("retire")
        self.found = _domain.Found()
        return f"{self.private_dir}.demoted"


def demoted(two: Two, *, password: str | None = "Sesame-1", hand_over: bool = False, check_mode: bool = False) -> Any:
    resource = _departure.DemotionResource(lambda: two, lambda: two, WANTED, password=password, hand_over=hand_over)
    return _engine._run(resource, check_mode=check_mode)


def test_a_controller_leaves_once() -> None:
    two = Two()
    result = demoted(two)
    assert two.calls == ["deliver", "stop", "remove dc3", "retire"]
    assert (result["changed"], result["moved_aside"]) == (True, f"{two.private_dir}.demoted")
    assert demoted(two, password=None)["changed"] is False
    assert len(two.calls) == 4


def test_check_mode_announces_and_changes_nothing() -> None:
    two = Two()
    verbs = [step["verb"] for step in demoted(two, check_mode=True)["operations"]]
    assert verbs == ["deliver", "stop", "remove", "retire"]
    assert two.calls == []


def test_roles_are_a_reason_to_stay_or_handed_over() -> None:
    two = Two(["pdc", "domaindns"])
    with pytest.raises(ResourceError, match=r"dc3 holds pdc, domaindns. Nothing was changed"):
        demoted(two)
    demoted(two, hand_over=True)
    assert two.calls == ["take pdc", "give domaindns to dc1", "deliver", "stop", "remove dc3", "retire"]


def test_a_role_that_does_not_move_keeps_the_controller() -> None:
    two = Two(["pdc"])
    two.moves = False
    with pytest.raises(ResourceError, match=r"still has dc3 as owner of pdc. The host is still a controller"):
        demoted(two, hand_over=True)
    assert "remove dc3" not in two.calls


def test_an_interrupted_demotion_is_completed() -> None:
    two = Two()
    two.survey_found = replace(two.survey_found, previous=[])
    demoted(two)
    assert two.calls == ["stop", "retire"]


def test_a_database_that_has_learned_of_its_removal_is_put_aside() -> None:
    two = Two()
    two.survey_found = replace(two.survey_found, previous=[])
    two.found = _domain.Found(fault="no dsServiceName", served=True)
    demoted(two)
    assert two.calls == ["stop", "retire"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": ["dc3"]}, "dc3 is the last controller"),
        ({"names": ["dc2", "dc3"]}, "is no controller of corp.example.test; the others are dc2"),
        ({"fqdn": "dc2.corp.example.test"}, "answers dc2.corp.example.test"),
        ({"found": _domain.Found(fault="half")}, "cannot be read as a domain: half"),
        ({"found": _domain.Found(domain=replace(DOMAIN, dns_name="other.test"))}, "a controller of other.test"),
    ],
)
def test_what_would_break_the_domain_is_refused(change: dict[str, Any], said: str) -> None:
    two = Two()
    vars(two).update(change)
    with pytest.raises(ResourceError, match=f"{said}.*Nothing was changed"):
        demoted(two)
    assert two.calls == []


def test_without_a_password_nothing_begins() -> None:
    with pytest.raises(ResourceError, match="domain_admin_password is not given"):
        demoted(Two(), password=None)


def test_a_host_does_not_survive_itself() -> None:
    with pytest.raises(ResourceError, match="this host itself"):
        _departure.DemotionResource(
            Two, Two, replace(WANTED, server="dc3.corp.example.test"), password="x", hand_over=False
        )


class Directory:
    """A survivor's directory with a dead controller."""

    own = "dc1"

    def __init__(self) -> None:
        self.names = ["dc1", "dc3"]
        self.roles: list[str] = []
        self.alive: dict[str, str] = {}

    def controllers(self) -> list[str]:
        return self.names

    def roles_of(self, name: str) -> list[str]:
        return self.roles

    def fqdn_of(self, name: str) -> str:
        return f"{name}.corp.example.test"

    def addresses_of(self, name: str) -> list[str]:
        return ["198.51.100.73"]

    def answers(self, address: str) -> str | None:
        return self.alive.get(address)

    def remove(self, name: str) -> Sequence[str]:
        self.names.remove(name)
        return [f"Removing {name}"]


def removed(directory: Directory, name: str = "dc3", *, check_mode: bool = False) -> Any:
    resource = _departure.RemovalResource(directory, name, ["198.51.100.74"])
    return _engine._run(resource, check_mode=check_mode)


def test_a_dead_controller_is_removed_once() -> None:
    directory = Directory()
    assert removed(directory, check_mode=True)["changed"] is True
    assert removed(directory, "DC3.corp.example.test")["removed"] == ["Removing dc3"]
    assert removed(directory)["changed"] is False


@pytest.mark.parametrize("address", ["198.51.100.73", "198.51.100.74"])
def test_one_that_answers_is_not_removed(address: str) -> None:
    directory = Directory()
    directory.alive[address] = "DC3.corp.example.test"
    with pytest.raises(ResourceError, match=f"is at work: {address} answers. Nothing was changed"):
        removed(directory)


def test_another_host_at_its_address_is_none_of_it() -> None:
    directory = Directory()
    directory.alive["198.51.100.73"] = "dc4.corp.example.test"
    assert removed(directory)["changed"] is True


def test_roles_have_to_be_seized_first() -> None:
    directory = Directory()
    directory.roles = ["rid"]
    with pytest.raises(ResourceError, match=r"still holds rid. Nothing was changed.*fsmo_seize"):
        removed(directory)


def test_a_controller_does_not_remove_itself() -> None:
    with pytest.raises(ResourceError, match=r"the controller that this runs on. Nothing was changed"):
        removed(Directory(), "dc1")
