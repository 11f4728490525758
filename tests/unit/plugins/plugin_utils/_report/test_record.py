# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was looked at is counted once, what was not is never called well, and the data say what the page shows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Outcome
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import Port, Record, about
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils._report import office

DOCUMENT = Path(__file__).resolve().parents[5] / "docs" / "verify.md"


def outcomes(record: Record, vantage: str, kind: str) -> Counter[Outcome]:
    return Counter(check.outcome for check in record.checks if (check.vantage, check.kind) == (vantage, kind))


def test_on_healthy_hosts_every_declared_port_name_message_and_role_has_passed() -> None:
    record, plan = office.record(office.healthy()), office.plan()
    kinds = Counter(check.kind for check in record.checks)
    assert {check.outcome for check in record.checks} == {Outcome.PASSED}
    assert kinds["port"] == sum(len(checks) for checks in plan["expectations"].values())
    keys = [row for row in plan["mail"]["signing"] if row["zone"]]
    assert kinds["dns"] == 3 * (len(plan["srv"]) + len(plan["records"])) + 2 * len(plan["mail"]["texts"]) + len(keys)
    assert (kinds["mail"], kinds["role"]) == (
        len(plan["mail"]["flows"])
        + sum(len({row["server"] for row in rows}) for rows in plan["relay_attempts"].values()),
        7,
    )
    assert kinds["directory"] == 3 * len(
        set(subject for check in record.checks if check.kind == "directory" for subject in [check.subject])
    )
    assert (record.state, record.counts.hosts, record.counts.checks) == ("ok", 9, len(record.checks))
    assert {host.state for host in record.hosts} == {"ok"}


def test_what_a_host_that_is_down_was_to_look_at_is_skipped_and_not_called_well() -> None:
    hosts = office.healthy()
    declared = outcomes(office.record(hosts), "member1", "port")[Outcome.PASSED]
    hosts["member1"] = {"__ports": office.LOST}
    record = office.record(hosts)
    assert outcomes(record, "member1", "port") == {Outcome.SKIPPED: declared}
    assert (record.counts.skipped, record.counts.hosts, record.counts.failed) == (declared, 8, 1)
    assert {host.name: host.state for host in record.hosts}["member1"] == "error"


def test_a_module_that_broke_off_has_looked_at_nothing() -> None:
    hosts = office.healthy()
    hosts["dc2"]["__ports"] = {"msg": "broke off"}
    hosts["dc2"]["__srv"] = hosts["mx1"]["__dkim"] = {"msg": "broke off"}
    record = office.record(hosts)
    for host, kind in (("dc2", "port"), ("dc2", "dns"), ("mx1", "dns")):
        assert set(outcomes(record, host, kind)) == {Outcome.SKIPPED}
    assert [(check.subject, check.outcome) for check in record.checks if check.kind == "other"] == [
        ("ports", Outcome.FAILED),
        ("SRV records", Outcome.FAILED),
        ("records of the mail domains", Outcome.FAILED),
    ]


def test_a_host_that_was_not_asked_is_unknown_and_so_is_its_tunnel() -> None:
    hosts = office.healthy()
    for name in ("mx2", "gw-hq"):
        del hosts[name]
    record = office.record(hosts)
    assert {host.name: host.state for host in record.hosts if host.state != "ok"} == {
        "mx2": "unknown",
        "gw-hq": "unknown",
    }
    assert {tunnel.host: tunnel.state for tunnel in record.tunnels} == {"gw-hq": "unknown", "gw-branch": "ok"}


def test_only_failures_reported_still_gives_the_whole_matrix() -> None:
    hosts = office.healthy()
    (row,) = office.ports(hosts, "dc1", "mx1 imaps/tcp")
    hosts["dc1"]["__ports"]["results"] = [row | {"passed": False, "verdict": "refused"}]
    seen: list[Port] = [port for port in office.record(hosts).ports if port.vantage == "dc1"]
    assert len(seen) == len(office.plan()["expectations"]["dc1"])
    assert [(port.service, port.verdict) for port in seen if port.outcome is Outcome.FAILED] == [("imaps", "refused")]


def test_the_faulty_offices() -> None:
    record = office.record(office.faulty())
    assert (record.state, record.counts.errors, record.counts.warnings) == ("error", 8, 1)
    assert {role.name: role.state for role in record.roles if role.state != "ok"} == {"pdc": "error"}
    assert record.certificates[0].days_left == -1
    assert [(pull.controller, pull.failures, pull.age) for pull in record.replication if pull.failures] == [
        ("dc3", 14, 86_000)
    ]
    assert [flow.vantage for flow in record.mail if flow.state != "ok"] == ["gw-hq"]


def test_without_certificates_in_the_results_those_that_controllers_tell_of_count() -> None:
    hosts = office.healthy()
    for registered in hosts.values():
        registered["__ports"] = {"results": []}
    assert {row.seen_at for row in office.record(hosts).certificates} == {
        ("dc1 ldaps",),
        ("dc2 ldaps",),
        ("dc3 ldaps",),
    }


@pytest.mark.parametrize(
    ("subject", "vantage", "hosts"),
    [
        ("dc1 ldap/tcp at 198.51.100.70:389/tcp", "outside", ("dc1",)),
        ("mail to probe@example.test by mx2.corp.example.test:465", "dc1", ("mx2",)),
        ("replication", "dc3", ("dc3",)),
        ("role pdc", "dc1, dc2", ("dc1", "dc2")),
        ("SRV _ldap._tcp.hq._sites.dc1.example.test", "dc2", ("dc2",)),
        ("mailforest_mail", "inventory", ()),
    ],
)
def test_a_finding_is_about_the_hosts_that_it_names_else_about_who_saw_it(
    subject: str, vantage: str, hosts: tuple[str, ...]
) -> None:
    finding = Finding(requirement="", vantage=vantage, subject=subject, expected="", found="")
    assert about(finding, ["dc1", "dc2", "dc3", "mx2", "outside"]) == hosts


def _keys(value: Any, prefix: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(_keys(item, prefix) for item in value))
    if isinstance(value, dict) and prefix not in ("roles.seen.",):
        return {f"{prefix}{key}" for key in value} | set().union(
            *(_keys(item, f"{prefix}{key}.") for key, item in value.items())
        )
    return set()


def test_the_documentation_names_every_key_of_the_json_document() -> None:
    document = json.loads(office.record(office.faulty()).as_json())
    assert document["schema"] == 1
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [key for key in sorted(_keys(document)) if f"`{key.rpartition('.')[2]}`" not in text] == []
