# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import summary

_ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")


def _plan() -> dict[str, Any]:
    listeners: dict[str, Any] = {"postfix_listeners": [], "dovecot_listeners": []}
    return {
        "forest": {"dns_domain": "corp.example.test", "netbios": "CORP", "functional_level": "2008_R2"},
        "sites": {"hq": {"subnets": ["198.51.100.64/26"]}},
        "hosts": {
            "dc1": {"site": "hq", "address": "198.51.100.70", "functions": ["domain_controller"], **listeners},
            "mx1": {
                "site": "hq",
                "address": "198.51.100.80",
                "functions": ["mail_server"],
                "postfix_listeners": ["smtp", "submissions"],
                "dovecot_listeners": ["imaps"],
            },
        },
        "outside_dns": [{"zone": "example.test", "lines": ["example.test. 3600 IN MX 10 mx1.corp.example.test."]}],
    }


def test_it_names_addresses_ports_owners_mail_ca_and_the_outside_records() -> None:
    owners = {"dc1": dict.fromkeys(_ROLES, "dc1")}
    flow = {"item": {"server": "mx1", "submission": {"port": 465}}, "pop3_found": True}
    lines = summary(_plan(), owners=owners, flows=[flow], ca_file="/srv/office/ca.crt")
    text = "\n".join(lines)
    assert lines[0] == "Forest corp.example.test (CORP), functional level 2008_R2"
    assert "  mx1  198.51.100.80  mail server        ports 25 465 993" in lines
    assert "  dc1  198.51.100.70  domain controller" in lines
    assert sum(line.split() == [role, "dc1"] for line in lines for role in _ROLES) == 7
    assert "port 465  sent, found by IMAP and POP3" in text
    assert "  /srv/office/ca.crt" in lines
    assert "  example.test. 3600 IN MX 10 mx1.corp.example.test." in lines


def test_domain_controllers_that_disagree_are_shown_with_both_answers() -> None:
    owners = {"dc1": dict.fromkeys(_ROLES, "dc1"), "dc2": {**dict.fromkeys(_ROLES, "dc1"), "pdc": "dc2"}}
    assert any(line.split() == ["pdc", "dc1,", "dc2"] for line in summary(_plan(), owners=owners, flows=[], ca_file=""))


def test_what_was_not_asked_is_not_claimed() -> None:
    text = "\n".join(summary({**_plan(), "outside_dns": []}, owners={}, flows=[], ca_file=""))
    for absent in ("FSMO", "Mail:", "CA", "public DNS"):
        assert absent not in text
