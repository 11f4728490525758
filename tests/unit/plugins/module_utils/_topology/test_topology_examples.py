# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples are topologies without a fault, and their passwords are those that are needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import Outcome, evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.model import HostInput, RawInput
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import USER_PASSWORDS
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import TODAY

EXAMPLES = Path(__file__).resolve().parents[5] / "examples"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def evaluated(name: str, edits: dict[str, Any] | None = None) -> Outcome:
    inventory = EXAMPLES / name / "inventory"
    hosts: dict[str, HostInput] = {}
    rows = load(inventory / "hosts.yml")
    for group in (name for name in rows if name.startswith("mailforest_")):  # others are the user's own
        for host, variables in rows[group]["hosts"].items():
            known = hosts.get(host, HostInput(groups=(), variables={}))
            hosts[host] = HostInput(groups=(*known.groups, group), variables={**known.variables, **(variables or {})})
    secrets = load(inventory / "group_vars" / "all" / "secrets.yml.example")
    users = secrets.pop(USER_PASSWORDS.name)
    variables = load(inventory / "group_vars" / "all" / "mailforest.yml") | (edits or {})
    users = {user["name"]: None for user in variables["mailforest_users"]} if edits else users
    return evaluate(
        RawInput(
            hosts=hosts,
            variables=variables,
            secrets=dict.fromkeys(secrets, Verdict.OK),
            passwords=dict.fromkeys(users, Verdict.OK),
        ),
        today=TODAY,
    )


@pytest.mark.parametrize("name", ["one-office", "two-offices", "ten-offices"])
def test_an_example_has_no_fault(name: str) -> None:
    result = evaluated(name)
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []


def test_the_two_offices_of_the_example() -> None:
    plan = evaluated("two-offices").plan
    assert plan
    assert plan["hosts"]["gw-branch"]["tunnels"][0]["remote"] == "198.51.100.2"
    assert plan["mail"]["homes"]["boris"] == "mx2"
    assert plan["fsmo"]["pdc"] == "dc2"
    assert {row["destination"] for row in plan["hosts"]["gw-branch"]["firewall"]["dnat"]} == {"198.51.100.144"}


def test_the_ten_offices_of_the_example() -> None:
    """Every spoke has a tunnel to both hubs and to no other office, and a controller of its own first."""
    plan = evaluated("ten-offices").plan
    assert plan
    hubs = {"hq", "harbour"}
    assert len(plan["sites"]) == 10
    for site, row in plan["sites"].items():
        tunnels = {plan["hosts"][tunnel["peer"]]["site"] for tunnel in plan["hosts"][row["gateway"]]["tunnels"]}
        assert tunnels == (set(plan["sites"]) - {site} if site in hubs else hubs)
        assert plan["hosts"][row["gateway"]]["own_site_controllers"]
        assert row["mail_home"] == {"hq": "mx-hq", "harbour": "mx-harbour"}.get(site, row["mail_home"])
    assert plan["mail"]["homes"]["dora"] == "mx-harbour"
    north = {tunnel["peer"]: tunnel for tunnel in plan["hosts"]["gw-north"]["tunnels"]}
    routes = sorted(network for tunnel in north.values() for network in tunnel["routes"])
    assert len(routes) == len(set(routes)) == 9
    assert north["gw-hq"]["standby_routes"] == plan["sites"]["harbour"]["subnets"]


@pytest.mark.parametrize("guide", ["first-forest.md", "ru/first-forest.md"])
def test_what_the_first_guide_says_makes_a_forest(guide: str) -> None:
    """Its variables in the place of the example's, with the hosts and the passwords that it tells of."""
    text = (EXAMPLES.parent / "docs" / guide).read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    result = evaluated("one-office", {"mailforest_groups": [], **yaml.safe_load(block)})
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []
    assert result.plan
    assert result.plan["mail"]["homes"]["alice"] == "mx1"
