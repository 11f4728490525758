# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused before any host is touched, with everything that is wrong in one message."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell, snapshot
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play

SITE = ROOT / "extensions/molecule/shared/office.yml"
HQ = "198.51.100.192/27"
SITES = {"hq": {"subnets": [HQ], "gateway": "gw12"}}
FOREST = {"realm": "LAB12.EXAMPLE.TEST", "netbios": "LAB12"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A topology that breaks one rule: variables, and groups with hosts, laid over those of the office."""

    rule: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)


def _member(address: str, site: str) -> dict[str, str]:
    return {"ansible_host": address, "mailforest_site": site}


CASES = (
    Case(rule="realm-legal", variables={"mailforest_forest": {**FOREST, "realm": "corp..example test"}}),
    Case(rule="netbios-legal", variables={"mailforest_forest": {**FOREST, "netbios": "MUCH.TOO.LONG.FOR.NETBIOS"}}),
    Case(
        rule="host-names-legal",
        groups={"mailforest_members": {"file_server_of_hq": _member("198.51.100.220", "hq")}},
    ),
    Case(
        rule="mail-domains-legal",
        variables={"mailforest_mail": {"domains": ["lab12.test", "example"], "home": {"hq": "mx12"}}},
    ),
    Case(rule="fsmo-holder-exists", variables={"mailforest_fsmo": {"pdc": "dc9"}}),
    Case(rule="fsmo-holder-is-dc", variables={"mailforest_fsmo": {"schema": "mx12"}}),
    Case(
        rule="site-with-clients-has-dc",
        variables={"mailforest_sites": {**SITES, "branch": {"subnets": ["198.51.100.128/26"]}}},
        groups={"mailforest_members": {"desk1": _member("198.51.100.140", "branch")}},
    ),
    Case(
        rule="subnet-well-formed",
        variables={"mailforest_sites": {"hq": {"subnets": [HQ, "198.51.100.129/26"], "gateway": "gw12"}}},
    ),
    Case(
        rule="subnets-not-overlapping",
        variables={"mailforest_sites": {"hq": {"subnets": [HQ, "198.51.100.208/28"], "gateway": "gw12"}}},
    ),
    Case(
        rule="address-in-site-subnet",
        groups={"mailforest_members": {"desk1": _member("198.51.100.140", "hq")}},
    ),
    Case(
        rule="pdc-not-on-gateway",
        groups={"mailforest_gateways": {"dc12": {}}},
    ),
    Case(
        rule="functional-level-2016-needs-debian-13",
        variables={"mailforest_forest": {**FOREST, "functional_level": "2016"}},
        groups={"mailforest_domain_controllers": {"dc12": {"mailforest_release": "12"}}},
    ),
    Case(
        rule="mail-home-exists",
        variables={"mailforest_mail": {"domains": ["lab12.test"], "home": {"hq": "mx9"}}},
    ),
)
# Those that can stand in one topology beside each other.
TOGETHER = ("host-names-legal", "netbios-legal", "fsmo-holder-exists", "mail-home-exists", "subnets-not-overlapping")


def _refused(directory: Path, *cases: Case) -> Run:
    """Run site.yml on the office with the cases laid over it. Whoever connected would be refused at port 1."""
    groups: dict[str, Any] = {}
    variables: dict[str, Any] = {"ansible_port": 1}
    for case in cases:
        variables |= case.variables
        groups |= {name: {"hosts": dict(hosts)} for name, hosts in case.groups.items()}
    overlay = directory / "overlay.yml"
    overlay.write_text(yaml.safe_dump(groups or {"all": {}}), encoding="utf-8")
    sources = [Path(source) for source in os.environ["ANSIBLE_INVENTORY"].split(",")]
    return play(SITE, inventories=[*sources, overlay], extra_vars=variables)


def _message(run: Run) -> str:
    """The one message; asserts that nothing but the validation ran, and no host was asked for anything."""
    assert run.code != 0, run.explain()
    assert {result.play for result in run.results} == {"Validate the topology"}, run.explain()
    assert len(run.failures) == 1, run.explain()
    assert not run.failures[0].unreachable
    return run.failures[0].message


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
def test_a_bad_topology_touches_no_host(case: Case, tmp_path: Path) -> None:
    message = _message(_refused(tmp_path, case))
    assert f"Rule: {case.rule} (" in message
    assert "Remedy: " in message


def test_all_errors_come_at_once(tmp_path: Path) -> None:
    message = _message(_refused(tmp_path, *(case for case in CASES if case.rule in TOGETHER)))
    assert [rule for rule in TOGETHER if f"Rule: {rule} (" not in message] == []


@pytest.fixture(scope="module")
def hosts() -> dict[str, Any]:
    return {name: testinfra.get_host(f"ansible://{name}") for name in offices.current().hosts}


@pytest.fixture(scope="module")
def before(hosts: dict[str, Any]) -> dict[str, list[str]]:
    """/etc, packages and units of every host, before anything is refused."""
    return {name: snapshot(host) for name, host in hosts.items()}


@pytest.fixture
def untouched(hosts: dict[str, Any], before: dict[str, list[str]]) -> Iterator[None]:
    """Whatever the test does, every host is afterwards as it was before."""
    yield
    for name, host in hosts.items():
        after = snapshot(host)
        assert sorted(set(after) ^ set(before[name])) == [], name


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"mailforest_sites": ["hq"]}, "mailforest_sites"),
        ({"mailforest_forest": {**FOREST, "functional_level": 2016.5}}, "mailforest_forest.functional_level"),
        ({"mailforest_sitez": {}}, "mailforest_sitez"),
        ({"mailforest_mail": {"domains": ["lab12.test"], "homes": {"hq": "mx12"}}}, "mailforest_mail.homes"),
        ({"mailforest_administrator_password": ""}, "mailforest_administrator_password"),
        ({"mailforest_ca_passphrase": None}, "mailforest_ca_passphrase"),
    ],
    ids=["wrong type", "wrong type within", "unknown variable", "unknown key", "no password", "no passphrase"],
)
@pytest.mark.usefixtures("untouched")
def test_what_is_wrong_is_named_and_nothing_is_touched(variables: dict[str, Any], named: str) -> None:
    message = _message(play(SITE, extra_vars=variables))
    assert named in message
    assert "Remedy: " in message


@pytest.fixture
def bullseye(hosts: dict[str, Any]) -> Iterator[str]:
    """A host that says it has Debian 11."""
    name = offices.current().mail_servers[0]
    old = 's/^VERSION_ID=.*/VERSION_ID="11"/; s/^VERSION=.*/VERSION="11 (bullseye)"/; s/bookworm/bullseye/'
    root_shell(hosts[name], f"sed '{old}' /usr/lib/os-release > /run/os-release")
    root_shell(hosts[name], "mount --bind /run/os-release /usr/lib/os-release")
    yield name
    root_shell(hosts[name], "umount /usr/lib/os-release")


@pytest.mark.usefixtures("untouched")
def test_an_unsupported_release_is_named_and_nothing_is_touched(bullseye: str) -> None:
    run = play(SITE)
    assert run.code != 0
    assert {failure.play for failure in run.failures} == {"Check the hosts"}, run.explain()
    message = next(failure.message for failure in run.failures if failure.host == bullseye)
    assert "11" in message
    assert "Debian 12" in message
    assert run.changes == [], run.explain()
