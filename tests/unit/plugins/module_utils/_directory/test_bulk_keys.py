# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a password: the published vectors, and what Samba itself derived."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk_keys
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Login, Realm, derive

REALM = Realm(dns="corp.example.test", netbios="CORP")


@pytest.mark.parametrize(
    ("key", "block", "cipher"),
    [
        ("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "00112233445566778899aabbccddeeff",
            "8ea2b7ca516745bfeafc49904b496089",
        ),
    ],
)
def test_a_block_is_that_of_fips_197(key: str, block: str, cipher: str) -> None:
    """FIPS 197, appendix C."""
    rounds = _bulk_keys._schedule(bytes.fromhex(key))
    assert _bulk_keys._encrypt(rounds, bytes.fromhex(block)).hex() == cipher


@pytest.mark.parametrize(
    ("count", "aes128", "aes256"),
    [
        (
            1,
            "42263c6e89f4fc28b8df68ee09799f15",
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
        ),
        (
            1200,
            "4c01cd46d632d01e6dbe230a01ed642a",
            "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
        ),
    ],
)
def test_the_keys_are_those_of_rfc_3962(count: int, aes128: str, aes256: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3962, appendix B: the pass phrase `password` with the salt of raeburn."""
    monkeypatch.setattr(_bulk_keys, "ITERATIONS", count)
    realm = Realm(dns="athena.mit.edu", netbios="ATHENA")
    keys = derive(realm, Login(account="raeburn", upn=None, password="password"))
    assert keys.salt == "ATHENA.MIT.EDUraeburn"
    assert (keys.aes128.hex(), keys.aes256.hex()) == (aes128, aes256)


def test_the_salt_is_that_of_the_upn_with_the_domains_realm() -> None:
    """Whatever follows the @."""
    login = Login(account="alice", upn="a.example@mail.test", password="x")
    assert derive(REALM, login).salt == "CORP.EXAMPLE.TESTa.example"


def test_the_digests_are_29_in_sambas_order() -> None:
    """The first of each group, written out."""
    digests = derive(REALM, Login(account="Alice", upn=None, password="secret")).digests
    heads = {
        0: "Alice:CORP",
        1: "alice:corp",
        6: "alice:CORP",
        7: "Alice:corp.example.test",
        9: "ALICE:CORP.EXAMPLE.TEST",
        14: "Alice@corp.example.test:",
        17: "CORP\\Alice:",
        18: "corp\\alice:",
        20: "Alice:Digest",
        25: "ALICE@CORP.EXAMPLE.TEST:Digest",
        28: "CORP\\ALICE:Digest",
    }
    assert len(digests) == 29
    for index, head in heads.items():
        assert digests[index] == hashlib.md5(f"{head}:secret".encode()).digest(), head


@pytest.mark.parametrize(
    ("account", "upn", "plain"),
    [
        ("alice", None, True),
        ("a b", "a.b@example.test", True),
        ("jürgen", None, False),
        ("alice", "host/alice@example.test", False),
        ("alice", "a\\b@example.test", False),
        ("alice", "a@b@example.test", False),
        (" alice", None, False),
    ],
)
def test_names_that_samba_folds_by_its_own_rules_are_left_to_it(account: str, upn: str | None, plain: bool) -> None:
    """Only names of which every byte means itself."""
    assert Login(account=account, upn=upn, password="x").is_plain is plain
