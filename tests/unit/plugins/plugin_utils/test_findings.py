# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each thing that is not as declared is one finding, and no fault hides another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import (
    ERROR,
    WARNING,
    Finding,
    as_dicts,
    count,
    render,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.answers_samples import (
    GC,
    KEY,
    SRV,
    answers,
    flow,
    port,
    registered,
)

Hosts = dict[str, dict[str, Any]]


@pytest.fixture
def hosts() -> Hosts:
    return registered()


def only(hosts: Hosts, **changes: Any) -> Finding:
    """The one finding that there is."""
    (finding,) = judge(answers(hosts, **changes))
    return finding


def test_all_is_well(hosts: Hosts) -> None:
    assert judge(answers(hosts)) == []
    assert count([]) == "no findings"


def test_a_host_out_of_reach_is_a_finding_and_hides_no_other(hosts: Hosts) -> None:
    gone = {"unreachable": True, "msg": "Task failed: Failed to connect\r\nvia ssh"}
    hosts["dc2"] = {"__ports": gone, "__roles": gone}
    hosts["outside"]["__ports"] = {"results": [port()]}
    unreached, opened = judge(answers(hosts))
    assert (unreached.severity, unreached.subject, unreached.vantage) == (ERROR, "dc2", "controller")
    assert (unreached.requirement, unreached.found) == ("AD-13", "Failed to connect via ssh")
    assert opened.requirement == "AD-10"


def test_a_host_that_was_not_asked_is_a_finding(hosts: Hosts) -> None:
    hosts["dc2"] = {}
    assert only(hosts).found == "it was not asked"


def test_a_host_that_dropped_out_is_a_finding(hosts: Hosts) -> None:
    assert only(hosts, broken=("mx2",)).subject == "questions to mx2"


def test_a_port_says_what_was_expected_and_found(hosts: Hosts) -> None:
    hosts["outside"]["__ports"] = {"results": [port(passed=True), port(detail="SMTP")]}
    finding = only(hosts)
    assert as_dicts([finding]) == [
        {
            "severity": "error",
            "requirement": "AD-10",
            "vantage": "outside",
            "subject": "gw-hq ldap/tcp at 198.51.100.2:389/tcp",
            "expected": "closed",
            "found": "open (SMTP)",
            "cause": "A rule was added or the firewall stopped, or a program waits where none should.",
            "remedy": "Close it.",
        }
    ]


@pytest.mark.parametrize(
    ("host", "name", "requirement"),
    [
        ("outside", "__ports", "AD-10"),
        ("mx1", "__locator", "AD-52"),
        ("dc1", "__roles", "AD-21"),
        ("dc1", "__replication", "AD-7"),
        ("dc1", "__sysvol", "AD-42"),
        ("dc1", "__health", "AD-15"),
        ("dc1", "__srv", "AD-52"),
        ("gw-hq", "__host", "AD-13"),
        ("gw-hq", "__firewall", "AD-10"),
        ("gw-hq", "__tunnels", "AD-11"),
        ("outside", "__relaying", "MAIL-18"),
        ("mx1", "__texts", "MAIL-24"),
        ("mx1", "__dkim", "MAIL-24"),
        ("mx1", "__flows", "MAIL-12"),
    ],
)
def test_a_task_that_breaks_off_is_a_finding(hosts: Hosts, host: str, name: str, requirement: str) -> None:
    hosts[host][name] = {"failed": False, "msg": "No module named samba"}
    finding = only(hosts)
    assert (finding.vantage, finding.requirement, finding.found) == (host, requirement, "No module named samba")


def test_a_traceback_leaves_no_message_but_a_finding(hosts: Hosts) -> None:
    hosts["dc1"]["__replication"] = {"failed": False, "failed_when_suppressed_exception": "(traceback unavailable)"}
    assert only(hosts).found == "none: the module broke off"


@pytest.mark.parametrize(
    ("host", "name", "requirement", "subject"),
    [
        ("mx1", "__locator", "AD-52", "domain controller for a client of hq"),
        ("dc1", "__replication", "AD-7", "replication"),
        ("dc1", "__sysvol", "AD-42", "files of the group policies"),
        ("gw-hq", "__tunnels", "AD-11", "tunnels to linked sites"),
        ("gw-hq", "__firewall", "AD-10", "rules of the packet filter"),
    ],
)
def test_a_problem_that_a_module_tells_is_a_finding(
    hosts: Hosts, host: str, name: str, requirement: str, subject: str
) -> None:
    hosts[host][name]["problems"] = ["This is wrong.", "That is, too."]
    found = judge(answers(hosts))
    assert [row.found for row in found] == ["This is wrong.", "That is, too."]
    assert {(row.vantage, row.requirement, row.subject) for row in found} == {(host, requirement, subject)}
    assert all(row.cause for row in found)


def test_a_message_that_comes_twice_is_a_finding(hosts: Hosts) -> None:
    results = [{"item": flow(), "problems": []}, {"item": flow("mx2"), "problems": ["Found 2 copies."]}]
    hosts["mx1"]["__flows"] = {"results": results}
    finding = only(hosts)
    assert (finding.requirement, finding.found) == ("MAIL-12", "Found 2 copies.")
    assert finding.subject == "mail to svc-mail-probe@example.test by mx2.corp.example.test:465"


@pytest.mark.parametrize(
    ("row", "change", "subject", "found"),
    [
        (0, {"values": [], "error": "NXDOMAIN"}, "TXT example.test", "NXDOMAIN"),
        (0, {"values": ["v=spf1 -all"]}, "TXT example.test", "v=spf1 -all"),
        (0, {"values": ["v=spf1 mx -all", "v=spf1 -all"]}, "TXT example.test", "v=spf1 mx -all and v=spf1 -all"),
        (1, {"values": ["v=DKIM1; p=BBBB"]}, f"TXT {KEY}", "v=DKIM1; p=BBBB"),
        (1, {"values": ["other"]}, f"TXT {KEY}", "nothing of this kind"),
    ],
    ids=["none", "another", "two", "another key", "no key"],
)
def test_what_dns_says_of_senders(hosts: Hosts, row: int, change: dict[str, Any], subject: str, found: str) -> None:
    hosts["mx1"]["__texts"]["answers"][row] |= change
    finding = only(hosts)
    assert (finding.requirement, finding.subject, finding.found) == ("MAIL-24", subject, found)


def test_a_key_that_the_server_lacks(hosts: Hosts) -> None:
    hosts["mx1"]["__dkim"]["records"] = []
    assert only(hosts).expected == "the key that this server signs with, which it lacks"


def test_an_owner_that_all_agree_on_but_the_inventory_does_not(hosts: Hosts) -> None:
    for name in ("dc1", "dc2"):
        hosts[name]["__roles"]["owners"] = {**hosts[name]["__roles"]["owners"], "pdc": "dc1"}
    finding = only(hosts)
    assert (finding.requirement, finding.subject, finding.vantage) == ("AD-27", "role pdc", "dc1, dc2")
    assert (finding.expected, finding.found) == ("dc2, on every domain controller", "dc1")


@pytest.mark.parametrize(
    ("role", "requirement"),
    [("schema", "AD-21"), ("rid", "AD-22"), ("pdc", "AD-23"), ("infrastructure", "AD-24"), ("forestdns", "AD-19")],
)
def test_two_owners_break_uniqueness(hosts: Hosts, role: str, requirement: str) -> None:
    hosts["dc1"]["__roles"]["owners"] = {**hosts["dc1"]["__roles"]["owners"], role: None}
    finding = only(hosts)
    assert finding.requirement == requirement
    assert finding.found.startswith("nobody on dc1; dc")


def test_a_role_that_is_placed_by_itself_may_stay_where_it_is(hosts: Hosts) -> None:
    owners = {**hosts["dc1"]["__roles"]["owners"], "pdc": "dc1"}
    for name in ("dc1", "dc2"):
        hosts[name]["__roles"]["owners"] = owners
    assert only(hosts).requirement == "AD-27"
    auto = {"pdc": {"reason": "", "unfit": {"gw-hq": "is a gateway"}}}
    assert judge(answers(hosts, fsmo_auto=auto)) == []
    auto["pdc"]["unfit"] = {"dc1": "is a gateway"}
    assert only(hosts, fsmo_auto=auto).expected == "dc2, on every domain controller"


def test_few_rids_are_a_warning(hosts: Hosts) -> None:
    hosts["dc1"]["__roles"]["rid_pool"] = hosts["dc2"]["__roles"]["rid_pool"] = {"domain_left": 5}
    finding = only(hosts)
    assert (finding.severity, finding.requirement, finding.vantage) == (WARNING, "AD-22", "dc1")


@pytest.mark.parametrize(
    ("name", "values", "requirement", "found"),
    [
        (SRV["hq"], ["0 100 389 dc1.corp.example.test.", "0 100 389 dc2.corp.example.test."], "AD-52", "dc1.corp"),
        (SRV["branch"], [], "AD-52", "NXDOMAIN"),
        (GC, ["0 100 3268 dc2.corp.example.test."], "AD-18", "dc2.corp"),
    ],
)
def test_a_site_with_other_controllers_in_dns(
    hosts: Hosts, name: str, values: list[str], requirement: str, found: str
) -> None:
    for row in hosts["dc1"]["__srv"]["answers"]:
        if row["name"] == name:
            row |= {"values": values, "error": "" if values else "NXDOMAIN"}
    finding = only(hosts)
    assert (finding.requirement, finding.subject) == (requirement, f"SRV {name}")
    assert finding.found.startswith(found)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"policies": {"{ONE}": {"name": "First", "sha256": "00", "acl_sha256": "bb"}}}, "First"),
        ({"policies": {"{ONE}": {"name": "First", "sha256": "aa", "acl_sha256": "00"}}}, "First"),
        ({"policies": {}}, "First"),
        ({"sha256": "00"}, "logon scripts"),
    ],
)
def test_a_controller_with_other_policies_than_the_owner(hosts: Hosts, change: dict[str, Any], found: str) -> None:
    hosts["dc1"]["__sysvol"] |= change
    (finding,) = judge(answers(hosts))
    assert (finding.requirement, finding.vantage) == ("AD-42", "dc1")
    assert found in finding.found


def test_the_warnings_of_the_topology_are_findings(hosts: Hosts) -> None:
    warning = {"rule": "mail-home", "requirement": "MAIL-2", "place": "mailforest_mail", "message": "m", "remedy": "r"}
    finding = only(hosts, warnings=[warning])
    assert (finding.severity, finding.vantage, finding.expected) == (WARNING, "inventory", "rule mail-home")


def test_errors_come_first_and_numbers_count_as_people_do(hosts: Hosts) -> None:
    hosts["dc1"]["__roles"]["rid_pool"] = {"domain_left": 5}
    hosts["dc1"]["__replication"]["problems"] = ["late"]
    hosts["mx1"]["__flows"]["results"][0]["problems"] = ["lost"]
    hosts["outside"]["__ports"]["results"] = [port(name="dc10"), port(name="dc2")]
    found = judge(answers(hosts))
    assert [row.requirement for row in found] == ["AD-7", "AD-10", "AD-10", "MAIL-12", "AD-22"]
    assert [row.subject.split()[0] for row in found[1:3]] == ["dc2", "dc10"]


def test_what_several_vantage_points_see_alike_is_said_once(hosts: Hosts) -> None:
    for name in ("outside", "mx2"):
        hosts[name]["__ports"]["results"] = [port()]
    found = judge(answers(hosts))
    assert count(found) == "1 error"
    assert render(found) == [
        "  ERROR AD-10: gw-hq ldap/tcp at 198.51.100.2:389/tcp",
        "    Seen from mx2, outside. Expected: closed. Found: open.",
        "    Likely cause: A rule was added or the firewall stopped, or a program waits where none should.",
        "    Remedy: Close it.",
    ]


def test_the_likely_cause_stands_between_what_was_found_and_what_to_do() -> None:
    kept = {"requirement": "AD-11", "vantage": "gw-hq", "subject": "tunnel", "expected": "up", "found": "down"}
    lines = render([Finding(**kept, cause="Its port is closed.", remedy="Open it.")])
    assert lines[2:] == ["    Likely cause: Its port is closed.", "    Remedy: Open it."]
    assert render([Finding(**kept)]) == lines[:2]


def test_a_host_with_many_ports_is_one_paragraph(hosts: Hosts) -> None:
    hosts["outside"]["__ports"]["results"] = [port(port=number, name=f"dc1 {number}") for number in (88, 389, 636)]
    hosts["mx2"]["__ports"]["results"] = [port(port=636, name="dc1 636")]
    found = judge(answers(hosts))
    assert count(found) == "3 errors"
    assert [line for line in render(found) if "ERROR" in line] == [
        "  ERROR AD-10: dc1 88 at 198.51.100.2:88/tcp, dc1 389 at 198.51.100.2:389/tcp",
        "  ERROR AD-10: dc1 636 at 198.51.100.2:636/tcp",
    ]


@pytest.mark.parametrize(
    ("row", "values", "error", "requirement", "found"),
    [
        ("A", ["198.51.100.99"], "", "MAIL-21", "198.51.100.99"),
        ("A", [], "NXDOMAIN", "MAIL-21", "NXDOMAIN"),
        (
            "MX",
            ["10 mx1.corp.example.test.", "20 old.example.test."],
            "",
            "MAIL-12",
            "10 mx1.corp.example.test, 20 old",
        ),
    ],
)
def test_records_of_hosts_and_mail(
    hosts: Hosts, row: str, values: list[str], error: str, requirement: str, found: str
) -> None:
    answer = next(each for each in hosts["dc2"]["__srv"]["answers"] if each["type"] == row)
    answer |= {"values": values, "error": error}
    finding = only(hosts)
    assert (finding.vantage, finding.requirement) == ("dc2", requirement)
    assert finding.found.startswith(found)


@pytest.mark.parametrize(
    ("change", "requirement", "subject", "found"),
    [
        ({"sites": ["hq"]}, "AD-6", "site branch", "not there"),
        ({"subnets": {}}, "AD-6", "subnet 198.51.100.64/26", "not there"),
        ({"subnets": {"198.51.100.64/26": "branch"}}, "AD-6", "subnet 198.51.100.64/26", "of branch"),
        ({"links": {}}, "AD-7", "site link hq-branch", "not there"),
        ({"levels": {"domain": 3, "forest": 3}}, "AD-46", "functional level of the domain", "3"),
        ({"levels": {"domain": 4, "forest": 7}}, "AD-49", "functional levels", "forest 7, domain 4"),
        ({"disabled": []}, "AD-14", "user Carol", "enabled"),
        ({"disabled": ["alice", "carol"]}, "AD-14", "user alice", "disabled"),
    ],
)
def test_the_layout_of_the_forest(
    hosts: Hosts, change: dict[str, Any], requirement: str, subject: str, found: str
) -> None:
    hosts["dc2"]["__health"]["layout"] |= change
    first = judge(answers(hosts))[0]
    assert (first.vantage, first.requirement, first.subject, first.found) == ("dc2", requirement, subject, found)


@pytest.mark.parametrize(
    ("change", "requirement", "found"),
    [
        ({"site": "branch"}, "AD-11", "in site branch"),
        ({"global_catalog": False}, "AD-18", "none"),
        ({"replicates": False}, "AD-7", "replication was switched off"),
        ({"level": 3}, "AD-46", "3"),
    ],
)
def test_the_settings_of_a_controller(hosts: Hosts, change: dict[str, Any], requirement: str, found: str) -> None:
    hosts["dc2"]["__health"]["layout"]["servers"]["dc1"] |= change
    finding = only(hosts)
    assert (finding.subject, finding.requirement, finding.found) == ("domain controller dc1", requirement, found)


def test_a_link_says_what_it_costs(hosts: Hosts) -> None:
    hosts["dc2"]["__health"]["layout"]["links"]["hq-branch"]["cost"] = 7
    finding = only(hosts)
    assert finding.expected == "between branch and hq, cost 100, every 15 minutes"
    assert finding.found == "between branch and hq, cost 7, every 15 minutes"


@pytest.mark.parametrize(
    ("check", "requirement"),
    [("dns", "AD-52"), ("time", "AD-14"), ("certificate", "AD-10"), ("files", "AD-12"), ("logins", "AD-14")],
)
def test_each_check_of_a_controller_has_its_requirement(hosts: Hosts, check: str, requirement: str) -> None:
    hosts["dc1"]["__health"]["problems_by_check"][check] = ["This is wrong."]
    finding = only(hosts)
    assert (finding.vantage, finding.requirement, finding.found) == ("dc1", requirement, "This is wrong.")


def test_what_a_host_says_of_itself(hosts: Hosts) -> None:
    told = {
        "severity": WARNING,
        "requirement": "MAIL-13",
        "subject": "file system /",
        "expected": "room",
        "found": "4 %",
    }
    hosts["gw-hq"]["__host"]["problems"] = [{**told, "cause": "Logs.", "remedy": "Make room."}]
    finding = only(hosts)
    assert as_dicts([finding]) == [{**told, "vantage": "gw-hq", "cause": "Logs.", "remedy": "Make room."}]


def test_an_open_relay_is_a_finding(hosts: Hosts) -> None:
    reply = {"server": "mx2", "sender": "", "code": 250, "text": "2.1.5 Ok", "relays": True}
    hosts["outside"]["__relaying"]["replies"].append(reply)
    finding = only(hosts)
    assert (finding.vantage, finding.requirement, finding.subject) == ("outside", "MAIL-18", "relaying by mx2")


def _told(*values: str, name: str = "2.100.51.198.in-addr.arpa", error: str = "") -> dict[str, Any]:
    return {"answers": [{"name": name, "values": list(values), "error": error}]}


def test_an_address_that_leads_to_another_name_is_a_warning(hosts: Hosts) -> None:
    """MAIL-21: as others see it; only its provider can change that, so the run does not fail."""
    hosts["outside"]["__addresses"] = _told("mx1.corp.example.test.")
    assert judge(answers(hosts)) == []
    hosts["outside"]["__addresses"] = _told("dsl-2.provider.example.")
    finding = only(hosts)
    assert (finding.severity, finding.requirement, finding.vantage) == (WARNING, "MAIL-21", "outside")
    assert (finding.subject, finding.found) == ("PTR 2.100.51.198.in-addr.arpa", "dsl-2.provider.example")
    assert "who gave you the address" in finding.remedy


def test_a_name_that_leads_elsewhere_is_a_warning(hosts: Hosts) -> None:
    hosts["outside"]["__names"] = _told("198.51.100.2", name="mx1.corp.example.test")
    assert judge(answers(hosts)) == []
    hosts["outside"]["__names"] = _told("198.51.100.2", "198.51.100.9", name="mx1.corp.example.test")
    assert only(hosts).found == "198.51.100.2, 198.51.100.9"


@pytest.mark.parametrize("worldwide", [True, False])
def test_nothing_known_matters_where_the_world_could_know_it(hosts: Hosts, worldwide: bool) -> None:
    """Addresses that nobody on the Internet has, such as a lab's, have no records there."""
    hosts["outside"]["__addresses"] = _told(error="NXDOMAIN")
    given = answers(hosts)
    given.plan["mail"]["names"][0]["worldwide"] = worldwide
    assert [finding.found for finding in judge(given)] == (["NXDOMAIN"] if worldwide else [])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"next": "mx1-20261129", "settled": False}, "that of mx1-20261129 was begun and not completed"),
        ({"former": "mx0", "settled": False}, "that of mx0 was begun and not completed"),
        ({"former": "mx0", "former_days": 31}, "mx0 has signed nothing for 31 days, and is still published"),
    ],
    ids=["begun", "not settled", "old"],
)
def test_a_change_of_signing_keys_that_nobody_went_on_with(hosts: Hosts, change: dict[str, Any], found: str) -> None:
    """The control: former keys that are out of use for a month are as they should be."""
    rotation = hosts["mx1"]["__dkim"]["rotation"]
    rotation |= change
    finding = only(hosts)
    assert (finding.severity, finding.requirement, finding.found) == ("warning", "MAIL-24", found)
    rotation |= {"next": "", "former": "mx0", "former_days": 30, "settled": True}
    assert judge(answers(hosts)) == []


def test_the_key_that_signed_before_must_be_in_dns_too(hosts: Hosts) -> None:
    """One that will sign next need not be, until somebody goes on."""
    keys = hosts["mx1"]["__dkim"]["records"]
    keys += [{**keys[0], "name": "mx1-2._domainkey.example.test", "use": "next"}]
    assert judge(answers(hosts)) == []
    keys += [{**keys[0], "name": "mx0._domainkey.example.test", "use": "former"}]
    assert only(hosts).subject == "TXT mx0._domainkey.example.test"
