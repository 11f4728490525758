# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own example is followed to the byte, or not at all."""

from __future__ import annotations

import hashlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _bulk_keys
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Login, Realm
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import (
    Example,
    Policy,
    Unlike,
    check,
    make,
)

REALM = Realm(dns="corp.example.test", netbios="CORP")
ALICE = Login(account="alice", upn=None, password="Secret-12")
BOB = Login(account="bob", upn="b@example.test", password="Secret-13")
HEAD = bytes.fromhex("3100011d") + bytes(12)


def nt_hash(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()[:16]


class Credentials:
    """Samba's, with another hash."""

    def set_password(self, password: str) -> None:
        self.password = password

    def get_nt_hash(self) -> bytes:
        return nt_hash(self.password)


def unpack(_kind: object, data: bytes) -> Any:
    return json.loads(data, object_hook=lambda found: SimpleNamespace(**found))


def pack(blob: Any) -> bytes:
    return json.dumps(blob, default=_plain, sort_keys=True).encode()


def _plain(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else vars(value)


@pytest.fixture(autouse=True)
def bindings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samba's structures, packed as JSON."""
    dcerpc, credentials = ModuleType("samba.dcerpc"), ModuleType("samba.credentials")
    blobs = SimpleNamespace(package_PrimaryKerberosBlob="kerberos", supplementalCredentialsBlob="whole")
    monkeypatch.setattr(dcerpc, "drsblobs", blobs, raising=False)
    monkeypatch.setattr(credentials, "Credentials", Credentials, raising=False)
    for name, module in (("samba", ModuleType("samba")), ("samba.dcerpc", dcerpc), ("samba.credentials", credentials)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(_bindings, "ndr_unpack", unpack)
    monkeypatch.setattr(_bindings, "ndr_pack", pack)


def stored(login: Login, *, more: tuple[str, ...] = (), des: str = "unusable") -> bytes:
    """What Samba would store."""
    keys = _bulk_keys.derive(REALM, login)
    kinds = {18: keys.aes256, 17: keys.aes128, 3: des.encode(), 1: des.encode()}

    def kerberos(*numbers: int) -> bytes:
        held = [{"keytype": number, "value": kinds[number]} for number in numbers]
        return pack({"ctr": {"salt": {"string": keys.salt}, "keys": held}})

    packages = {
        "Primary:Kerberos-Newer-Keys": kerberos(18, 17, 3, 1),
        "Primary:Kerberos": kerberos(3, 1),
        "Packages": b"names",
        "Primary:WDigest": HEAD + b"".join(keys.digests),
        **dict.fromkeys(more, b"x"),
    }
    listed = [{"name": name, "data": data.hex().upper()} for name, data in packages.items()]
    return pack({"sub": {"packages": listed}})


def test_the_same_bytes_are_accepted_and_followed() -> None:
    example = Example(stored(ALICE))
    check(REALM, ALICE, example, nt_hash(ALICE.password))
    made = make((REALM, BOB, example))
    assert made.nt_hash == nt_hash(BOB.password)
    packages = {package.name: bytes.fromhex(package.data) for package in unpack(None, made.credentials).sub.packages}
    newer, older = (unpack(None, packages[f"Primary:Kerberos{end}"]).ctr for end in ("-Newer-Keys", ""))
    keys = _bulk_keys.derive(REALM, BOB)
    assert newer.salt.string == older.salt.string == "CORP.EXAMPLE.TESTb"
    assert newer.keys[0].value == keys.aes256.decode("latin-1")
    assert newer.keys[1].value == keys.aes128.decode("latin-1")
    assert newer.keys[2].value == older.keys[0].value != "unusable"
    assert packages["Primary:WDigest"] == HEAD + b"".join(keys.digests)
    assert packages["Packages"] == b"names"


def test_two_accounts_share_no_random_bytes() -> None:
    example = Example(stored(ALICE))
    assert make((REALM, BOB, example)).credentials != make((REALM, BOB, example)).credentials


@pytest.mark.parametrize(
    ("credentials", "hashed", "said"),
    [
        (stored(BOB), "Secret-12", "keys differ"),
        (stored(ALICE), "another", "NT hash differs"),
        (stored(ALICE, more=("Primary:SambaGPG",)), "Secret-12", "'Primary:SambaGPG' too"),
        (stored(ALICE, more=("Primary:CLEARTEXT",)), "Secret-12", "'Primary:CLEARTEXT' too"),
    ],
)
def test_what_differs_is_told(credentials: bytes, hashed: str, said: str) -> None:
    with pytest.raises(Unlike, match=said):
        check(REALM, ALICE, Example(credentials), nt_hash(hashed))


def test_a_key_of_an_unknown_type_is_told() -> None:
    """Such as Samba may store one day."""
    text = stored(ALICE).decode()
    whole = json.loads(text)
    package = whole["sub"]["packages"][0]
    data = json.loads(bytes.fromhex(package["data"]))
    data["ctr"]["keys"][0]["keytype"] = 20
    package["data"] = pack(data).hex().upper()
    with pytest.raises(Unlike, match="type 20"):
        check(REALM, ALICE, Example(pack(whole)), nt_hash(ALICE.password))


@pytest.mark.parametrize(
    ("password", "is_complex", "has_script", "said"),
    [
        ("short", True, False, "fewer than the 7"),
        ("simple1", True, False, "not complex"),
        ("simple1", False, False, None),
        ("simple1", True, True, None),
        ("Secret-12", True, False, None),
        ("\U0001f600\U0001f600\U0001f600x", False, False, None),
    ],
)
def test_a_password_is_judged_as_samba_judges(
    password: str, is_complex: bool, has_script: bool, said: str | None
) -> None:
    """Its length is counted in UTF-16, and a script judges instead of the rule."""
    policy = Policy(
        min_length=7,
        is_complex=is_complex,
        history=24,
        has_script=has_script,
        is_good=lambda text: text != "simple1",
    )
    reason = policy.fault(password)
    assert (reason is None) if said is None else (reason is not None and said in reason)
