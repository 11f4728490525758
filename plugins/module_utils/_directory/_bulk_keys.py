# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that Samba keeps of a password, derived with OpenSSL's hashes. Private to this collection.

Samba derives them one by one with Heimdal's own code, about 20 ms each; the same numbers come out here several times
faster, and on all cores. `_bulk_secrets` proves with Samba's own result that they are the same before any is used.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import cache

ITERATIONS = 4096
_FOLDED = bytes.fromhex("6b65726265726f737b9b5b2b93132b93")
"""The word `kerberos`, folded to a block (RFC 3961, 5.1)."""
_PLAIN_UPN = re.compile(r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")
_PLAIN_ACCOUNT = re.compile(r"^[!-~]([ -~]*[!-~])?$")


@dataclass(frozen=True, kw_only=True)
class Realm:
    """What of the domain goes into the keys of its accounts."""

    dns: str
    netbios: str

    @property
    def realm(self) -> str:
        """The Kerberos realm."""
        return self.dns.upper()


@dataclass(frozen=True, kw_only=True)
class Login:
    """An account and its password."""

    account: str
    upn: str | None
    password: str

    @property
    def is_plain(self) -> bool:
        """Whether its names are free of all that Samba folds or escapes by rules of its own."""
        return bool(_PLAIN_ACCOUNT.match(self.account)) and (self.upn is None or bool(_PLAIN_UPN.match(self.upn)))


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What is derived of one password."""

    salt: str
    aes256: bytes
    aes128: bytes
    digests: tuple[bytes, ...]


def derive(realm: Realm, login: Login) -> Keys:
    """All keys of one account."""
    salt = realm.realm + (login.upn.partition("@")[0] if login.upn else login.account)
    seed = hashlib.pbkdf2_hmac("sha1", login.password.encode(), salt.encode(), ITERATIONS, 32)
    # PBKDF2 yields its blocks independently: the shorter key's input is the beginning of the longer one's.
    return Keys(salt=salt, aes256=_derived(seed), aes128=_derived(seed[:16]), digests=_digests(realm, login))


def _derived(seed: bytes) -> bytes:
    """DK(seed, "kerberos") of RFC 3961, 5.1, by which RFC 3962 ends."""
    rounds = _schedule(seed)
    blocks = _encrypt(rounds, _FOLDED)
    if len(seed) > 16:
        blocks += _encrypt(rounds, blocks)
    return blocks


def _digests(realm: Realm, login: Login) -> tuple[bytes, ...]:
    """The 29 hashes of WDigest ([MS-SAMR] 3.1.1.8.11.3.1), in Samba's order."""
    account, upn = _cases(login.account), _cases(login.upn or f"{login.account}@{realm.dns}")
    short = _cases(realm.netbios)
    domains = (short, (realm.dns, realm.dns, realm.realm))
    plain, lower, upper = 0, 1, 2
    order = ((plain, plain), (lower, lower), (upper, upper), (plain, upper), (plain, lower), (upper, lower))
    heads = [f"{account[a]}:{domain[d]}" for domain in domains for a, d in (*order, (lower, upper))]
    slashed = [f"{domain}\\{name}" for domain, name in zip(short, account, strict=True)]
    heads += [f"{name}:" for name in (*upn, *slashed)]
    heads += [f"{name}:Digest" for name in (*account, *upn, *slashed)]
    return tuple(hashlib.md5(f"{head}:{login.password}".encode(), usedforsecurity=False).digest() for head in heads)


def _cases(name: str) -> tuple[str, str, str]:
    return name, name.lower(), name.upper()


# AES for single blocks: Python has none, and a key is derived of three blocks at most.


@cache
def _boxes() -> tuple[bytes, tuple[tuple[int, ...], ...]]:
    """The S-box, and the four tables that join it with the mixing of columns (FIPS 197)."""
    power, log = [1], [0] * 256
    for exponent in range(255):
        log[power[-1]] = exponent
        power.append(power[-1] ^ _doubled(power[-1]))
    box = []
    for value in range(256):
        inverse = power[(255 - log[value]) % 255] if value else 0
        turned = inverse * 0x101
        box.append(0x63 ^ inverse ^ 0xFF & (turned >> 7 ^ turned >> 6 ^ turned >> 5 ^ turned >> 4))
    words = [_doubled(s) << 24 | s << 16 | s << 8 | _doubled(s) ^ s for s in box]
    tables = tuple(tuple((w >> turn | w << 32 - turn) & 0xFFFFFFFF for w in words) for turn in (0, 8, 16, 24))
    return bytes(box), tables


def _doubled(value: int) -> int:
    return value << 1 ^ (0x11B if value & 0x80 else 0)


def _substituted(word: int) -> int:
    box = _boxes()[0]
    return int.from_bytes(bytes(box[byte] for byte in word.to_bytes(4, "big")), "big")


def _schedule(key: bytes) -> list[int]:
    """The round keys, as words."""
    words = list(struct.unpack(f">{len(key) // 4}I", key))
    size, constant = len(words), 1
    for index in range(size, 4 * (size + 7)):
        word = words[-1]
        if index % size == 0:
            word = _substituted((word << 8 | word >> 24) & 0xFFFFFFFF) ^ constant << 24
            constant = _doubled(constant)
        elif size > 6 and index % size == 4:
            word = _substituted(word)
        words.append(words[index - size] ^ word)
    return words


def _encrypt(words: list[int], block: bytes) -> bytes:
    """One block."""
    box, (t0, t1, t2, t3) = _boxes()
    a, b, c, d = (value ^ key for value, key in zip(struct.unpack(">4I", block), words, strict=False))
    last = len(words) - 4
    for at in range(4, last, 4):
        a, b, c, d = (
            t0[a >> 24] ^ t1[b >> 16 & 255] ^ t2[c >> 8 & 255] ^ t3[d & 255] ^ words[at],
            t0[b >> 24] ^ t1[c >> 16 & 255] ^ t2[d >> 8 & 255] ^ t3[a & 255] ^ words[at + 1],
            t0[c >> 24] ^ t1[d >> 16 & 255] ^ t2[a >> 8 & 255] ^ t3[b & 255] ^ words[at + 2],
            t0[d >> 24] ^ t1[a >> 16 & 255] ^ t2[b >> 8 & 255] ^ t3[c & 255] ^ words[at + 3],
        )
    rows = ((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c))
    final = [
        (box[w >> 24] << 24 | box[x >> 16 & 255] << 16 | box[y >> 8 & 255] << 8 | box[z & 255]) ^ words[last + index]
        for index, (w, x, y, z) in enumerate(rows)
    ]
    return struct.pack(">4I", *final)
