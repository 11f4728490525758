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
    for group, row in load(inventory / "hosts.yml").items():
        for host, variables in row["hosts"].items():
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


@pytest.mark.parametrize("name", ["one-office", "two-offices"])
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


@pytest.mark.parametrize("guide", ["first-forest.md", "ru/first-forest.md"])
def test_what_the_first_guide_says_makes_a_forest(guide: str) -> None:
    """Its variables in the place of the example's, with the hosts and the passwords that it tells of."""
    text = (EXAMPLES.parent / "docs" / guide).read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    result = evaluated("one-office", {"mailforest_groups": [], **yaml.safe_load(block)})
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []
    assert result.plan
    assert result.plan["mail"]["homes"]["alice"] == "mx1"
