# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any offices: ways, tunnels, what leads inside, and that checks expect what the rules let through."""

from __future__ import annotations

from itertools import pairwise, permutations, product
from random import Random
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import SERVICES
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.packets import Packet, World
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    DC,
    DROP,
    GW,
    MX,
    ONE_OFFICE,
    TWO_OFFICES,
    Edits,
    host,
    office,
    outcome,
    plan,
)

NAMES = ["hq", "branch", "s0", "s1", "s2"]
SHAPES: dict[str, list[tuple[str, str, int]]] = {
    "chain": [("hq", "branch", 100), ("branch", "s0", 100), ("s0", "s1", 100), ("s1", "s2", 100)],
    "hub": [("hq", name, 100) for name in NAMES[1:]],
    "ring": [*((left, right, 100) for left, right in pairwise(NAMES)), ("hq", "s2", 100)],
    "mesh": [(left, right, 100) for left, right in product(NAMES, NAMES) if left < right],
    "detour": [("hq", "branch", 1), ("branch", "s0", 1), ("hq", "s0", 5), ("s0", "s1", 1), ("s1", "s2", 1)],
}


def links(rows: list[tuple[str, str, int]]) -> Edits:
    """These links and no others."""
    return {
        "mailforest_site_links": {
            f"{left}-{right}": {"sites": [left, right], "cost": cost, "interval": 15} for left, right, cost in rows
        }
    }


def offices(count: int = 3) -> Edits:
    """The offices beside the two."""
    return {path: value for number in range(count) for path, value in office(number).items()}


def shape(name: str) -> Any:
    return plan(TWO_OFFICES, offices() | links(SHAPES[name]))


def tunnels(plan_: Any, site: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = plan_["hosts"][plan_["sites"][site]["gateway"]]["tunnels"]
    return rows


def way(plan_: Any, start: str, end: str) -> list[str]:
    """The sites on the way from one to another, by the gateways' routes."""
    (target,) = plan_["sites"][end]["subnets"]
    found = [start]
    while found[-1] != end:
        (step,) = [row["name"] for row in tunnels(plan_, found[-1]) if target in row["routes"]]
        assert step not in found
        found.append(step)
    return found


def lowest(rows: list[tuple[str, str, int]], names: list[str]) -> dict[tuple[str, str], int]:
    """The lowest sum of costs between any two, by Floyd and Warshall."""
    far = 10**9
    cost = {(left, right): 0 if left == right else far for left, right in product(names, names)}
    for left, right, value in rows:
        cost[left, right] = cost[right, left] = min(value, cost[left, right])
    for middle, left, right in product(names, names, names):
        cost[left, right] = min(cost[left, right], cost[left, middle] + cost[middle, right])
    return cost


def random_links(random: Random, names: list[str]) -> list[tuple[str, str, int]]:
    """A tree, so that all are joined, and some more."""
    tree = [(random.choice(names[:number]), name) for number, name in enumerate(names) if number]
    more = [tuple(random.sample(names, 2)) for _link in range(random.randrange(len(names)))]
    pairs = {frozenset(pair): pair for pair in [*tree, *more]}
    return [(left, right, random.choice([1, 1, 2, 3, 50, 100])) for left, right in pairs.values()]


@pytest.mark.parametrize("seed", range(12))
def test_every_way_is_the_cheapest_and_the_same_in_both_directions(seed: int) -> None:
    random = Random(seed)
    names = ["hq", "branch", *(f"s{number}" for number in range(6))]
    rows = random_links(random, names)
    made = plan(TWO_OFFICES, offices(6) | links(rows))
    best = lowest(rows, names)
    for start, end in permutations(names, 2):
        found = way(made, start, end)
        assert found == list(reversed(way(made, end, start)))
        metric = {(site, row["name"]): row["metric"] for site in names for row in tunnels(made, site)}
        assert sum(metric[step] for step in pairwise(found)) == best[start, end]


def test_of_two_ways_of_one_cost_both_ends_take_the_same() -> None:
    ring = ["branch", "hq", "s3", "s1", "s2", "s0", "branch"]  # neighbours' names would lead the two ends apart
    made = plan(TWO_OFFICES, offices(4) | links([(left, right, 10) for left, right in pairwise(ring)]))
    assert len(way(made, "branch", "s1")) == 4
    assert way(made, "branch", "s1") == list(reversed(way(made, "s1", "branch")))


@pytest.mark.parametrize("name", SHAPES)
def test_the_ends_of_a_tunnel_fit(name: str) -> None:
    made = shape(name)
    for site in NAMES:
        rows = tunnels(made, site)
        assert len({row["port"] for row in rows}) == len({row["interface"] for row in rows}) == len(rows)
        for row in rows:
            (back,) = [other for other in tunnels(made, row["name"]) if other["name"] == site]
            own, peer = (made["hosts"][made["sites"][each]["gateway"]] for each in (site, row["name"]))
            assert (row["port"], row["metric"]) == (back["port"], back["metric"])
            assert row["listener"] is not back["listener"]
            assert row["listener"] is (NAMES.index(site) < NAMES.index(row["name"]))
            assert (row["local_address"], row["peer_address"]) == (back["peer_address"], back["local_address"])
            assert (row["local_address"], row["remote"]) == (own["address"], peer["public_address"])
            assert row["peer_fqdn"] == peer["fqdn"] == f"{row['peer']}.corp.example.test"


@pytest.mark.parametrize(
    ("name", "ends", "passed"),
    [
        ("chain", 8, ["branch", "s0", "s1"]),
        ("hub", 8, ["hq"]),
        ("ring", 10, NAMES),
        ("mesh", 20, []),
        ("detour", 8, ["branch", "s0", "s1"]),
    ],
)
def test_a_gateway_passes_others_traffic_where_a_way_leads_through(name: str, ends: int, passed: list[str]) -> None:
    made = shape(name)
    assert sum(len(tunnels(made, site)) for site in NAMES) == ends
    rules = {site: made["hosts"][made["sites"][site]["gateway"]]["firewall"]["forward_rules"] for site in NAMES}
    assert [site for site in NAMES if any(row["name"].startswith("transit") for row in rules[site])] == passed


def test_a_link_that_no_way_uses_has_no_tunnel() -> None:
    made = shape("detour")
    assert [row["name"] for row in tunnels(made, "hq")] == ["branch"]
    (row,) = made["hosts"]["gw-hq"]["firewall"]["tunnelled"]
    assert row == {"interface": "mf-branch", "networks": tunnels(made, "hq")[0]["routes"]}
    assert len(row["networks"]) == 4


def test_a_tunnel_by_tcp_stands_beside_each_and_comes_after_it() -> None:
    made = plan(TWO_OFFICES, offices() | links(SHAPES["hub"]) | {"mailforest_tunnels": {"tcp": True, "mtu": 1300}})
    for site in NAMES:
        rows = {row["name"]: row for row in tunnels(made, site)}
        first = {name: row for name, row in rows.items() if row["transport"] == "udp"}
        assert len(rows) == 2 * len(first)
        for name, row in first.items():
            second = rows[f"{name}.tcp"]
            differing = {"name", "interface", "metric", "transport", "standby_metric"}
            assert {key for key in row if row[key] != second[key]} == differing
            assert row["metric"] < second["metric"] < row["standby_metric"] < second["standby_metric"]
            assert (row["mtu"], row["mssfix"]) == (1300, 1240)
    listener, dialler = (made["hosts"][name]["firewall"]["rules"] for name in ("gw-hq", "gw-branch"))
    open_ports = [row["ports"] for row in listener if row["name"] == "openvpn-tcp"]
    assert open_ports == [["1194"], ["1195"], ["1196"], ["1197"]]
    assert "openvpn-tcp" not in [row["name"] for row in dialler]


def _stood_in(made: Any, site: str) -> dict[str, list[str]]:
    """The sites that each peer of a site stands in for."""
    subnets = {name: row["subnets"] for name, row in made["sites"].items()}
    return {
        row["name"]: [name for name in NAMES if set(subnets[name]) <= set(row["standby_routes"])]
        for row in tunnels(made, site)
    }


def test_a_third_office_stands_in_for_a_tunnel_the_same_one_at_both_ends() -> None:
    costs = [("hq", "branch", 10), ("hq", "s0", 10), ("hq", "s1", 10), ("branch", "s0", 10), ("s1", "s2", 10)]
    made = plan(TWO_OFFICES, offices() | links(costs) | {"mailforest_tunnels": {"standby": True}})
    assert _stood_in(made, "branch") == {"hq": ["s0"], "s0": ["hq"]}
    assert _stood_in(made, "s0") == {"hq": ["branch"], "branch": ["hq"]}
    assert _stood_in(made, "hq") == {"branch": ["s0"], "s0": ["branch"], "s1": []}
    assert _stood_in(made, "s2") == {"s1": []}, "what no third office joins has no substitute"


def test_what_stands_in_passes_on_to_where_its_own_tunnel_leads_only() -> None:
    """Else two that stand in for a dead tunnel would pass packets to each other."""
    made = plan(TWO_OFFICES, offices() | links(SHAPES["mesh"]) | {"mailforest_tunnels": {"standby": True}})
    for site in NAMES:
        gateway = made["hosts"][made["sites"][site]["gateway"]]
        transits = [row for row in gateway["firewall"]["forward_rules"] if row["name"].startswith("transit")]
        own = {row["interface"]: row["routes"] for row in tunnels(made, site)}
        assert all(rule["destinations"] == own[rule["out_interfaces"][0]] for rule in transits)
        assert not any(set(rule["in_interfaces"]) & set(rule["out_interfaces"]) for rule in transits)
        for row in tunnels(made, site):
            (leak,) = [each for each in gateway["firewall"]["tunnelled"] if each["interface"] == row["interface"]]
            assert leak["networks"] == row["routes"] + row["standby_routes"]


def test_fingerprints_are_given_to_the_other_ends() -> None:
    pins = {"gw-branch": ["00", "11"]}
    made = plan(TWO_OFFICES, {"mailforest_tunnels": {"fingerprints": pins}})
    assert tunnels(made, "hq")[0]["peer_fingerprints"] == ["00", "11"]
    assert tunnels(made, "branch")[0]["peer_fingerprints"] == []


def test_a_link_added_changes_no_port() -> None:
    def ports(made: Any) -> dict[tuple[str, str], int]:
        return {(site, row["name"]): row["port"] for site in NAMES for row in tunnels(made, site)}

    before, after = ports(shape("hub")), ports(plan(TWO_OFFICES, offices() | links(SHAPES["hub"] + [("s0", "s1", 1)])))
    assert before.items() < after.items()
    assert sorted(before["hq", name] for name in NAMES[1:]) == [1194, 1195, 1196, 1197]
    assert after["s0", "s1"] == 1194, "the first that neither of the two uses"


def test_interfaces_have_names_that_the_kernel_takes() -> None:
    twins = ["a-very-long-name-of-a-site", "a-very-long-name-of-a-shop"]
    renamed = {
        f"mailforest_sites/{name}": {"subnets": [f"10.9.{number}.0/24"], "gateway": f"gwx{number}"}
        for number, name in enumerate(twins)
    }
    hosts = {
        f"hosts/gwx{number}": host(GW, address=f"10.9.{number}.1", site=name, public_address=f"198.18.9.{number + 1}")
        for number, name in enumerate(twins)
    }
    made = plan(TWO_OFFICES, renamed | hosts | {"mailforest_site_links/far": {"sites": ["hq", *twins]}})
    names = [row["interface"] for row in tunnels(made, "hq")]
    assert names[0] == "mf-branch"
    assert all(len(name) <= 15 and name.startswith("mf-a-very-") for name in names[1:])
    assert len(set(names)) == 3


def test_a_gateway_waits_for_its_peers_and_for_nobody_else() -> None:
    made = shape("hub")
    public = [made["hosts"][made["sites"][site]["gateway"]]["public_address"] for site in NAMES]
    assert made["hosts"]["gw-hq"]["firewall"]["rules"] == [
        {"name": "openvpn", "transport": "udp", "ports": [str(1194 + number)], "sources": [f"{address}/32"]}
        for number, address in enumerate(public[1:])
    ]
    assert made["hosts"]["gw-branch"]["firewall"]["rules"] == [], "it speaks first"
    waiting = [row for row in made["expectations"]["outside"] if row["port"] in range(1194, 1294)]
    assert [(row["host"], row["port"]) for row in waiting] == [("198.51.100.2", 1194 + number) for number in range(4)]
    assert {(row["transport"], row["expect"], *row["accept"]) for row in waiting} == {
        ("udp", "closed", "open-or-filtered")
    }


def test_what_is_published_is_led_to_the_sites_home() -> None:
    second: Edits = {"hosts/mx0": host(MX, address="198.51.100.79", site="hq")}
    for edits, target in ((second, "198.51.100.80"), (second | {"mailforest_mail/home/hq": "mx0"}, "198.51.100.79")):
        rows = plan(TWO_OFFICES, edits)["hosts"]["gw-hq"]["firewall"]["dnat"]
        assert {row["destination"] for row in rows} == {target}
        assert {row["port"] for row in rows} == {25, 465, 587, 993}
        assert rows[0] == {
            "name": f"smtp-to-{'mx1' if target.endswith('80') else 'mx0'}",
            "transport": "tcp",
            "port": 25,
            "destination": target,
            "destination_port": 25,
            "not_sources": ["198.51.100.64/26", "198.51.100.128/26"],
            "not_destinations": ["198.51.100.64/26", "198.51.100.128/26"],
        }


def test_a_gateways_rules_must_leave_the_way_to_the_hosts_behind_it() -> None:
    hosts = plan(TWO_OFFICES)["hosts"]
    assert hosts["dc1"]["firewall"]["confirm_through"] == []
    assert hosts["gw-hq"]["firewall"]["confirm_through"] == [
        {"host": f"198.51.100.{number}", "port": 22} for number in (70, 71, 80)
    ]


def test_what_is_not_published_stays_inside() -> None:
    few = plan(TWO_OFFICES, {"mailforest_mail/publish": ["smtp"]})
    assert [row["port"] for row in few["hosts"]["gw-branch"]["firewall"]["dnat"]] == [25]
    none = plan(TWO_OFFICES, {"mailforest_mail/publish": []})
    assert none["hosts"]["gw-hq"]["firewall"]["dnat"] == []
    assert all(rule["sources"] for rule in none["hosts"]["mx1"]["firewall"]["rules"])
    assert {row["port"] for row in none["expectations"]["outside"] if row["expect"] == "open"} == {22}
    (zone,) = none["outside_dns"]
    assert len(zone["lines"]) == 1 and zone["lines"][0].startswith("; ")
    served = plan(TWO_OFFICES, {"mailforest_mail/services": ["smtp", "submissions", "imap"]})
    assert [row["port"] for row in served["hosts"]["gw-hq"]["firewall"]["dnat"]] == [25, 465]
    assert not [line for line in few["outside_dns"][0]["lines"] if "SRV" in line]


def test_the_public_dns_names_mail_servers_to_which_there_is_a_way() -> None:
    made = plan(TWO_OFFICES, {"hosts/mx0": host(MX, address="198.51.100.79", site="hq")})
    lines = made["outside_dns"][0]["lines"]
    assert not [line for line in lines if "mx0" in line and not line.startswith(";")]
    assert "example.test. 3600 IN MX 10 mx1.corp.example.test. " not in lines
    assert "example.test. 3600 IN MX 10 mx1.corp.example.test." in lines


def test_a_gateway_that_serves_mail_leads_nobody_inside() -> None:
    edits: Edits = {"hosts/gw-branch/groups": [GW, MX], "mailforest_mail/home": {"hq": "mx1", "branch": "gw-branch"}}
    rules = plan(TWO_OFFICES, edits)["hosts"]["gw-branch"]["firewall"]
    assert rules["dnat"] == []
    assert [] in [row["sources"] for row in rules["rules"] if row["ports"] == ["993"]]


def test_hosts_know_their_peers() -> None:
    hosts = plan(TWO_OFFICES)["hosts"]
    assert {name: row["join_server"] for name, row in hosts.items() if row["join_server"]} == dict.fromkeys(
        ("dc2", "dc3"), "dc1.corp.example.test"
    )
    assert hosts["dc2"]["other_controllers"] == ["198.51.100.70", "198.51.100.134"]
    assert hosts["mx1"]["other_controllers"] == hosts["dc1"]["mail_peers"] == hosts["mx1"]["tunnels"] == []
    assert hosts["mx2"]["mail_peers"] == [{"name": "mx1.corp.example.test", "address": "198.51.100.80"}]
    assert hosts["mx1"]["own_site_controllers"] == ["dc1.corp.example.test", "dc2.corp.example.test"]
    assert hosts["dc3"]["own_site_controllers"] == ["dc3.corp.example.test"]


def test_groups_with_limited_senders_are_known_by_their_dns() -> None:
    names: list[tuple[str, dict[str, str]]] = [
        ("all", {"senders": "users"}),
        ("board", {"senders": "board"}),
        ("open", {}),
    ]
    rows = [{"name": name, "email": f"{name}@example.test", **senders} for name, senders in names]
    assert plan(TWO_OFFICES, {"mailforest_groups": rows})["mail"]["lists"] == [
        {"group_dn": "CN=all,CN=Users,DC=corp,DC=example,DC=test"},
        {
            "group_dn": "CN=board,CN=Users,DC=corp,DC=example,DC=test",
            "senders_dn": "CN=board,CN=Users,DC=corp,DC=example,DC=test",
        },
    ]


def test_a_site_sends_what_is_for_others_through_its_smart_host() -> None:
    foreign = {"host": "SmartHost.example.net", "user": "us"}
    edits: Edits = {
        "mailforest_mail/relay": {"hq": foreign, "branch": {"host": "mx1"}},
        "secrets/mailforest_mail_relay_password": Verdict.SIMPLE,
    }
    hosts = plan(TWO_OFFICES, edits)["hosts"]
    assert hosts["mx1"]["mail_relay"] == {"host": "smarthost.example.net", "ports": [587, 465, 2525], "user": "us"}
    assert hosts["mx1"]["mail_relay_clients"] == ["198.51.100.144"]
    assert hosts["mx2"]["mail_relay"] == {
        "host": "mx1.corp.example.test",
        "ports": [25],
        "ca_file": "/etc/ssl/mailforest/ca.crt",
        "through_peer": True,
    }
    assert hosts["mx2"]["mail_relay_clients"] == []
    assert hosts["dc1"]["mail_relay"] == plan(TWO_OFFICES)["hosts"]["mx1"]["mail_relay"] == {}


def test_clients_look_for_the_controllers_of_their_site() -> None:
    rows = {row["name"]: row for row in plan(TWO_OFFICES)["srv"]}
    assert len(rows) == 6
    assert rows["_ldap._tcp.branch._sites.gc._msdcs.corp.example.test"] == {
        "name": "_ldap._tcp.branch._sites.gc._msdcs.corp.example.test",
        "site": "branch",
        "targets": ["dc3.corp.example.test"],
    }
    assert len(rows["_kerberos._tcp.hq._sites.corp.example.test"]["targets"]) == 2


def test_the_directory_gets_sites_subnets_links_and_servers() -> None:
    directory = plan(TWO_OFFICES)["directory"]
    assert directory["sites"] == ["hq", "branch"]
    assert directory["subnets"][1] == {"subnet": "198.51.100.128/26", "site": "branch"}
    assert directory["links"] == [
        {"name": "hq-branch", "sites": ["hq", "branch"], "cost": 100, "interval": 15, "notify": True}
    ]
    assert [(row["name"], row["site"]) for row in directory["servers"]] == [
        ("dc1", "hq"),
        ("dc2", "hq"),
        ("dc3", "branch"),
    ]


def test_flows_grow_with_the_mail_servers() -> None:
    more = {f"hosts/mx{number}": host(MX, address=f"198.51.100.{80 + number}", site="hq") for number in range(3, 9)}
    flows = plan(TWO_OFFICES, more)["mail"]["flows"]
    assert len(flows) == 8 * 2 * 3
    assert {len(row["readers"]) for row in flows} == {3}
    assert {row["account"] for row in flows} == {
        f"svc-mail-probe{mark}" for mark in ("", *map("-{}".format, range(2, 9)))
    }


def test_a_high_cost_is_a_metric_that_the_kernel_prefers_to_its_last_resort() -> None:
    rows = tunnels(plan(TWO_OFFICES, {"mailforest_site_links/hq-branch/cost": 99999}), "hq")
    assert [row["metric"] for row in rows] == [4095]


def test_homes_are_full_names() -> None:
    made = plan(TWO_OFFICES)
    homes = {user["name"]: user.get("home", "") for user in made["directory"]["users"]}
    mx1, mx2 = "mx1.corp.example.test", "mx2.corp.example.test"
    probes = {"svc-mail-probe": mx1, "svc-mail-probe-2": mx2}
    assert homes == {"alice": mx1, "boris": mx2, "carol": "", "svc-mail": "", "mail-mx1": "", "mail-mx2": "", **probes}


def disagreements(made: Any) -> list[str]:
    """Checks whose expectation is not what the plan's own rules do."""
    world = World(made)
    sources = {name: row["address"] for name, row in made["hosts"].items()} | {"outside": "198.51.100.10"}
    found = []
    for vantage, rows in made["expectations"].items():
        for row in rows:
            packet = Packet(sources[vantage], row["host"], row["transport"], row["port"])
            if world.arrives(packet) is not (row["expect"] == "open"):
                found.append(f"{vantage}: {row['name']} at {row['host']} is expected {row['expect']}")
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_expected_is_what_the_rules_let_through(name: str) -> None:
    assert disagreements(shape(name)) == []


@pytest.mark.parametrize(
    "edits",
    [
        {},
        {"mailforest_admin": {"sources": ["198.51.100.64/26"]}},
        {"mailforest_admin": {"sources": ["198.51.100.71/32", "198.51.100.10/32"]}},
        {"mailforest_mail/publish": []},
        {"mailforest_mail/publish": ["pop3s", "imap", "smtp"]},
        {"mailforest_mail/services": ["smtp", "imaps", "submission-2525"]},
        {"hosts/mx1/vars/mailforest_public_address": "198.51.100.7"},
        {"hosts/mx2": DROP, "mailforest_mail/home": {"hq": "mx1", "branch": "mx1"}},
        {"hosts/gw-branch/groups": [GW, MX], "mailforest_mail/home": {"hq": "mx1", "branch": "gw-branch"}},
        {"hosts/gw-hq/groups": [GW, DC]},
        {"mailforest_sites/branch/subnets/1": "198.51.100.192/26", "hosts/mx2/vars/ansible_host": "198.51.100.200"},
        {"hosts/mx0": host(MX, address="198.51.100.79", site="hq")},
    ],
)
def test_two_offices_in_many_ways_expect_what_the_rules_let_through(edits: Edits) -> None:
    made = plan(TWO_OFFICES, edits)
    assert disagreements(made) == []
    opened = [row for row in made["expectations"]["dc1"] if row["host"] == "198.51.100.134" and row["expect"] == "open"]
    assert len(opened) >= 10, "the other office is looked at"


@pytest.mark.parametrize(
    "edits",
    [
        {},
        {"hosts/gw-hq": DROP, "mailforest_sites/hq/gateway": DROP},
        {"hosts/gw-hq/vars/mailforest_public_address": DROP},
        {"hosts/mx1/vars/mailforest_public_address": "198.51.100.80"},
        {"hosts/gw-hq/vars/mailforest_public_address": "198.51.100.66"},
    ],
)
def test_one_office_in_many_ways_expects_what_the_rules_let_through(edits: Edits) -> None:
    assert disagreements(plan(ONE_OFFICE, edits)) == []


@pytest.mark.parametrize("seed", range(6))
def test_any_offices_expect_what_the_rules_let_through(seed: int) -> None:
    random = Random(seed)
    edits = offices(4) | links(random_links(random, ["hq", "branch", "s0", "s1", "s2", "s3"]))
    assert disagreements(plan(TWO_OFFICES, edits)) == []


def test_checks_through_tunnels_grow_with_the_tunnels() -> None:
    def size(count: int) -> int:
        rows = [("hq", name, 10) for name in ["branch", *(f"s{number}" for number in range(count))]]
        made = plan(TWO_OFFICES, offices(count) | links(rows))
        return sum(len(made["expectations"][name]) for name in made["hosts"])

    behind = len(["ldaps"])
    small, middle, large = (size(count) for count in (5, 10, 20))
    # One port of one server for every two offices that reach each other through a third; all else is linear.
    assert (large - middle) - 2 * (middle - small) == behind * (_pairs(20) - 3 * _pairs(10) + 2 * _pairs(5))
    assert SERVICES["ldaps"].port == 636


def _pairs(count: int) -> int:
    """Ordered pairs among so many offices."""
    return count * (count - 1)


def test_who_has_not_logged_in_sends_nothing_on() -> None:
    """MAIL-8, MAIL-21: every open port of SMTP is judged by codes and greeting; 25 by its codes from outside alone."""
    seen: dict[tuple[int, bool], set[str]] = {}
    for vantage, checks in plan(TWO_OFFICES)["expectations"].items():
        for check in checks:
            if check["protocol"] == "smtp" and check["expect"] == "open":
                assert check["greeting"] == check["server_name"]
                seen.setdefault((check["port"], vantage == "outside"), set()).add(check.get("relay_reply", ""))
    assert seen[25, True] == seen[587, True] == seen[465, True] == seen[587, False] == seen[465, False] == {"554 5.7.1"}
    assert seen[25, False] == {""}, "some inside may relay there"


def test_an_office_behind_a_router_of_others_needs_no_gateway() -> None:
    """As the first guide says: without the host, and with the mail server's own address on the Internet."""
    address = {"hosts/mx1/vars/mailforest_public_address": "198.51.100.2"}
    result = outcome(ONE_OFFICE, {"hosts/gw-hq": DROP, "mailforest_sites/hq/gateway": DROP, **address})
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []
