# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group policies: an object in the directory, files in SYSVOL, links on containers. Private to this collection.

They are written on the controller that owns the PDC emulator, as its SYSVOL is the one that the others take. Sources:
[MS-GPOL] 2.2.2 (gPLink), 2.2.3 (flags, versionNumber), 2.2.4 (GPT.INI); [MS-ADTS] for the classes.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

_LINK: dict[str, Any] = {
    "target": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "enabled": {"type": "bool"},
    "enforced": {"type": "bool"},
    "order": {"type": "int"},
}
_FILE: dict[str, Any] = {"type": "path", "default": "/etc/samba/smb.conf"}
ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "configuration_file": _FILE,
        "name": {"type": "str"},
        "guid": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "computer_settings": {"type": "bool"},
        "user_settings": {"type": "bool"},
        "links": {"type": "list", "elements": "dict", "options": _LINK},
        "backup": {"type": "path"},
    },
    "required_one_of": [("name", "guid")],
    "supports_check_mode": True,
}
INFO_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": _FILE,
    "name": {"type": "str"},
    "guid": {"type": "str"},
}
BACKUP_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": _FILE,
    "dest": {"type": "path", "required": True},
    "names": {"type": "list", "elements": "str"},
}
_DEFAULTS = frozenset({"31B2F340-016D-11D2-945F-00C04FB984F9", "6AC1786C-016F-11D2-945F-00C04FB984F9"})
"""The policies that every domain has, and clients expect ([MS-GPOL] 1.9)."""
_USER_OFF, _COMPUTER_OFF = 1, 2
_LINK_OFF, _LINK_ENFORCED = 1, 2
_GPLINK = re.compile(r"\[LDAP://([^;\]]+);(\d+)\]", re.IGNORECASE)
_VERSION_LINE = re.compile(rb"^([ \t]*version[ \t]*=)[ \t]*\d+", re.IGNORECASE | re.MULTILINE)
_GPT = "GPT.INI"
_CONTENT = ("files", "computer_extensions", "user_extensions")
Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link as a container has it; `dn` is the policy's."""

    dn: str
    enabled: bool = True
    enforced: bool = False

    @property
    def options(self) -> int:
        """Its options as a number."""
        return (0 if self.enabled else _LINK_OFF) | (_LINK_ENFORCED if self.enforced else 0)


@dataclass(frozen=True, kw_only=True)
class Gpo:
    """A policy's object."""

    guid: str
    """As the directory names it: in braces."""
    name: str
    dn: str
    path: str
    version: int = 0
    flags: int = 0
    computer_extensions: str = ""
    user_extensions: str = ""
    wmi_filter: str = ""

    @property
    def shown(self) -> dict[str, Any]:
        """What modules tell."""
        return {
            "guid": self.guid,
            "name": self.name,
            "distinguished_name": self.dn,
            "path": self.path,
            "version": self.version,
            "computer_version": self.version & 0xFFFF,
            "user_version": self.version >> 16,
            "computer_settings": not self.flags & _COMPUTER_OFF,
            "user_settings": not self.flags & _USER_OFF,
            "computer_extensions": self.computer_extensions,
            "user_extensions": self.user_extensions,
            "wmi_filter": self.wmi_filter,
        }


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A policy that was backed up."""

    files: Files
    computer_extensions: str
    user_extensions: str


class Policies(Protocol):
    """The policies of a domain. Errors are `ResourceError`."""

    own: str

    def owner(self) -> str:
        """Short name of the owner of the PDC emulator."""

    def all(self) -> list[Gpo]:
        """All policies."""

    def new(self, guid: str, name: str) -> Gpo:
        """How a policy of this GUID will be named."""

    def key(self, dn: str) -> str:
        """A form of the DN in which equal ones are equal."""

    def containers(self) -> dict[str, str]:
        """The `gPLink` of the domain, its OUs and the sites, by DN."""

    def files(self, policy: Gpo) -> Files:
        """The policy's files by their path in it."""

    def create(self, policy: Gpo, files: Files) -> None:
        """Object and files."""

    def change(self, policy: Gpo, **attributes: str | None) -> None:
        """Attributes of the object; None removes one."""

    def write(self, policy: Gpo, files: Files) -> None:
        """The files, all of them."""

    def link(self, container: str, value: str) -> None:
        """The `gPLink` of a container; empty removes it."""

    def delete(self, policy: Gpo) -> None:
        """Object and files."""

    def transaction(self) -> AbstractContextManager[object]:
        """All writes to the directory, or none."""


def parse_links(value: str, container: str) -> list[Link]:
    """The links of a container, that of the lowest precedence first, as they are stored."""
    if _GPLINK.sub("", value).strip():
        raise ResourceError(
            f"gPLink of {container} is '{value}', which is no list of links. Nothing was changed. Correct it."
        )
    return [
        Link(dn=dn, enabled=not int(bits) & _LINK_OFF, enforced=bool(int(bits) & _LINK_ENFORCED))
        for dn, bits in _GPLINK.findall(value)
    ]


def format_links(links: Sequence[Link]) -> str:
    """The value of `gPLink`."""
    return "".join(f"[LDAP://{link.dn};{link.options}]" for link in links)


def with_version(text: bytes, number: int) -> bytes:
    """A GPT.INI with this version."""
    changed, count = _VERSION_LINE.subn(rb"\g<1>%d" % number, text, count=1)
    return changed if count else b"[General]\r\nVersion=%d\r\n" % number


def raised(version: int, before: Files, after: Files) -> int:
    """The version after a change; clients read what is counted up only: computer settings low, user settings high."""
    changed = {path.split("/")[0].lower() for path in {*before, *after} if before.get(path) != after.get(path)}
    changed.discard(_GPT.lower())
    user, computer = version >> 16, version & 0xFFFF
    if "user" in changed:
        user = user % 0xFFFF + 1
    if changed - {"user"}:
        computer = computer % 0xFFFF + 1
    return user << 16 | computer


def _content(files: Files) -> dict[str, bytes]:
    """What a policy says: all but its version."""
    return {path: text for path, text in files.items() if path.lower() != _GPT.lower()}


def bare(guid: str) -> str:
    """A GUID without braces, in capitals."""
    return guid.strip("{}").upper()


def select(policies: Sequence[Gpo], name: str | None, guid: str | None) -> Gpo | None:
    """The policy of this GUID, or else of this name; a name that several have says nothing."""
    if guid:
        return next((policy for policy in policies if bare(policy.guid) == bare(guid)), None)
    found = [policy for policy in policies if policy.name.lower() == (name or "").lower()]
    if len(found) > 1:
        raise ResourceError(
            f"{len(found)} policies are named '{name}': {', '.join(policy.guid for policy in found)}. Nothing was"
            " changed. Name one of them by `guid`."
        )
    return found[0] if found else None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the module's options ask for."""

    name: str | None
    guid: str | None
    present: bool = True
    computer_settings: bool | None = None
    user_settings: bool | None = None
    links: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


class GpoResource:
    """The resource of the module `gpo`."""

    batch = 1000

    def __init__(self, policies: Policies, wish: Wish, backup: Backup | None = None) -> None:
        """Refuse where the files would be overwritten by the owner's."""
        self._policies = policies
        self._wish = wish
        self._backup = backup
        self._policy: Gpo | None = None
        self._new: Gpo | None = None
        self._links: dict[str, list[Link]] = {}
        self._names: dict[str, str] = {}
        owner = policies.owner()
        if owner != policies.own:
            raise ResourceError(
                f"{policies.own} does not own the PDC emulator, {owner} does; group policies written here would be"
                f" replaced by {owner}'s. Nothing was changed. Run on {owner}."
            )

    def current(self) -> State:
        """The policy, and its links on all containers."""
        self._policy = select(self._policies.all(), self._wish.name, self._wish.guid)
        self._links = {dn: parse_links(value, dn) for dn, value in self._policies.containers().items()}
        self._names = {self._policies.key(dn): dn for dn in self._links}
        return self._state(self._policy) if self._policy else {}

    def desired(self, before: State) -> State:
        """The options laid over it."""
        wish = self._wish
        if not wish.present:
            return {}
        if not before and not wish.name:
            raise ResourceError(
                f"There is no policy {wish.guid}, and a new one needs a name. Nothing was changed. Give `name`, or"
                " correct the GUID."
            )
        after = dict(before) or {"name": wish.name, "computer_settings": True, "user_settings": True, "links": {}}
        for option in ("name", "computer_settings", "user_settings"):
            if getattr(wish, option) is not None:
                after[option] = getattr(wish, option)
        after["links"] = self._wanted_links(before)
        if self._backup:
            after["files"] = _digests(self._backup.files)
            after["computer_extensions"] = self._backup.computer_extensions
            after["user_extensions"] = self._backup.user_extensions
        return after

    def plan(self, before: State, after: State) -> list[Step]:
        """The object, its attributes, its content, its links; for a removal the links first."""
        if not after:
            return self._removal(before)
        steps = []
        name = str(after["name"])
        if not before:
            guid = self._wish.guid or str(uuid.uuid4())
            self._new = self._policies.new(f"{{{bare(guid)}}}", name)
            steps.append(Step(verb="create", target=name))
            before = {"name": name, "computer_settings": True, "user_settings": True, "links": {}}
        plain = {key: after[key] for key in ("name", "computer_settings", "user_settings") if before[key] != after[key]}
        if plain:
            steps.append(Step(verb="set", target=name, change=plain))
        content = [key for key in _CONTENT if before.get(key) != after.get(key)]
        if self._backup and content:
            steps.append(Step(verb="restore", target=name, change={"parts": content}))
        for dn in sorted({*before["links"], *after["links"]}):
            if before["links"].get(dn) != after["links"].get(dn):
                steps.append(Step(verb="link", target=dn, change=after["links"].get(dn) or {}))
        return steps

    def transaction(self) -> AbstractContextManager[object]:
        """All of the plan."""
        return self._policies.transaction()

    def apply(self, step: Step) -> None:
        """One step."""
        policy = self._known()
        match step.verb:
            case "create":
                self._policies.create(policy, {_GPT: with_version(b"", 0)})
                self._policy = policy
            case "set":
                self._set(policy, step.change)
            case "restore":
                self._restore(policy)
            case "link":
                self._link(policy, step.target, step.change)
            case _:
                self._policies.delete(policy)

    def finish(self) -> None:
        """Every step was completed."""

    def result(self) -> Mapping[str, Any]:
        """Which policy it is."""
        if not self._wish.present or self._policy is None:
            return {"guid": None, "distinguished_name": None}
        return {"guid": self._policy.guid, "distinguished_name": self._policy.dn}

    def _known(self) -> Gpo:
        policy = self._policy or self._new
        if policy is None:
            raise ResourceError("There is no policy to change. This is a fault of ours.")
        return policy

    def _state(self, policy: Gpo) -> dict[str, Any]:
        shown = policy.shown
        state = {key: shown[key] for key in ("name", "computer_settings", "user_settings")}
        state["links"] = links_of(self._policies, policy, self._links)
        if self._backup:
            state["files"] = _digests(self._policies.files(policy))
            state["computer_extensions"] = policy.computer_extensions
            state["user_extensions"] = policy.user_extensions
        return state

    def _wanted_links(self, before: State) -> dict[str, dict[str, Any]]:
        wanted = {dn: dict(link) for dn, link in before.get("links", {}).items()}
        for wish in self._wish.links:
            dn = self._names.get(self._policies.key(wish["target"]))
            if dn is None:
                raise ResourceError(
                    f"{wish['target']} is neither the domain nor an OU nor a site of this forest, so no policy can be"
                    " linked to it. Nothing was changed. Correct it, or make it first."
                )
            if wish["state"] == "absent":
                wanted.pop(dn, None)
                continue
            count = len(self._links[dn]) + (dn not in wanted)
            # A new link is the last in order, as with Windows' own tools: it changes nothing for the others.
            present = wanted.setdefault(dn, {"enabled": True, "enforced": False, "order": count})
            given = {key: wish[key] for key in ("enabled", "enforced", "order") if wish[key] is not None}
            if not 1 <= given.get("order", 1) <= count:
                raise ResourceError(
                    f"order {given['order']} is not among the {count} links of {dn}. Nothing was changed. Choose 1"
                    f" (wins over the others) to {count}."
                )
            present.update(given)
        return wanted

    def _removal(self, before: State) -> list[Step]:
        if not before:
            return []
        policy = self._known()
        if bare(policy.guid) in _DEFAULTS:
            raise ResourceError(
                f"{policy.guid} ({policy.name}) is one of the two policies that every domain has. Nothing was changed."
                " Take its links away instead."
            )
        links = [Step(verb="link", target=dn) for dn in sorted(before["links"])]
        return [*links, Step(verb="delete", target=policy.name)]

    def _set(self, policy: Gpo, change: Mapping[str, Any]) -> None:
        flags = policy.flags
        for option, bit in (("computer_settings", _COMPUTER_OFF), ("user_settings", _USER_OFF)):
            if option in change:
                flags = flags & ~bit if change[option] else flags | bit
        self._policy = replace(policy, flags=flags, name=change.get("name", policy.name))
        self._policies.change(self._policy, displayName=self._policy.name, flags=str(flags))

    def _restore(self, policy: Gpo) -> None:
        if self._backup is None:
            return
        before = self._policies.files(policy)
        number = raised(policy.version, before, self._backup.files)
        old = next((text for path, text in before.items() if path.lower() == _GPT.lower()), b"")
        self._policies.change(
            policy,
            versionNumber=str(number - (1 << 32) if number >> 31 else number),
            gPCMachineExtensionNames=self._backup.computer_extensions or None,
            gPCUserExtensionNames=self._backup.user_extensions or None,
        )
        self._policies.write(policy, {**_content(self._backup.files), _GPT: with_version(old, number)})
        self._policy = replace(policy, version=number)

    def _link(self, policy: Gpo, container: str, wanted: Mapping[str, Any]) -> None:
        own = self._policies.key(policy.dn)
        links = [link for link in self._links[container] if self._policies.key(link.dn) != own]
        if wanted:
            link = Link(dn=policy.dn, enabled=wanted["enabled"], enforced=wanted["enforced"])
            links.insert(len(links) + 1 - wanted["order"], link)
        self._policies.link(container, format_links(links))


def _digests(files: Files) -> dict[str, str]:
    """What a difference shows of files: their digests, as policies may hold secrets."""
    return {path: hashlib.sha256(text).hexdigest() for path, text in sorted(_content(files).items())}


def links_of(policies: Policies, policy: Gpo, links: Mapping[str, Sequence[Link]]) -> dict[str, dict[str, Any]]:
    """Where a policy is linked; order 1 wins over the others."""
    own = policies.key(policy.dn)
    return {
        container: {"enabled": link.enabled, "enforced": link.enforced, "order": len(found) - place}
        for container, found in sorted(links.items())
        for place, link in enumerate(found)
        if policies.key(link.dn) == own
    }


def info(policies: Policies, name: str | None, guid: str | None) -> dict[str, Any]:
    """What `gpo_info` returns."""
    known = policies.all()
    if name or guid:
        one = select(known, name, guid)
        known = [one] if one else []
    links = {dn: parse_links(value, dn) for dn, value in policies.containers().items()}
    return {"policies": [{**policy.shown, "links": links_of(policies, policy, links)} for policy in known]}
