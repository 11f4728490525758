# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan says is what the roles take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.module_utils._firewall import reading, ruleset
from ansible_collections.mailforest.stack.plugins.module_utils._mail.relaying import (
    relay_client_errors,
    relay_errors,
)
from ansible_collections.mailforest.stack.plugins.module_utils._topology.plan import (
    FirewallPlan,
    MailListPlan,
    RelayPlan,
    TunnelPlan,
)
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.settings import site_tunnel_errors
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    ONE_OFFICE,
    TWO_OFFICES,
    office,
    plan,
    sites,
)

ROOT = Path(__file__).resolve().parents[5]
MANY = [
    pytest.param(ONE_OFFICE, {}, id="one office"),
    pytest.param(TWO_OFFICES, {}, id="two offices"),
    pytest.param(TWO_OFFICES, sites(4), id="six offices in a mesh"),
    pytest.param(
        TWO_OFFICES,
        office(0) | {"mailforest_site_links/more": {"sites": ["branch", "s0"]}},
        id="three offices in a chain",
    ),
]


def options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = specs["argument_specs"]["main"]["options"]
    return found


@pytest.mark.parametrize(("sample", "edits"), MANY)
def test_the_firewall_takes_every_hosts_rules(sample: dict[str, Any], edits: dict[str, Any]) -> None:
    for host in plan(sample, edits)["hosts"].values():
        policy = reading.read_policy(host["firewall"])
        assert ruleset.render(policy, ssh_ports=(22,))


@pytest.mark.parametrize(("sample", "edits"), MANY)
def test_the_tunnels_take_every_gateways_ends(sample: dict[str, Any], edits: dict[str, Any]) -> None:
    for host in plan(sample, edits)["hosts"].values():
        assert site_tunnel_errors(host["tunnels"]) == []


def test_roles_know_every_key() -> None:
    assert set(TunnelPlan.__annotations__) == set(options("site_tunnel")["site_tunnel_links"]["options"])
    assert {f"firewall_{key}" for key in FirewallPlan.__annotations__} <= set(options("firewall"))
    firewall = plan(TWO_OFFICES, sites(1))["hosts"]["gw-hq"]["firewall"]
    for key in ("rules", "forward_rules", "masquerade", "dnat", "tunnelled", "refused"):
        known = set(options("firewall")[f"firewall_{key}"]["options"])
        assert firewall[key] and all(set(row) <= known for row in firewall[key])


def test_postfix_takes_every_servers_smart_host_and_lists() -> None:
    known = options("postfix")
    assert set(RelayPlan.__annotations__) <= set(known["postfix_relay"]["options"])
    assert set(MailListPlan.__annotations__) == set(known["postfix_lists"]["options"])
    edits = {"mailforest_mail/relay": {"hq": {"host": "smarthost.example.net"}, "branch": {"host": "mx1"}}}
    made = plan(TWO_OFFICES, edits)
    for name in ("mx1", "mx2"):
        host = made["hosts"][name]
        settings = {
            "relay": {"user": "", "tls": "secure", "ca_file": "/ca", **host["mail_relay"]},
            "relay_password": "",
            "relay_clients": host["mail_relay_clients"],
            "hostname": host["fqdn"],
            "addresses": [host["address"]],
            "domains": made["mail"]["domains"],
            "peers": host["mail_peers"],
        }
        assert [*relay_errors(settings), *relay_client_errors(settings)] == []


def test_roles_of_the_directory_know_every_key() -> None:
    directory = plan(TWO_OFFICES)["directory"]
    for key in ("sites", "subnets", "links", "servers"):
        option = options("directory_sites")[f"directory_sites_{key}"]
        for row in directory[key] if option["elements"] == "dict" else ():
            assert set(row) <= set(option["options"])
