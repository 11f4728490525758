# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role site_tunnel: values that cannot work, and what its template gets of those that can."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter import site_tunnel_errors as errors_filter
from ansible_collections.mailforest.stack.plugins.filter import site_tunnel_settings as settings_filter
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.settings import (
    site_tunnel_errors,
    site_tunnel_settings,
)

BRANCH: dict[str, Any] = {
    "name": "branch",
    "interface": "mf-branch",
    "peer": "gw-branch",
    "peer_fqdn": "gw-branch.corp.example.test",
    "remote": "198.51.100.3",
    "port": 1194,
    "listener": True,
    "local_address": "198.51.100.66",
    "peer_address": "198.51.100.130",
    "routes": ["198.51.100.128/26"],
    "metric": 100,
}
DEPOT: dict[str, Any] = {
    **BRANCH,
    "name": "depot",
    "interface": "mf-depot",
    "peer_fqdn": "gw-depot.corp.example.test",
    "remote": "198.51.100.4",
    "port": 1195,
    "peer_address": "198.51.100.194",
    "routes": ["198.51.100.192/27"],
}
BY_TCP: dict[str, Any] = {
    **BRANCH,
    "name": "branch-tcp",
    "interface": "mf-branch-tcp",
    "transport": "tcp",
    "metric": 4196,
}


def test_good_values() -> None:
    assert site_tunnel_errors([]) == []
    assert site_tunnel_errors([BRANCH, DEPOT]) == []


def test_what_has_a_default_may_be_left_out() -> None:
    bare = {key: value for key, value in BRANCH.items() if key not in ("peer", "port", "metric")}
    assert site_tunnel_errors([bare]) == []
    (link,) = site_tunnel_settings([bare])
    assert (link["peer"], link["port"], link["metric"]) == ("gw-branch.corp.example.test", 1194, 100)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"name": "the branch"}, ".name: 'the branch'", id="a blank in the unit's name"),
        pytest.param({"name": "../x"}, ".name: '../x'", id="a path"),
        pytest.param({"name": "x" * 65}, ".name: 'xxx", id="no room for the socket"),
        pytest.param({"interface": "mf-headquarters1"}, ".interface: 'mf-headquarters1'", id="16 characters"),
        pytest.param({"peer_fqdn": "a\nup evil"}, ".peer_fqdn: 'a\\nup evil'", id="another directive"),
        pytest.param({"peer_fqdn": f"{'x' * 60}.test"}, ".peer_fqdn: 'xxx", id="too long for a common name"),
        pytest.param({"remote": "gw.example.test"}, ".remote: 'gw.example.test'", id="a name as address"),
        pytest.param({"local_address": "2001:db8::1"}, ".local_address: '2001:db8::1'", id="IPv6"),
        pytest.param({"peer_address": "198.51.100.66"}, ".peer_address: is 198.51.100.66", id="own address"),
        pytest.param({"routes": ["198.51.100.130/26"]}, ".routes: '198.51.100.130/26'", id="host bits"),
        pytest.param(
            {"routes": ["198.51.100.0/26"]}, ".routes: 198.51.100.0/26 holds 198.51.100.3", id="through itself"
        ),
        pytest.param({"routes": ["198.51.100.64/26"]}, ".routes: 198.51.100.64/26 holds this", id="own office"),
        pytest.param({"port": 0}, ".port: 0", id="port"),
        pytest.param({"metric": -1}, ".metric: -1", id="metric"),
        pytest.param({"standby_routes": ["x"]}, ".standby_routes: 'x'", id="no network to stand in for"),
        pytest.param({"standby_metric": 100}, ".standby_metric: 100 is not above", id="standby first"),
        pytest.param({"mtu": 9000}, ".mtu: 9000", id="mtu"),
        pytest.param({"mssfix": 40}, ".mssfix: 40", id="mssfix"),
        pytest.param({"peer_fingerprints": ["ab:cd"]}, ".peer_fingerprints: 'ab:cd'", id="a short fingerprint"),
        pytest.param({"peer_fingerprints": ["\n".join(["00"] * 32)]}, ".peer_fingerprints: '00", id="line breaks"),
    ],
)
def test_what_cannot_work(change: dict[str, Any], text: str) -> None:
    faults = site_tunnel_errors([{**BRANCH, **change}])
    assert len(faults) == 1
    assert faults[0].startswith(f"site_tunnel_links[0]{text}")


@pytest.mark.parametrize(("shared", "shown"), [("name", "branch"), ("interface", "mf-branch"), ("port", "1194/udp")])
def test_two_tunnels_share_nothing(shared: str, shown: str) -> None:
    assert site_tunnel_errors([BRANCH, {**DEPOT, shared: BRANCH[shared]}]) == [
        f"site_tunnel_links: {shared} {shown} is used 2 times; each tunnel needs its own."
    ]


def test_of_two_tunnels_to_a_gateway_one_comes_first() -> None:
    assert site_tunnel_errors([BRANCH, BY_TCP]) == []
    (fault,) = site_tunnel_errors([BRANCH, {**BY_TCP, "metric": 100}])
    assert fault.startswith("site_tunnel_links: 2 tunnels to 198.51.100.130 have the metric 100")


def test_the_second_tunnel_to_a_gateway_has_routes_of_its_own() -> None:
    """The far end's address can lead into one of the two only."""
    first, second = site_tunnel_settings([BRANCH, BY_TCP])
    assert first["next_hop"] == BRANCH["peer_address"]
    assert second["next_hop"] == "169.254.77.2"


def test_without_a_ca_the_certificates_are_listed() -> None:
    pinned = {**BRANCH, "peer_fingerprints": [":".join(["0a"] * 32)]}
    assert site_tunnel_errors([pinned], "") == []
    (fault,) = site_tunnel_errors([pinned, DEPOT], "")
    assert fault.startswith("site_tunnel_links[1].peer_fingerprints: is empty")


def test_routes_get_their_netmasks() -> None:
    branch, depot = site_tunnel_settings([BRANCH, DEPOT])
    assert branch["routes"] == [{"network": "198.51.100.128", "netmask": "255.255.255.192", "metric": 100}]
    assert depot["routes"] == [{"network": "198.51.100.192", "netmask": "255.255.255.224", "metric": 100}]


def test_a_dead_tunnel_gives_way_only_to_one_that_can_stand_in() -> None:
    assert [link["keep_device"] for link in site_tunnel_settings([BRANCH, DEPOT])] == [True, True]
    other = {**DEPOT, "routes": ["198.51.100.192/27", "198.51.100.144/28"]}
    assert [link["keep_device"] for link in site_tunnel_settings([BRANCH, other])] == [False, False]
    relay = {**DEPOT, "standby_routes": BRANCH["routes"]}
    assert [link["keep_device"] for link in site_tunnel_settings([BRANCH, relay])] == [False, False]


def test_standby_routes_come_after_all_others() -> None:
    (link,) = site_tunnel_settings([{**DEPOT, "standby_routes": BRANCH["routes"]}])
    assert [route["metric"] for route in link["routes"]] == [100, 8192]


def test_the_filters_have_their_names() -> None:
    assert errors_filter.FilterModule().filters() == {"site_tunnel_errors": site_tunnel_errors}
    assert settings_filter.FilterModule().filters() == {"site_tunnel_settings": site_tunnel_settings}
