# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keytabs (MIT's file format, version 5.2), in one form whatever wrote them. Private to this collection.

The same keys always make the same bytes: ordered, without the moment of writing, the newest version of each key
alone, and AES alone. So whoever keeps a keytab writes it anew exactly when the keys have changed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

MAGIC = b"\x05\x02"
AES = frozenset({17, 18})
"""aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96 (RFC 3962)."""


@dataclass(frozen=True, kw_only=True, order=True)
class Key:
    """One entry."""

    principal: tuple[str, ...]
    realm: str
    name_type: int
    version: int
    encryption: int
    key: bytes = field(repr=False)


class _Reader:
    """Takes big-endian values off the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if len(self.data) < size:
            raise ResourceError("A keytab ends in the middle of an entry. Nothing was changed. Export it anew.")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, form: str) -> int:
        """The next number."""
        return int(struct.unpack(f">{form}", self.take(struct.calcsize(form)))[0])

    def counted(self) -> bytes:
        """Bytes behind their count."""
        return self.take(self.number("H"))


def read(data: bytes) -> Iterator[Key]:
    """The entries of a keytab; what was deleted from it is a hole."""
    if data[:2] != MAGIC:
        raise ResourceError("This is no keytab of version 5.2. Nothing was changed. Export it anew.")
    file = _Reader(data[2:])
    while file.data:
        size = file.number("i")
        body = file.take(abs(size))
        if size > 0:
            yield _entry(_Reader(body))


def _entry(body: _Reader) -> Key:
    count = body.number("H")
    realm = body.counted().decode()
    principal = tuple(body.counted().decode() for _part in range(count))
    name_type, _written, version, encryption = (body.number(form) for form in "IIBH")
    key = body.counted()
    if len(body.data) >= 4:
        version = body.number("I") or version
    return Key(principal=principal, realm=realm, name_type=name_type, version=version, encryption=encryption, key=key)


def write(keys: Iterable[Key]) -> bytes:
    """A keytab."""
    return MAGIC + b"".join(_counted(_packed(key), "I") for key in keys)


def _counted(data: bytes, form: str = "H") -> bytes:
    return struct.pack(f">{form}", len(data)) + data


def _packed(key: Key) -> bytes:
    names = b"".join(_counted(part.encode()) for part in (key.realm, *key.principal))
    head = struct.pack(">H", len(key.principal)) + names + struct.pack(">II", key.name_type, 0)
    return (
        head
        + struct.pack(">BH", key.version & 0xFF, key.encryption)
        + _counted(key.key)
        + struct.pack(">I", key.version)
    )


def newest(keys: Iterable[Key]) -> list[Key]:
    """Of every principal's AES keys the newest version, in order."""
    found = {replace(key, name_type=1) for key in keys if key.encryption in AES}
    last: dict[tuple[str, ...], int] = {}
    for key in found:
        last[key.principal] = max(last.get(key.principal, 0), key.version)
    return sorted(key for key in found if key.version == last[key.principal])


def export(principals: Iterable[str], run: Callable[[list[str]], tuple[int, str]]) -> bytes:
    """The keys of these principals, as Samba's own tool reads them from the directory; `run` tells code and error."""
    keys: list[Key] = []
    with TemporaryDirectory(prefix="mailforest-keytab-") as place:
        for number, principal in enumerate(principals):
            file = Path(place) / str(number)
            code, said = run(["samba-tool", "domain", "exportkeytab", str(file), f"--principal={principal}"])
            found = newest(read(file.read_bytes())) if code == 0 and file.exists() else []
            if not found:
                raise ResourceError(
                    f"The directory has no AES key of {principal}. Nothing was changed. See that an account has this"
                    " service principal name, a password, and AES among its encryption types, and that this host is a"
                    f" domain controller that may be written to. {said.strip()}"
                )
            keys += found
    return write(sorted(keys))
