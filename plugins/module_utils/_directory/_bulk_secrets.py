# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Samba would store of a password, made from its own example. Private to this collection.

The first account of a run gets its password through Samba. What Samba stored of it is the example: our keys, put in
its place, must give the same bytes, or Samba does all the rest as well.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _bulk_keys
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Keys, Login, Realm

_AES256, _AES128 = 18, 17
_DES = (3, 1)
_NEWER, _OLDER, _DIGEST, _NAMES = "Primary:Kerberos-Newer-Keys", "Primary:Kerberos", "Primary:WDigest", "Packages"
_DIGEST_HEAD = 16


@dataclass(frozen=True)
class Example:
    """What Samba stored of the first password (`supplementalCredentials`)."""

    credentials: bytes


@dataclass(frozen=True, kw_only=True)
class Secret:
    """What is stored of one password."""

    nt_hash: bytes
    credentials: bytes


class Unlike(Exception):
    """Why the example cannot be followed."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the domain asks of a new password. Fine-grained policies reach nobody who is in no group yet."""

    min_length: int
    is_complex: bool
    history: int
    has_script: bool
    is_good: Callable[[str], bool]
    """Samba's own judgement of complexity."""

    def fault(self, password: str) -> str | None:
        """Why Samba would refuse it, or None."""
        if len(password.encode("utf-16-le")) // 2 < self.min_length:
            return f"it has fewer than the {self.min_length} characters that the domain's policy asks for"
        if self.is_complex and not self.has_script and not self.is_good(password):
            return "it is not complex enough for the domain's policy: it needs three kinds of characters"
        return None


def check(realm: Realm, login: Login, example: Example, nt_hash: bytes) -> None:
    """See that we would have stored the same; `Unlike` says what differs."""
    secret = _made(realm, login, example, fresh=False)
    if secret.nt_hash != nt_hash:
        raise Unlike("the NT hash differs, or Samba stores none")
    if secret.credentials != example.credentials:
        raise Unlike("the keys differ")


def make(job: tuple[Realm, Login, Example]) -> Secret:
    """What is stored of one password; runs in the worker processes."""
    realm, login, example = job
    return _made(realm, login, example, fresh=True)


def _made(realm: Realm, login: Login, example: Example, *, fresh: bool) -> Secret:
    keys = _bulk_keys.derive(realm, login)
    # Random bytes where DES keys were, as Samba does it; the same in both packages of an account.
    unusable = {number: os.urandom(8) for number in _DES} if fresh else {}
    whole = _unpacked(example.credentials)
    for package in whole.sub.packages:
        filled = _filled(str(package.name), bytes.fromhex(package.data), keys, unusable)
        if filled is not None:
            package.data = filled.hex().upper()
    return Secret(nt_hash=_nt_hash(login.password), credentials=bytes(_bindings.ndr_pack(whole)))


def _filled(name: str, data: bytes, keys: Keys, unusable: Mapping[int, bytes]) -> bytes | None:
    """A package with our keys in it; None = it holds no keys."""
    if name in (_NEWER, _OLDER):
        return _kerberos(data, keys, unusable)
    if name == _DIGEST:
        return data[:_DIGEST_HEAD] + b"".join(keys.digests)
    if name == _NAMES:
        return None
    raise Unlike(f"Samba stores '{name}' too")


def _kerberos(data: bytes, keys: Keys, unusable: Mapping[int, bytes]) -> bytes:
    from samba.dcerpc import drsblobs

    blob = _bindings.ndr_unpack(drsblobs.package_PrimaryKerberosBlob, data)
    ours = {_AES256: keys.aes256, _AES128: keys.aes128, **unusable}
    blob.ctr.salt.string = keys.salt
    for key in blob.ctr.keys:
        if key.keytype in ours:
            key.value = ours[key.keytype]
        elif key.keytype not in _DES:
            raise Unlike(f"Samba stores a key of type {key.keytype} too")
    return bytes(_bindings.ndr_pack(blob))


def _unpacked(credentials: bytes) -> Any:
    from samba.dcerpc import drsblobs

    return _bindings.ndr_unpack(drsblobs.supplementalCredentialsBlob, credentials)


def _nt_hash(password: str) -> bytes:
    from samba.credentials import Credentials

    credentials = Credentials()
    credentials.set_password(password)
    return bytes(credentials.get_nt_hash())


class Hands:
    """Processes that derive keys. They are started before the database is opened, which is not theirs."""

    def __init__(self, count: int | None = None) -> None:
        """One for each core that we may use."""
        self._pool = multiprocessing.get_context("fork").Pool(count or len(os.sched_getaffinity(0)))

    def secrets(self, realm: Realm, logins: Iterable[Login], example: Example) -> Iterator[Secret]:
        """In the order of the logins."""
        return self._pool.imap(make, ((realm, login, example) for login in logins), chunksize=8)

    def close(self) -> None:
        """End them."""
        self._pool.terminate()
        self._pool.join()
