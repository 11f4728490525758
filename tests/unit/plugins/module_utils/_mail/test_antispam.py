# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the role rspamd: which are refused and with what words; which answers of a block list count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.module_utils._mail.antispam import (
    dnsbl_rows,
    public_resolvers,
    rspamd_errors,
)

ROOT = Path(__file__).resolve().parents[5]
DEFAULTS = yaml.safe_load((ROOT / "roles/rspamd/defaults/main.yml").read_text(encoding="utf-8"))
ZEN = {"zone": "zen.example.org", "scores": {"127.0.0.2": 6, "127.0.0.10": 3}}
GOOD: dict[str, Any] = {
    "domains": ["example.test", "example.org"],
    "selector": "mx1",
    "networks": ["192.168.20.0/28", "203.0.113.7"],
    "inner_networks": ["198.51.100.0/24", "2001:db8::/48"],
    "nameservers": ["127.0.0.1:5300", "2001:db8::53"],
    "reject_score": 15,
    "mark_score": 6.0,
    "greylist_score": 4,
    "dnsbl_lists": [ZEN],
    "processes": 1,
}


def test_values_that_can_work() -> None:
    assert rspamd_errors(GOOD) == []


def test_the_defaults_can_work() -> None:
    settings = {name: DEFAULTS[f"rspamd_{name}"] for name in GOOD if name != "selector"}
    assert rspamd_errors({**settings, "selector": "mx1"}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"domains": ["Example.test"]}, ["rspamd_domains", "'Example.test'", "capital letters"]),
        ({"domains": ["../key"]}, ["rspamd_domains", "'../key'", "Correct it"]),
        ({"domains": ["a.test", "a.test"]}, ["rspamd_domains", "a.test", "more than once"]),
        ({"selector": "mx_1"}, ["rspamd_selector", "'mx_1'", "short name"]),
        ({"networks": ["10.0.0.0/8"]}, ["rspamd_networks", "10.0.0.0/8", "wider than /24"]),
        ({"inner_networks": ["office"]}, ["rspamd_inner_networks", "'office'", "address/prefix"]),
        ({"nameservers": ["dns.example.test"]}, ["rspamd_nameservers", "'dns.example.test'", "address:port"]),
        ({"nameservers": ["127.0.0.1:99999"]}, ["rspamd_nameservers", "'127.0.0.1:99999'"]),
        ({"greylist_score": 7}, ["rspamd_greylist_score (7)", "rspamd_mark_score (6)", "Correct them"]),
        ({"greylist_score": 0}, ["rspamd_greylist_score (0)", "above 0"]),
        ({"reject_score": 5}, ["rspamd_reject_score (5)", "rspamd_mark_score (6)"]),
        ({"processes": 0}, ["rspamd_processes", "1 or more"]),
        ({"dnsbl_lists": [ZEN, ZEN]}, ["rspamd_dnsbl_lists", "zen.example.org", "more than once"]),
        ({"dnsbl_lists": [{**ZEN, "zone": "zen"}]}, ["rspamd_dnsbl_lists", "'zen'", "single label"]),
        ({"dnsbl_lists": [{**ZEN, "scores": {}}]}, ["zen.example.org", "no answer counts"]),
        ({"dnsbl_lists": [{**ZEN, "scores": {"127.255.255.254": 6}}]}, ["127.255.255.254", "refuses to answer"]),
        ({"dnsbl_lists": [{**ZEN, "scores": {"listed": 6}}]}, ["listed", "127.0.0.0/8"]),
        ({"dnsbl_lists": [{**ZEN, "scores": {"192.0.2.1": 6}}]}, ["192.0.2.1", "127.0.0.0/8"]),
        ({"dnsbl_lists": [{**ZEN, "scores": {"127.0.0.2": "much"}}]}, ["127.0.0.2", "'much'", "no number"]),
    ],
    ids=str,
)
def test_values_that_cannot(change: dict[str, Any], words: list[str]) -> None:
    (error,) = rspamd_errors({**GOOD, **change})
    assert [word for word in words if word not in error] == []


def test_only_the_answers_that_are_named_have_a_score() -> None:
    (row,) = dnsbl_rows([ZEN])
    assert (row["zone"], row["symbol"], row["domains"]) == ("zen.example.org", "DNSBL_ZEN_EXAMPLE_ORG", False)
    scores = {code: answer["score"] for answer in row["answers"] for code in answer["codes"]}
    refusals = dict.fromkeys(("127.255.255.252", "127.255.255.254", "127.255.255.255"), 0.0)
    assert scores == {"127.0.0.2": 6.0, "127.0.0.10": 3.0, **refusals}
    assert len({answer["symbol"] for answer in row["answers"]}) == 3


def test_a_list_of_domains_is_told_from_one_of_addresses() -> None:
    assert [row["domains"] for row in dnsbl_rows([ZEN, {**ZEN, "lists": "domains"}])] == [False, True]


def test_public_resolvers_are_known_however_they_are_written() -> None:
    given = ["10.0.0.53", "8.8.8.8", "9.9.9.9:53", "2001:4860:4860:0::8888", "fe80::1%eth0", "dns.google"]
    assert public_resolvers(given) == ["8.8.8.8", "9.9.9.9:53", "2001:4860:4860:0::8888"]
    assert public_resolvers(["10.0.0.53"]) == []
