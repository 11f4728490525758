# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records: their one text form, what is laid over what, and what DNS forbids."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _dns
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import Record
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

ZONE = "example.test"


class MemoryZones:
    """Zones in memory; `writes` tells what was done."""

    def __init__(self) -> None:
        start = [Record(type="SOA", data="raw", ttl=3600), Record(type="NS", data="dc1.corp.example.test", ttl=3600)]
        self.zones: dict[str, dict[str, list[Record]]] = {
            ZONE: {"@": start, "www": [Record(type="A", data="198.51.100.70", ttl=600)]},
            "corp.example.test": {},
        }
        self.held_properties: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.reloads = 0

    def names(self) -> list[str]:
        return sorted(self.zones)

    def protected(self) -> list[str]:
        return ["corp.example.test"]

    def read(self, zone: str, name: str) -> list[Record]:
        return self.zones[zone].get(name, [])

    def write(self, zone: str, name: str, records: Sequence[Record]) -> None:
        self.writes.append(f"write {name}.{zone}")
        self.zones[zone][name] = list(records)

    def create(self, zone: str) -> None:
        self.writes.append(f"create {zone}")
        self.zones[zone] = {}

    def delete(self, zone: str) -> None:
        self.writes.append(f"delete {zone}")
        del self.zones[zone]

    def properties(self, zone: str) -> dict[str, Any]:
        return {"aging": False, "dynamic_update": "secure", **self.held_properties.get(zone, {})}

    def set_properties(self, zone: str, properties: Mapping[str, Any]) -> None:
        self.writes.append(f"set {zone}")
        self.held_properties.setdefault(zone, {}).update(properties)

    def bump(self, zone: str) -> None:
        self.writes.append(f"bump {zone}")

    def reload(self) -> None:
        self.reloads += 1

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def held(self, name: str, kind: str) -> list[tuple[str, int]]:
        return sorted((record.data, record.ttl) for record in self.zones[ZONE].get(name, []) if record.type == kind)


def entry(**options: Any) -> dict[str, Any]:
    base = {"zone": ZONE, "values": None, "ttl": None, "exclusive": True, "state": "present"}
    assert set(options) <= {*base, "name", "type"}
    return {**base, **options}


def apply(zones: MemoryZones, *entries: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    return _engine._run(_dns.RecordsResource(zones, entries), check_mode=check_mode)


@pytest.mark.parametrize(
    ("kind", "value", "canonical"),
    [
        ("A", " 198.51.100.70", "198.51.100.70"),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("CNAME", "MX1.Example.Test.", "mx1.example.test"),
        ("MX", "10  mx1.example.test.", "10 mx1.example.test"),
        ("MX", "010 mx1", "10 mx1"),
        ("SRV", "0 100 389 DC1.example.test", "0 100 389 dc1.example.test"),
        ("TXT", "v=spf1 mx -all", "v=spf1 mx -all"),
        ("NS", "ns.other.test", "ns.other.test"),
        ("PTR", "mx1.example.test", "mx1.example.test"),
    ],
)
def test_values_have_one_form(kind: str, value: str, canonical: str) -> None:
    assert _dns.CANONICAL[kind](value) == canonical


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", "198.51.100.300"),
        ("A", "2001:db8::1"),
        ("AAAA", "198.51.100.70"),
        ("CNAME", "a b"),
        ("CNAME", ""),
        ("CNAME", "-a.test"),
        ("MX", "mx1.example.test"),
        ("MX", "65536 mx1"),
        ("MX", "-1 mx1"),
        ("SRV", "1 2 mx1"),
        ("TXT", ""),
        ("TXT", "line\nbreak"),
        ("NS", f"{'a' * 64}.test"),
    ],
)
def test_wrong_values_are_refused(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _dns.CANONICAL[kind](value)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("@", "@"),
        ("example.test.", "@"),
        ("WWW", "www"),
        ("www.example.test", "www"),
        ("_imaps._tcp", "_imaps._tcp"),
        ("*", "*"),
        ("*.w", "*.w"),
    ],
)
def test_names_are_relative_to_the_zone(name: str, kept: str) -> None:
    assert _dns.relative(name, ZONE) == kept


@pytest.mark.parametrize("length", [1, 255, 256, 600])
def test_long_texts_are_several_strings(length: int) -> None:
    parts = _dns.chunks("x" * length)
    assert "".join(parts) == "x" * length
    assert max(map(len, parts)) <= 255


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ({"values": ["198.51.100.71"]}, [("198.51.100.71", 600)]),
        ({"values": ["198.51.100.71"], "exclusive": False}, [("198.51.100.70", 600), ("198.51.100.71", 600)]),
        ({"values": ["198.51.100.70"], "ttl": 60}, [("198.51.100.70", 60)]),
        ({"state": "absent"}, []),
        ({"state": "absent", "values": ["198.51.100.70"]}, []),
    ],
)
def test_records_change_and_then_stay(options: dict[str, Any], held: list[tuple[str, int]]) -> None:
    zones = MemoryZones()
    wish = entry(name="www", type="A", **options)
    told = apply(zones, wish, check_mode=True)
    assert zones.writes == []
    done = apply(zones, wish)
    assert (told["operations"], told["diff"]) == (done["operations"], done["diff"])
    assert zones.held("www", "A") == held
    assert zones.writes == ["write www.example.test", "bump example.test"]
    assert not apply(zones, wish)["changed"]


@pytest.mark.parametrize(
    "options",
    [
        {"name": "www", "type": "A", "values": ["198.51.100.70"]},
        {"name": "www", "type": "A", "values": ["198.51.100.70", "198.51.100.70"], "ttl": 600},
        {"name": "www", "type": "A", "values": ["198.51.100.99"], "state": "absent"},
        {"name": "none", "type": "TXT", "state": "absent"},
        {"name": "x", "type": "A", "zone": "no.test", "state": "absent"},
    ],
)
def test_what_is_so_already_is_no_change(options: dict[str, Any]) -> None:
    zones = MemoryZones()
    assert not apply(zones, entry(**options))["changed"]
    assert zones.writes == []


def test_other_types_and_stored_forms_at_the_name_stay() -> None:
    zones = MemoryZones()
    apply(
        zones,
        entry(name="@", type="MX", values=["10 mx1.example.test"]),
        entry(name="@", type="TXT", values=["v=spf1 mx -all"]),
    )
    assert [record.type for record in zones.zones[ZONE]["@"]] == ["SOA", "NS", "MX", "TXT"]
    assert zones.writes == ["write @.example.test", "bump example.test"]
    assert zones.held("@", "MX") == [("10 mx1.example.test", 3600)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"name": "www", "type": "CNAME", "values": ["a.test"]}], "a CNAME stands alone"),
        ([{"name": "new", "type": "CNAME", "values": ["a.test", "b.test"]}], "1 more CNAME"),
        ([{"name": "@", "type": "NS", "state": "absent"}], "no NS record"),
        ([{"name": "a b", "type": "A", "values": ["198.51.100.1"]}], "no DNS name"),
        ([{"name": "a", "type": "A", "values": []}], "`values` is empty"),
        ([{"name": "a", "type": "A", "values": ["198.51.100.1"], "ttl": -1}], "ttl -1"),
        ([{"name": "a", "type": "A", "values": ["198.51.100.1"]}] * 2, "given twice"),
    ],
)
def test_what_dns_forbids_is_refused(entries: list[dict[str, Any]], message: str) -> None:
    zones = MemoryZones()
    with pytest.raises(ResourceError) as caught:
        apply(zones, *(entry(**options) for options in entries))
    assert message in str(caught.value)
    assert zones.writes == []


def test_faults_come_at_once() -> None:
    with pytest.raises(ResourceError) as caught:
        apply(MemoryZones(), entry(name="a", type="A", values=["x"]), entry(name="b", type="MX", values=["y"]))
    assert len(caught.value.details["faults"]) == 2


def test_sets_that_only_add_may_come_in_parts() -> None:
    zones = MemoryZones()
    parts = [entry(name="a", type="A", values=[f"198.51.100.{n}"], exclusive=False) for n in (1, 2)]
    apply(zones, *parts)
    assert len(zones.held("a", "A")) == 2


def test_a_missing_zone_may_be_made_by_an_earlier_task_in_check_mode() -> None:
    with pytest.raises(NotYetKnowable, match=r"no zone no\.test"):
        apply(MemoryZones(), entry(zone="no.test", name="a", type="A", values=["198.51.100.1"]))


@pytest.mark.parametrize(
    ("names", "present", "writes"),
    [
        (["New.Test.", "example.test"], True, ["create new.test"]),
        (["example.test", "no.test"], False, ["delete example.test"]),
        (["example.test"], True, []),
    ],
)
def test_zones(names: list[str], present: bool, writes: list[str]) -> None:
    zones = MemoryZones()
    told = _engine._run(_dns.ZoneResource(zones, names, present=present), check_mode=True)
    assert (zones.writes, zones.reloads) == ([], 0)
    done = _engine._run(_dns.ZoneResource(zones, names, present=present), check_mode=False)
    assert (zones.writes, told["operations"]) == (writes, done["operations"])
    assert zones.reloads == 1, "a run that was interrupted before the reload is completed by the next"


@pytest.mark.parametrize(("names", "message"), [(["corp.example.test"], "the domain needs"), (["a b"], "no DNS name")])
def test_zones_that_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        _engine._run(_dns.ZoneResource(MemoryZones(), names, present=False), check_mode=False)


def _zone(zones: MemoryZones, *names: str, **properties: Any) -> bool:
    resource = _dns.ZoneResource(zones, names, present=True, properties=properties)
    return bool(_engine._run(resource, check_mode=False)["changed"])


def test_a_zone_gets_the_properties_that_are_asked_for() -> None:
    zones = MemoryZones()
    wanted = {"aging": True, "refresh_interval": 24, "no_refresh_interval": None, "dynamic_update": None}
    assert _zone(zones, ZONE, "new.test", **wanted)
    assert zones.writes == [f"set {ZONE}", "create new.test", "set new.test"]
    assert zones.held_properties[ZONE] == {"aging": True, "refresh_interval": 24}
    assert not _zone(zones, ZONE, "new.test", **wanted)
    assert not _zone(zones, ZONE, dynamic_update="secure")
    assert not _zone(zones, ZONE, aging=None)


def test_intervals_are_hours_of_at_most_a_year() -> None:
    with pytest.raises(ResourceError, match="refresh_interval 0 is not from 1 to 8760 hours"):
        _zone(MemoryZones(), ZONE, refresh_interval=0)
