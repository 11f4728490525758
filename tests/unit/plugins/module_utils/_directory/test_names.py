# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names are refused before Samba accepts them."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _names


@pytest.mark.parametrize("name", ["corp.example.test", "a.b", "x-1.example.test", "CORP.Example.test"])
def test_legal_dns_names(name: str) -> None:
    assert _names.dns_name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("corp", "single label"),
        ("", "single label"),
        ("corp..test", "label ''"),
        ("co rp.test", "label 'co rp'"),
        ("-corp.test", "label '-corp'"),
        ("corp-.test", "label 'corp-'"),
        ("corp_x.test", "label 'corp_x'"),
        ("corp.test\n", "label 'test\n'"),
        ("corp.1", "a number"),
        (f"{'a' * 61}.test", "66 characters"),
    ],
)
def test_illegal_dns_names(name: str, reason: str) -> None:
    assert reason in (_names.dns_name_fault(name) or "")


@pytest.mark.parametrize("name", ["CORP", "dc1", "A" * 15, "1ST", "a-b"])
def test_legal_netbios_names(name: str) -> None:
    assert _names.netbios_name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("A" * 16, "16 characters"),
        ("AD.EX", "letters, digits"),
        ("-AD", "letters, digits"),
        ("123", "digits alone"),
        ("", "letters, digits"),
        ("Builtin", "reserved"),
    ],
)
def test_illegal_netbios_names(name: str, reason: str) -> None:
    assert reason in (_names.netbios_name_fault(name) or "")


@pytest.mark.parametrize(
    ("name", "legal"), [("hq", True), ("Default-First-Site-Name", True), ("Bad/Name", False), ("a b", False)]
)
def test_site_names(name: str, legal: bool) -> None:
    assert (_names.site_name_fault(name) is None) == legal


@pytest.mark.parametrize(
    ("address", "version", "reason"),
    [
        ("198.51.100.68", 4, None),
        ("2001:db8::1", 6, None),
        ("198.51.100.300", 4, "not an IPv4 address"),
        ("2001:db8::1", 4, "not an IPv4 address"),
        ("127.0.0.1", 4, "cannot reach"),
        ("fe80::1", 6, "cannot reach"),
        ("0.0.0.0", 4, "cannot reach"),
        ("dc1", 4, "not an IPv4 address"),
    ],
)
def test_addresses(address: str, version: int, reason: str | None) -> None:
    fault = _names.host_address_fault(address, version=version)
    assert fault is None if reason is None else reason in (fault or "")
