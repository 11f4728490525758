# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`mailforest_fsmo: auto`: who is proposed for which role, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    DC,
    DROP,
    GW,
    MX,
    ONE_OFFICE,
    TWO_OFFICES,
    Edits,
    host,
    office,
    outcome,
    plan,
)

AUTO: Edits = {"mailforest_fsmo": "auto"}
OTHERS = ("schema", "naming", "rid", "infrastructure", "domaindns", "forestdns")


def strength(name: str, memory: int, processors: int = 2) -> Edits:
    """What the inventory says of a host's strength."""
    return {f"hosts/{name}/vars/mailforest_memory": memory, f"hosts/{name}/vars/mailforest_processors": processors}


def proposed(edits: Edits) -> Any:
    """The plan of the two offices with roles placed by themselves."""
    return plan(TWO_OFFICES, AUTO | edits)


def test_without_auto_nothing_is_proposed() -> None:
    assert plan(TWO_OFFICES)["fsmo_auto"] == {}


def test_one_controller_has_all() -> None:
    found = plan(ONE_OFFICE, AUTO)
    assert found["fsmo"] == dict.fromkeys((*OTHERS, "pdc"), "dc1")
    assert "no other controller" in found["fsmo_auto"]["pdc"]["reason"]


def test_the_pdc_emulator_has_a_controller_of_its_own_in_the_centre() -> None:
    found = proposed({})
    assert found["fsmo"] == dict.fromkeys(OTHERS, "dc1") | {"pdc": "dc2"}
    assert list(found["fsmo"]) == ["schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns"]
    assert found["fsmo_auto"]["pdc"]["owner"] == "dc2"
    reason = found["fsmo_auto"]["pdc"]["reason"]
    assert reason.startswith("dc2 is in site hq, which has most controllers for it (2)")
    assert "strangers do not reach it" in reason
    assert "as strong as dc1" in reason


@pytest.mark.parametrize(
    ("edits", "owner", "why"),
    [
        (strength("dc1", 8192) | strength("dc2", 4096), "dc1", "more memory (8192 MiB) than dc2"),
        (strength("dc1", 8192), "dc2", "as strong as dc1"),
        (strength("dc1", 4096, 8) | strength("dc2", 4096, 4), "dc1", "more processors (8) than dc2"),
        (strength("dc1", 4096) | strength("dc2", 8192), "dc2", "more memory (8192 MiB) than dc1"),
        (
            {"hosts/dc2/groups": [DC, MX], "mailforest_mail/publish": []},
            "dc1",
            "fewer other functions than dc2",
        ),
    ],
)
def test_the_strongest_is_the_pdc_emulator(edits: Edits, owner: str, why: str) -> None:
    found = proposed(edits)
    assert found["fsmo"]["pdc"] == owner
    assert why in found["fsmo_auto"]["pdc"]["reason"]
    assert found["fsmo"]["rid"] == "dc1"


def test_who_faces_the_internet_has_no_role() -> None:
    found = proposed({"hosts/dc1/vars/mailforest_public_address": "198.51.100.5"})
    assert set(found["fsmo"].values()) == {"dc2"}
    assert found["fsmo_auto"]["pdc"]["unfit"]["dc1"] == "has an address on the Internet"
    assert "dc1" not in found["fsmo_auto"]["rid"]["unfit"]


def test_a_waiver_lets_it_stay_but_does_not_bring_it_there() -> None:
    waiver = {
        "rule": "pdc-not-on-gateway",
        "host": "dc1",
        "reason": "one machine only",
        "until": date(2027, 6, 30),
    }
    edits = {"hosts/dc1/vars/mailforest_public_address": "198.51.100.5", "mailforest_waivers": [waiver]}
    found = proposed(edits)
    assert found["fsmo"]["pdc"] == "dc2"
    assert "dc1" not in found["fsmo_auto"]["pdc"]["unfit"]


def test_a_host_that_is_no_controller_in_the_inventory_keeps_nothing() -> None:
    found = proposed({})
    assert "no domain controller in the inventory" in found["fsmo_auto"]["rid"]["unfit"]["mx1"]
    assert set(found["fsmo_auto"]["pdc"]["unfit"]) == {"mx1", "mx2", "gw-hq", "gw-branch", "member1"}


def test_of_equal_sites_the_one_with_most_clients_then_the_first() -> None:
    found = proposed({"hosts/dc2": DROP, "hosts/member1": DROP, "mailforest_users/1/site": "hq"})
    assert "has most hosts and users (5)" in found["fsmo_auto"]["rid"]["reason"]
    found = proposed({"hosts/dc2": DROP, "hosts/member1": DROP})
    assert "the first of equals" in found["fsmo_auto"]["rid"]["reason"]
    assert set(found["fsmo"].values()) == {"dc1"}


def test_the_centre_is_the_site_with_most_links() -> None:
    edits = office(7) | {
        "mailforest_site_links": {
            "hq-branch": {"sites": ["hq", "branch"]},
            "branch-s7": {"sites": ["branch", "s7"]},
        },
    }
    found = proposed(edits)
    assert set(found["fsmo"].values()) == {"dc3"}
    assert "linked with most others (2)" in found["fsmo_auto"]["rid"]["reason"]


def test_every_controller_follows_the_world_as_any_may_have_stayed_the_pdc_emulator() -> None:
    found = proposed({"mailforest_time": {"servers": ["ntp.example.test"]}})
    assert {tuple(found["hosts"][name]["ntp_servers"]) for name in ("dc1", "dc2", "dc3")} == {("ntp.example.test",)}
    assert found["hosts"]["mx1"]["ntp_servers"] != ["ntp.example.test"]


def test_without_a_controller_the_rule_speaks() -> None:
    result = outcome(ONE_OFFICE, AUTO | {"hosts/dc1": DROP})
    assert {finding.rule for finding in result.errors} == {"forest-has-dc", "site-with-clients-has-dc"}


def test_a_gateway_as_the_only_controller_is_refused() -> None:
    edits = AUTO | {"hosts/dc1": DROP, "hosts/gw-hq": host(GW, DC, address="198.51.100.66", site="hq")}
    assert "pdc-not-on-gateway" in {finding.rule for finding in outcome(ONE_OFFICE, edits).errors}
