# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role certificates refuses before it changes anything, and what it hands to the modules."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

Rule = Callable[..., list[str]]

GOOD: dict[str, Any] = {
    "certificates_ca_host": "ca1",
    "certificates_ca_passphrase": "long enough, really",
    "certificates_names": ["dc1.corp.example.test", "corp.example.test"],
    "certificates_permitted_domains": ["corp.example.test", "example.test"],
}
GIVEN: dict[str, Any] = {
    "certificates_provider": "files",
    "certificates_given_certificate": "PEM",
    "certificates_given_key": "PEM",
    "certificates_given_ca": "PEM",
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"certificates_names": ["MX1.Corp.Example.Test"]},
        {"certificates_names": ["_x.corp.example.test"]},
        {"certificates_addresses": ["198.51.100.70"], "certificates_permitted_addresses": ["198.51.100.64/26"]},
    ],
)
def test_accepts(values: dict[str, Any], broken: Rule) -> None:
    assert broken("certificates", **(GOOD | values)) == []


def test_given_certificates_need_no_ca(broken: Rule) -> None:
    assert broken("certificates", **GIVEN) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"certificates_names": []}, "certificates_names is empty"),
        ({"certificates_permitted_domains": [], "certificates_names": []}, "vouch for any name"),
        ({"certificates_names": ["dc1.corp.example.test", "dc1"]}, "certificates_names: dc1 is in none"),
        ({"certificates_names": ["evilcorp-example.test"]}, "evilcorp-example.test is in none"),
        (
            {"certificates_names": ["corpxexample.test"], "certificates_permitted_domains": ["corp.example.test"]},
            "is in none",
        ),
        ({"certificates_addresses": ["198.51.100.70"]}, "permits no address"),
        ({"certificates_ca_passphrase": "short"}, "has 5 characters"),
        ({"certificates_ca_host": "nowhere"}, "nowhere is not in the inventory"),
        ({"certificates_renew_days": 0}, "at least 1"),
        ({"certificates_renew_days": 397}, "grow in this order"),
        ({"certificates_days": 4000}, "grow in this order"),
    ],
)
def test_refuses(values: dict[str, Any], said: str, broken: Rule) -> None:
    assert any(said in message for message in broken("certificates", **(GOOD | values)))


@pytest.mark.parametrize("missing", sorted(set(GIVEN) - {"certificates_provider"}))
def test_refuses_half_of_what_is_given(missing: str, broken: Rule) -> None:
    assert len(broken("certificates", **(GIVEN | {missing: ""}))) == 1


def test_messages_never_tell_the_passphrase(broken: Rule) -> None:
    messages = broken("certificates", **(GOOD | {"certificates_ca_passphrase": "geheim", "certificates_names": []}))
    assert len(messages) == 2
    assert not any("geheim" in message for message in messages)


@pytest.mark.parametrize(
    ("networks", "permitted", "excluded"),
    [
        ([], ["DNS:example.test"], ["IP:0.0.0.0/0", "IP:::/0"]),
        (["198.51.100.64/26"], ["DNS:example.test", "IP:198.51.100.64/26"], []),
    ],
)
def test_name_constraints(
    networks: list[str], permitted: list[str], excluded: list[str], evaluate: Callable[..., Any]
) -> None:
    values = {"certificates_permitted_domains": ["example.test"], "certificates_permitted_addresses": networks}
    assert evaluate("certificates", "__certificates_permitted", **values) == permitted
    assert evaluate("certificates", "__certificates_excluded", **values) == excluded


@pytest.mark.parametrize(("hours", "days"), [(24 * 30 + 1, 30), (24 * 30 - 1, 29), (1, 0), (-25, -2)])
def test_days_left(hours: int, days: int, evaluate: Callable[..., Any]) -> None:
    end = datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(hours=hours)
    signed = {"diff": {"after": {"not_after": end.strftime("%Y%m%d%H%M%SZ")}}}
    assert evaluate("certificates", "__certificates_days_left", __certificates_signed=signed) == days
