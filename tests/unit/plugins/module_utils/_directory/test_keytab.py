# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keytabs: read as Kerberos writes them, and written in one form."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _keytab as keytab
from ansible_collections.mailforest.stack.plugins.module_utils._directory._keytab import Key
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

IMAP = Key(
    principal=("imap", "mx1.example.test"), realm="EXAMPLE.TEST", name_type=1, version=2, encryption=18, key=b"k" * 32
)
# ktutil of MIT Kerberos 1.20 wrote it, given this key as number 2 of this principal.
FROM_KTUTIL = base64.b64decode(
    "BQIAAABZAAIADEVYQU1QTEUuVEVTVAAEaW1hcAAQbXgxLmV4YW1wbGUudGVzdAAAAAFrC+RGAgASACBra2tra2tra2tra2tra2tra2tra2tra2tra2"
    "tra2trawAAAAI="
)


def test_a_keytab_of_kerberos_is_read() -> None:
    assert list(keytab.read(FROM_KTUTIL)) == [IMAP]


def test_what_is_written_is_read() -> None:
    keys = [IMAP, replace(IMAP, version=300, encryption=17, key=b"a" * 16)]
    assert list(keytab.read(keytab.write(keys))) == keys


def test_a_hole_is_passed_over() -> None:
    hole = struct.pack(">i", -5) + b"xxxxx"
    assert list(keytab.read(keytab.MAGIC + hole + FROM_KTUTIL[2:])) == [IMAP]


@pytest.mark.parametrize("data", [b"", b"\x05\x01abc", FROM_KTUTIL[:-3]])
def test_what_is_no_keytab_is_refused(data: bytes) -> None:
    with pytest.raises(ResourceError):
        list(keytab.read(data))


def test_only_the_newest_aes_keys_are_kept_in_order() -> None:
    smtp = replace(IMAP, principal=("smtp", "mx1.example.test"), version=1)
    keys = [
        smtp,
        replace(IMAP, version=1),
        IMAP,
        replace(IMAP, encryption=23, key=b"r" * 16),
        replace(IMAP, name_type=2),
    ]
    assert keytab.newest(keys) == [IMAP, smtp]


def _tool(keys: dict[str, list[Key]]) -> object:
    def run(argv: list[str]) -> tuple[int, str]:
        assert argv[:3] == ["samba-tool", "domain", "exportkeytab"]
        principal = argv[4].removeprefix("--principal=")
        if principal not in keys:
            return 255, "ERROR: no such principal"
        Path(argv[3]).write_bytes(keytab.write(keys[principal]))
        return 0, ""

    return run


def test_the_same_keys_make_the_same_bytes() -> None:
    smtp = replace(IMAP, principal=("smtp", "mx1.example.test"))
    tool = _tool({"imap/mx1": [IMAP], "smtp/mx1": [replace(smtp, version=1), smtp]})
    one, other = (keytab.export(names, tool) for names in (["imap/mx1", "smtp/mx1"], ["smtp/mx1", "imap/mx1"]))  # type: ignore[arg-type]
    assert one == other == keytab.write([IMAP, smtp])


@pytest.mark.parametrize("keys", [{}, {"imap/mx1": [replace(IMAP, encryption=23)]}], ids=["unknown", "RC4 alone"])
def test_a_principal_without_a_key_is_named(keys: dict[str, list[Key]]) -> None:
    with pytest.raises(ResourceError, match="no AES key of imap/mx1"):
        keytab.export(["imap/mx1"], _tool(keys))  # type: ignore[arg-type]
