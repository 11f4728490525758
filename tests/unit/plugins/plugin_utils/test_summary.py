# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import summary
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
    mail = {"servers": ["mx1"], "homes": {"alice": "mx1"}}
    text = "\n".join(_lines(answers(hosts, outside_dns=[], mail=mail)))
    for absent in ("FSMO", "Mail", "CA", "public DNS", "Tunnels", "Replication"):
        assert absent not in text
    assert "Verified from 1 host: 1 error" in text
