# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role autoconfig looks at in the end."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import AUTOCONFIG_NAMES, SERVICES
from ansible_collections.mailforest.stack.tests.unit.roles.conftest import Evaluate

VALUES = {
    "ansible_facts": {"fqdn": "mx1.example.test", "default_ipv4": {"address": "198.51.100.70"}},
    "autoconfig_domains": ["example.test", "example.org"],
}


def test_the_certificate_is_looked_at_under_every_name_that_is_asked_for(evaluate: Evaluate) -> None:
    checks = evaluate("autoconfig", "__autoconfig_checks", **VALUES)
    asked = {f"{label}.{domain}" for domain in VALUES["autoconfig_domains"] for label in AUTOCONFIG_NAMES}
    assert {check["server_name"] for check in checks} == {"mx1.example.test", *asked}
    assert {(check["host"], check["tls"]) for check in checks} == {("198.51.100.70", "implicit")}


def test_the_policy_for_tls_is_a_file_and_a_name_more(evaluate: Evaluate) -> None:
    policy = {"autoconfig_sts_mode": "enforce", "autoconfig_sts_servers": ["mx1.example.test"]}
    checks = evaluate("autoconfig", "__autoconfig_checks", **VALUES, **policy)
    assert {"mta-sts.example.test", "mta-sts.example.org"} <= {check["server_name"] for check in checks}
    with_it, without = (evaluate("autoconfig", "__autoconfig_files", **VALUES, **more) for more in (policy, {}))
    more = {file["path"] for file in with_it} - {file["path"] for file in without}
    assert more == {"/etc/mailforest/autoconfig/mta-sts.txt"}


def test_the_port_is_the_catalogues(evaluate: Evaluate) -> None:
    (port,) = {int(check["port"]) for check in evaluate("autoconfig", "__autoconfig_checks", **VALUES)}
    assert port == SERVICES["autoconfig"].port


def test_another_place_to_listen_is_looked_at(evaluate: Evaluate) -> None:
    checks = evaluate("autoconfig", "__autoconfig_checks", **VALUES, autoconfig_listen=["198.51.100.70:8443"])
    assert {int(check["port"]) for check in checks} == {8443}
