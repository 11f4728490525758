# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SYSVOL on every domain controller as the owner of the PDC emulator has it. Private to this collection.

Samba replicates the directory and no files. So each controller pulls the files from the owner, policy by policy: a new
state is written beside, verified by its digests, and swapped in at once; the state that it replaces is kept.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "source": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "quick": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 60},
}
POLICIES = "Policies"
_DIVIDED = frozenset({"policies", "scripts"})
"""Directories whose entries are swapped one by one. `scripts` is the root of the share netlogon."""
_VERSION = re.compile(r"^\s*version\s*=\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_PAUSE = 3.0


@dataclass(frozen=True, kw_only=True)
class Item:
    """A file or a directory; the ACL names everybody by SID, so it means the same on every controller."""

    directory: bool
    acl: str
    size: int = 0
    modified: int = 0
    digest: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """What a difference shows."""
        return {"acl": self.acl} if self.directory else {"sha256": self.digest, "acl": self.acl}


Tree = Mapping[str, Item]
"""Items by their path below the share's root, with slashes; the root itself is the empty path."""
Digest = Callable[[str, Item], str]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A group policy as the directory lists it; `path` is where its files have to be, below the share's root."""

    guid: str
    name: str
    path: str
    version: int


class Directory(Protocol):
    """What this controller's own database says. Errors are `ResourceError`."""

    own: str
    """This controller's short name."""
    dns_domain: str

    def owner(self) -> str:
        """Short name of the owner of the PDC emulator."""

    def fqdn(self, controller: str) -> str:
        """Full name of a controller."""

    def policies(self) -> list[Policy]:
        """All group policies."""


class Source(Protocol):
    """SYSVOL of another controller. Errors are `ResourceError`."""

    name: str

    def tree(self) -> Tree:
        """Everything there, without digests."""

    def digest(self, path: str) -> str:
        """SHA-256 of a file's content."""

    def fetch(self, path: str, write: Callable[[bytes], object]) -> None:
        """A file's content, piece by piece."""

    def read(self, path: str) -> bytes:
        """A small file's content."""


class Disk(Protocol):
    """SYSVOL of this controller. Errors are `ResourceError`."""

    def tree(self) -> Tree:
        """Everything here, with digests."""

    def read(self, path: str) -> bytes:
        """A small file's content."""

    def lock(self) -> AbstractContextManager[object]:
        """Keep other runs out."""

    def place(self, unit: str, tree: Tree, source: Source) -> None:
        """Write the unit beside, verify it, keep the present one, swap."""

    def remove(self, unit: str) -> None:
        """Take the unit away and keep it."""

    def settle(self, container: str, item: Item) -> None:
        """Make the directory if it is not there, and give it its ACL."""


def unit_of(path: str) -> str:
    """The part of the tree that is swapped as a whole and to which the path belongs.

    The root, the domain's directory, its Policies and its scripts are never swapped, so they are their own units.
    """
    parts = path.split("/")
    depth = 3 if len(parts) > 2 and parts[1].lower() in _DIVIDED else 2
    return "/".join(parts[:depth])


def is_container(path: str) -> bool:
    """Whether the path is a directory that is never swapped."""
    parts = path.split("/")
    return len(parts) == 1 or (len(parts) == 2 and parts[1].lower() in _DIVIDED)


def version(text: bytes) -> int | None:
    """The version that a GPT.INI carries ([MS-GPOL] 2.2.4); None when it has none."""
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    found = _VERSION.search(text.decode(encoding, "replace"))
    return int(found.group(1)) if found else None


def older(one: int, other: int) -> bool:
    """Whether a version is behind another; computer and user settings are counted in one half each."""
    return (one & 0xFFFF) < (other & 0xFFFF) or (one >> 16) < (other >> 16)


def find(tree: Tree, path: str) -> str | None:
    """The path as the tree spells it; Windows does not mind the case."""
    if path in tree:
        return path
    return next((name for name in tree if name.lower() == path.lower()), None)


def digest_of(tree: Tree, *, acl: bool) -> str:
    """One digest of the contents, or of the ACLs, of a whole tree."""
    total = hashlib.sha256()
    for path, item in sorted(tree.items()):
        total.update(f"{path}\0{item.acl if acl else item.digest}\0{int(item.directory)}\n".encode())
    return total.hexdigest()


def units(tree: Tree) -> dict[str, dict[str, Item]]:
    """The tree by units, containers as units of themselves alone."""
    found: dict[str, dict[str, Item]] = {}
    for path, item in tree.items():
        found.setdefault(path if is_container(path) else unit_of(path), {})[path] = item
    return found


def matches(one: Item | None, other: Item | None) -> bool:
    """Whether two items are the same; the time of a change is no part of that."""
    if one is None or other is None:
        return one is other
    return (one.directory, one.acl, one.digest) == (other.directory, other.acl, other.digest)


class SysvolResource:
    """The resource of the module `sysvol_sync`, and of the service."""

    batch = 1

    def __init__(
        self,
        directory: Directory,
        disk: Disk,
        source: Source | None,
        *,
        force: bool = False,
        quick: bool = False,
        wait: float = 0.0,
        refresh: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`source` is None on the owner itself: there is nothing to pull. `refresh` brings the directory up to date."""
        self._directory = directory
        self._disk = disk
        self._source = source
        self._force = force
        self._quick = quick
        self._wait = wait
        self._refresh = refresh
        self._clock = clock
        self._sleep = sleep
        self._here: Tree = {}
        self._there: Tree = {}

    def current(self) -> State:
        """Read both, as only what differs is shown. One that does not answer, or lacks a new policy, is asked again."""
        deadline = self._clock() + self._wait
        while self._source is not None:
            try:
                self._compare(self._source)
                break
            except ResourceError:
                if self._clock() + _PAUSE > deadline:
                    raise
                self._refresh()
                self._sleep(_PAUSE)
        return {path: item.shown for path, item in self._here.items() if not matches(item, self._there.get(path))}

    def desired(self, before: State) -> State:
        """What the source has."""
        return {path: item.shown for path, item in self._there.items() if not matches(item, self._here.get(path))}

    def plan(self, before: State, after: State) -> list[Step]:
        """Containers first, then one step for each unit that differs, then those that are no more."""
        here, there = units(self._here), units(self._there)
        steps = []
        for unit in sorted(there, key=lambda unit: (not is_container(unit), unit)):
            paths = sorted(set(here.get(unit, {})) | set(there[unit]))
            changed = [path for path in paths if not matches(self._here.get(path), self._there.get(path))]
            if changed:
                verb = "settle" if is_container(unit) else "replace" if unit in here else "add"
                steps.append(Step(verb=verb, target=unit, change={"paths": changed}))
        gone = [unit for unit in sorted(here) if unit not in there and not is_container(unit)]
        steps += [Step(verb="remove", target=unit, change={"paths": sorted(here[unit])}) for unit in gone]
        return steps

    def transaction(self) -> AbstractContextManager[object]:
        """Each step is whole in itself."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """One unit."""
        if self._source is None:
            raise ResourceError("There is nothing to pull. This is a fault of ours.")
        if step.verb == "settle":
            self._disk.settle(step.target, self._there[step.target])
        elif step.verb == "remove":
            self._disk.remove(step.target)
        else:
            self._disk.place(step.target, units(self._there)[step.target], self._source)

    def finish(self) -> None:
        """Every step was completed."""

    def result(self) -> Mapping[str, Any]:
        """Who was asked."""
        return {"source": self._source.name if self._source else self._directory.own, "own": self._source is None}

    def _compare(self, source: Source) -> None:
        self._here = self._disk.tree()
        listed = source.tree()
        self._refuse(source, listed)
        self._there = {path: self._digested(source, path, item) for path, item in listed.items()}

    def _digested(self, source: Source, path: str, item: Item) -> Item:
        if item.directory:
            return item
        known = self._here.get(path)
        if self._quick and known and (known.size, known.modified) == (item.size, item.modified):
            return replace(item, digest=known.digest)
        return replace(item, digest=source.digest(path))

    def _refuse(self, source: Source, listed: Tree) -> None:
        """Nothing is taken from a source that has not all the directory lists, or has it older than this controller."""
        faults = [] if self._force else list(self._faults(source, listed))
        if faults:
            raise ResourceError(
                f"SYSVOL of {source.name} is not taken: {'; '.join(faults)}. Nothing was changed here. If a policy"
                " was made or removed a moment ago, this ends by itself with replication. If the copy here is the good"
                f" one, run mailforest.stack.sysvol_sync on {source.name} with this controller as its source;"
                " if the source is right all the same, set `force`.",
                faults=faults,
            )

    def _faults(self, source: Source, listed: Tree) -> Iterator[str]:
        for policy in self._directory.policies():
            there = _version(listed, policy.path, source)
            if there is None:
                yield f"it lacks {policy.guid} ({policy.name}), which the directory lists"
                continue
            here = _version(self._here, policy.path, self._disk)
            if here == policy.version and older(there, here):
                yield f"it has version {there} of {policy.guid} ({policy.name}), and here is {here}"


def _version(tree: Tree, path: str, reader: Source | Disk) -> int | None:
    """The version of a policy's files; None when they are not there."""
    name = find(tree, f"{path}/GPT.INI")
    return (version(reader.read(name)) or 0) if name else None


def choose(directory: Directory, wanted: str | None) -> str | None:
    """Full name of the controller to pull from; None when it is this one."""
    name = (wanted or directory.owner()).split(".")[0].lower()
    if name != directory.own:
        return directory.fqdn(name)
    if wanted:
        raise ResourceError(
            f"{wanted} is this controller itself. Nothing was changed. Name another one as `source`, or none."
        )
    return None


def info(directory: Directory, disk: Disk) -> dict[str, Any]:
    """What `sysvol_info` tells, without what only Samba can check."""
    tree = disk.tree()
    parts = units(tree)
    policies, taken = {}, set()
    for policy in directory.policies():
        name = find(tree, policy.path)
        unit = parts.get(name, {}) if name else {}
        gpt = find(tree, f"{policy.path}/GPT.INI")
        taken.add(name)
        policies[policy.guid] = {
            "name": policy.name,
            "path": policy.path,
            "version_directory": policy.version,
            "version_gpt": version(disk.read(gpt)) if gpt else None,
            "sha256": digest_of(unit, acl=False) if unit else None,
            "acl_sha256": digest_of(unit, acl=True) if unit else None,
        }
    prefix = f"{directory.dns_domain}/{POLICIES}/{{".lower()
    return {
        "controller": directory.own,
        "owner": directory.owner(),
        "policies": policies,
        "unlisted": sorted(unit for unit in parts if unit.lower().startswith(prefix) and unit not in taken),
        "sha256": digest_of(tree, acl=False),
        "acl_sha256": digest_of(tree, acl=True),
    }


def problems(found: Mapping[str, Any]) -> list[str]:
    """What is wrong with one controller's SYSVOL, in words; the answers of several are compared by their digests."""
    said = [found["acl_fault"]] if found["acl_fault"] else []
    for guid, policy in found["policies"].items():
        label = f"{guid} ({policy['name']})"
        if policy["version_gpt"] is None:
            said.append(f"{label} has no GPT.INI; the directory lists it")
        elif policy["version_gpt"] != policy["version_directory"]:
            said.append(f"{label} has version {policy['version_gpt']}, the directory {policy['version_directory']}")
    return said


def relative(share_path: str, name: str) -> str:
    """Where a policy's `gPCFileSysPath` points, below the root of the share `sysvol`."""
    parts = [part for part in share_path.split("\\") if part]
    if len(parts) < 3 or parts[1].lower() != "sysvol" or ".." in parts:
        raise ResourceError(
            f"The directory says that the files of {name} are at '{share_path}', which is not in SYSVOL. Nothing was"
            " changed. Correct gPCFileSysPath of that policy."
        )
    return "/".join(parts[2:])
