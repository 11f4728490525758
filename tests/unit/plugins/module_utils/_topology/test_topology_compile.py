# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from good topologies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import spec
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import (
    CATALOGUE,
    SERVICES,
    Tls,
    tcp_services,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    DC,
    DROP,
    GW,
    MEMBER,
    MX,
    ONE_OFFICE,
    TWO_OFFICES,
    host,
    plan,
)

HQ = "198.51.100.64/26"
BRANCH = "198.51.100.128/26"


@pytest.fixture(scope="module")
def one() -> Any:
    return plan(ONE_OFFICE)


@pytest.fixture(scope="module")
def two() -> Any:
    return plan(TWO_OFFICES)


def ports(rules: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Ports and sources of firewall rules."""
    return {(row["transport"], port): row["sources"] for row in rules for port in row["ports"]}


def checks(plan_: Any, vantage: str, address: str, expect: str) -> dict[tuple[str, int], dict[str, Any]]:
    """What the vantage point expects of an address."""
    rows = [row for row in plan_["expectations"][vantage] if row["host"] == address and row["expect"] == expect]
    found = {(row["transport"], row["port"]): row for row in rows}
    assert len(found) == len(rows), "two checks of one port"
    return found


def test_a_plan_is_json(two: Any) -> None:
    assert json.loads(json.dumps(two)) == two


def test_the_forest(one: Any) -> None:
    assert one["forest"] == {
        "realm": "CORP.EXAMPLE.TEST",
        "dns_domain": "corp.example.test",
        "netbios": "CORP",
        "base_dn": "DC=corp,DC=example,DC=test",
        "functional_level": "2008_R2",
        "administrator": "Administrator",
        "rpc_ports": "50000-50020",
        "dns_forwarders": ["198.51.100.1"],
        "subnets": [HQ],
        "certificate_permitted_names": ["corp.example.test", "example.test"],
        "certificate_permitted_addresses": [HQ, "198.51.100.2/32"],
    }


def test_a_host_that_leaves_is_no_part_of_it(one: Any) -> None:
    leaving = host("mailforest_leaving", address="198.51.100.90", site="hq")
    assert plan(ONE_OFFICE, {"hosts/dc9": leaving}) == one
    assert plan(ONE_OFFICE, {"hosts/dc9": leaving | {"groups": [MEMBER]}}) != one


def test_the_first_domain_controller_has_every_role_that_is_not_named(one: Any, two: Any) -> None:
    assert one["first_dc"] == "dc1"
    assert set(one["fsmo"].values()) == {"dc1"}
    assert len(one["fsmo"]) == 7
    assert two["fsmo"] == dict.fromkeys(two["fsmo"], "dc1") | {"pdc": "dc2"}


def test_a_number_as_functional_level_is_text_in_the_plan() -> None:
    assert plan(ONE_OFFICE, {"mailforest_forest/functional_level": 2016})["forest"]["functional_level"] == "2016"


def test_sites_and_links(two: Any) -> None:
    assert two["sites"]["branch"] == {
        "subnets": [BRANCH],
        "gateway": "gw-branch",
        "domain_controllers": ["dc3"],
        "mail_home": "mx2",
    }
    assert two["site_links"] == {"hq-branch": {"sites": ["hq", "branch"], "cost": 100, "interval": 15}}


def test_entries_name_every_host_once(two: Any) -> None:
    names = [entry["names"] for entry in two["entries"]]
    assert ["dc3.corp.example.test", "dc3"] in names
    assert len(names) == len(two["hosts"]) == 8
    assert "outside" not in two["hosts"]


@pytest.mark.parametrize(
    ("name", "resolvers", "times"),
    [
        ("dc1", ["198.51.100.70", "198.51.100.71", "198.51.100.134"], ["dc2"]),
        ("dc2", ["198.51.100.71", "198.51.100.70", "198.51.100.134"], None),
        ("dc3", ["198.51.100.134", "198.51.100.70", "198.51.100.71"], ["dc2"]),
        ("mx2", ["198.51.100.134", "198.51.100.70", "198.51.100.71"], ["dc3", "dc1", "dc2"]),
        ("gw-hq", ["198.51.100.70", "198.51.100.71", "198.51.100.134"], ["dc1", "dc2", "dc3"]),
    ],
)
def test_a_host_asks_its_own_site_first(two: Any, name: str, resolvers: list[str], times: list[str] | None) -> None:
    row = two["hosts"][name]
    expected = [f"{time}.corp.example.test" for time in times] if times else ["2.debian.pool.ntp.org"]
    assert (row["resolvers"], row["ntp_servers"]) == (resolvers, expected)


def test_domain_controllers_serve_time_to_the_sites(two: Any) -> None:
    assert two["hosts"]["dc1"]["ntp_clients"] == [HQ, BRANCH]
    assert two["hosts"]["mx1"]["ntp_clients"] == []


def test_directory_uris_are_in_order(two: Any) -> None:
    assert two["hosts"]["mx2"]["directory_uris"][0] == "ldaps://dc3.corp.example.test"
    assert len(two["hosts"]["mx2"]["directory_uris"]) == 3


def test_certificates_carry_all_names_and_addresses(one: Any) -> None:
    hosts = one["hosts"]
    assert hosts["dc1"]["certificate_names"] == ["dc1.corp.example.test", "corp.example.test"]
    assert hosts["mx1"]["certificate_names"] == ["mx1.corp.example.test"]
    assert hosts["gw-hq"]["certificate_addresses"] == ["198.51.100.66", "198.51.100.2"]


def test_a_host_with_several_functions_has_what_each_brings(two: Any) -> None:
    row = plan(
        ONE_OFFICE,
        {
            "hosts/dc1/groups": [DC, MX],
            "hosts/mx1": DROP,
            "mailforest_mail/home": {"hq": "dc1"},
            "mailforest_sites/hq/gateway": DROP,
            "hosts/gw-hq": DROP,
        },
    )["hosts"]["dc1"]
    assert row["functions"] == ["domain_controller", "mail_server"]
    assert {("tcp", "636"), ("tcp", "993"), ("udp", "53")} <= set(ports(row["firewall"]["rules"]))
    assert two["hosts"]["gw-branch"]["functions"] == ["gateway", "member"]


def test_listeners_follow_the_services(one: Any) -> None:
    row = one["hosts"]["mx1"]
    assert row["postfix_listeners"] == ["smtp", "submission", "submissions"]
    assert row["dovecot_listeners"] == ["imap", "imaps", "pop3", "pop3s", "sieve"]
    assert one["hosts"]["dc1"]["postfix_listeners"] == one["hosts"]["dc1"]["dovecot_listeners"] == []
    chosen = plan(ONE_OFFICE, {"mailforest_mail/services": ["smtp", "submission-2525", "imaps"]})["hosts"]["mx1"]
    assert chosen["postfix_listeners"] == ["smtp", "submission-2525"]
    assert chosen["dovecot_listeners"] == ["imaps"]
    assert set(ports(chosen["firewall"]["rules"])) == {("tcp", "25"), ("tcp", "2525"), ("tcp", "993")}


def test_directory_ports_are_open_to_the_sites_only(two: Any) -> None:
    rules = ports(two["hosts"]["dc1"]["firewall"]["rules"])
    assert set(map(tuple, rules.values())) == {(HQ, BRANCH)}
    tcp = {port for transport, port in rules if transport == "tcp"}
    udp = {port for transport, port in rules if transport == "udp"}
    assert tcp == {"53", "88", "135", "389", "445", "464", "636", "3268", "3269", "50000-50020"}
    assert udp == {"53", "88", "123", "389", "464"}


def test_published_mail_is_open_to_anyone_and_the_rest_of_mail_to_the_sites(one: Any) -> None:
    rules = ports(one["hosts"]["mx1"]["firewall"]["rules"])
    assert [rules.pop(("tcp", port)) for port in ("25", "465", "587", "993")] == [[], [], [], []]
    assert rules == {("tcp", port): [HQ] for port in ("143", "110", "995", "4190")}


def test_ssh_is_for_administration(one: Any) -> None:
    for row in one["hosts"].values():
        assert row["firewall"]["admin_sources"] == ["0.0.0.0/0", "::/0"]
        assert ("tcp", "22") not in ports(row["firewall"]["rules"])
    limited = plan(ONE_OFFICE, {"mailforest_admin": {"sources": ["198.51.100.64/28"]}})
    assert limited["hosts"]["mx1"]["firewall"]["admin_sources"] == ["198.51.100.64/28"]


def test_wrong_passwords_count_from_outside_alone(two: Any) -> None:
    """The default of administration, which is everywhere, exempts nobody; gateways speak for their offices."""
    exempt = two["mail"]["guesses_exempt"]
    assert {HQ, BRANCH, *(row["address"] for row in two["hosts"].values())} <= set(exempt)
    assert {row["public_address"] for row in two["hosts"].values() if row["public_address"]} <= set(exempt)
    assert not {"0.0.0.0/0", "::/0", ""} & set(exempt)
    given = {"mailforest_admin": {"sources": ["192.0.2.0/28"]}, "mailforest_mail/guesses_exempt": ["203.0.113.7/32"]}
    assert {"192.0.2.0/28", "203.0.113.7/32"} <= set(plan(TWO_OFFICES, given)["mail"]["guesses_exempt"])


def test_only_gateways_forward(two: Any) -> None:
    gateway = two["hosts"]["gw-hq"]["firewall"]
    assert gateway["forward"] is True
    assert gateway["masquerade"] == [{"sources": [HQ], "not_destinations": [HQ, BRANCH]}]
    assert gateway["forward_rules"] == [
        {
            "name": "hq-out",
            "transport": "any",
            "ports": [],
            "sources": [HQ],
            "destinations": [],
            "not_destinations": [HQ, BRANCH],
        },
        {
            "name": "to-branch",
            "transport": "any",
            "ports": [],
            "sources": [HQ],
            "destinations": [BRANCH],
            "not_destinations": [],
            "out_interfaces": ["mf-branch"],
        },
        {
            "name": "from-branch",
            "transport": "any",
            "ports": [],
            "sources": [BRANCH],
            "destinations": [HQ],
            "not_destinations": [],
            "in_interfaces": ["mf-branch"],
        },
    ]
    other = two["hosts"]["mx1"]["firewall"]
    assert (other["forward"], other["forward_rules"], other["masquerade"], other["dnat"]) == (False, [], [], [])


def test_a_gateway_passes_traffic_between_subnets_of_its_site() -> None:
    more = plan(ONE_OFFICE, {"mailforest_sites/hq/subnets/1": "198.51.100.192/26"})
    rules = {row["name"]: row for row in more["hosts"]["gw-hq"]["firewall"]["forward_rules"]}
    assert rules["hq-inside"]["sources"] == rules["hq-inside"]["destinations"] == [HQ, "198.51.100.192/26"]


def test_mail(one: Any, two: Any) -> None:
    assert one["mail"] == {
        "domains": ["example.test"],
        "services": ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve"],
        "published": ["smtp", "submission", "submissions", "imaps"],
        "servers": ["mx1"],
        "homes": {"alice": "mx1", "boris": "mx1", "svc-mail-probe": "mx1"},
        "group": "mail-users",
        "group_dn": "CN=mail-users,CN=Users,DC=corp,DC=example,DC=test",
        "bind_account": "svc-mail",
        "bind_dn": "CN=svc-mail,CN=Users,DC=corp,DC=example,DC=test",
        "mailbox_attribute": "adminDescription",
        "home_attribute": "adminDisplayName",
        "quota_attribute": "maxStorage",
        "quota": "",
        "lists": [],
        "probe_account": "svc-mail-probe",
        "probe_address": "svc-mail-probe@example.test",
        "probes": [{"account": "svc-mail-probe", "address": "svc-mail-probe@example.test", "home": "mx1"}],
        "flows": one["mail"]["flows"],
        "antispam": True,
        "guesses_exempt": one["mail"]["guesses_exempt"],
        "names": one["mail"]["names"],
        "sts": {"mode": "", "servers": ["mx1.corp.example.test"]},
        "texts": [
            {"name": "example.test", "value": "v=spf1 mx -all"},
            {"name": "_dmarc.example.test", "value": "v=DMARC1; p=quarantine"},
        ],
        "signing": [
            {"host": "mx1", "domain": "example.test", "zone": "example.test", "name": "mx1._domainkey.example.test"}
        ],
    }
    assert two["mail"]["homes"] == {"alice": "mx1", "boris": "mx2", "svc-mail-probe": "mx1", "svc-mail-probe-2": "mx2"}
    assert two["mail"]["probes"] == [
        {"account": "svc-mail-probe", "address": "svc-mail-probe@example.test", "home": "mx1"},
        {"account": "svc-mail-probe-2", "address": "svc-mail-probe-2@example.test", "home": "mx2"},
    ]


def test_a_message_goes_in_by_every_submission_port(one: Any, two: Any) -> None:
    mx1, mx2 = "mx1.corp.example.test", "mx2.corp.example.test"
    tls = {"imap": {"port": 993, "tls": "implicit"}, "pop3": {"port": 995, "tls": "implicit"}}
    account = {"account": "svc-mail-probe", "address": "svc-mail-probe@example.test"}
    assert one["mail"]["flows"] == [
        {"server": mx1, "submission": submission, **account, "readers": [{"server": mx1, **tls}]}
        for submission in ({"port": 465, "tls": "implicit"}, {"port": 587, "tls": "starttls"})
    ]
    flows = two["mail"]["flows"]
    assert [(row["server"], row["submission"]["port"], row["account"][15:]) for row in flows] == [
        (server, port, number) for server in (mx1, mx2) for port in (465, 587) for number in ("", "2")
    ]
    assert all(row["readers"] == [{"server": mx1, **tls}, {"server": mx2, **tls}] for row in flows)


@pytest.mark.parametrize(
    ("services", "ways"),
    [
        (["smtp", "submissions", "imap"], [(465, 143, None)]),
        (["smtp", "submission-2525", "imaps", "pop3"], [(2525, 993, 110)]),
        (["smtp", "submissions", "pop3s"], []),
        (["smtp", "imaps"], []),
    ],
)
def test_a_message_is_looked_for_where_it_can_be(services: list[str], ways: list[tuple[int, int, int | None]]) -> None:
    flows = plan(ONE_OFFICE, {"mailforest_mail/services": services})["mail"]["flows"]
    found = [
        (flow["submission"]["port"], reader["imap"]["port"], (reader["pop3"] or {}).get("port"))
        for flow in flows
        for reader in flow["readers"]
    ]
    assert found == ways


def test_one_mail_server_is_the_home_of_all() -> None:
    bare = plan(ONE_OFFICE, {"mailforest_mail/home": DROP})
    assert set(bare["mail"]["homes"].values()) == {"mx1"}
    assert bare["sites"]["hq"]["mail_home"] == "mx1"


def test_users_with_mail_are_in_the_mail_group(one: Any) -> None:
    users = {user["name"]: user for user in one["directory"]["users"]}
    assert users["alice"] == {
        "name": "alice",
        "aliases": ["theboss@example.test"],
        "enabled": True,
        "groups": ["mail-users"],
        "firstname": "Alice",
        "email": "alice@example.test",
        "home": "mx1.corp.example.test",
    }
    assert users["boris"]["groups"] == ["sales", "mail-users"]
    assert users["carol"] == {"name": "carol", "aliases": [], "enabled": False, "groups": []}
    assert users["svc-mail-probe"]["email"] == one["mail"]["probe_address"]
    assert users["svc-mail-probe"]["groups"] == ["mail-users"]
    service = {"password_never_expires": True, "update_password": "when_changed"}
    bare = {"name": "svc-mail", "aliases": [], "enabled": True, "groups": []}
    assert one["directory"]["users"][-1] == {**bare, **service}
    assert users["svc-mail-probe"].items() >= service.items()


def test_the_services_of_a_mail_server_have_an_account_with_their_names(one: Any) -> None:
    names = [f"{service}/mx1.corp.example.test" for service in ("smtp", "imap", "pop", "sieve")]
    assert one["hosts"]["mx1"]["mail_principals"] == names
    assert one["hosts"]["dc1"]["mail_principals"] == []
    users = {user["name"]: user for user in one["directory"]["users"]}
    account = {"name": "mail-mx1", "aliases": [], "enabled": True, "groups": [], "password_never_expires": True}
    assert users["mail-mx1"] == {**account, "service_principals": names}


def test_groups(one: Any) -> None:
    assert one["directory"]["groups"] == [
        {
            "name": "sales",
            "scope": "global",
            "category": "security",
            "email": "sales@example.test",
            "members": ["alice"],
        },
        {"name": "mail-users", "scope": "global", "category": "security"},
    ]
    own = plan(ONE_OFFICE, {"mailforest_groups/1": {"name": "Mail-Users", "scope": "universal"}})
    assert [group["name"] for group in own["directory"]["groups"]] == ["sales", "Mail-Users"]


def test_a_directory_without_mail_has_no_mail_account() -> None:
    edits = {
        "hosts/mx1": DROP,
        "mailforest_mail": DROP,
        "mailforest_groups": [],
        "mailforest_users": [{"name": "alice"}],
        "passwords/boris": DROP,
        "passwords/carol": DROP,
        "secrets/mailforest_mail_bind_password": DROP,
    }
    bare = plan(ONE_OFFICE, edits)
    assert bare["directory"]["users"] == [{"name": "alice", "aliases": [], "enabled": True, "groups": []}]
    assert (bare["directory"]["groups"], bare["outside_dns"], bare["mail"]["services"]) == ([], [], [])


def records(plan_: Any) -> dict[tuple[str, str, str], list[str]]:
    return {(row["zone"], row["name"], row["type"]): row["values"] for row in plan_["directory"]["dns_records"]}


def test_dns_records_follow_from_hosts_and_mail(two: Any) -> None:
    found = records(two)
    own, mail = "corp.example.test", "example.test"
    assert {name for zone, name, kind in found if zone == own and kind == "A"} == {
        "mx1",
        "mx2",
        "gw-hq",
        "gw-branch",
        "member1",
    }
    assert found[mail, "@", "MX"] == ["10 mx1.corp.example.test", "10 mx2.corp.example.test"]
    assert found[mail, "_imaps._tcp", "SRV"][0] == "0 1 993 mx1.corp.example.test"
    assert found[mail, "_submissions._tcp", "SRV"][0] == "0 1 465 mx1.corp.example.test"
    assert found[mail, "_submission._tcp", "SRV"][0] == "10 1 587 mx1.corp.example.test"
    labels = {name for zone, name, kind in found if kind == "SRV"}
    assert labels == {
        f"_{name}._tcp" for name in ("submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve")
    }


def test_only_services_that_run_are_announced() -> None:
    found = records(plan(ONE_OFFICE, {"mailforest_mail/services": ["smtp", "submissions", "submission-2525", "imaps"]}))
    assert {name for _zone, name, kind in found if kind == "SRV"} == {"_submissions._tcp", "_imaps._tcp"}


def test_programs_set_themselves_up_where_that_is_asked_for(one: Any) -> None:
    found = plan(ONE_OFFICE, {"mailforest_mail/autoconfig": True})
    mx1, known = found["hosts"]["mx1"], records(found)
    assert mx1["certificate_names"] == [
        "mx1.corp.example.test",
        "autoconfig.example.test",
        "autodiscover.example.test",
    ]
    assert [(row["type"], row["port"], row["tls"]) for row in mx1["autoconfig"]] == [
        ("imap", 993, "implicit"),
        ("imap", 143, "starttls"),
        ("pop3", 995, "implicit"),
        ("pop3", 110, "starttls"),
        ("smtp", 465, "implicit"),
        ("smtp", 587, "starttls"),
    ]
    assert {row["host"] for row in mx1["autoconfig"]} == {"mx1.corp.example.test"}
    assert ("tcp", "443") in ports(mx1["firewall"]["rules"])
    assert known["example.test", "_autodiscover._tcp", "SRV"] == ["0 1 443 mx1.corp.example.test"]
    for label in ("autoconfig", "autodiscover"):
        assert known["example.test", label, "A"] == ["198.51.100.80"]
        assert f"{label}.example.test. 3600 IN A 198.51.100.2" in found["outside_dns"][0]["lines"]
    assert ("tcp", 443) in checks(found, "outside", "198.51.100.2", "open")
    assert (one["hosts"]["mx1"]["autoconfig"], one["hosts"]["mx1"]["certificate_names"]) == (
        [],
        ["mx1.corp.example.test"],
    )
    assert ("tcp", "443") not in ports(one["hosts"]["mx1"]["firewall"]["rules"])


def test_records_given_replace_those_that_follow() -> None:
    given = [{"zone": "Example.Test", "name": "@", "type": "MX", "values": ["5 mx.example.org."]}]
    assert records(plan(ONE_OFFICE, {"mailforest_dns/records": given}))["example.test", "@", "MX"] == [
        "5 mx.example.org."
    ]


@pytest.mark.parametrize(
    ("domain", "zones", "where"),
    [
        ("example.test", ["example.test"], ("example.test", "@", "_imaps._tcp")),
        ("Mail.Example.Test", ["example.test"], ("example.test", "mail", "_imaps._tcp.mail")),
        ("corp.example.test", [], ("corp.example.test", "@", "_imaps._tcp")),
        ("example.test", [], None),
        ("myexample.test", ["example.test"], None),
    ],
)
def test_mail_records_are_in_the_zone_that_holds_the_domain(
    domain: str, zones: list[str], where: tuple[str, str, str] | None
) -> None:
    found = records(
        plan(
            ONE_OFFICE,
            {
                "mailforest_mail/domains": [domain],
                "mailforest_dns/zones": zones,
                "mailforest_users": [],
                "mailforest_groups": [],
                "passwords": {},
            },
        )
    )
    keys = {key[:2] for key in found if key[2] in ("MX", "SRV")}
    if where is None:
        assert keys == set()
    else:
        zone, name, label = where
        assert {(zone, name), (zone, label)} <= keys


def test_outside_dns_names_public_addresses(two: Any) -> None:
    (zone,) = two["outside_dns"]
    assert zone["zone"] == "example.test"
    assert "example.test. 3600 IN MX 10 mx2.corp.example.test." in zone["lines"]
    assert "_imaps._tcp.example.test. 3600 IN SRV 0 1 993 mx1.corp.example.test." in zone["lines"]
    assert "mx1.corp.example.test. 3600 IN A 198.51.100.2" in zone["lines"]
    assert "mx2.corp.example.test. 3600 IN A 198.51.100.3" in zone["lines"]
    direct = plan(ONE_OFFICE, {"hosts/mx1/vars/mailforest_public_address": "198.51.100.7"})["outside_dns"][0]["lines"]
    assert "mx1.corp.example.test. 3600 IN A 198.51.100.7" in direct
    nowhere = plan(ONE_OFFICE, {"hosts/gw-hq": DROP, "mailforest_sites/hq/gateway": DROP})["outside_dns"][0]["lines"]
    assert any(line.startswith("; mx1.corp.example.test: no address") for line in nowhere)


def test_every_vantage_point_has_checks(two: Any) -> None:
    assert set(two["expectations"]) == {*two["hosts"], "outside"}
    assert all(two["expectations"].values())


def test_a_neighbour_finds_open_what_the_catalogue_opens(one: Any) -> None:
    opened = checks(one, "gw-hq", "198.51.100.70", "open")
    assert {port for transport, port in opened if transport == "tcp"} == {
        22,
        53,
        88,
        135,
        389,
        445,
        464,
        636,
        3268,
        3269,
        50000,
    }
    assert {port for transport, port in opened if transport == "udp"} == {53, 88, 123, 389}
    assert opened["tcp", 636] == {
        "name": "dc1 ldaps/tcp",
        "host": "198.51.100.70",
        "port": 636,
        "transport": "tcp",
        "protocol": "ldap",
        "tls": "implicit",
        "server_name": "dc1.corp.example.test",
        "ca_file": "/etc/ssl/mailforest/ca.crt",
        "min_days_left": 14,
        "expect": "open",
        "requirement": "AD-10",
    }
    assert opened["tcp", 88]["argument"] == "CORP.EXAMPLE.TEST"
    assert opened["udp", 389]["argument"] == opened["udp", 53]["argument"] == "corp.example.test"
    mail = checks(one, "dc1", "198.51.100.80", "open")
    assert {port: row["tls"] for (_transport, port), row in mail.items()} == {
        22: "none",
        25: "starttls",
        465: "implicit",
        587: "starttls",
        143: "starttls",
        993: "implicit",
        110: "starttls",
        995: "implicit",
        4190: "starttls",
    }


def test_a_login_is_refused_without_tls_and_on_port_25_with_it(one: Any) -> None:
    mail = {port: row for (_transport, port), row in checks(one, "dc1", "198.51.100.80", "open").items()}
    assert {port for port, row in mail.items() if row.get("cleartext_auth") == "refused"} == {25, 587, 143, 110, 4190}
    assert {port: row["auth_offered"] for port, row in mail.items() if "auth_offered" in row} == {
        25: False,
        465: True,
        587: True,
        143: True,
        993: True,
        110: True,
        995: True,
        4190: True,
    }
    directory = checks(one, "mx1", "198.51.100.70", "open")
    assert {port for port, row in directory.items() if "cleartext_auth" in row} == {("tcp", 389), ("tcp", 3268)}


@pytest.mark.parametrize("sample", [ONE_OFFICE, TWO_OFFICES], ids=["one office", "two offices"])
def test_the_probe_takes_every_check(sample: dict[str, Any]) -> None:
    for rows in plan(sample)["expectations"].values():
        for row in rows:
            given = {key: value for key, value in row.items() if key != "ca_file"}  # a file of the vantage point
            assert spec.parse(given, where="check", timeout=5).port == row["port"]


def test_every_tls_port_is_judged_by_version_days_and_issuer() -> None:
    """By the forest's CA, from outside by all but the issuer, unknown there; for old versions by one vantage point."""
    expectations = plan(TWO_OFFICES)["expectations"]
    for vantage, rows in expectations.items():
        secured = [row for row in rows if row["tls"] != "none"]
        assert secured
        for row in secured:
            assert (row["min_days_left"], row["expect"], "accept" in row) == (14, "open", False)
            assert ("ca_file" in row, row.get("verify_chain", True)) == (vantage != "outside", vantage != "outside")
    rows = [row for rows in expectations.values() for row in rows]
    ports = {(row["host"], row["port"]) for row in rows if row["tls"] != "none"}
    assert sorted((row["host"], row["port"]) for row in rows if row.get("tls_minimum") == "TLSv1.2") == sorted(ports)


def test_a_neighbour_finds_everything_else_closed(one: Any) -> None:
    tcp = {service.port for service in tcp_services()}
    for vantage, address in (("gw-hq", "198.51.100.70"), ("dc1", "198.51.100.80"), ("mx1", "198.51.100.66")):
        opened = {port for transport, port in checks(one, vantage, address, "open") if transport == "tcp"}
        closed = {port for _transport, port in checks(one, vantage, address, "closed")}
        assert opened | closed == tcp
        assert not opened & closed


def test_an_observer_finds_all_closed_behind_a_gateway(one: Any) -> None:
    for address in ("198.51.100.70", "198.51.100.80"):
        assert checks(one, "outside", address, "open") == {}
        closed = checks(one, "outside", address, "closed")
        udp = {port: row for (transport, port), row in closed.items() if transport == "udp"}
        assert set(udp) == ({53, 88, 123, 389} if address.endswith("70") else set())
        assert all(row["accept"] == ["open-or-filtered"] and row["protocol"] != "none" for row in udp.values())
        assert {("tcp", 22), ("tcp", 25), ("tcp", 389), ("tcp", 636), ("tcp", 993)} <= set(closed)
        assert {row["requirement"] for row in closed.values()} == {"AD-10"}


def test_an_observer_finds_ssh_and_what_is_published_on_a_public_address(one: Any) -> None:
    opened = checks(one, "outside", "198.51.100.2", "open")
    assert set(opened) == {("tcp", port) for port in (22, 25, 465, 587, 993)}
    assert opened["tcp", 993] == {
        "name": "mx1 imaps/tcp",
        "host": "198.51.100.2",
        "port": 993,
        "transport": "tcp",
        "protocol": "imap",
        "tls": "implicit",
        "server_name": "mx1.corp.example.test",
        "verify_chain": False,
        "tls_minimum": "TLSv1.2",
        "min_days_left": 14,
        "auth_offered": True,
        "expect": "open",
        "requirement": "MAIL-26",
    }
    assert {("tcp", 143), ("tcp", 110), ("tcp", 995)} <= set(checks(one, "outside", "198.51.100.2", "closed"))
    assert checks(one, "outside", "198.51.100.66", "open") == {}
    inner = checks(one, "outside", "198.51.100.66", "closed")
    assert ("tcp", 22) not in inner, "there may be a way, and there may be none"
    assert ("tcp", 25) in inner


def test_an_observer_outside_the_administration_finds_ssh_closed() -> None:
    limited = plan(ONE_OFFICE, {"mailforest_admin": {"sources": [HQ]}})
    assert ("tcp", 22) in checks(limited, "outside", "198.51.100.2", "closed")
    unknown = plan(ONE_OFFICE, {"hosts/outside/vars/ansible_host": "observer.example.org"})
    assert ("tcp", 22) in checks(unknown, "outside", "198.51.100.2", "open")


def test_a_mail_server_on_the_internet_takes_mail_from_there() -> None:
    direct = plan(ONE_OFFICE, {"hosts/mx1/vars/mailforest_public_address": "198.51.100.7"})
    opened = checks(direct, "outside", "198.51.100.7", "open")
    assert set(opened) == {("tcp", port) for port in (22, 25, 465, 587, 993)}
    assert (opened["tcp", 25]["protocol"], opened["tcp", 25]["tls"]) == ("smtp", "starttls")
    assert ("tcp", 143) in checks(direct, "outside", "198.51.100.7", "closed")
    assert direct["hosts"]["gw-hq"]["firewall"]["dnat"] == []
    assert set(checks(direct, "outside", "198.51.100.2", "open")) == {("tcp", 22)}


def test_a_site_without_gateway_is_not_promised_to_be_shielded() -> None:
    flat = plan(ONE_OFFICE, {"hosts/gw-hq": DROP, "mailforest_sites/hq/gateway": DROP})
    closed = checks(flat, "outside", "198.51.100.80", "closed")
    assert not {("tcp", 22), ("tcp", 25)} & set(closed)
    assert ("tcp", 995) in closed


def test_one_host_of_a_site_looks_through_the_tunnel(two: Any) -> None:
    near, far = (checks(two, vantage, "198.51.100.134", "open") for vantage in ("dc3", "dc1"))
    assert near == {}, "its own address"
    beside = checks(two, "member1", "198.51.100.134", "open")
    asked = {key: {name: value for name, value in row.items() if name != "tls_minimum"} for key, row in far.items()}
    assert asked == beside, "old TLS is asked for once"
    assert far["tcp", 636]["ca_file"]
    assert {("tcp", 139), ("tcp", 25)} <= set(checks(two, "dc1", "198.51.100.134", "closed"))
    assert checks(two, "mx1", "198.51.100.134", "closed") == checks(two, "mx1", "198.51.100.134", "open") == {}


def test_no_host_checks_itself(two: Any) -> None:
    for name, row in two["hosts"].items():
        addresses = {row["address"], row["public_address"]}
        assert not [check for check in two["expectations"][name] if check["host"] in addresses]


def grown(count: int) -> dict[str, Any]:
    """Two offices, with that many members more."""
    more = {
        f"hosts/m{number}": host(MEMBER, address=f"10.1.{number // 200}.{number % 200 + 1}", site="branch")
        for number in range(count)
    }
    return {"mailforest_sites/branch/subnets/1": "10.1.0.0/16", **more}


def test_checks_grow_with_the_hosts_and_not_with_their_square() -> None:
    def size(count: int) -> int:
        return sum(map(len, plan(TWO_OFFICES, grown(count))["expectations"].values()))

    small, middle, large = (size(count) for count in (100, 200, 400))
    assert large - middle == 2 * (middle - small)


def test_a_gateway_may_be_another_server_too(two: Any) -> None:
    both = plan(
        TWO_OFFICES, {"hosts/gw-branch/groups": [GW, MX], "mailforest_mail/home": {"hq": "mx1", "branch": "gw-branch"}}
    )
    assert both["mail"]["homes"]["boris"] == "gw-branch"
    assert ("tcp", 25) in checks(both, "outside", "198.51.100.3", "open")


def test_the_catalogue_has_each_port_of_a_function_once() -> None:
    seen: set[tuple[object, str, str]] = set()
    for service in CATALOGUE:
        for transport in service.transports:
            assert (service.provider, transport, service.ports) not in seen
            seen.add((service.provider, transport, service.ports))
    assert len(SERVICES) == len(CATALOGUE)


def test_no_mail_login_port_is_in_the_clear() -> None:
    for name in ("submission", "submissions", "submission-2525", "imap", "imaps", "pop3", "pop3s"):
        assert SERVICES[name].tls in (Tls.REQUIRED, Tls.IMPLICIT)


def test_a_member_with_shares_lets_smb_in_and_others_keep_it_closed() -> None:
    share = {"name": "projects", "path": "/srv/projects", "group": "projects-rw"}
    found = plan(
        TWO_OFFICES,
        {
            "hosts/member1/vars/mailforest_shares": [share],
            "mailforest_groups": [{"name": "projects-rw", "scope": "domainlocal"}],
        },
    )
    assert found["hosts"]["member1"]["shares"] == [share | {"read_only": False}]
    ports = {name: [rule["ports"] for rule in row["firewall"]["rules"]] for name, row in found["hosts"].items()}
    assert ["445"] in ports["member1"]
    assert ["445"] not in ports["mx1"]
    checks = [
        check for check in found["expectations"]["dc3"] if check["host"] == "198.51.100.150" and check["port"] == 445
    ]
    assert [check["expect"] for check in checks] == ["open"]
    closed = [
        check
        for check in found["expectations"]["outside"]
        if check["host"] == "198.51.100.150" and check["port"] == 445
    ]
    assert [check["expect"] for check in closed] == ["closed"]


def test_the_controllers_of_a_host_come_nearest_first(two: Any) -> None:
    names = [f"dc{number}.corp.example.test" for number in (3, 1, 2)]
    assert two["hosts"]["member1"]["controllers"] == names


def test_the_password_policy_has_what_is_given_and_no_more() -> None:
    policy = {"min_password_length": 12, "complexity_enabled": True, "lockout_threshold": 0}
    assert plan(ONE_OFFICE, {"mailforest_password_policy": policy})["directory"]["password_policy"] == policy
    assert plan(ONE_OFFICE)["directory"]["password_policy"] == {}
