# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use a shared directory: one domain-local group, and local accounts by name. Private to this collection.

Domain-local groups carry access rights, and hold the global groups that hold the people: then a right is given in one
place and a person is put in one place. Samba would take any group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "domain_servers": {"type": "list", "elements": "str", "required": True},
    "shares": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "group": {"type": "str", "required": True},
            "read_only": {"type": "bool", "default": False},
            "local_accounts": {"type": "list", "elements": "str", "default": []},
        },
    },
}
ROOT = "S-1-22-1-0"
"""The Unix user root; the domain's administrators are no owners of the files."""
ROOT_GROUP = "S-1-22-2-0"
FULL = 0x1F01FF
CHANGE = 0x1301BF
READ = 0x1200A9


@dataclass(frozen=True, kw_only=True)
class Share:
    """What is wanted of one share."""

    name: str
    path: str
    group: str
    read_only: bool = False
    local_accounts: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of the directory."""

    sid: str
    group_type: int


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who owns a directory, and the rights of each: SID and mask, for the directory and all below it."""

    owner: str
    group: str
    rights: frozenset[tuple[str, int]]
    inherited: bool = True
    """Whether all entries pass down, and none comes from above."""

    def sddl(self) -> str:
        """The list as Samba takes it."""
        entries = (f"(A;OICI;0x{mask:x};;;{sid})" for sid, mask in sorted(self.rights))
        return f"O:{self.owner}G:{self.group}D:PAI{''.join(entries)}"


class Host(Protocol):
    """The file server."""

    def group(self, name: str) -> Group | None:
        """A group of the domain by its account name."""

    def local_account(self, name: str) -> str | None:
        """The SID of a local account that Samba knows."""

    def access(self, share: Share) -> Access | None:
        """Who has access now; None = there is no such directory."""

    def make(self, path: str) -> None:
        """Make a directory that nobody but root may enter."""

    def grant(self, share: Share, access: Access) -> None:
        """Set the list of the directory itself; what is in it keeps its own."""


class ShareResource:
    """The resource of the module `share_access`."""

    batch = 1

    def __init__(self, connect: Callable[[], Host], shares: Sequence[Share]) -> None:
        """Take what is wanted."""
        self._host = connect()
        self._shares = {share.name: share for share in shares}
        self._wanted: dict[str, Access] = {}
        self._found: dict[str, Access | None] = {}

    def current(self) -> State:
        """Read the lists of all shares."""
        self._found = {name: self._host.access(share) for name, share in self._shares.items()}
        return {name: shown(access) for name, access in self._found.items() if access}

    def desired(self, before: State) -> State:
        """Look up whom the options name; every fault of all shares at once."""
        faults: list[str] = []
        for name, share in self._shares.items():
            self._wanted[name] = self._access(share, faults)
        if faults:
            raise ResourceError(f"{' '.join(faults)} Nothing was changed.", faults=faults)
        return {name: shown(access) for name, access in self._wanted.items()}

    def _access(self, share: Share, faults: list[str]) -> Access:
        mask = READ if share.read_only else CHANGE
        rights = {(ROOT, FULL)}
        group = self._host.group(share.group)
        fault = group_fault(share.group, group)
        if fault or group is None:
            faults.append(f"The share {share.name}: {fault}")
        else:
            rights.add((group.sid, mask))
        for name in share.local_accounts:
            sid = self._host.local_account(name)
            if sid is None:
                faults.append(
                    f"The share {share.name}: Samba knows no local account {name} on this host. Make it"
                    " (mailforest.stack.smb_account), or take it out of the list."
                )
            else:
                rights.add((sid, mask))
        return Access(owner=ROOT, group=ROOT_GROUP, rights=frozenset(rights))

    def plan(self, before: State, after: State) -> list[Step]:
        """Make what is not there, and set what differs."""
        steps = []
        for name, share in self._shares.items():
            if self._found[name] is None:
                steps.append(Step(verb="make", target=share.path))
            if self._found[name] != self._wanted[name]:
                steps.append(Step(verb="grant", target=share.path, change=after[name], payload=name))
        return steps

    def transaction(self) -> AbstractContextManager[object]:
        """Each list is set by itself."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "make":
            self._host.make(step.target)
        else:
            self._host.grant(self._shares[step.payload], self._wanted[step.payload])

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """What each share has, or will have."""
        return {"access": {name: shown(access) for name, access in self._wanted.items()}}


def group_fault(name: str, group: Group | None) -> str | None:
    """Why access cannot be granted to a group, or None."""
    if group is None:
        return f"the domain has no group {name}. Make it first, with the scope domainlocal."
    if _nesting.category_of(group.group_type) != "security":
        return f"{name} is a distribution group, which carries no rights. Change its category to security."
    scope = _nesting.scope_of(group.group_type)
    if scope != "domainlocal":
        return (
            f"{name} is a {scope} group. Access is granted to domain-local groups only (AD-4): make one, let {name} be"
            " its member, and name it here."
        )
    return None


def shown(access: Access) -> dict[str, Any]:
    """What the user is told."""
    names = {FULL: "full", CHANGE: "change", READ: "read"}
    rights = {sid: names.get(mask, f"0x{mask:x}") for sid, mask in sorted(access.rights)}
    return {"owner": access.owner, "rights": rights, "inherited": access.inherited}
