# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab import definition
from lab.errors import LabError

LABS = Path(definition.__file__).parent / "labs"

TWO_OFFICES: dict[str, Any] = {
    "networks": {
        "internet": {"subnet": "192.0.2.0/26", "masquerade": True},
        "hq": {"subnet": "192.0.2.64/26", "router": "gw-hq"},
        "branch": {"subnet": "192.0.2.128/26", "router": "gw-branch"},
    },
    "hosts": {
        "gw-hq": {"release": "bookworm", "addresses": {"internet": "192.0.2.2", "hq": "192.0.2.66"}},
        "gw-branch": {"release": "trixie", "addresses": {"internet": "192.0.2.3", "branch": "192.0.2.130"}},
        "outside": {"release": "trixie", "addresses": {"internet": "192.0.2.10"}},
        "dc1": {"release": "trixie", "addresses": {"hq": "192.0.2.70"}},
    },
}


def changed(*path: str, to: object) -> dict[str, Any]:
    """The definition above with one value replaced."""
    result: dict[str, Any] = {section: {k: dict(v) for k, v in TWO_OFFICES[section].items()} for section in TWO_OFFICES}
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return result


def routed(lab: definition.Lab, host: str) -> tuple[str, dict[str, str]]:
    found = lab.routes(lab.hosts[host])
    return str(lab.default_gateway(lab.hosts[host])), {str(net): str(via) for net, via in found.items()}


@pytest.mark.parametrize(
    ("host", "gateway", "routes"),
    [
        ("dc1", "192.0.2.66", {}),
        ("outside", "192.0.2.1", {"192.0.2.64/26": "192.0.2.2", "192.0.2.128/26": "192.0.2.3"}),
        ("gw-hq", "192.0.2.1", {"192.0.2.128/26": "192.0.2.3"}),
        ("gw-branch", "192.0.2.1", {"192.0.2.64/26": "192.0.2.2"}),
    ],
)
def test_routes_follow_from_the_routers(host: str, gateway: str, routes: dict[str, str]) -> None:
    assert routed(definition.parse(name="two", content=TWO_OFFICES), host) == (gateway, routes)


def test_a_host_may_have_a_gateway_and_routes_of_its_own() -> None:
    dc1 = {
        "release": "trixie",
        "addresses": {"hq": "192.0.2.70"},
        "gateway": "192.0.2.65",
        "routes": {"203.0.113.0/24": "192.0.2.67"},
    }
    lab = definition.parse(name="own", content=changed("hosts", "dc1", to=dc1))
    assert routed(lab, "dc1") == ("192.0.2.65", {"203.0.113.0/24": "192.0.2.67"})


def test_hosts_on_the_internet_reach_the_world_through_their_provider() -> None:
    lab = definition.load(LABS / "two-offices.yml")
    assert routed(lab, "provider")[0] == str(lab.networks["uplink"].bridge)
    assert {routed(lab, name)[0] for name in ("gw-hq", "gw-branch", "outside")} == {"198.51.100.62"}
    assert [host.name for host in lab.hosts.values() if host.provider] == ["provider"]


def test_ipv6_addresses_end_as_the_others_do() -> None:
    lab = definition.parse(name="two", content=changed("networks", "internet", "ipv6", to="2001:db8::/64"))
    assert {str(ipv4): str(found) for ipv4, found in lab.ipv6(lab.hosts["outside"]).items()} == {
        "192.0.2.10": "2001:db8::10/64"
    }
    assert [str(ipv4) for ipv4 in lab.ipv6(lab.hosts["gw-hq"])] == ["192.0.2.2"]
    assert lab.ipv6(lab.hosts["dc1"]) == {}


def test_the_lab_of_the_tests_has_the_hosts_of_the_example() -> None:
    example, tests = (definition.load(LABS / f"{name}.yml") for name in ("two-offices", "test"))
    assert {name: tests.hosts.get(name) for name in example.hosts} == dict(example.hosts)
    assert {name: tests.networks.get(name) for name in example.networks} == dict(example.networks)


def test_the_first_address_is_the_administrators() -> None:
    lab = definition.parse(name="two", content=TWO_OFFICES)
    assert str(lab.hosts["gw-hq"].address) == "192.0.2.2"
    assert str(lab.networks["hq"].bridge) == "192.0.2.65"


def test_a_host_may_have_another_release_than_the_definitions() -> None:
    lab = definition.parse(name="two", content=TWO_OFFICES)
    changed_lab = lab.with_releases({"gw-hq": "trixie", "dc1": "trixie", "elsewhere": "bookworm"})
    assert changed_lab.hosts["gw-hq"].release == "trixie"
    assert [name for name, host in changed_lab.hosts.items() if host.renewed] == ["gw-hq"]
    assert changed_lab.with_releases({}) == changed_lab
    assert lab.with_releases({"gw-hq": "bookworm"}) == lab
    with pytest.raises(LabError, match="'potato' is none of bookworm, trixie"):
        lab.with_releases({"dc1": "potato"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "exactly the keys 'networks' and 'hosts'"),
        ({"networks": {}, "hosts": {}}, "'networks' must name at least one"),
        (changed("hosts", "DC1", to={}), "'DC1' is no name"),
        (changed("hosts", "dc1", to={"release": "trixie"}), "'dc1' must have ['addresses', 'release']"),
        (changed("hosts", "dc1", "colour", to="red"), "may have ['gateway', 'provider', 'routes']"),
        (changed("hosts", "dc1", "release", to="potato"), "dc1: the release 'potato' is none of bookworm, trixie"),
        (changed("hosts", "dc1", "addresses", to={}), "dc1: it has no address"),
        (changed("hosts", "dc1", "addresses", to={"lan": "192.0.2.70"}), "dc1: there is no network 'lan'"),
        (changed("hosts", "dc1", "addresses", to={"hq": "192.0.2.200"}), "dc1: 192.0.2.200 is no host's address in"),
        (changed("hosts", "dc1", "addresses", to={"hq": "192.0.2.127"}), "dc1: 192.0.2.127 is no host's address in"),
        (changed("hosts", "dc1", "addresses", to={"hq": "192.0.2.65"}), "belongs to the bridge of hq already"),
        (changed("hosts", "dc1", "addresses", to={"hq": "192.0.2.66"}), "dc1: 192.0.2.66 belongs to gw-hq already"),
        (changed("hosts", "dc1", "addresses", to={"hq": "somewhere"}), "'somewhere'"),
        (changed("networks", "hq", "subnet", to="192.0.2.0/24"), "internet and hq overlap"),
        (changed("networks", "hq", "subnet", to="192.0.2.65/26"), "has host bits set"),
        (changed("networks", "hq", "ipv6", to="2001:db8::1/64"), "has host bits set"),
        (changed("networks", "hq", "router", to="gw"), "hq: there is no host 'gw' to be its router"),
        (changed("networks", "hq", "router", to="outside"), "hq: its router outside has no address in it"),
    ],
)
def test_faults_are_named(content: object, said: str) -> None:
    with pytest.raises(LabError) as caught:
        definition.parse(name="bad", content=content)
    assert said in str(caught.value)


def test_all_faults_come_in_one_error() -> None:
    content = changed("hosts", "dc1", to={"release": "potato", "addresses": {"lan": "192.0.2.1"}})
    with pytest.raises(LabError) as caught:
        definition.parse(name="bad", content=content)
    assert "potato" in str(caught.value)
    assert "no network 'lan'" in str(caught.value)


def test_an_unknown_lab_names_the_known(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text("---\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"There is no lab 'big'\. Choose one of: small\."):
        definition.load(tmp_path / "big.yml")


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text("{", encoding="utf-8")
    with pytest.raises(LabError, match="is not YAML"):
        definition.load(tmp_path / "small.yml")


@pytest.mark.parametrize(("name", "hosts"), [("one-office", 5), ("two-offices", 10), ("test", 18)])
def test_the_labs_of_this_repository_are_valid(name: str, hosts: int) -> None:
    lab = definition.load(LABS / f"{name}.yml")
    assert len(lab.hosts) == hosts
    assert {host.release for host in lab.hosts.values()} == {"bookworm", "trixie"}
