# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import standing, summary
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.answers_samples import (
    ROLES,
    answers,
    plan,
    port,
    registered,
)


def _lines(seen: Answers, *, ca_file: str = "") -> list[str]:
    return summary(seen, judge(seen), ca_file=ca_file)


def _words(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_it_names_addresses_ports_owners_the_ca_and_the_outside_records() -> None:
    lines = _lines(answers(registered()), ca_file="/srv/office/ca.crt")
    assert lines[0] == "Forest corp.example.test (CORP), functional level 2008_R2"
    assert "Site hq (198.51.100.64/26), behind gw-hq" in lines
    assert ["gw-hq", "198.51.100.66", "gateway", "on", "the", "Internet", "198.51.100.2"] in _words(lines)
    assert "Site branch (198.51.100.128/26)" in lines
    assert "  mx1    198.51.100.80  mail server        ports 25 465 993" in lines
    assert "  dc1    198.51.100.70  domain controller" in lines
    assert sum(words in (["pdc", "dc2"], *([role, "dc1"] for role in ROLES)) for words in _words(lines)) == 7
    assert "  /srv/office/ca.crt" in lines
    assert "  example.test. 3600 IN MX 10 mx1.corp.example.test." in lines
    assert lines[-1] == "Verified from 6 hosts: no findings"


def test_it_names_tunnels_replication_and_homes() -> None:
    words = _words(_lines(answers(registered())))
    assert ["gw-hq", "to", "gw-branch", "mf-branch", "198.51.100.3", "port", "1194/udp", "connected"] in words
    assert ["dc1", "from", "dc2"] in words
    assert ["mx1", "home", "of", "hq", "mailboxes:", "2"] in words
    assert ["mx2", "home", "of", "branch", "mailboxes:", "1"] in words


def test_it_names_the_mail_that_went_through() -> None:
    text = "\n".join(_lines(answers(registered())))
    assert "through mx1.corp.example.test  port 465  to svc-mail-probe@example.test  found by IMAP and POP3 thr" in text


def test_mail_that_was_lost_is_not_among_it() -> None:
    hosts = registered()
    hosts["mx1"]["__flows"]["results"][0]["problems"] = ["Not found."]
    text = "\n".join(_lines(answers(hosts)))
    assert "Mail:" not in text
    assert "Found: Not found." in text


def test_a_tunnel_that_is_down_is_not_called_connected() -> None:
    hosts = registered()
    hosts["gw-hq"]["__tunnels"]["problems"] = ["The tunnel to branch is down."]
    text = "\n".join(_lines(answers(hosts)))
    assert "port 1194/udp  not as declared" in text
    assert "Found: The tunnel to branch is down." in text


def test_findings_come_last() -> None:
    hosts = registered()
    hosts["outside"]["__ports"]["results"] = [port()]
    assert _lines(answers(hosts))[-5] == "Verified from 6 hosts: 1 error"


def test_domain_controllers_that_disagree_are_shown_with_both_answers() -> None:
    hosts = registered()
    hosts["dc1"]["__roles"]["owners"] = {**plan()["fsmo"], "pdc": "dc1"}
    assert ["pdc", "dc1,", "dc2"] in _words(_lines(answers(hosts)))


def test_what_was_not_asked_is_not_claimed() -> None:
    hosts: dict[str, dict[str, Any]] = {"dc1": {}}
    mail = {**plan()["mail"], "servers": ["mx1"], "homes": {"alice": "mx1"}, "published": [], "signing": []}
    text = "\n".join(_lines(answers(hosts, outside_dns=[], mail=mail)))
    for absent in ("database", "Mail", "CA", "public DNS", "Tunnels", "Replication"):
        assert absent not in text
    assert "FSMO roles, as they are declared" in text
    assert "Verified from 1 host: 1 error" in text


def test_services_are_named_with_port_tls_and_from_where() -> None:
    lines = _lines(answers(registered()))
    begin = lines.index("Services for the users' programs")
    rows = [[cell for cell in line.split("  ") if cell] for line in lines[begin + 1 : lines.index("", begin)]]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert ["mail servers", "submissions", "465/tcp", "TLS from the first byte", "offices and Internet"] in cells
    assert ["mail servers", "imaps", "993/tcp", "TLS from the first byte", "offices"] in cells
    assert ["domain controllers", "ldap", "389/tcp", "STARTTLS offered", "offices"] in cells
    assert not any("pop3" in row[1] or row[0].startswith("members") for row in cells), "nobody serves these"


def test_a_member_serves_files_when_it_has_shares() -> None:
    member = {**plan()["hosts"]["dc1"], "functions": ["member"], "shares": [{"name": "projects"}]}
    offices = plan(hosts={**plan()["hosts"], "member1": member})
    assert any("members with shares" in line for line in standing(Answers.read(offices, {}, asked=[]), ca_file=""))


def test_signing_keys_are_among_the_public_records_and_each_record_stands_once() -> None:
    zones = [{"zone": zone, "lines": ["mx1. 3600 IN A 198.51.100.2"]} for zone in ("example.test", "other.test")]
    lines = _lines(answers(registered(), outside_dns=zones))
    assert '  mx1._domainkey.example.test. 3600 IN TXT "v=DKIM1; p=AAAA"' in lines
    assert lines.count("  mx1. 3600 IN A 198.51.100.2") == 1


def _left(seen: Answers) -> str:
    lines = standing(seen, ca_file="")
    return "\n".join(lines[lines.index("Left for you to do") :]) if "Left for you to do" in lines else ""


def _known_outside() -> dict[str, dict[str, Any]]:
    hosts = registered()
    name = plan()["mail"]["names"][0]
    hosts["outside"]["__names"] = {"answers": [{"name": f"{name['name']}.", "values": [name["address"]]}]}
    hosts["outside"]["__addresses"] = {"answers": [{"name": name["reverse"], "values": [f"{name['name']}."]}]}
    return hosts


_DONE: dict[str, Any] = {"expectations": {"outside": []}, "mail": {**plan()["mail"], "servers": ["mx1"]}}


def test_nothing_is_left_to_do_where_all_is_done() -> None:
    assert _left(answers(_known_outside(), **_DONE)) == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"backup": {"recipients": []}}, "mailforest_backup_recipients"),
        ({"expectations": {"dc1": []}}, "mailforest_observers"),
        ({"mail": plan()["mail"]}, "No address on the Internet is known of mx2"),
        ({"mail": {**_DONE["mail"], "sts": {"mode": "testing"}}}, "MTA-STS only watches"),
        ({"outside_dns": [{"zone": "x", "lines": ['_dmarc.x. 3600 IN TXT "v=DMARC1; p=none"']}]}, "DMARC only watches"),
    ],
)
def test_what_is_left_to_do_is_told(changes: dict[str, Any], told: str) -> None:
    left = _left(answers(_known_outside(), **{**_DONE, **changes}))
    assert told in left
    assert left.count("\n") == 1


def test_records_that_nobody_has_seen_outside_are_left_to_do() -> None:
    hosts = _known_outside()
    hosts["outside"]["__addresses"]["answers"][0]["values"] = []
    assert "nobody has seen PTR of 2.100.51.198.in-addr.arpa." in _left(answers(hosts, **_DONE))


def test_keys_that_are_not_known_are_told() -> None:
    hosts = _known_outside()
    del hosts["mx1"]["__dkim"]
    assert "not known to this run: mx1._domainkey.example.test" in _left(answers(hosts, **_DONE))


def test_check_mode_has_the_plan_alone() -> None:
    lines = standing(answers({}), ca_file="/srv/office/ca.crt")
    words = _words(lines)
    assert ["pdc", "dc2"] in words
    assert "  /srv/office/ca.crt" in lines
    assert not any(line.startswith(("Verified", "Tunnels", "Replication")) for line in lines)
