# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that still shows the certificate of yesterday is named, from wherever it was seen."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.answers_samples import answers, registered

NEW, OLD = "2027-03-01T00:00:00+00:00", "2026-12-20T00:00:00+00:00"


def shown(port: str, until: str, **changes: Any) -> dict[str, Any]:
    """What a port of mx1 showed."""
    return {
        "name": f"mx1 {port}/tcp",
        "host": "198.51.100.80",
        "server_name": "mx1.corp.example.test",
        "requirement": "MAIL-26",
        "names": ["mx1.corp.example.test", "198.51.100.80"],
        "not_after": until,
        "fingerprint_sha256": {NEW: "ab", OLD: "cd"}[until] * 32,
        **changes,
    }


def test_one_certificate_at_all_ports_is_as_it_should_be() -> None:
    hosts = registered()
    hosts["dc1"]["__ports"]["certificates"] = [shown("imaps", NEW), shown("submissions", NEW)]
    hosts["mx2"]["__ports"]["certificates"] = [shown("imaps", NEW)]
    assert judge(answers(hosts)) == []


def test_a_service_that_has_not_loaded_the_new_one() -> None:
    hosts = registered()
    hosts["dc1"]["__ports"]["certificates"] = [shown("imaps", OLD), shown("submissions", NEW), shown("pop3s", OLD)]
    hosts["mx2"]["__ports"]["certificates"] = [shown("imaps", OLD)]
    (finding,) = judge(answers(hosts))
    assert (finding.requirement, finding.subject) == ("MAIL-26", "certificate of mx1.corp.example.test")
    assert finding.vantage == "dc1, mx2"
    assert finding.expected == f"the same at all ports, valid until {NEW}"
    assert finding.found == f"an older one at mx1 imaps/tcp, mx1 pop3s/tcp, valid until {OLD}"


def test_a_certificate_of_another_name_is_told_of_at_its_port() -> None:
    hosts = registered()
    foreign = shown("imaps", OLD, names=["other.example.test"])
    unread = {key: value for key, value in shown("pop3s", OLD).items() if key not in ("names", "not_after")}
    hosts["dc1"]["__ports"]["certificates"] = [shown("submissions", NEW), foreign, unread]
    assert judge(answers(hosts)) == []


def test_hosts_do_not_share_a_certificate() -> None:
    hosts = registered()
    other = "dc1.corp.example.test"
    hosts["mx1"]["__ports"]["certificates"] = [
        shown("imaps", NEW),
        shown("ldaps", OLD, server_name=other, names=[other]),
    ]
    assert judge(answers(hosts)) == []
