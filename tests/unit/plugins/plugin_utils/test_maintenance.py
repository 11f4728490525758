# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a host being in maintenance is no error, all else is; one that was forgotten there is a warning."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import CONTROLLER
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.answers_samples import answers, registered

Hosts = dict[str, dict[str, Any]]


@pytest.fixture(name="hosts")
def well() -> Hosts:
    return registered()


def _marked(hosts: Hosts, host: str, days: int = 1) -> None:
    """Another host remembers: the one itself may be off."""
    hosts["gw-hq"]["__host"]["maintenance"] = [{"host": host, "reason": "new disk", "days": days}]


def _lost(hosts: Hosts, host: str) -> None:
    hosts[host] = {"__ports": {"unreachable": True, "msg": "no route to host"}}


def _unit(name: str) -> dict[str, Any]:
    told = {"severity": "error", "requirement": "MAIL-1", "subject": f"unit {name}", "expected": "active"}
    return {**told, "found": "inactive", "cause": "stopped", "remedy": "start it"}


def test_a_host_that_is_off_for_maintenance_is_no_error(hosts: Hosts) -> None:
    """The control: without a mark it is one."""
    _lost(hosts, "dc2")
    assert "error" in {finding.severity for finding in judge(answers(hosts))}
    _marked(hosts, "dc2")
    found = judge(answers(hosts))
    assert {finding.severity for finding in found} == {"warning"}
    assert {finding.cause for finding in found} == {"dc2 is in maintenance: new disk."}


def test_what_is_wrong_with_others_is_an_error_still(hosts: Hosts) -> None:
    _marked(hosts, "mx1")
    hosts["mx1"]["__host"] = {"problems": [_unit("postfix.service")]}
    hosts["dc1"]["__host"] = {"problems": [_unit("chrony.service")]}
    found = {finding.vantage: finding.severity for finding in judge(answers(hosts))}
    assert found == {"mx1": "warning", "dc1": "error"}


def test_a_name_that_only_begins_like_the_hosts_is_another(hosts: Hosts) -> None:
    _marked(hosts, "mx1")
    hosts["dc1"]["__host"] = {"problems": [_unit("of mx10"), _unit("of mx1")]}
    assert [(finding.subject, finding.severity) for finding in judge(answers(hosts))] == [
        ("unit of mx10", "error"),
        ("unit of mx1", "warning"),
    ]


@pytest.mark.parametrize(("days", "warned"), [(7, []), (8, ["maintenance of mx1"])])
def test_a_host_that_was_forgotten_is_a_warning(hosts: Hosts, days: int, warned: list[str]) -> None:
    _marked(hosts, "mx1", days)
    found = judge(answers(hosts))
    assert [finding.subject for finding in found] == warned
    assert {(finding.severity, finding.vantage) for finding in found} <= {("warning", CONTROLLER)}


def test_a_mark_of_a_host_that_is_no_more_is_nothing(hosts: Hosts) -> None:
    _marked(hosts, "mx9", 90)
    assert judge(answers(hosts)) == []
