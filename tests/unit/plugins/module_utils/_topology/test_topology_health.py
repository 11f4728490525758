# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host of the examples must be like inside, and who asks mail servers to relay."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.plan import Plan
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.test_topology_examples import (
    evaluated,
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = evaluated("two-offices").plan
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("host", "units"),
    [
        ("gw-hq", {"mailforest-tunnel@branch.service"}),
        ("dc1", {"samba-ad-dc.service", "mailforest-sysvol-sync.timer"}),
        (
            "mx2",
            {
                "postfix.service",
                "dovecot.service",
                "mailforest-mail-tables.service",
                "mailforest-login-guard.service",
                "rspamd.service",
                "redis-server@rspamd.service",
            },
        ),
        ("member1", {"winbind.service", "smbd.service"}),
    ],
)
def test_units(plan: Plan, host: str, units: set[str]) -> None:
    found = {row["name"] for row in plan["hosts"][host]["health"]["units"]}
    assert found == {"chrony.service", "mailforest-firewall.service", *units}


def test_each_host_is_asked_what_it_has(plan: Plan) -> None:
    health = {name: host["health"] for name, host in plan["hosts"].items()}
    assert {name for name, row in health.items() if row["queue"]} == {"mx1", "mx2"}
    assert {name: row["certificates"] for name, row in health.items() if row["certificates"]} == {
        **{key: [636] for key in ("dc1", "dc2", "dc3")},
        **{key: [465, 993] for key in ("mx1", "mx2")},
    }
    assert health["member1"]["time_servers"][0] == "dc3.corp.example.test"
    assert health["dc1"]["time_servers"] == []
    assert "50000-50020" in health["dc1"]["ports"]
    assert set(health["mx1"]["ports"]) == {"22", "25", "110", "123", "143", "465", "587", "993", "995", "4190"}


def test_records_of_every_host_and_of_mail(plan: Plan) -> None:
    rows = {(row["name"], row["type"]): row for row in plan["records"]}
    assert {name.partition(".")[0] for name, kind in rows if kind == "A"} == set(plan["hosts"])
    mail = rows["example.test", "MX"]
    assert (mail["values"], mail["requirement"]) == (
        ["10 mx1.corp.example.test", "10 mx2.corp.example.test"],
        "MAIL-12",
    )
    assert rows["_imaps._tcp.example.test", "SRV"]["requirement"] == "MAIL-17"
    assert {kind for _name, kind in rows} == {"A", "MX", "SRV"}


def test_who_asks_for_relaying(plan: Plan) -> None:
    asked = {
        vantage: [(row["server"].partition(".")[0], row["address"]) for row in rows]
        for vantage, rows in plan["relay_attempts"].items()
    }
    assert asked == {
        "outside": [("mx1", "198.51.100.2"), ("mx2", "198.51.100.3")],
        "member1": [("mx1", "198.51.100.80"), ("mx2", "198.51.100.144")],
    }
