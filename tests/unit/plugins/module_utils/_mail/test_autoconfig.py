# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values of the role autoconfig can work."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.autoconfig import autoconfig_errors

IMAP = {"type": "imap", "host": "mx1.example.test", "port": 993, "tls": "implicit"}
SMTP = {"type": "smtp", "host": "mx1.example.test", "port": 465, "tls": "implicit"}
GOOD: dict[str, Any] = {
    "hostname": "mx1.example.test",
    "domains": ["example.test"],
    "servers": [IMAP, SMTP],
    "sts": {"mode": "", "servers": [], "max_age": 604800},
    "listen": ["443", "[::]:443", "198.51.100.70:8443", "*:443"],
}

STS = {"mode": "enforce", "servers": ["mx1.example.test"], "max_age": 604800}


def test_values_that_can_work() -> None:
    assert autoconfig_errors(GOOD) == []
    assert autoconfig_errors({**GOOD, "sts": STS}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"domains": []}, "autoconfig_domains is empty"),
        ({"domains": ["not a domain"]}, "autoconfig_domains: 'not a domain' is no mail domain"),
        ({"servers": [SMTP]}, "none of type imap or pop3"),
        ({"servers": [IMAP]}, "none of type smtp"),
        ({"servers": [IMAP, {**SMTP, "host": "mx1"}]}, "autoconfig_servers: 'mx1' is no full name"),
        ({"servers": [IMAP, {**SMTP, "port": 0}]}, "has the port 0"),
        ({"sts": {**STS, "servers": []}}, "autoconfig_sts_servers is empty"),
        ({"sts": {**STS, "servers": ["mx1"]}}, "autoconfig_sts_servers: 'mx1' is no full name"),
        ({"sts": {**STS, "max_age": 60}}, "autoconfig_sts_max_age: 60"),
        ({"listen": []}, "autoconfig_listen is empty"),
        ({"listen": ["https"]}, "'https' is neither a port nor address:port"),
        ({"listen": ["443 ssl; root /"]}, "is neither a port nor address:port"),
        ({"listen": ["70000"]}, "'70000' is neither a port"),
        ({"hostname": "mx1"}, "autoconfig_hostname: 'mx1' is no full name"),
    ],
)
def test_values_that_cannot_work_are_told_with_a_remedy(change: dict[str, Any], words: str) -> None:
    (error,) = autoconfig_errors({**GOOD, **change})
    assert words in error
