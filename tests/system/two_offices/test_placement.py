# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that are placed by themselves, the name that leads to the PDC emulator, and levels that are not raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, refusal, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import records
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import directory_again, eventually

_NOTE = "CN=FSMO roles,CN=mailforest.stack,CN=Program Data"
_FORGET = """
python3 - << 'END'
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load_default()
sam = SamDB(url="/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=settings)
note = ldb.Dn(sam, f"NOTE,{sam.domain_dn()}")
if len(sam.search(base=sam.domain_dn(), expression=f"(distinguishedName={note})")):
    sam.delete(note)
END
""".replace("NOTE", _NOTE)


@pytest.fixture
def unplaced(office: Office) -> Iterator[None]:
    """At the end there is no note in the directory, as before."""
    yield
    root_shell(at(office.controllers[0]), _FORGET)


@pytest.mark.usefixtures("unplaced")
def test_roles_that_are_placed_stay_with_auto(office: Office) -> None:
    """AD-32: with `auto` nothing moves that somebody has placed."""
    run = directory_again(mailforest_fsmo="auto")
    assert not any(change.endswith("Place the FSMO roles") for change in run.changes), run.explain()
    assert owners(at(office.controllers[0])) == office.fsmo


def test_a_broken_rule_moves_that_role(office: Office) -> None:
    """AD-36: what the module would hand to the transfer."""
    first, pdc = office.controllers[0], office.fsmo["pdc"]
    roles = {
        "pdc": {"owner": first, "reason": "It is free.", "unfit": {pdc: "is a gateway"}},
        "rid": {"owner": pdc, "reason": "It is strong."},
    }
    result = module(at(first), "fsmo_placement", roles=roles)
    assert result["roles"] == {"pdc": first, "rid": office.fsmo["rid"]}
    assert any("cannot stay" in sentence for sentence in result["told"])


def test_the_name_of_the_pdc_emulator_follows_at_once(office: Office) -> None:
    """AD-27: on the new owner with the move itself, on the others as fast as they replicate."""
    old = office.fsmo["pdc"]
    new = next(name for name in reversed(office.controllers) if name != old)
    name = f"_ldap._tcp.pdc._msdcs.{office.dns_domain}"

    def leads_to(server: str, owner: str) -> bool:
        return records(office.addresses[server], name, "SRV") == [f"0 100 389 {office.fqdn(owner)}."]

    try:
        module(at(new), "fsmo", roles={"pdc": new})
        assert leads_to(new, new)
        eventually(lambda: all(leads_to(server, new) for server in office.controllers), seconds=60)
    finally:
        module(at(old), "fsmo", roles={"pdc": old})
    assert leads_to(old, old)
    eventually(lambda: all(leads_to(server, old) for server in office.controllers), seconds=60)


def _refused(office: Office, **options: Any) -> str:
    """What stands against a raise, on the first controller."""
    return refusal(at(office.controllers[0]), "functional_level", **options)


def test_a_level_is_not_raised_while_a_controller_offers_less(office: Office) -> None:
    """AD-46, AD-47, AD-50: Debian 12 is named, and the domain's name is needed."""
    message = _refused(office, domain="2016", forest="2016", confirm=office.dns_domain)
    assert message.startswith("Nothing was changed: ")
    assert all(f"{name} offers 2008_R2" in message for name in office.controllers)


def test_the_forest_is_not_above_the_domain(office: Office) -> None:
    """AD-49."""
    assert "above the domain's" in _refused(office, forest="2016", confirm=office.dns_domain)


def test_a_level_that_is_there_is_no_change(office: Office) -> None:
    """AD-46."""
    result = module(at(office.controllers[0]), "functional_level", domain="2008_R2", forest="2008_R2")
    assert (result["changed"], result["backup"]) == (False, None)
    assert result["levels"] == {"domain": "2008_R2", "forest": "2008_R2"}


def test_the_topology_generator_has_joined_the_sites(office: Office) -> None:
    """AD-7: connections into each site, as every controller's own database has them."""
    for name in office.controllers:
        found = module(at(name), "replication_info")["topology"]
        for site in set(office.sites.values()):
            assert set(found["sites"][site]["controllers"]) == set(office.in_site(site, office.controllers))
            assert found["sites"][site]["bridgeheads"], found
        assert set(found["subnets"]) >= set(office.subnets)


def test_a_site_is_renamed_with_all_that_names_it(office: Office) -> None:
    """AD-6, AD-16: the same object, and subnets, link and controllers follow."""
    host, site = at(office.controllers[0]), office.sites[office.controllers[-1]]
    there = office.in_site(site, office.controllers)
    begun = module(host, "site", name=site)
    before = module(host, "replication_info")["topology"]
    try:
        renamed = module(host, "site", identity=begun["object_guid"], name="elsewhere")
        assert renamed["object_guid"] == begun["object_guid"]
        after = module(host, "replication_info")["topology"]
        assert set(after["sites"]["elsewhere"]["controllers"]) == set(there)
        assert site not in after["sites"]
        assert {subnet for subnet, name in after["subnets"].items() if name == "elsewhere"} == {
            subnet for subnet, name in before["subnets"].items() if name == site
        }
        others = sorted(set(office.sites.values()) - {site})
        assert module(host, "site_link", name="hq-branch", sites_included=[*others, "elsewhere"])["changed"] is False
    finally:
        module(host, "site", identity=begun["object_guid"], name=site)
    assert module(host, "replication_info")["topology"]["subnets"] == before["subnets"]
