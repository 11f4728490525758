# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF, DMARC and signing keys: in the directory's DNS, and as text for the public one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.records import signing_records, zone_text
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    ONE_OFFICE,
    TWO_OFFICES,
    plan,
)

SPF, DMARC = "v=spf1 mx -all", "v=DMARC1; p=quarantine"
RECORDS = "mailforest_dns/records"


def _texts(found: Any) -> dict[str, list[str]]:
    rows = found["directory"]["dns_records"]
    return {f"{row['name']} in {row['zone']}": row["values"] for row in rows if row["type"] == "TXT"}


def _key(host: str, domain: str = "example.test") -> dict[str, Any]:
    return {
        "domain": domain,
        "name": f"{host}._domainkey.{domain}",
        "value": "v=DKIM1; k=rsa; p=AAAA",
        "strings": ["v=DKIM1; k=rsa; p=", "AAAA"],
    }


def test_spf_and_dmarc_are_in_the_directorys_dns() -> None:
    assert _texts(plan(ONE_OFFICE, {})) == {"@ in example.test": [SPF], "_dmarc in example.test": [DMARC]}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"mailforest_mail/antispam": False}, {}),
        ({"mailforest_mail/dmarc": "reject"}, {"@": [SPF], "_dmarc": ["v=DMARC1; p=reject"]}),
        ({"mailforest_mail/spf": "v=spf1 mx ~all"}, {"@": ["v=spf1 mx ~all"], "_dmarc": [DMARC]}),
    ],
    ids=str,
)
def test_each_is_an_option(edit: dict[str, Any], expected: dict[str, list[str]]) -> None:
    assert _texts(plan(ONE_OFFICE, edit)) == {f"{name} in example.test": values for name, values in expected.items()}


@pytest.mark.parametrize(
    ("given", "values"),
    [("site-verification=1", ["site-verification=1", SPF]), ("v=spf1 a -all", ["v=spf1 a -all"])],
    ids=["of another kind", "of the same kind"],
)
def test_a_text_of_the_users_own_stands_beside_or_in_place_of_it(given: str, values: list[str]) -> None:
    row = {"zone": "example.test", "name": "@", "type": "TXT", "values": [given]}
    found = plan(ONE_OFFICE, {RECORDS: [row]})
    assert _texts(found)["@ in example.test"] == values
    assert {"name": "example.test", "value": values[-1]} in found["mail"]["texts"]


def test_a_domain_that_the_directory_does_not_serve_is_for_the_public_dns_alone() -> None:
    found = plan(ONE_OFFICE, {"mailforest_mail/domains/1": "elsewhere.test"})
    assert not [name for name in _texts(found) if "elsewhere" in name]
    assert 'elsewhere.test. 3600 IN TXT "v=spf1 mx -all"' in found["outside_dns"][1]["lines"]
    assert [row["zone"] for row in found["mail"]["signing"]] == ["example.test", ""]
    keys = [_key("mx1"), _key("mx1", "elsewhere.test")]
    (record,) = signing_records(keys, found["mail"]["signing"])
    assert (record["zone"], record["name"]) == ("example.test", "mx1._domainkey")
    assert "mx1._domainkey.elsewhere.test. 3600 IN TXT" in zone_text(found["outside_dns"], keys)


def test_every_server_signs_with_a_key_of_its_own() -> None:
    names = [row["name"] for row in plan(TWO_OFFICES, {})["mail"]["signing"]]
    assert names == ["mx1._domainkey.example.test", "mx2._domainkey.example.test"]
    assert plan(TWO_OFFICES, {"mailforest_mail/antispam": False})["mail"]["signing"] == []


def test_the_zone_text_has_it_all() -> None:
    found = plan(TWO_OFFICES, {})
    lines = zone_text(found["outside_dns"], [_key("mx1"), _key("mx2")]).splitlines()
    assert 'example.test. 3600 IN TXT "v=spf1 mx -all"' in lines
    assert '_dmarc.example.test. 3600 IN TXT "v=DMARC1; p=quarantine"' in lines
    assert 'mx2._domainkey.example.test. 3600 IN TXT "v=DKIM1; k=rsa; p=" "AAAA"' in lines
    assert "example.test. 3600 IN MX 10 mx1.corp.example.test." in lines


def test_the_zone_text_says_which_ptr_to_ask_for() -> None:
    """MAIL-21: the provider writes it; the gateway's address on the Internet is the mail server's."""
    found = plan(TWO_OFFICES, {})
    lines = zone_text(found["outside_dns"], []).splitlines()
    (name,) = [row for row in found["mail"]["names"] if row["host"] == "mx1"]
    assert (name["name"], name["worldwide"]) == ("mx1.corp.example.test", False)
    assert f"; {name['reverse']}. 3600 IN PTR mx1.corp.example.test." in lines
    assert f"mx1.corp.example.test. 3600 IN A {name['address']}" in lines


def test_reverse_zones_that_are_served_have_every_host() -> None:
    zone = "100.51.198.in-addr.arpa"
    found = plan(ONE_OFFICE, {"mailforest_dns/zones": ["example.test", zone]})
    rows = {row["name"]: row["values"] for row in found["directory"]["dns_records"] if row["zone"] == zone}
    named = {values[0].partition(".")[0] for values in rows.values()}
    assert named == set(found["hosts"])
    (mail,) = found["mail"]["names"]
    assert rows[mail["reverse"].removesuffix(f".{zone}")] == [mail["name"]]
    assert {row["type"] for row in found["directory"]["dns_records"] if row["zone"] == zone} == {"PTR"}
    without = plan(ONE_OFFICE, {})["directory"]["dns_records"]
    assert not [row for row in without if row["type"] == "PTR"]


def test_an_address_that_the_world_has_is_told_from_a_labs() -> None:
    found = plan(ONE_OFFICE, {"hosts/gw-hq/vars/mailforest_public_address": "9.9.9.9"})
    assert [(row["reverse"], row["worldwide"]) for row in found["mail"]["names"]] == [("9.9.9.9.in-addr.arpa", True)]


STS: dict[str, Any] = {"mailforest_mail/autoconfig": True, "mailforest_mail/mta_sts": "enforce"}


def test_a_policy_for_tls_has_record_name_and_certificate() -> None:
    """MTA-STS, in the directory's DNS and outside; the id follows what the policy says."""
    found = plan(TWO_OFFICES, STS)
    (record,) = _texts(found)["_mta-sts in example.test"]
    assert record.startswith("v=STSv1; id=")
    assert found["mail"]["sts"] == {"mode": "enforce", "servers": ["mx1.corp.example.test", "mx2.corp.example.test"]}
    assert "mta-sts.example.test" in found["hosts"]["mx1"]["certificate_names"]
    rows = {row["name"]: row["type"] for row in found["directory"]["dns_records"] if row["zone"] == "example.test"}
    assert rows["mta-sts"] == "A"
    lines = found["outside_dns"][0]["lines"]
    assert f'_mta-sts.example.test. 3600 IN TXT "{record}"' in lines
    assert [line for line in lines if line.startswith("mta-sts.example.test. 3600 IN A ")]
    assert {"name": "_mta-sts.example.test", "value": record} in found["mail"]["texts"]
    other = plan(TWO_OFFICES, {**STS, "mailforest_mail/mta_sts": "testing"})
    assert _texts(other)["_mta-sts in example.test"] != [record]


def test_reports_on_tls_need_no_policy() -> None:
    found = plan(ONE_OFFICE, {"mailforest_mail/tls_reports": "postmaster@example.test"})
    assert _texts(found)["_smtp._tls in example.test"] == ["v=TLSRPTv1; rua=mailto:postmaster@example.test"]
    assert not [name for name in _texts(found) if "mta-sts" in name]
