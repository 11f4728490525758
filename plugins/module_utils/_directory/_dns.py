# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records of the directory: their text form, and the resources that manage zones and records. Private."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import (
    NotYetKnowable,
    ResourceError,
    State,
    Step,
)

DEFAULT_TTL = 3600
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")
_TEXT = re.compile(r"[\x20-\x7e]+\Z")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a name; `data` is its text in one form only, so that equal records are equal."""

    type: str
    data: str
    ttl: int
    raw: bytes | None = field(default=None, compare=False, repr=False)
    """As it is stored; None = not yet."""


class Zones(Protocol):
    """The directory's DNS. Errors are `ResourceError`."""

    def names(self) -> list[str]:
        """The zones, in lower case."""

    def protected(self) -> list[str]:
        """The zones that the domain itself lives by."""

    def read(self, zone: str, name: str) -> list[Record]:
        """All records of a name."""

    def write(self, zone: str, name: str, records: Sequence[Record]) -> None:
        """Make these the records of a name; none = the name goes."""

    def create(self, zone: str) -> None:
        """Add a zone, with SOA and NS records that name this controller."""

    def delete(self, zone: str) -> None:
        """Delete a zone and all in it."""

    def properties(self, zone: str) -> dict[str, Any]:
        """What `ZONE_OPTIONS` names, as it stands."""

    def set_properties(self, zone: str, properties: Mapping[str, Any]) -> None:
        """Change some of them."""

    def bump(self, zone: str) -> None:
        """Raise the serial in the zone's SOA record."""

    def reload(self) -> None:
        """Have a running DNS server read its list of zones again."""

    def transaction(self) -> AbstractContextManager[object]:
        """All writes inside take effect together, or none."""


ZONE_OPTIONS: dict[str, dict[str, Any]] = {
    "aging": {"type": "bool"},
    "no_refresh_interval": {"type": "int"},
    "refresh_interval": {"type": "int"},
    "dynamic_update": {"type": "str", "choices": ["none", "secure"]},
}
_HOURS = range(1, 8761)


def host(text: str) -> str:
    """A host's name in lower case without the final dot."""
    name = text.strip().lower().removesuffix(".")
    if not _HOST.match(name):
        raise ValueError(f"'{text}' is no DNS name")
    return name


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ValueError(f"'{text}' is no number from 0 to 65535")
    return int(text)


def _numbers_and_host(count: int, form: str) -> Callable[[str], str]:
    def canonical(value: str) -> str:
        parts = value.split()
        if len(parts) != count + 1:
            raise ValueError(f"'{value}' must have the form '{form}'")
        return " ".join([*(str(_number(part)) for part in parts[:-1]), host(parts[-1])])

    return canonical


def _text(value: str) -> str:
    if not _TEXT.match(value):
        raise ValueError("a TXT value holds printable ASCII characters, at least one")
    return value


CANONICAL: Mapping[str, Callable[[str], str]] = {
    "A": lambda value: str(ipaddress.IPv4Address(value.strip())),
    "AAAA": lambda value: str(ipaddress.IPv6Address(value.strip())),
    "CNAME": host,
    "MX": _numbers_and_host(1, "preference host"),
    "NS": host,
    "PTR": host,
    "SRV": _numbers_and_host(3, "priority weight port host"),
    "TXT": _text,
}
"""How each type's values are checked and brought into one form."""


_ENTRY: dict[str, dict[str, Any]] = {
    "zone": {"type": "str"},
    "name": {"type": "str"},
    "type": {"type": "str", "choices": list(CANONICAL)},
    "values": {"type": "list", "elements": "str"},
    "ttl": {"type": "int"},
    "exclusive": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
_KEYS = ("zone", "name", "type")
_LISTED = {key: {**spec, "required": True} if key in _KEYS else spec for key, spec in _ENTRY.items()}
RECORD_ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        **_ENTRY,
        "records": {"type": "list", "elements": "dict", "options": _LISTED},
    },
    "required_one_of": [("zone", "records")],
    "required_together": [_KEYS],
    "mutually_exclusive": [("zone", "records")],
    "supports_check_mode": True,
}


def chunks(text: str) -> list[str]:
    """A TXT value as strings of at most 255 characters (RFC 1035 3.3); readers join them (RFC 7208 3.3)."""
    return [text[start : start + 255] for start in range(0, len(text), 255)]


def relative(name: str, zone: str) -> str:
    """A name as the zone keeps it: '@' for the zone itself, otherwise without the zone's name."""
    text = name.strip().lower().removesuffix(".")
    if text in ("@", "", zone):
        return "@"
    text = text.removesuffix(f".{zone}")
    if text != "*" and not _HOST.match(text.removeprefix("*.")):
        raise ValueError(f"name '{name}' is no DNS name")
    return text


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One wanted set of records: all of one type at one name."""

    zone: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int | None
    present: bool
    exclusive: bool

    @property
    def label(self) -> str:
        """How it is shown."""
        owner = self.zone if self.name == "@" else f"{self.name}.{self.zone}"
        return f"{owner} {self.type}"


def wish_of(entry: Mapping[str, Any]) -> Wish:
    """Check one entry; a fault is a ValueError."""
    zone = host(entry["zone"])
    canonical = CANONICAL[entry["type"]]
    values = tuple(dict.fromkeys(canonical(value) for value in entry["values"] or ()))
    present = entry["state"] == "present"
    if present and not values:
        raise ValueError("`values` is empty; give values, or `state: absent`")
    if entry["ttl"] is not None and not 0 <= entry["ttl"] <= 2147483647:
        raise ValueError(f"ttl {entry['ttl']} is not from 0 to 2147483647 seconds")
    return Wish(
        zone=zone,
        name=relative(entry["name"], zone),
        type=entry["type"],
        values=values,
        ttl=entry["ttl"],
        present=present,
        exclusive=entry["exclusive"],
    )


def lay_over(wish: Wish, records: Sequence[Record]) -> list[Record]:
    """The records of a name after the wish; those of other types stay as they are."""
    others = [record for record in records if record.type != wish.type]
    same = {record.data: record for record in records if record.type == wish.type}
    if not wish.present:
        gone = set(wish.values or same)
        return others + [record for data, record in same.items() if data not in gone]
    kept = {} if wish.exclusive else dict(same)
    for value in wish.values:
        old = same.get(value)
        ttl = wish.ttl if wish.ttl is not None else old.ttl if old else _common_ttl(same)
        kept[value] = old if old and old.ttl == ttl else Record(type=wish.type, data=value, ttl=ttl)
    return others + list(kept.values())


def _common_ttl(same: Mapping[str, Record]) -> int:
    """Records of one set share a TTL (RFC 2181 5.2)."""
    return min((record.ttl for record in same.values()), default=DEFAULT_TTL)


def node_faults(label: str, records: Sequence[Record]) -> list[str]:
    """What DNS forbids at one name (RFC 1034 3.6.2, RFC 2181 10.1)."""
    kinds = {record.type for record in records}
    aliases = [record for record in records if record.type == "CNAME"]
    if aliases and (len(kinds) > 1 or len(aliases) > 1):
        others = ", ".join(sorted(kinds - {"CNAME"})) or f"{len(aliases) - 1} more CNAME"
        return [f"{label}: a CNAME stands alone at its name, but there would also be: {others}"]
    if "SOA" in kinds and "NS" not in kinds:
        return [f"{label}: the zone would have no NS record; at least one must stay"]
    return []


class _Base:
    """What zones and records have in common."""

    batch = 1000

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._touched: set[str] = set()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """The directory's own; the serials of changed zones are raised within it."""
        with self._zones.transaction():
            yield
            for zone in sorted(self._touched):
                self._zones.bump(zone)
            self._touched.clear()

    def result(self) -> Mapping[str, Any]:
        """Nothing more."""
        return {}


class RecordsResource(_Base):
    """The resource of the module `dns_record`."""

    def __init__(self, zones: Zones, entries: Sequence[Mapping[str, Any]]) -> None:
        """Check the entries; nothing is read yet."""
        super().__init__(zones)
        self._wishes = _wishes(entries)
        self._before: dict[tuple[str, str], list[Record]] = {}
        self._after: dict[tuple[str, str], list[Record]] = {}

    def current(self) -> State:
        """Read each name once."""
        missing = sorted({wish.zone for wish in self._wishes if wish.present}.difference(self._zones.names()))
        if missing:
            raise NotYetKnowable(
                f"The directory holds no zone {', '.join(missing)}. Nothing was changed."
                " Make it with mailforest.stack.dns_zone first, or correct `zone`.",
                missing=missing,
            )
        known = set(self._zones.names())
        self._wishes = [wish for wish in self._wishes if wish.zone in known]
        for wish in self._wishes:
            node = (wish.zone, wish.name)
            if node not in self._before:
                self._before[node] = self._zones.read(*node)
                self._after[node] = self._before[node]
            self._after[node] = lay_over(wish, self._after[node])
        faults = [
            fault for node in self._changed() for fault in node_faults(f"{node[1]} in {node[0]}", self._after[node])
        ]
        _fail(faults)
        return self._state(self._before)

    def _changed(self) -> list[tuple[str, str]]:
        return [node for node in self._before if set(self._before[node]) != set(self._after[node])]

    def _state(self, nodes: Mapping[tuple[str, str], Sequence[Record]]) -> State:
        changed = set(self._changed())
        return {
            wish.label: _shown(nodes[wish.zone, wish.name], wish.type)
            for wish in self._wishes
            if (wish.zone, wish.name) in changed
        }

    def desired(self, before: State) -> State:
        """The same names with the wishes laid over."""
        return self._state(self._after)

    def plan(self, before: State, after: State) -> list[Step]:
        """One step per name."""
        return [self._step(node) for node in self._changed()]

    def _step(self, node: tuple[str, str]) -> Step:
        zone, name = node
        types = sorted({wish.type for wish in self._wishes if (wish.zone, wish.name) == node})
        change = {kind: _shown(self._after[node], kind) for kind in types}
        target = zone if name == "@" else f"{name}.{zone}"
        return Step(verb="set_records", target=target, change=change, payload=node)

    def apply(self, step: Step) -> None:
        """Write one name."""
        zone, name = step.payload
        self._zones.write(zone, name, self._after[zone, name])
        self._touched.add(zone)

    def finish(self) -> None:
        """The DNS server reads records with each query."""


class ZoneResource(_Base):
    """The resource of the module `dns_zone`."""

    def __init__(
        self, zones: Zones, names: Sequence[str], *, present: bool, properties: Mapping[str, Any] | None = None
    ) -> None:
        """Check the names and numbers; nothing is read yet. Of the properties, None leaves one as it is."""
        super().__init__(zones)
        try:
            self._names = list(dict.fromkeys(host(name) for name in names))
        except ValueError as exc:
            raise ResourceError(f"Nothing was changed: {exc}. Correct the zone's name.") from exc
        self._present = present
        self._wanted = {key: value for key, value in (properties or {}).items() if value is not None}
        _fail(
            [
                f"{key} {value} is not from {_HOURS[0]} to {_HOURS[-1]} hours"
                for key, value in self._wanted.items()
                if key.endswith("_interval") and value not in _HOURS
            ]
        )

    def current(self) -> State:
        """Which of the zones are there, and how those differ that are."""
        if not self._present:
            _fail([f"zone '{name}' is one the domain needs" for name in self._names if name in self._zones.protected()])
        there = set(self._zones.names())
        return {name: self._read(name) if name in there else "absent" for name in self._names}

    def _read(self, name: str) -> Any:
        if not self._wanted or not self._present:
            return "present"
        found = self._zones.properties(name)
        return {key: found.get(key) for key in self._wanted}

    def desired(self, before: State) -> State:
        """All of them there, with the properties, or none."""
        return dict.fromkeys(self._names, (self._wanted or "present") if self._present else "absent")

    def plan(self, before: State, after: State) -> list[Step]:
        """Per zone that differs, it comes or goes, and gets its properties."""
        steps = []
        for name in self._names:
            if before[name] == after[name]:
                continue
            if not self._present:
                steps.append(Step(verb="delete_zone", target=name))
                continue
            if before[name] == "absent":
                steps.append(Step(verb="create_zone", target=name))
            if self._wanted:
                steps.append(Step(verb="set_zone", target=name, change=dict(self._wanted)))
        return steps

    def apply(self, step: Step) -> None:
        """Create, set, or delete."""
        if step.verb == "create_zone":
            self._zones.create(step.target)
        elif step.verb == "set_zone":
            self._zones.set_properties(step.target, step.change)
        else:
            self._zones.delete(step.target)

    def finish(self) -> None:
        """A running DNS server keeps its list of zones in memory; an interrupted run may not have told it."""
        self._zones.reload()


def _wishes(entries: Sequence[Mapping[str, Any]]) -> list[Wish]:
    wishes: list[Wish] = []
    faults: list[str] = []
    for entry in entries:
        try:
            wishes.append(wish_of(entry))
        except ValueError as exc:
            faults.append(f"{entry['name']} {entry['type']} in {entry['zone']}: {exc}")
    seen: dict[str, Wish] = {}
    for wish in wishes:
        other = seen.setdefault(wish.label, wish)
        if other is not wish and (wish.exclusive or other.exclusive):
            faults.append(f"{wish.label} is given twice; give all its values at once, or `exclusive: false` with each")
    _fail(faults)
    return wishes


def _shown(records: Sequence[Record], kind: str) -> dict[str, Any]:
    same = [record for record in records if record.type == kind]
    return {"values": sorted(record.data for record in same), "ttl": min(record.ttl for record in same)} if same else {}


def _fail(faults: Sequence[str]) -> None:
    if faults:
        raise ResourceError(f"Nothing was changed: {'; '.join(faults)}. Correct these.", faults=list(faults))
