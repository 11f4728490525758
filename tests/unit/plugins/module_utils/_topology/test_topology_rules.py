# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad topologies: at least one per rule, each breaking exactly the rules named, at the place named."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import all_rules
from ansible_collections.mailforest.stack.plugins.module_utils._topology.findings import Severity, render
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    DC,
    DROP,
    GW,
    MEMBER,
    MX,
    OBSERVER,
    ONE_OFFICE,
    TWO_OFFICES,
    Edits,
    host,
    office,
    outcome,
    sites,
)

GW_PUBLIC = "198.51.100.2"
USERS = "mailforest_users"
GROUPS = "mailforest_groups"
RECORDS = "mailforest_dns/records"
AGE_KEY = f"age1{'q' * 58}"
SHARE = {"name": "projects", "path": "/srv/projects", "group": "projects-rw"}
LOCAL = {"name": "projects-rw", "scope": "domainlocal"}
EGRESS = "hosts/mx1/vars/mailforest_egress"
UPDATES = {"name": "updates", "transport": "tcp", "ports": ["443"], "destinations": ["203.0.113.9"]}
BLOCKED = "mailforest_firewall.blocked[0]"
MEMBER_SHARES = "hosts/member1/vars/mailforest_shares"
SMART_HOST = {"host": "smarthost.example.net"}
PDC_ON_GATEWAY: Edits = {"hosts/gw-hq/groups": [GW, DC], "mailforest_fsmo": {"pdc": "gw-hq"}}
WAIVER = {"rule": "pdc-not-on-gateway", "host": "gw-hq", "reason": "one machine only", "until": date(2027, 6, 30)}


def record(**values: object) -> dict[str, object]:
    """A DNS record, good but for the values given."""
    return {"zone": "example.test", "name": "www", "type": "A", "values": ["198.51.100.90"]} | values


def apart() -> Edits:
    """Two more offices, linked with each other only."""
    return office(7) | office(8) | {"mailforest_site_links/far": {"sites": ["s7", "s8"]}}


# rule, place, edits, rules broken besides
Row = tuple[str, str, Edits, set[str]]
ONE: list[Row] = [
    (
        "password-policy-fits",
        "mailforest_password_policy.min_password_age",
        {"mailforest_password_policy": {"max_password_age": 10, "min_password_age": 10}},
        set(),
    ),
    (
        "password-policy-fits",
        "mailforest_password_policy.lockout_observation_window",
        {"mailforest_password_policy": {"lockout_duration": 10, "lockout_observation_window": 30}},
        set(),
    ),
    (
        "backup-recipients-legal",
        "mailforest_backup_recipients[0]",
        {"mailforest_backup_recipients": ["AGE-SECRET-KEY-1QQQ"]},
        set(),
    ),
    (
        "backup-recipients-legal",
        "mailforest_backup_recipients[1]",
        {"mailforest_backup_recipients": [AGE_KEY, "age1short"]},
        set(),
    ),
    ("unknown-variable", "mailforest_user", {"unknown/mailforest_user": ""}, set()),
    ("unknown-variable", "mailforest_sit", {"unknown/mailforest_sit": "dc1"}, set()),
    ("unknown-group", "mailforest_mailservers", {"hosts/mx1/groups": [MX, "mailforest_mailservers"]}, set()),
    ("leaving-host-apart", "mailforest_leaving", {"hosts/mx1/groups": [MX, "mailforest_leaving"]}, set()),
    ("missing-variable", "mailforest_forest", {"mailforest_forest": DROP}, set()),
    ("missing-variable", "mailforest_sites", {"mailforest_sites": None}, {"host-has-site", "mail-home-exists"}),
    ("undefined-value", "mailforest_dns", {"undefined/mailforest_dns": "'x' is undefined"}, set()),
    (
        "undefined-value",
        "mailforest_forest.netbios",
        {"undefined/mailforest_forest.netbios": "'x' is undefined", "mailforest_forest/netbios": None},
        set(),
    ),
    ("wrong-type", "mailforest_fsmo", {"mailforest_fsmo": "automatic"}, set()),
    ("unknown-key", "mailforest_sites.hq.subnet", {"mailforest_sites/hq/subnet": []}, set()),
    ("unknown-key", "mailforest_users[0].mail", {f"{USERS}/0/mail": "a@example.test"}, set()),
    ("wrong-type", "mailforest_users", {USERS: "alice"}, {"group-members-exist", "password-without-user"}),
    ("wrong-type", "mailforest_users[2].enabled", {f"{USERS}/2/enabled": "yes"}, set()),
    ("wrong-type", "mailforest_forest", {"mailforest_forest": ["CORP"]}, set()),
    ("wrong-type", "mailforest_sites.hq", {"mailforest_sites/hq": "x"}, {"site-has-subnet", "gateway-is-used"}),
    ("wrong-type", "mailforest_sites.7", {"mailforest_sites": {7: {}, **ONE_OFFICE["mailforest_sites"]}}, set()),
    ("wrong-type", "mailforest_groups[0].name", {f"{GROUPS}/0/name": 7}, {"user-groups-exist"}),
    (
        "wrong-type",
        "dc1.mailforest_site",
        {"hosts/dc1/vars/mailforest_site": 1},
        {"host-has-site", "site-with-clients-has-dc"},
    ),
    ("wrong-value", "mailforest_forest.functional_level", {"mailforest_forest/functional_level": "2012_R2"}, set()),
    ("wrong-value", "mailforest_mail.services[0]", {"mailforest_mail/services": ["imps"]}, set()),
    ("missing-value", "mailforest_forest.netbios", {"mailforest_forest/netbios": DROP}, set()),
    ("missing-value", "mailforest_forest.realm", {"mailforest_forest/realm": ""}, set()),
    ("realm-legal", "mailforest_forest.realm", {"mailforest_forest/realm": "OFFICE"}, set()),
    ("realm-legal", "mailforest_forest.realm", {"mailforest_forest/realm": "CORP..TEST"}, set()),
    ("realm-legal", "mailforest_forest.realm", {"mailforest_forest/realm": "corp.test"}, set()),
    ("realm-legal", "mailforest_forest.realm", {"mailforest_forest/realm": "CORP EX.TEST"}, set()),
    ("realm-not-local", "mailforest_forest.realm", {"mailforest_forest/realm": "CORP.LOCAL"}, set()),
    ("no-child-domain", "mailforest_forest.parent", {"mailforest_forest/parent": "EXAMPLE.TEST"}, set()),
    ("netbios-legal", "mailforest_forest.netbios", {"mailforest_forest/netbios": "SIXTEENLETTERSXX"}, set()),
    ("netbios-legal", "mailforest_forest.netbios", {"mailforest_forest/netbios": "AD.EX"}, set()),
    ("netbios-legal", "mailforest_forest.netbios", {"mailforest_forest/netbios": "2026"}, set()),
    ("netbios-unique", "mailforest_forest.netbios", {"mailforest_forest/netbios": "DC1"}, set()),
    (
        "netbios-unique",
        "mailforest_forest.netbios",
        {"mailforest_forest": {"realm": "CORP", "netbios": "CORP"}},
        {"realm-legal"},
    ),
    (
        "host-names-legal",
        "a-name-of-sixteen",
        {"hosts/a-name-of-sixteen": host(MEMBER, address="198.51.100.90", site="hq")},
        set(),
    ),
    ("host-names-legal", "a.b", {"hosts/a.b": host(MEMBER, address="198.51.100.90", site="hq")}, set()),
    ("host-names-legal", "a_b", {"hosts/a_b": host(MEMBER, address="198.51.100.90", site="hq")}, set()),
    ("full-names-fit", "mailforest_forest.realm", {"mailforest_forest/realm": f"A.{'B' * 55}.EXAMPLE"}, set()),
    ("host-names-unique", "MX1", {"hosts/MX1": host(MEMBER, address="198.51.100.90", site="hq")}, {"host-names-legal"}),
    ("mail-domains-legal", "mailforest_mail.domains[1]", {"mailforest_mail/domains/1": "example"}, set()),
    ("mail-domains-legal", "mailforest_mail.domains[1]", {"mailforest_mail/domains/1": "Example.Test"}, set()),
    ("mail-domains-legal", "mailforest_mail.domains[1]", {"mailforest_mail/domains/1": "пример.рф"}, set()),
    (
        "site-names-legal",
        "mailforest_sites._shop",
        {"mailforest_sites/_shop": {"subnets": ["198.51.100.192/26"]}},
        {"site-has-hosts", "sites-are-linked"},
    ),
    (
        "site-names-unique",
        "mailforest_sites.HQ",
        {"mailforest_sites/HQ": {"subnets": ["198.51.100.192/26"]}},
        {"site-has-hosts", "sites-are-linked"},
    ),
    ("site-has-subnet", "mailforest_sites.hq.subnets", {"mailforest_sites/hq/subnets": []}, set()),
    (
        "site-names-legal",
        "mailforest_sites.Bad Site",
        {"mailforest_sites/Bad Site": {"subnets": ["198.51.100.192/26"]}},
        {"site-has-hosts", "sites-are-linked"},
    ),
    (
        "subnet-well-formed",
        "mailforest_sites.hq.subnets[0]",
        {"mailforest_sites/hq/subnets/0": "198.51.100.65/26"},
        set(),
    ),
    ("subnet-well-formed", "mailforest_sites.hq.subnets[1]", {"mailforest_sites/hq/subnets/1": "198.51.100/24"}, set()),
    (
        "subnets-not-overlapping",
        "mailforest_sites.hq.subnets[0]",
        {"mailforest_sites/hq/subnets/1": "198.51.100.0/24"},
        {"public-address-legal", "observer-outside"},
    ),
    ("host-has-site", "mx1.mailforest_site", {"hosts/mx1/vars/mailforest_site": DROP}, set()),
    ("host-has-site", "mx1.mailforest_site", {"hosts/mx1/vars/mailforest_site": "hk"}, set()),
    ("observer-outside", "outside", {"hosts/outside/vars/mailforest_site": "hq"}, set()),
    ("observer-outside", "mx1", {"hosts/mx1/groups": [MX, OBSERVER]}, set()),
    ("observer-outside", "outside", {"hosts/outside/vars/ansible_host": "198.51.100.99"}, set()),
    ("address-known", "mx1.mailforest_address", {"hosts/mx1/vars/ansible_host": "mx1.lan"}, set()),
    ("address-known", "mx1.mailforest_address", {"hosts/mx1/vars/mailforest_address": "198.51.100.300"}, set()),
    ("address-unique", "mx1.ansible_host", {"hosts/mx1/vars/ansible_host": "198.51.100.70"}, set()),
    (
        "address-in-site-subnet",
        "mx1.mailforest_address",
        {"hosts/mx1/vars/mailforest_address": "198.51.100.140"},
        set(),
    ),
    (
        "address-unique",
        "gw-hq.mailforest_public_address",
        {"hosts/mx1/vars/mailforest_public_address": GW_PUBLIC},
        set(),
    ),
    ("address-usable", "mx1.ansible_host", {"hosts/mx1/vars/ansible_host": "198.51.100.64"}, set()),
    ("address-usable", "mx1.ansible_host", {"hosts/mx1/vars/ansible_host": "198.51.100.127"}, set()),
    (
        "public-address-legal",
        "gw-hq.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": "wan"},
        set(),
    ),
    (
        "public-address-legal",
        "gw-hq.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": "198.51.100.99"},
        set(),
    ),
    ("site-gateway-exists", "mailforest_sites.hq.gateway", {"mailforest_sites/hq/gateway": "gw"}, {"gateway-is-used"}),
    ("site-gateway-exists", "mailforest_sites.hq.gateway", {"mailforest_sites/hq/gateway": "mx1"}, {"gateway-is-used"}),
    ("gateway-is-used", "mailforest_sites.hq.gateway", {"mailforest_sites/hq/gateway": DROP}, set()),
    ("admin-sources-legal", "mailforest_admin.sources", {"mailforest_admin": {"sources": []}}, set()),
    ("admin-sources-legal", "mailforest_admin.sources[0]", {"mailforest_admin": {"sources": ["office"]}}, set()),
    ("mta-sts-is-served", "mailforest_mail.mta_sts", {"mailforest_mail/mta_sts": "enforce"}, set()),
    (
        "mta-sts-is-served",
        "mailforest_mail.mta_sts",
        {"mailforest_mail/mta_sts": "testing", "mailforest_mail/autoconfig": True, "mailforest_mail/publish": ["smtp"]},
        set(),
    ),
    ("mta-sts-is-served", "mailforest_mail.tls_reports", {"mailforest_mail/tls_reports": "postmaster"}, set()),
    (
        "guesses-exempt-legal",
        "mailforest_mail.guesses_exempt[0]",
        {"mailforest_mail/guesses_exempt": ["192.0.2.1/24"]},
        set(),
    ),
    ("guesses-exempt-legal", "mailforest_mail.guesses_exempt[0]", {"mailforest_mail/guesses_exempt": ["::/0"]}, set()),
    ("forwarders-legal", "mailforest_dns.forwarders[0]", {"mailforest_dns/forwarders/0": "dns.example.test"}, set()),
    ("forwarders-legal", "mailforest_dns.forwarders[0]", {"mailforest_dns/forwarders/0": "198.51.100.70"}, set()),
    (
        "site-has-hosts",
        "mailforest_sites.shop",
        {"mailforest_sites/shop": {"subnets": ["198.51.100.192/26"]}},
        {"sites-are-linked"},
    ),
    ("forest-has-dc", DC, {"hosts/dc1": DROP}, {"site-with-clients-has-dc"}),
    ("fsmo-holder-exists", "mailforest_fsmo.rid", {"mailforest_fsmo": {"rid": "dc7"}}, set()),
    ("fsmo-holder-is-dc", "mailforest_fsmo.rid", {"mailforest_fsmo": {"rid": "mx1"}}, set()),
    ("pdc-not-on-gateway", "mailforest_fsmo.pdc", PDC_ON_GATEWAY, set()),
    ("pdc-not-on-gateway", "mailforest_fsmo.pdc", {"hosts/dc1/vars/mailforest_public_address": "198.51.100.5"}, set()),
    ("pdc-not-on-gateway", "mailforest_fsmo.pdc", {"hosts/dc1/groups": [DC, MX]}, {"published-mail-has-way"}),
    ("member-is-no-dc", "dc1", {"hosts/dc1/groups": [DC, MEMBER]}, set()),
    ("release-supported", "mx1.mailforest_release", {"hosts/mx1/vars/mailforest_release": 11}, set()),
    (
        "functional-level-2016-needs-debian-13",
        "dc1.mailforest_release",
        {"mailforest_forest/functional_level": 2016, "hosts/dc1/vars/mailforest_release": "bookworm"},
        set(),
    ),
    (
        "account-names-legal",
        "mailforest_users[2].name",
        {
            f"{USERS}/2/name": "a-name-of-21-letters-x",
            "passwords/a-name-of-21-letters-x": Verdict.OK,
            "passwords/carol": DROP,
        },
        set(),
    ),
    ("account-names-legal", "mailforest_groups[1].name", {f"{GROUPS}/1": {"name": "R&D/Lab"}}, set()),
    ("account-names-unique", "mailforest_groups[1].name", {f"{GROUPS}/1": {"name": "Alice"}}, set()),
    ("account-names-unique", "mailforest_groups[1].name", {f"{GROUPS}/1": {"name": "svc-mail"}}, set()),
    ("account-names-unique", "mailforest_mail.group", {"mailforest_mail/group": "alice"}, set()),
    ("account-names-unique", "mailforest_groups[1].name", {f"{GROUPS}/1": {"name": "Mail-mx1"}}, set()),
    ("quotas-legal", "mailforest_mail.quota", {"mailforest_mail/quota": "2 GB"}, set()),
    ("quotas-legal", "mailforest_users[2].quota", {f"{USERS}/2/quota": "-1"}, set()),
    ("user-groups-exist", "mailforest_users[2].groups[0]", {f"{USERS}/2/groups": ["slaes"]}, set()),
    ("user-site-exists", "mailforest_users[2].site", {f"{USERS}/2/site": "hk"}, set()),
    ("group-senders-exist", "mailforest_groups[0].senders", {f"{GROUPS}/0/senders": "everyone"}, set()),
    (
        "group-senders-exist",
        "mailforest_groups[1].senders",
        {GROUPS: [{"name": "sales"}, {"name": "board", "senders": "board"}]},
        set(),
    ),
    ("group-members-exist", "mailforest_groups[0].members[1]", {f"{GROUPS}/0/members/1": "dave"}, set()),
    (
        "group-nesting-legal",
        "mailforest_groups[0].members[1]",
        {f"{GROUPS}/0/members/1": "all", f"{GROUPS}/1": {"name": "all", "scope": "universal"}},
        set(),
    ),
    (
        "group-nesting-ends",
        "mailforest_groups[0].members",
        {f"{GROUPS}/0/members/1": "all", f"{GROUPS}/1": {"name": "all", "members": ["sales"]}},
        set(),
    ),
    ("emails-legal", "mailforest_users[0].email", {f"{USERS}/0/email": "alice"}, set()),
    ("emails-legal", "mailforest_users[0].aliases[0]", {f"{USERS}/0/aliases/0": "boss@example.org"}, set()),
    ("emails-legal", "mailforest_groups[0].email", {f"{GROUPS}/0/email": '"a b"@example.test'}, set()),
    ("emails-unique", "mailforest_users[1].email", {f"{USERS}/1/email": "TheBoss@example.test"}, set()),
    ("aliases-need-email", "mailforest_users[2].email", {f"{USERS}/2/aliases": ["carol@example.test"]}, set()),
    ("mail-server-without-domain", "mailforest_mail.domains", {"mailforest_mail": DROP}, {"emails-legal"}),
    ("mail-domain-without-server", MX, {"hosts/mx1": DROP, "mailforest_mail/home": DROP}, set()),
    ("mail-home-exists", "mailforest_mail.home.hk", {"mailforest_mail/home": {"hk": "mx1"}}, set()),
    ("mail-home-exists", "mailforest_mail.home.hq", {"mailforest_mail/home": {"hq": "mx7"}}, set()),
    ("mail-home-exists", "mailforest_mail.home.hq", {"mailforest_mail/home": {"hq": "dc1"}}, set()),
    ("wrong-value", "mailforest_mail.publish[0]", {"mailforest_mail/publish": ["ldap"]}, set()),
    ("mail-relay-leads-out", "mailforest_mail.relay.hk", {"mailforest_mail/relay": {"hk": SMART_HOST}}, set()),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.hq.host",
        {"mailforest_mail/relay": {"hq": {"host": "example.test"}}},
        set(),
    ),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.hq.host",
        {"mailforest_mail/relay": {"hq": {"host": "smarthost"}}},
        set(),
    ),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.hq.ports",
        {"mailforest_mail/relay": {"hq": {**SMART_HOST, "ports": [587, 26]}}},
        set(),
    ),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.hq.host",
        {"mailforest_mail/relay": {"hq": {"host": "198.51.100.80"}}},
        set(),
    ),
    (
        "missing-secret",
        "mailforest_mail_relay_password",
        {"mailforest_mail/relay": {"hq": {**SMART_HOST, "user": "us"}}},
        set(),
    ),
    ("spf-is-complete", "mailforest_mail.spf", {"mailforest_mail/spf": "mx -all"}, set()),
    ("spf-is-complete", "mailforest_mail.spf", {"mailforest_mail/spf": "v=spf1 mx"}, set()),
    ("wrong-value", "mailforest_mail.dmarc", {"mailforest_mail/dmarc": "refuse"}, set()),
    (
        "publish-is-served",
        "mailforest_mail.publish[1]",
        {"mailforest_mail/publish": ["smtp", "submission-2525"]},
        set(),
    ),
    ("publish-is-served", "mailforest_mail.publish[0]", {"mailforest_mail/publish": ["autoconfig"]}, set()),
    (
        "published-mail-has-way",
        "mx1.mailforest_public_address",
        {"mailforest_sites/hq/gateway": DROP, "hosts/gw-hq": DROP},
        set(),
    ),
    (
        "published-mail-has-way",
        "mx1.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": DROP},
        set(),
    ),
    (
        "published-mail-has-way",
        "mx0.mailforest_public_address",
        {"hosts/mx0": host(MX, address="198.51.100.81", site="hq"), "mailforest_users/0/site": "hq"}
        | {f"mailforest_users/{number}/site": "hq" for number in (0, 1)},
        set(),
    ),
    ("dns-zones-legal", "mailforest_dns.zones[1]", {"mailforest_dns/zones/1": "corp.example.test"}, set()),
    ("dns-zones-legal", "mailforest_dns.zones[1]", {"mailforest_dns/zones/1": "a_b.test"}, set()),
    ("dns-records-legal", "mailforest_dns.records[0].zone", {RECORDS: [record(zone="example.org")]}, set()),
    ("dns-records-legal", "mailforest_dns.records[0].name", {RECORDS: [record(name="a b")]}, set()),
    ("dns-records-legal", "mailforest_dns.records[0].values[0]", {RECORDS: [record(values=["mx1"])]}, set()),
    ("dns-records-legal", "mailforest_dns.records[0].values[0]", {RECORDS: [record(type="AAAA")]}, set()),
    ("dns-records-legal", "mailforest_dns.records[0].values[0]", {RECORDS: [record(type="MX")]}, set()),
    (
        "dns-records-legal",
        "mailforest_dns.records[0].values[0]",
        {RECORDS: [record(type="SRV", values=["0 1 a."])]},
        set(),
    ),
    (
        "dns-records-legal",
        "mailforest_dns.records[0].values[0]",
        {RECORDS: [record(type="CNAME", values=["a b"])]},
        set(),
    ),
    (
        "dns-records-legal",
        "mailforest_dns.records[0].values[0]",
        {RECORDS: [record(type="TXT", values=["x" * 256])]},
        set(),
    ),
    ("missing-secret", "mailforest_ca_passphrase", {"secrets/mailforest_ca_passphrase": DROP}, set()),
    ("missing-secret", "mailforest_user_passwords.boris", {"passwords/boris": Verdict.MISSING}, set()),
    ("missing-secret", "mailforest_user_passwords.boris", {"passwords/boris": DROP}, set()),
    ("weak-secret", "mailforest_ca_passphrase", {"secrets/mailforest_ca_passphrase": Verdict.SHORT}, set()),
    ("weak-secret", "mailforest_user_passwords.boris", {"passwords/boris": Verdict.SIMPLE}, set()),
    ("weak-secret", "mailforest_user_passwords.boris", {"passwords/boris": Verdict.WRONG_TYPE}, set()),
    (
        "passwords-by-user",
        "mailforest_user_passwords",
        {"secrets/mailforest_user_passwords": Verdict.WRONG_TYPE, "passwords": {}},
        set(),
    ),
    ("password-without-user", "mailforest_user_passwords.dave", {"passwords/dave": Verdict.OK}, set()),
    (
        "waiver-legal",
        "mailforest_waivers[0].rule",
        {"mailforest_waivers": [WAIVER | {"rule": "pdc"}]},
        {"waiver-unused"},
    ),
    (
        "waiver-legal",
        "mailforest_waivers[0].rule",
        {"mailforest_waivers": [WAIVER | {"rule": "realm-legal"}]},
        {"waiver-unused"},
    ),
    (
        "waiver-legal",
        "mailforest_waivers[0].host",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"host": "gw"}]},
        {"waiver-unused", "pdc-not-on-gateway"},
    ),
    (
        "waiver-legal",
        "mailforest_waivers[0].reason",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"reason": " "}]},
        set(),
    ),
    (
        "missing-value",
        "mailforest_waivers[0].reason",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"reason": ""}]},
        set(),
    ),
    (
        "wrong-type",
        "mailforest_waivers[0].until",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"until": "June"}]},
        {"pdc-not-on-gateway"},
    ),
    (
        "direct-senders-legal",
        "mailforest_mail.direct_senders[0]",
        {"mailforest_mail/direct_senders": ["198.51.100.80/26"]},
        set(),
    ),
    ("egress-legal", "mx1.mailforest_egress[0].destinations[0]", {EGRESS: [UPDATES | {"destinations": ["x"]}]}, set()),
    ("egress-legal", "mx1.mailforest_egress[0].ports[0]", {EGRESS: [UPDATES | {"ports": ["0"]}]}, set()),
    ("egress-legal", "mx1.mailforest_egress[0].ports[0]", {EGRESS: [UPDATES | {"ports": ["90-80"]}]}, set()),
    ("egress-legal", "mx1.mailforest_egress[0].name", {EGRESS: [UPDATES | {"name": 'a"b'}]}, set()),
    ("egress-legal", "mx1.mailforest_egress[0].transport", {EGRESS: [UPDATES | {"transport": "any"}]}, set()),
    ("blocked-legal", BLOCKED, {"mailforest_firewall": {"blocked": ["x"]}}, set()),
    ("blocked-legal", BLOCKED, {"mailforest_firewall": {"blocked": ["198.51.100.0/24"]}}, set()),
    (
        "blocked-legal",
        BLOCKED,
        {"mailforest_firewall": {"blocked": ["203.0.113.0/24"]}, "mailforest_admin": {"sources": ["203.0.113.7"]}},
        set(),
    ),
    ("waiver-unused", "mailforest_waivers[0]", {"mailforest_waivers": [WAIVER]}, set()),
    (
        "waiver-ending",
        "mailforest_waivers[0]",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"until": "2026-12-01"}]},
        set(),
    ),
    (
        "waiver-ended",
        "mailforest_waivers[0]",
        PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER | {"until": "2026-11-22"}]},
        {"pdc-not-on-gateway"},
    ),
]
TWO: list[Row] = [
    (
        "shares-on-members",
        "dc1.mailforest_shares",
        {"hosts/dc1/vars/mailforest_shares": [SHARE], GROUPS: [LOCAL]},
        set(),
    ),
    (
        "shares-on-members",
        "mx1.mailforest_shares",
        {"hosts/mx1/vars/mailforest_shares": [SHARE], GROUPS: [LOCAL]},
        set(),
    ),
    (
        "share-legal",
        "member1.mailforest_shares[0].name",
        {MEMBER_SHARES: [SHARE | {"name": "Homes"}], GROUPS: [LOCAL]},
        set(),
    ),
    ("share-legal", "member1.mailforest_shares[1].name", {MEMBER_SHARES: [SHARE, SHARE], GROUPS: [LOCAL]}, set()),
    (
        "share-legal",
        "member1.mailforest_shares[0].path",
        {MEMBER_SHARES: [SHARE | {"path": "srv"}], GROUPS: [LOCAL]},
        set(),
    ),
    ("share-group-is-local", "member1.mailforest_shares[0].group", {MEMBER_SHARES: [SHARE]}, set()),
    (
        "share-group-is-local",
        "member1.mailforest_shares[0].group",
        {MEMBER_SHARES: [SHARE], GROUPS: [LOCAL | {"scope": "global"}]},
        set(),
    ),
    (
        "pdc-has-host-of-its-own",
        "mailforest_fsmo.pdc",
        {"hosts/dc2/groups": [DC, MX], "mailforest_mail/publish": []},
        set(),
    ),
    (
        "pdc-not-on-gateway",
        "mailforest_fsmo.pdc",
        {
            "mailforest_fsmo": "auto",
            "hosts/dc1/vars/mailforest_public_address": "198.51.100.5",
            "hosts/dc2/vars/mailforest_public_address": "198.51.100.6",
            "hosts/dc3/vars/mailforest_public_address": "198.51.100.7",
        },
        set(),
    ),
    (
        "subnets-not-overlapping",
        "mailforest_sites.hq.subnets[1]",
        {
            "mailforest_sites/branch/subnets/1": "198.51.100.192/26",
            "mailforest_sites/hq/subnets/1": "198.51.100.192/27",
        },
        set(),
    ),
    (
        "address-in-site-subnet",
        "dc3.ansible_host",
        {"hosts/dc3/vars/mailforest_site": "hq"},
        {"site-with-clients-has-dc"},
    ),
    (
        "gateway-has-public-address",
        "gw-hq.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": DROP},
        set(),
    ),
    (
        "site-link-legal",
        "mailforest_site_links.hq-branch.sites[1]",
        {"mailforest_site_links/hq-branch/sites": ["hq", "brunch"]},
        {"sites-are-linked"},
    ),
    (
        "site-link-legal",
        "mailforest_site_links.hq-branch.sites",
        {"mailforest_site_links/hq-branch/sites": ["hq", "hq"]},
        {"sites-are-linked"},
    ),
    ("wrong-value", "mailforest_site_links.hq-branch.interval", {"mailforest_site_links/hq-branch/interval": 5}, set()),
    (
        "no-link-schedule",
        "mailforest_site_links.hq-branch.schedule",
        {"mailforest_site_links/hq-branch/schedule": "x"},
        set(),
    ),
    ("sites-are-linked", "mailforest_site_links", {"mailforest_site_links": DROP}, set()),
    (
        "public-address-legal",
        "gw-hq.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": "198.51.100.190"},
        set(),
    ),
    (
        "public-address-legal",
        "gw-hq.mailforest_public_address",
        {"hosts/gw-hq/vars/mailforest_public_address": "198.51.100.66"},
        set(),
    ),
    (
        "address-unique",
        "gw-branch.mailforest_public_address",
        {"hosts/gw-branch/vars/mailforest_public_address": GW_PUBLIC},
        set(),
    ),
    (
        "linked-subnets-ipv4",
        "mailforest_sites.branch.subnets[1]",
        {"mailforest_sites/branch/subnets/1": "2001:db8:1::/64"},
        set(),
    ),
    ("sites-are-connected", "mailforest_site_links", apart(), set()),
    (
        "tunnel-fingerprints-of-gateways",
        "mailforest_tunnels.fingerprints.gw-hk",
        {"mailforest_tunnels": {"fingerprints": {"gw-hk": ["00"]}}},
        set(),
    ),
    ("tunnels-fit", "mailforest_site_links", sites(130), set()),
    (
        "linked-sites-have-gateways",
        "mailforest_sites.branch.gateway",
        {"mailforest_sites/branch/gateway": DROP, "hosts/gw-branch": DROP},
        set(),
    ),
    (
        "site-gateway-exists",
        "mailforest_sites.branch.gateway",
        {"mailforest_sites/branch/gateway": "gw-hq"},
        {"gateway-is-used"},
    ),
    ("site-with-clients-has-dc", "mailforest_sites.branch", {"hosts/dc3": DROP}, set()),
    (
        "functional-level-2016-needs-debian-13",
        "dc2.mailforest_release",
        {"mailforest_forest/functional_level": "2016"},
        set(),
    ),
    ("mail-home-exists", "mailforest_mail.home.branch", {"mailforest_mail/home": {"hq": "mx1"}}, set()),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.hq.host",
        {"mailforest_mail/relay": {"hq": {"host": "mx2"}, "branch": {"host": "mx1.corp.example.test"}}},
        set(),
    ),
    (
        "mail-relay-leads-out",
        "mailforest_mail.relay.branch",
        {"mailforest_mail/relay": {"branch": {"host": "mx1", "ports": [587]}}},
        set(),
    ),
    ("mail-home-exists", "mailforest_users[0].site", {"mailforest_users/0/site": DROP}, set()),
    ("user-site-exists", "mailforest_users[0].site", {"mailforest_users/0/site": "hk"}, set()),
    ("wrong-type", "mailforest_site_links.hq-branch.cost", {"mailforest_site_links/hq-branch/cost": 1.5}, set()),
]


def rows() -> list[Any]:
    """Both tables, each row under the name of its rule."""
    tables = [(ONE_OFFICE, row) for row in ONE] + [(TWO_OFFICES, row) for row in TWO]
    return [pytest.param(sample, *row, id=f"{row[0]}-{number}") for number, (sample, row) in enumerate(tables)]


@pytest.mark.parametrize(("sample", "rule", "place", "edits", "besides"), rows())
def test_a_bad_topology_breaks_the_rule(
    sample: dict[str, Any], rule: str, place: str, edits: Edits, besides: set[str]
) -> None:
    result = outcome(sample, edits)
    findings = [*result.errors, *result.warnings]
    assert {finding.rule for finding in findings} == {rule} | besides
    assert place in [finding.place for finding in findings if finding.rule == rule]
    assert all(finding.message and finding.remedy for finding in findings)
    assert (result.plan is None) == bool(result.errors)


def test_every_rule_has_a_bad_topology() -> None:
    assert {row[0] for row in ONE + TWO} == {rule.name for rule in all_rules()}


def test_every_rule_names_a_requirement() -> None:
    last = {"AD": 52, "MAIL": 37}
    for rule in all_rules():
        match = re.fullmatch(r"(AD|MAIL)-(\d+)", rule.requirement)
        assert match and 1 <= int(match[2]) <= last[match[1]], rule


def test_rule_names_are_unique() -> None:
    names = [rule.name for rule in all_rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sample", [ONE_OFFICE, TWO_OFFICES], ids=["one office", "two offices"])
def test_good_topologies_break_nothing(sample: dict[str, Any]) -> None:
    result = outcome(sample)
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []


def test_all_errors_come_in_one_text() -> None:
    result = outcome(
        ONE_OFFICE,
        {
            "mailforest_forest/realm": "OFFICE",
            "mailforest_fsmo": {"pdc": "mx1"},
            "mailforest_sites/hq/gatway": "gw-hq",
            "unknown/mailforest_foo": "",
            "passwords/alice": Verdict.SHORT,
        },
    )
    text = render(result.errors)
    for finding in result.errors:
        assert finding.severity is Severity.ERROR
        for part in (finding.rule, finding.requirement, finding.place, finding.value, finding.message, finding.remedy):
            assert part in text
    assert text.startswith("The topology has 6 errors. Nothing was changed on any host.\n")
    assert "Did you mean 'gateway'?" in text


def test_one_error_is_counted_as_one() -> None:
    assert render(outcome(ONE_OFFICE, {"mailforest_forest/realm": "OFFICE"}).errors).startswith(
        "The topology has 1 error."
    )


def test_long_values_are_cut() -> None:
    (finding,) = outcome(ONE_OFFICE, {"mailforest_forest/realm": "A" * 200}).errors
    assert len(finding.value) == 80


def test_a_waiver_silences_the_rule_for_its_host() -> None:
    result = outcome(ONE_OFFICE, PDC_ON_GATEWAY | {"mailforest_waivers": [WAIVER]})
    assert (result.errors, result.warnings) == ((), ())


@pytest.mark.parametrize(
    ("name", "hint"),
    [("mailforest_usrs", "'mailforest_users'"), ("mailforest_sits", "'mailforest_sites'"), ("mailforest_xyzzy", "")],
)
def test_unknown_variables_come_with_a_hint(name: str, hint: str) -> None:
    (finding,) = outcome(ONE_OFFICE, {f"unknown/{name}": ""}).errors
    assert hint in finding.remedy
    assert ("Did you mean" in finding.remedy) == bool(hint)
