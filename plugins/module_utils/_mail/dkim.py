# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that mail is signed with, made once and kept, and their DNS records (RFC 6376). Private to this collection."""

from __future__ import annotations

import base64
import contextlib
import grp
import os
import pwd
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._engine import NotYetKnowable, ResourceError, State, Step
from .._topology import names
from .selectors import Selectors

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    if not TYPE_CHECKING:
        serialization = rsa = None

ARGUMENTS: dict[str, dict[str, Any]] = {
    "domains": {"type": "list", "elements": "str", "required": True},
    "selector": {"type": "str", "required": True},
    "directory": {"type": "path", "default": "/etc/ssl/mailforest-dkim"},
    "bits": {"type": "int", "choices": [2048, 4096], "default": 2048},
    "owner": {"type": "str", "default": "_rspamd"},
    "group": {"type": "str", "default": "_rspamd"},
}
LEAST_BITS = 1024
"""Signatures of shorter keys count as none (RFC 8301 3.2)."""
STRING_LENGTH = 255
"""A TXT record is made of strings of at most so many characters (RFC 1035 3.3.14)."""
_DIRECTORY_MODE = 0o750
_KEY_MODE = 0o640


def record_label(selector: str) -> str:
    """The record's name below its domain."""
    return f"{selector}._domainkey"


def strings_of(value: str) -> list[str]:
    """The value as the strings of a TXT record; who reads it joins them."""
    return [value[at : at + STRING_LENGTH] for at in range(0, len(value), STRING_LENGTH)]


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may read a file or directory."""

    uid: int
    gid: int
    mode: int

    def shown(self) -> dict[str, Any]:
        """For the difference."""
        return {"owner": self.uid, "group": self.gid, "mode": f"0{self.mode:o}"}


def _access(path: Path) -> Access | None:
    """What stands now; nothing where the path is not there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return Access(uid=found.st_uid, gid=found.st_gid, mode=found.st_mode & 0o7777)


def _grant(descriptor: int, access: Access) -> None:
    os.fchown(descriptor, access.uid, access.gid)
    os.fchmod(descriptor, access.mode)


def load_public(path: Path) -> tuple[int, str]:
    """Length, and the public key as DNS has it, of a private key's file."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as exc:
        raise ResourceError(
            f"{path} holds no private key that can be read: {exc}. Nothing was changed. Move the file away, and a new"
            " key is made; the record in DNS changes with it."
        ) from exc
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise ResourceError(
            f"{path} holds no RSA key of {LEAST_BITS} bits or more, so its signatures would count for nothing. Nothing"
            " was changed. Move the file away, and a new key is made; or choose another selector."
        )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.key_size, base64.b64encode(public).decode()


def write_new_key(path: Path, bits: int, access: Access) -> None:
    """A new key at `path`, there as a whole or not at all; one that is there already stays."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(text)
        _grant(descriptor, access)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink()


class DkimResource:
    """The resource of the module `dkim_key`."""

    batch = 1

    def __init__(self, options: Mapping[str, Any], *, uid: int = 0, selector: str = "") -> None:
        """Check what becomes part of a path, and who shall read it; `uid` owns the directory.

        The keys are those under `selector`; without one, those that the host signs with now.
        """
        if serialization is None:
            raise NotYetKnowable("python3-cryptography is not installed. Nothing was changed. Install it.")
        self._directory = Path(options["directory"])
        self._domains: list[str] = options["domains"]
        self._bits: int = options["bits"]
        _refuse(self._domains, options["selector"])
        self._selectors = Selectors.read(self._directory, options["selector"])
        self._selector = selector or self._selectors.current
        owner, group = _account(options["owner"], options["group"])
        self._directory_access = Access(uid=uid, gid=group, mode=_DIRECTORY_MODE)
        self._key_access = Access(uid=owner, gid=group, mode=_KEY_MODE)

    def _keys(self, selector: str = "") -> Iterator[tuple[str, Path]]:
        selector = selector or self._selector
        return ((domain, key_path(self._directory, domain, selector)) for domain in self._domains)

    def current(self) -> State:
        """The keys that are there, without what must stay secret."""
        found: dict[str, Any] = {}
        if access := _access(self._directory):
            found[str(self._directory)] = access.shown()
        for _domain, path in self._keys():
            if access := _access(path):
                found[str(path)] = {"bits": load_public(path)[0], **access.shown()}
        return found

    def desired(self, before: State) -> State:
        """A key for every domain; one that is there stays."""
        wanted: dict[str, Any] = {str(self._directory): self._directory_access.shown()}
        for _domain, path in self._keys():
            bits = before.get(str(path), {}).get("bits", self._bits)
            wanted[str(path)] = {"bits": bits, **self._key_access.shown()}
        return wanted

    def plan(self, before: State, after: State) -> list[Step]:
        """Make what is missing; correct who may read what is there."""
        return [
            Step(verb="set permissions" if path in before else "create", target=path, change=wanted)
            for path, wanted in after.items()
            if before.get(path) != wanted
        ]

    def transaction(self) -> AbstractContextManager[object]:
        """Each step by itself; the next run goes on after an interrupted one."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        path = Path(step.target)
        if path == self._directory:
            path.mkdir(mode=0o700, exist_ok=True)
            self._set(path, self._directory_access)
        elif step.verb == "create":
            write_new_key(path, self._bits, self._key_access)
        else:
            self._set(path, self._key_access)

    def _set(self, path: Path, access: Access) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            _grant(descriptor, access)
        finally:
            os.close(descriptor)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """What signs now, and what DNS must say of the keys that are there."""
        found = Selectors.read(self._directory, self._selectors.base)
        records = [
            _record(domain, path, selector, use)
            for use, selector in found.used
            for domain, path in self._keys(selector)
            if path.exists()
        ]
        return {"selector": found.current, "rotation": found.shown(time.time()), "records": records}


def key_path(directory: Path, domain: str, selector: str) -> Path:
    """Where a private key is."""
    return directory / f"{domain}.{selector}.key"


def _record(domain: str, path: Path, selector: str, use: str) -> dict[str, Any]:
    bits, public = load_public(path)
    value = f"v=DKIM1; k=rsa; p={public}"
    return {
        "domain": domain,
        "selector": selector,
        "use": use,
        "name": f"{record_label(selector)}.{domain}",
        "path": str(path),
        "bits": bits,
        "value": value,
        "strings": strings_of(value),
    }


def _refuse(domains: list[str], selector: str) -> None:
    """Names that cannot stand in DNS, before they become part of a path."""
    for domain in domains:
        if wrong := names.domain(domain) or ("" if domain == domain.lower() else "it has capital letters"):
            raise ResourceError(f"domains: {domain!r} is no mail domain: {wrong}. Nothing was changed. Correct it.")
    if wrong := selector_error(selector):
        raise ResourceError(f"selector: {selector!r} cannot be one: {wrong}. Nothing was changed. Correct it.")


def selector_error(selector: str) -> str:
    """What is wrong with a selector; empty when nothing is."""
    if selector != selector.lower():
        return "it has capital letters"
    return names.domain(f"{selector}.example")


def _account(owner: str, group: str) -> tuple[int, int]:
    """The numbers of a user and a group."""
    try:
        return pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError as exc:
        raise NotYetKnowable(
            f"There is no user {owner} or no group {group} here. Nothing was changed. Install the daemon that signs,"
            " or name another owner and group."
        ) from exc
