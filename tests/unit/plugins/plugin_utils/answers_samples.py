# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small offices and what their hosts registered when all is well; tests change what they are about."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers

DOMAIN = "corp.example.test"
KEY = "mx1._domainkey.example.test"
ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
SRV = {site: f"_ldap._tcp.{site}._sites.{DOMAIN}" for site in ("hq", "branch")}
GC = f"_ldap._tcp.hq._sites.gc._msdcs.{DOMAIN}"


def _host(site: str, address: str, function: str, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "postfix_listeners": [],
        "dovecot_listeners": [],
        "tunnels": [],
        "health": {"units": []},
        "shares": [],
        "public_address": "",
    }
    return {"site": site, "address": address, "functions": [function], **empty, **more}


def _server(site: str, address: str) -> dict[str, Any]:
    return _host(site, address, "mail_server", postfix_listeners=["smtp", "submissions"], dovecot_listeners=["imaps"])


def flow(server: str = "mx1") -> dict[str, Any]:
    """A message that goes in at the server and is looked for through both."""
    endpoint = {"port": 993, "tls": "implicit"}
    readers = [{"server": f"{name}.{DOMAIN}", "imap": endpoint, "pop3": endpoint} for name in ("mx1", "mx2")]
    return {
        "server": f"{server}.{DOMAIN}",
        "submission": {"port": 465, "tls": "implicit"},
        "account": "svc-mail-probe",
        "address": "svc-mail-probe@example.test",
        "readers": readers,
    }


def plan(**changes: Any) -> dict[str, Any]:
    """The compiled topology, as far as it is read here."""
    link = {"interface": "mf-branch", "name": "branch", "peer": "gw-branch", "remote": "198.51.100.3", "port": 1194}
    return {
        "forest": {"dns_domain": DOMAIN, "netbios": "CORP", "functional_level": "2008_R2", "rpc_ports": "50000-50020"},
        "fsmo": {**dict.fromkeys(ROLES, "dc1"), "pdc": "dc2"},
        "sites": {
            "hq": {"subnets": ["198.51.100.64/26"], "gateway": "gw-hq", "mail_home": "mx1"},
            "branch": {"subnets": ["198.51.100.128/26"], "gateway": "", "mail_home": "mx2"},
        },
        "hosts": {
            "gw-hq": _host("hq", "198.51.100.66", "gateway", tunnels=[link], public_address="198.51.100.2"),
            "dc1": _host("hq", "198.51.100.70", "domain_controller"),
            "dc2": _host("branch", "198.51.100.134", "domain_controller"),
            "mx1": _server("hq", "198.51.100.80"),
            "mx2": _server("branch", "198.51.100.144"),
        },
        "mail": {
            "servers": ["mx1", "mx2"],
            "services": ["smtp", "submissions", "imaps"],
            "published": ["smtp", "submissions"],
            "sts": {"mode": "", "servers": []},
            "homes": {"alice": "mx1", "boris": "mx2", "carol": "mx1"},
            "texts": [{"name": "example.test", "value": "v=spf1 mx -all"}],
            "names": [
                {
                    "host": "mx1",
                    "name": f"mx1.{DOMAIN}",
                    "address": "198.51.100.2",
                    "reverse": "2.100.51.198.in-addr.arpa",
                    "worldwide": False,
                }
            ],
            "signing": [{"host": "mx1", "domain": "example.test", "zone": "example.test", "name": KEY}],
        },
        "site_links": {"hq-branch": {"sites": ["hq", "branch"], "cost": 100, "interval": 15}},
        "expectations": {},
        "backup": {"recipients": ["age1key"]},
        "srv": [
            {"name": SRV["hq"], "site": "hq", "targets": [f"dc1.{DOMAIN}"]},
            {"name": SRV["branch"], "site": "branch", "targets": [f"dc2.{DOMAIN}"]},
            {"name": GC, "site": "hq", "targets": [f"dc1.{DOMAIN}"]},
        ],
        "records": [
            {"name": "mx1." + DOMAIN, "type": "A", "values": ["198.51.100.80"], "requirement": "MAIL-21"},
            {"name": "example.test", "type": "MX", "values": [f"10 mx1.{DOMAIN}"], "requirement": "MAIL-12"},
        ],
        "directory": {
            "sites": ["hq", "branch"],
            "subnets": [{"subnet": "198.51.100.64/26", "site": "hq"}],
            "links": [{"name": "hq-branch", "sites": ["hq", "branch"], "cost": 100, "interval": 15}],
            "servers": [{"name": "dc1", "site": "hq"}, {"name": "dc2", "site": "branch"}],
            "users": [{"name": "alice", "enabled": True}, {"name": "Carol", "enabled": False}],
        },
        "outside_dns": [{"zone": "example.test", "lines": [f"example.test. 3600 IN MX 10 mx1.{DOMAIN}."]}],
        "warnings": [],
        **changes,
    }


def srv_answers() -> list[dict[str, Any]]:
    """What a DNS server says when every site has its own domain controller."""
    targets = {SRV["hq"]: "dc1", SRV["branch"]: "dc2", GC: "DC1"}
    return [
        {"name": name, "type": "SRV", "values": [f"0 100 389 {host}.{DOMAIN}."], "error": ""}
        for name, host in targets.items()
    ]


def record_answers() -> list[dict[str, Any]]:
    """What a DNS server says of hosts and mail when all is well."""
    return [
        {"name": row["name"], "type": row["type"], "values": [f"{value}." for value in row["values"]], "error": ""}
        for row in plan()["records"]
    ]


def layout() -> dict[str, Any]:
    """How the forest is laid out, as a domain controller's database says when all is well."""
    servers = {"dc1": "hq", "dc2": "branch"}
    return {
        "sites": ["branch", "hq"],
        "subnets": {"198.51.100.64/26": "hq"},
        "links": {"hq-branch": {"sites": ["branch", "hq"], "cost": 100, "interval": 15}},
        "servers": {
            name: {"site": site, "global_catalog": True, "replicates": True, "level": 4}
            for name, site in servers.items()
        },
        "levels": {"domain": 4, "forest": 4},
        "disabled": ["carol", "guest"],
    }


def port(**changes: Any) -> dict[str, Any]:
    """One result of `reachable`: a port that is open and should not be."""
    return {
        "name": "gw-hq ldap/tcp",
        "host": "198.51.100.2",
        "port": 389,
        "transport": "tcp",
        "verdict": "open",
        "expected": "closed",
        "passed": False,
        "detail": "",
        "requirement": "AD-10",
        "remedy": "Close it.",
        **changes,
    }


def registered() -> dict[str, dict[str, Any]]:
    """Host to what it registered."""
    skipped = {"skipped": True, "changed": False}
    everything = ("__locator", "__roles", "__replication", "__sysvol", "__health", "__srv", "__tunnels", "__flows")
    hosts = {
        name: {"__ports": {"results": []}, **dict.fromkeys(everything, skipped)}
        for name in ("gw-hq", "dc1", "dc2", "mx1", "mx2", "outside")
    }
    for name, partner in (("dc1", "dc2"), ("dc2", "dc1")):
        hosts[name] |= {
            "__roles": {"owners": plan()["fsmo"], "rid_pool": {"domain_left": 1_073_000_000}},
            "__replication": {"partners": [{"controller": partner}, {"controller": partner}], "problems": []},
            "__sysvol": sysvol(),
            "__health": {"controller": name, "problems_by_check": {"dns": []}, "layout": layout()},
            "__srv": {"answers": [*srv_answers(), *record_answers()]},
        }
    hosts["gw-hq"]["__tunnels"] = {"tunnels": [], "problems": []}
    hosts["gw-hq"] |= {"__host": {"problems": []}, "__firewall": {"problems": []}}
    hosts["outside"]["__relaying"] = {"replies": [{"server": "mx1", "sender": "", "code": 554, "relays": False}]}
    hosts["mx1"] |= {
        "__dkim": {
            "records": [signing_key()],
            "rotation": {"next": "", "former": "", "former_days": -1, "settled": True},
        },
        "__texts": {
            "answers": [
                {"name": "example.test.", "values": ["other", "v=spf1 mx -all"], "error": ""},
                {"name": f"{KEY}.", "values": ["v=DKIM1; p=AAAA"], "error": ""},
            ]
        },
    }
    hosts["mx1"] |= {"__locator": {"problems": []}, "__flows": {"results": [{"item": flow(), "problems": []}]}}
    return hosts


def signing_key() -> dict[str, Any]:
    """What a mail server says of a key that it signs with."""
    value = "v=DKIM1; p=AAAA"
    return {"name": KEY, "domain": "example.test", "use": "current", "value": value, "strings": [value]}


def sysvol() -> dict[str, Any]:
    """What each controller's SYSVOL holds."""
    policies = {"{ONE}": {"name": "First", "sha256": "aa", "acl_sha256": "bb"}}
    return {"owner": plan()["fsmo"]["pdc"], "policies": policies, "sha256": "cc", "acl_sha256": "dd", "problems": []}


def answers(hosts: dict[str, dict[str, Any]], *, broken: tuple[str, ...] = (), **changes: Any) -> Answers:
    """The answers of these hosts, under a plan with changes."""
    return Answers.read(plan(**changes), hosts, asked=hosts, broken=broken)
