# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate says is judged as OpenSSL judges it, for those who do not know its issuer."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.identity import carries, faults

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("names", "wanted", "carried"),
    [
        (["mx1.example.test"], "mx1.example.test", True),
        (["a.test", "mx1.example.test"], "MX1.Example.TEST.", True),
        (["*.example.test"], "mx1.example.test", True),
        (["*.example.test"], "example.test", False),
        (["*.example.test"], "a.mx1.example.test", False),
        (["mx*.example.test"], "mx1.example.test", False),
        (["*.test"], "example.test", False),
        (["xn--bcher-kva.example.test"], "bücher.example.test", True),
        (["198.51.100.68"], "198.51.100.68", True),
        (["2001:db8::1"], "2001:DB8:0::1", True),
        (["*.51.100.68"], "198.51.100.68", False),
        (["mx1.example.test"], "198.51.100.68", False),
        ([], "mx1.example.test", False),
    ],
)
def test_names(names: list[str], wanted: str, carried: bool) -> None:
    assert carries(names, wanted) is carried


def test_everything_that_is_wrong_is_said() -> None:
    certificate = {
        "fingerprint_sha256": "ab" * 32,
        "names": ["other.example.test"],
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": "2026-05-31T00:00:00+00:00",
        "days_left": -1,
    }
    check = Check(host="mx1.example.test", port=993, verify_chain=False, fingerprints=("cd" * 32,), min_days_left=14)
    assert list(faults(certificate, check, now=NOW)) == [
        f"the certificate has the fingerprint {'ab' * 32}, expected {'cd' * 32}",
        "the certificate has expired at 2026-05-31T00:00:00+00:00",
        "the certificate is for other.example.test, not for mx1.example.test",
    ]


@pytest.mark.parametrize(("verified", "said"), [(True, []), (False, ["the certificate cannot be read"])])
def test_a_certificate_that_cannot_be_read(verified: bool, said: list[str]) -> None:
    check = Check(host="mx1.example.test", port=993, verify_chain=verified, min_days_left=14)
    assert list(faults({"fingerprint_sha256": "ab" * 32}, check, now=NOW)) == said
