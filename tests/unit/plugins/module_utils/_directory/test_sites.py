# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites, subnets, links and places: what is planned, what is written, what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _sites
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    DOMAIN,
    MemoryStore,
)

SITES = f"CN=Sites,CN=Configuration,{DOMAIN}"
SUBNETS = f"CN=Subnets,{SITES}"
LINKS = f"CN=IP,CN=Inter-Site Transports,{SITES}"


class MemorySites(MemoryStore):
    """A directory with two sites, a controller in the first, a subnet and a link."""

    sites_dn = SITES

    def __init__(self) -> None:
        super().__init__()
        for name in ("hq", "branch"):
            self.put(f"CN={name},{SITES}", objectClass=["top", "site"])
        self.put(f"CN=dc1,CN=Servers,CN=hq,{SITES}", objectClass=["top", "server"])
        self.put(
            f"CN=198.51.100.64/26,{SUBNETS}",
            objectClass=["top", "subnet"],
            siteObject=f"CN=hq,{SITES}",
            location="here",
        )
        self.put(
            f"CN=hq-branch,{LINKS}",
            objectClass=["top", "siteLink"],
            siteList=[f"cn=HQ,{SITES}", f"CN=branch,{SITES}"],
            cost="100",
            replInterval="15",
            options="4",
        )

    def find(
        self, where: Mapping[str, str], *, attributes: Sequence[str], base: str | None = None, children: bool = False
    ) -> list[Entry]:
        found = super().find(where, attributes=attributes)
        return [entry for entry in found if entry.dn.lower().endswith((base or DOMAIN).lower())]

    def at(self, dn: str, attribute: str) -> list[str]:
        guid = self._guid(dn)
        return self.text(guid, attribute) if guid else []


RESOURCES: dict[str, tuple[Any, dict[str, Any]]] = {
    "sites": (_sites.Sites, _sites.SITE_ARGUMENTS),
    "subnets": (_sites.Subnets, _sites.SUBNET_ARGUMENTS),
    "links": (_sites.Links, _sites.LINK_ARGUMENTS),
}


def run(store: MemorySites, kind: str, *wishes: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    made, arguments = RESOURCES[kind]
    spec = arguments["argument_spec"][kind]["options"]
    filled = [{key: wish.get(key, value.get("default")) for key, value in spec.items()} for wish in wishes]
    return _engine._run(made(store, filled, single=len(wishes) == 1), check_mode=check_mode)


def place(store: MemorySites, *servers: tuple[str, str], ignore_missing: bool = False) -> dict[str, Any]:
    wishes = [{"name": name, "site": site} for name, site in servers]
    return _engine._run(_sites.Servers(store, wishes, single=False, ignore_missing=ignore_missing), check_mode=False)


@pytest.fixture
def store() -> MemorySites:
    return MemorySites()


def test_a_new_site_has_the_objects_that_a_join_needs(store: MemorySites) -> None:
    told = run(store, "sites", {"name": "depot", "description": "Depot"}, check_mode=True)
    assert store.writes == []
    done = run(store, "sites", {"name": "depot", "description": "Depot"})
    assert told["operations"] == done["operations"]
    assert store.at(f"CN=depot,{SITES}", "description") == ["Depot"]
    assert store.at(f"CN=NTDS Site Settings,CN=depot,{SITES}", "objectClass") == ["nTDSSiteSettings", "top"]
    assert store.at(f"CN=Servers,CN=depot,{SITES}", "objectClass") == ["serversContainer", "top"]
    assert not run(store, "sites", {"name": "depot", "description": "Depot"})["changed"]


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        ("sites", {"name": "hq"}),
        ("sites", {"name": "hq", "description": ""}),
        ("sites", {"name": "gone", "state": "absent"}),
        ("sites", {"name": "hq", "identity": "gone"}),
        ("subnets", {"name": "198.51.100.64/26"}),
        ("subnets", {"name": "198.51.100.64/26", "site": "HQ", "location": "here"}),
        ("links", {"name": "hq-branch", "sites_included": ["branch", "hq"], "cost": 100, "replication_frequency": 15}),
        ("links", {"name": "hq-branch", "notify": False}),
    ],
)
def test_what_is_so_already_is_no_change(store: MemorySites, kind: str, wish: dict[str, Any]) -> None:
    assert (run(store, kind, wish)["changed"], store.writes) == (False, [])


@pytest.mark.parametrize("identity", ["hq", f"CN=hq,{SITES}", "GUID"])
def test_a_renamed_site_stays_the_same_object(store: MemorySites, identity: str) -> None:
    guid = store._guid(f"CN=hq,{SITES}")
    assert guid is not None
    wish = {"name": "head-office", "identity": guid if identity == "GUID" else identity}
    assert run(store, "sites", wish)["object_guid"] == guid
    assert store.dn(guid) == f"CN=head-office,{SITES}"
    assert not run(store, "sites", wish)["changed"]


def test_a_site_takes_a_new_spelling(store: MemorySites) -> None:
    assert [step["verb"] for step in run(store, "sites", {"name": "HQ"})["operations"]] == ["rename"]


def test_an_empty_site_is_removed(store: MemorySites) -> None:
    run(store, "sites", {"name": "depot"})
    assert run(store, "sites", {"name": "depot", "state": "absent"})["changed"]
    assert store.read(f"CN=depot,{SITES}", ["cn"]) is None


def test_a_site_in_use_is_not_removed_and_all_reasons_are_told(store: MemorySites) -> None:
    with pytest.raises(ResourceError, match=r"controllers dc1;.*198\.51\.100\.64/26;.*hq-branch;"):
        run(store, "sites", {"name": "hq", "state": "absent"})
    assert store.writes == []


@pytest.mark.parametrize(
    ("kind", "wish", "fault"),
    [
        ("sites", {"name": "Bad/Name"}, "one DNS label"),
        ("sites", {"name": "hq", "identity": f"CN=hq-branch,{LINKS}"}, "is no site"),
        ("sites", {"name": "branch", "identity": "hq"}, "another object is at"),
        ("sites", {"identity": "gone"}, "names no site"),
        ("subnets", {"name": "198.51.100.65/26", "site": "hq"}, "has host bits set"),
        ("subnets", {"name": "2001:DB8::/32", "site": "hq"}, "write it as '2001:db8::/32'"),
        ("links", {"name": "x", "sites_included": ["hq", "HQ"]}, "two or more different sites"),
        ("links", {"name": "x", "sites_included": ["hq", "branch"], "cost": 0}, "cost 0"),
        ("links", {"name": "x", "sites_included": ["hq", "branch"], "replication_frequency": 5}, "frequency 5"),
        ("links", {"name": "x", "sites_included": ["hq", "branch"], "schedule": "any"}, "KCC"),
        ("links", {"name": "x"}, "give the sites"),
    ],
)
def test_what_samba_would_accept_or_garble_is_refused(
    store: MemorySites, kind: str, wish: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ResourceError, match=fault):
        run(store, kind, wish)
    assert store.writes == []


def test_the_same_twice_is_refused(store: MemorySites) -> None:
    with pytest.raises(ResourceError, match="same object"):
        run(store, "sites", {"name": "depot"}, {"name": "DEPOT"})


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        ("subnets", {"name": "198.51.100.0/26", "site": "depot"}),
        ("links", {"name": "x", "sites_included": ["hq", "depot"]}),
    ],
)
def test_a_site_that_is_not_there_yet_is_not_known_in_check_mode(
    store: MemorySites, kind: str, wish: dict[str, Any]
) -> None:
    with pytest.raises(NotYetKnowable, match="no site depot"):
        run(store, kind, wish)


def test_a_subnet_goes_to_its_site(store: MemorySites) -> None:
    result = run(
        store, "subnets", {"name": "198.51.100.64/26", "site": "branch"}, {"name": "198.51.100.0/26", "site": "hq"}
    )
    assert store.at(f"CN=198.51.100.64/26,{SUBNETS}", "siteObject") == [f"CN=branch,{SITES}"]
    assert store.at(f"CN=198.51.100.0/26,{SUBNETS}", "siteObject") == [f"CN=hq,{SITES}"]
    assert result["diff"]["before"]["198.51.100.64/26"]["site"] == "hq"


def test_a_new_link_has_the_directorys_usual_numbers(store: MemorySites) -> None:
    run(store, "links", {"name": "new", "sites_included": ["hq", "branch"], "notify": True})
    dn = f"CN=new,{LINKS}"
    assert [store.at(dn, name) for name in ("cost", "replInterval", "options")] == [["100"], ["180"], ["1"]]


def test_a_link_changes_and_loses_a_schedule(store: MemorySites) -> None:
    guid = store._guid(f"CN=hq-branch,{LINKS}")
    assert guid is not None
    store.objects[guid][1]["schedule"] = (b"blob",)
    result = run(store, "links", {"name": "hq-branch", "cost": 50, "notify": True})
    assert store.text(guid, "schedule") == []
    assert (store.text(guid, "cost"), store.text(guid, "options")) == (["50"], ["5"])
    assert result["diff"]["before"]["hq-branch"]["schedule"] == "set"


def test_a_controller_is_moved_once(store: MemorySites) -> None:
    assert place(store, ("DC1.corp.example.test", "branch"))["moved"] == ["dc1"]
    assert store.read(f"CN=dc1,CN=Servers,CN=branch,{SITES}", ["cn"])
    again = place(store, ("dc1", "branch"))
    assert (again["changed"], again["servers"], again["domain"]) == (False, {"dc1": "branch"}, "corp.example.test")


def test_a_controller_that_has_not_joined_is_passed_over_or_refused(store: MemorySites) -> None:
    assert place(store, ("dc1", "hq"), ("dc9", "hq"), ignore_missing=True)["missing"] == ["dc9"]
    with pytest.raises(NotYetKnowable, match="dc9"):
        place(store, ("dc9", "hq"))
