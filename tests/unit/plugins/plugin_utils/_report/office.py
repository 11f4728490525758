# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two offices of the example, compiled, and what their hosts register: when all is well, and when much is not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import Record, make_record
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.test_topology_examples import (
    evaluated,
)

Hosts = dict[str, dict[str, Any]]
TIME = "2026-11-29T06:30:00Z"
LATER = "2026-11-30T06:30:00Z"
PARTITIONS = ("", "CN=Configuration,", "CN=Schema,CN=Configuration,", "DC=DomainDnsZones,", "DC=ForestDnsZones,")
PULLS = {"dc1": ["dc2", "dc3"], "dc2": ["dc1"], "dc3": ["dc1"]}
LOST = {"unreachable": True, "msg": "Task failed: Failed to connect to the host via ssh: Connection timed out"}


@cache
def _plan() -> Any:
    return evaluated("two-offices").plan


def plan() -> dict[str, Any]:
    """The compiled topology, for the taker to change."""
    compiled: dict[str, Any] = copy.deepcopy(_plan())
    return compiled


def _certificate(name: str) -> dict[str, Any]:
    return {
        "subject": f"CN={name}.corp.example.test",
        "issuer": "CN=corp.example.test CA",
        "not_after": "2027-12-30T06:30:00+00:00",
        "days_left": 396,
    }


def _probed(check: dict[str, Any]) -> dict[str, Any]:
    """A port that is as it must be."""
    result = {
        **{key: check[key] for key in ("name", "host", "port", "transport", "requirement")},
        **{"expected": check["expect"], "verdict": "open" if check["expect"] == "open" else "filtered", "passed": True},
        **{"detail": "", "remedy": ""},
    }
    return {**result, "certificate": _certificate(check["name"].split()[0])} if check["tls"] != "none" else result


def _flow(flow: dict[str, Any]) -> dict[str, Any]:
    """A message that came to its home, on the way over the other server or not."""
    home = "mx1" if flow["address"].startswith("svc-mail-probe@") else "mx2"
    server = flow["server"].partition(".")[0]
    hops = [{"sender": "", "by": flow["server"], "protocol": "ESMTPSA", "tls": "TLSv1.3"}]
    if server != home:
        hops.append(
            {"sender": flow["server"], "by": f"{home}.corp.example.test", "protocol": "ESMTPS", "tls": "TLSv1.3"}
        )
    hops.append({"sender": hops[-1]["by"], "by": hops[-1]["by"], "protocol": "LMTP", "tls": ""})
    readings = [
        {"server": reader["server"], "imap_copies": 1, "imap_seconds": 0.4, "pop3_copies": 1}
        for reader in flow["readers"]
    ]
    return {"item": flow, "problems": [], "hops": hops, "readings": readings}


def _controller(compiled: dict[str, Any], name: str) -> dict[str, Any]:
    partners = [
        {
            "controller": source,
            "partition": f"{partition}DC=corp,DC=example,DC=test",
            "age": 40 + 9 * index,
            "failures": 0,
        }
        for source in PULLS[name]
        for index, partition in enumerate(PARTITIONS)
    ]
    srv = [
        {
            "name": row["name"],
            "type": "SRV",
            "values": [f"0 100 389 {target}." for target in row["targets"]],
            "error": "",
        }
        for row in compiled["srv"]
    ]
    records = [
        {"name": row["name"], "type": row["type"], "values": row["values"], "error": ""} for row in compiled["records"]
    ]
    policies = {"{ONE}": {"name": "Default Domain Policy", "sha256": "aa", "acl_sha256": "bb"}}
    return {
        "__roles": {"owners": dict(compiled["fsmo"]), "rid_pool": {"domain_left": 1_073_000_000}},
        "__replication": {"partners": partners, "problems": []},
        "__sysvol": {"owner": "dc2", "policies": policies, "sha256": "cc", "acl_sha256": "dd", "problems": []},
        "__health": {
            "controller": name,
            "certificate": _certificate(name),
            "problems": [],
            "problems_by_check": dict.fromkeys(("dns", "time", "certificate", "files", "logins"), ()),
            "layout": _layout(compiled),
        },
        "__srv": {"answers": [*srv, *records]},
    }


def _layout(compiled: dict[str, Any]) -> dict[str, Any]:
    """The forest as it is declared, as a controller's own database has it."""
    directory = compiled["directory"]
    return {
        "sites": directory["sites"],
        "subnets": {row["subnet"]: row["site"] for row in directory["subnets"]},
        "links": {row["name"]: row for row in directory["links"]},
        "servers": {
            row["name"]: {"site": row["site"], "global_catalog": True, "level": 4, "replicates": True}
            for row in directory["servers"]
        },
        "levels": {"domain": 4, "forest": 4},
        "disabled": [user["name"] for user in directory["users"] if not user["enabled"]],
    }


def _mail_server(compiled: dict[str, Any], name: str) -> dict[str, Any]:
    keys = [
        {"name": row["name"], "value": "v=DKIM1; k=rsa; p=AAAA", "domain": row["domain"], "use": "current"}
        for row in compiled["mail"]["signing"]
        if row["host"] == name and row["zone"]
    ]
    texts = [*compiled["mail"]["texts"], *keys]
    return {
        "__dkim": {"records": keys},
        "__texts": {"answers": [{"name": row["name"], "values": [row["value"]], "error": ""} for row in texts]},
    }


def _gateway(compiled: dict[str, Any], name: str) -> dict[str, Any]:
    tunnels = [
        {"name": tunnel["name"], "peer": tunnel["peer"], "round_trip_ms": 11.4, "problem": ""}
        for tunnel in compiled["hosts"][name]["tunnels"]
    ]
    return {"__tunnels": {"tunnels": tunnels, "problems": []}}


def _one(compiled: dict[str, Any], name: str, checks: list[dict[str, Any]]) -> dict[str, Any]:
    registered: dict[str, Any] = {"__ports": {"results": [_probed(check) for check in checks]}}
    functions = compiled["hosts"].get(name, {}).get("functions", [])
    if functions:
        registered["__host"] = {"problems": []}
    if attempts := compiled["relay_attempts"].get(name):
        registered["__relaying"] = {
            "replies": [{**row, "relays": False, "code": 554, "text": "no"} for row in attempts]
        }
    for function, told in (("domain_controller", _controller), ("mail_server", _mail_server), ("gateway", _gateway)):
        registered |= told(compiled, name) if function in functions else {}
    if functions and "domain_controller" not in functions:
        registered["__locator"] = {"problems": []}
    return registered


def healthy() -> Hosts:
    """Host to what it registered."""
    compiled = plan()
    hosts = {name: _one(compiled, name, checks) for name, checks in compiled["expectations"].items()}
    senders = [name for name in hosts if name != "outside"]
    for index, name in enumerate(senders):
        flows = compiled["mail"]["flows"][index :: len(senders)]
        hosts[name]["__flows"] = {"results": [_flow(flow) for flow in flows]}
    return hosts


def ports(hosts: Hosts, vantage: str, name: str) -> Iterator[dict[str, Any]]:
    """A vantage point's results for a name such as `dc1 ldap/tcp`."""
    found = [row for row in hosts[vantage]["__ports"]["results"] if row["name"] == name]
    assert found, f"{vantage} does not look at {name}"
    return iter(found)


def faulty() -> Hosts:
    """A member that is down, a tunnel that is, a role on two owners, mail that is lost, a port that is open."""
    hosts = healthy()
    hosts["member1"] = {"__ports": LOST}
    for row in ports(hosts, "outside", "gw-hq ldap/tcp"):
        row |= {"passed": False, "verdict": "open", "remedy": "Close the port on the firewall."}
    for row in ports(hosts, "dc1", "mx1 imaps/tcp"):
        row |= {"passed": False, "verdict": "bad-certificate", "detail": "it ended yesterday", "remedy": "Renew it."}
        row["certificate"] |= {"days_left": -1, "not_after": "2026-11-28T06:30:00+00:00"}
    problem = "The tunnel to gw-branch is not connected: RECONNECTING. See the journal of openvpn on both gateways."
    hosts["gw-hq"]["__tunnels"] = {
        "tunnels": [{"name": "branch", "peer": "gw-branch", "round_trip_ms": None, "problem": problem}],
        "problems": [problem],
    }
    hosts["dc3"]["__roles"]["owners"]["pdc"] = "dc3"
    hosts["dc1"]["__roles"]["rid_pool"] = {"domain_left": 5_000_000}
    for partner in hosts["dc3"]["__replication"]["partners"]:
        partner |= {"age": 86_000, "failures": 14}
    hosts["dc3"]["__replication"]["problems"] = ["dc3 has had nothing from dc1 for 23 hours, 14 failures in a row."]
    (lost,) = hosts["gw-hq"]["__flows"]["results"]
    lost |= {"problems": ["The message was taken and not found within 30 s."], "hops": []}
    for reading in lost["readings"]:
        reading |= {"imap_copies": 0, "imap_seconds": None, "pop3_copies": 0}
    return hosts


def answers(hosts: Hosts, *, compiled: dict[str, Any] | None = None) -> Answers:
    """The answers of these hosts."""
    return Answers.read(compiled or plan(), hosts, asked=hosts)


def record(hosts: Hosts, *, time: str = TIME, compiled: dict[str, Any] | None = None) -> Record:
    """The record of a run."""
    given = answers(hosts, compiled=compiled)
    return make_record(given, judge(given), time=time)
