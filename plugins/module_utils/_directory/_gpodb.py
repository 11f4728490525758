# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group policies in the local database and in the local SYSVOL. Private to this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import Files, Gpo
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Change, Operation, encode
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvol import POLICIES, relative
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvolsamba import Sysvol
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_ATTRIBUTES = {
    "displayName": "name",
    "gPCMachineExtensionNames": "computer_extensions",
    "gPCUserExtensionNames": "user_extensions",
    "gPCWQLFilter": "wmi_filter",
}
_PARTS = ("Machine", "User")


class DirectoryPolicies:
    """The policies of this controller's domain."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory and SYSVOL."""
        self._sysvol = Sysvol(configuration_file)
        self._store = self._sysvol.store
        self._container = f"CN=Policies,CN=System,{self._store.domain_dn}"
        self.own = self._sysvol.directory.own

    def owner(self) -> str:
        """The owner of the PDC emulator."""
        return self._sysvol.directory.owner()

    def all(self) -> list[Gpo]:
        """All that have a place in SYSVOL."""
        found = self._store.find(
            {"objectClass": "groupPolicyContainer"},
            attributes=["cn", "gPCFileSysPath", "versionNumber", "flags", *_ATTRIBUTES],
            base=self._container,
            children=True,
        )
        return [
            Gpo(
                guid=entry.text("cn") or "",
                dn=entry.dn,
                path=relative(path, entry.dn),
                version=entry.number("versionNumber") & 0xFFFFFFFF,
                flags=entry.number("flags"),
                **{option: entry.text(attribute) or "" for attribute, option in _ATTRIBUTES.items()},
            )
            for entry in sorted(found, key=lambda entry: entry.dn)
            if (path := entry.text("gPCFileSysPath"))
        ]

    def new(self, guid: str, name: str) -> Gpo:
        """As Windows' own tools name it."""
        return Gpo(
            guid=guid,
            name=name,
            dn=self._store.child(self._container, "CN", guid),
            path=f"{self._store.dns_domain}/{POLICIES}/{guid}",
        )

    def key(self, dn: str) -> str:
        """As the directory compares."""
        return self._store.key(dn) if self._store.is_dn(dn) else dn.lower()

    def containers(self) -> dict[str, str]:
        """What a policy can be linked to."""
        domain = self._store.read(self._store.domain_dn, ["gPLink"])
        found = [domain] if domain else []
        found += self._store.find({"objectClass": "organizationalUnit"}, attributes=["gPLink"])
        sites = f"CN=Sites,{self._store.sam.get_config_basedn()}"
        found += self._store.find({"objectClass": "site"}, attributes=["gPLink"], base=sites)
        return {entry.dn: entry.text("gPLink") or "" for entry in found}

    def files(self, policy: Gpo) -> Files:
        """All files; none when the directory is not there."""
        root = self._sysvol.root / policy.path
        return {
            path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
        }

    def create(self, policy: Gpo, files: Files) -> None:
        """The object, whose own ACL tells that of the files; then the files."""
        text = encode(f"\\\\{self._store.dns_domain}\\sysvol\\{policy.path.replace('/', chr(92))}")
        self._store.add(
            policy.dn,
            {
                "objectClass": (b"groupPolicyContainer",),
                "displayName": (encode(policy.name),),
                "gPCFileSysPath": (text,),
                "versionNumber": (b"0",),
                "gPCFunctionalityVersion": (b"2",),
                "flags": (encode(policy.flags),),
            },
        )
        for part in _PARTS:
            self._store.add(self._store.child(policy.dn, "CN", part), {"objectClass": (b"container",)})
        self.write(policy, files)

    def change(self, policy: Gpo, **attributes: str | None) -> None:
        """Replace the attributes."""
        self._store.modify(
            policy.dn,
            [
                Change(operation=Operation.REPLACE, attribute=name, values=() if value is None else (encode(value),))
                for name, value in attributes.items()
            ],
        )

    def write(self, policy: Gpo, files: Files) -> None:
        """Beside first, then swapped in; what was there is kept."""
        disk, acl = self._sysvol.disk, self._acl(policy)
        with disk.lock():
            staged = disk.staged(policy.path)
            disk.write(staged, None, acl)
            for part in sorted(_directories(files)):
                disk.write(staged / part, None, acl)
            for path, content in sorted(files.items()):
                disk.write(staged / path, content, acl)
            disk.swap(policy.path, staged)

    def link(self, container: str, value: str) -> None:
        """Replace the list."""
        values = (encode(value),) if value else ()
        self._store.modify(container, [Change(operation=Operation.REPLACE, attribute="gPLink", values=values)])

    def delete(self, policy: Gpo) -> None:
        """The object with what is below it, and the files, which are kept beside."""
        self._store.delete(policy.dn, tree=True)
        if (self._sysvol.root / policy.path).exists():
            with self._sysvol.disk.lock():
                self._sysvol.disk.remove(policy.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Of the directory. Files are written inside it: without their object they mean nothing."""
        with self._store.transaction():
            yield

    def _acl(self, policy: Gpo) -> str:
        entry = self._store.read(policy.dn, ["nTSecurityDescriptor"])
        if entry is None:
            raise ResourceError(f"{policy.dn} is not there any more. Its files were not changed. Run again.")
        return self._sysvol.acls.of_policy(entry.values("nTSecurityDescriptor")[0])


def _directories(files: Files) -> set[str]:
    """All directories of the files, and those that every policy has, in the spelling of the files."""
    found = {parent.as_posix() for path in files for parent in Path(path).parents if parent != Path()}
    present = {path.lower() for path in found}
    return found | {part for part in _PARTS if part.lower() not in present}
