# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may send what to the Internet, how often one may come from there, and who not at all."""

from __future__ import annotations

from typing import Any

import pytest

from .samples import DROP, GW, MX, ONE_OFFICE, TWO_OFFICES, plan

HQ, BRANCH = "198.51.100.64/26", "198.51.100.128/26"
UPDATES = {"name": "updates", "ports": [443, "8000-8010"], "destinations": ["203.0.113.9"]}


def firewall(name: str, edits: dict[str, Any] | None = None, sample: dict[str, Any] = TWO_OFFICES) -> Any:
    return plan(sample, edits or {})["hosts"][name]["firewall"]


def test_mail_servers_send_mail_and_others_do_not() -> None:
    assert firewall("mx1")["refused"] == []
    for name in ("dc1", "member1"):
        (row,) = firewall(name)["refused"]
        assert (row["transport"], row["ports"], row["not_destinations"]) == ("tcp", ["25"], [HQ, BRANCH])
        assert (row["sources"], row["not_sources"]) == ([], [])


def test_a_gateway_passes_on_what_its_offices_mail_servers_send() -> None:
    (row,) = firewall("gw-hq")["refused"]
    assert (row["sources"], row["not_sources"], row["not_destinations"]) == ([], ["198.51.100.80"], [HQ, BRANCH])
    (row,) = firewall("gw-branch")["refused"]
    assert row["not_sources"] == ["198.51.100.144"]


def test_a_gateway_that_is_a_mail_server_sends_under_any_address() -> None:
    edits = {"hosts/gw-hq/groups": [GW, MX], "hosts/mx1": DROP, "mailforest_mail/home": {"hq": "gw-hq"}}
    (row,) = firewall("gw-hq", edits, ONE_OFFICE)["refused"]
    assert (row["sources"], set(row["not_sources"])) == ([HQ], {"198.51.100.66"})


def test_others_that_may_send_mail() -> None:
    edits = {"mailforest_mail/direct_senders": ["198.51.100.70", "198.51.100.90"]}
    (row,) = firewall("gw-hq", edits)["refused"]
    assert row["not_sources"] == ["198.51.100.80", "198.51.100.70", "198.51.100.90"]
    assert firewall("dc1", edits)["refused"] == []
    assert firewall("dc2", edits)["refused"] != []


def test_without_mail_servers_nobody_is_refused() -> None:
    """Somebody else's may be in the office."""
    edits: dict[str, Any] = {"hosts/mx1": DROP, "mailforest_mail": DROP}
    edits |= {"mailforest_users": DROP, "mailforest_groups": DROP}
    assert [firewall(name, edits, ONE_OFFICE)["refused"] for name in ("gw-hq", "dc1")] == [[], []]


def test_nothing_else_is_limited_unless_it_is_asked_for() -> None:
    assert (firewall("dc1")["egress_limited"], firewall("dc1")["egress"]) == (False, [])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        pytest.param("member1", {"dns"}, id="member"),
        pytest.param("dc1", {"dns", "ntp"}, id="controller"),
        pytest.param("mx1", {"dns", "smtp"}, id="mail server"),
        pytest.param("gw-hq", {"dns", "tunnel-branch"}, id="gateway"),
    ],
)
def test_a_limited_host_may_what_it_needs(name: str, more: set[str]) -> None:
    found = firewall(name, {f"hosts/{name}/vars/mailforest_egress": [UPDATES]})
    assert found["egress_limited"] is True
    assert {row["name"] for row in found["egress"]} == {"offices", "updates"} | more
    assert found["egress"][0] == {"name": "offices", "transport": "any", "ports": [], "destinations": [HQ, BRANCH]}
    assert found["egress"][-1] == UPDATES | {"transport": "tcp", "ports": ["443", "8000-8010"]}


def test_a_limited_mail_server_reaches_its_smart_host() -> None:
    edits = {
        "hosts/mx1/vars/mailforest_egress": [UPDATES],
        "mailforest_mail/relay": {"hq": {"host": "smarthost.example.net", "ports": [587]}},
    }
    rows = {row["name"]: row for row in firewall("mx1", edits, ONE_OFFICE)["egress"]}
    assert (rows["smart-host"]["transport"], rows["smart-host"]["ports"]) == ("tcp", ["587"])


def test_ports_at_which_people_log_in_are_limited() -> None:
    found = firewall("mx1")
    (row,) = found["limits"]
    assert (row["name"], row["per_minute"]) == ("logins", 60)
    assert set(row["ports"]) == {"465", "587", "143", "993", "110", "995", "4190"}
    assert found["limits_exempt"] == [HQ, BRANCH]
    assert found["ssh_per_minute"] == 60
    assert firewall("dc1")["limits"] == []


def test_limits_can_be_changed_and_somebody_blocked() -> None:
    given = {"logins_per_minute": 0, "ssh_per_minute": 7, "blocked": ["203.0.113.0/24"], "log_per_minute": 30}
    found = firewall("mx1", {"mailforest_firewall": given})
    assert (found["limits"], found["ssh_per_minute"]) == ([], 7)
    assert (found["blocked"], found["log_per_minute"]) == (["203.0.113.0/24"], 30)
