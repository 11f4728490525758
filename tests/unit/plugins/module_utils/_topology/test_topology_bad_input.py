# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated wrong inventories and variables: each is refused with its place and a remedy, none ends in a traceback.

What is generated is the same in every run. A failure prints the smallest edit that shows it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import Outcome, evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.findings import render
from ansible_collections.mailforest.stack.plugins.module_utils._topology.reader import (
    Anything,
    Kind,
    Many,
    Mapped,
    Number,
    Record,
    Text,
    type_name,
)
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import HOST_VARIABLES, VARIABLES
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.samples import (
    TODAY,
    TWO_OFFICES,
    Edits,
    outcome,
    raw,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

CASES = settings(max_examples=150, deadline=None, derandomize=True, database=None)

FULL: dict[str, Any] = copy.deepcopy(TWO_OFFICES) | {
    "mailforest_fsmo": {"pdc": "dc2", "rid": "dc1"},
    "mailforest_password_policy": {"min_password_length": 12, "complexity_enabled": True},
    "mailforest_admin": {"sources": ["198.51.100.0/24"]},
    "mailforest_time": {"servers": ["ntp.example.test"]},
}
FULL["mailforest_mail"] |= {"quota": "2G", "relay": {"hq": {"host": "smtp.provider.example", "ports": [587, 465]}}}
FULL["hosts"]["member1"]["vars"]["mailforest_shares"] = [
    {"name": "projects", "path": "/srv/projects", "group": "projects-rw"}
]
FULL["mailforest_groups"] = [
    *FULL["mailforest_groups"],
    {"name": "projects-rw", "scope": "domainlocal", "members": ["sales"]},
]
"""A good topology with every kind of value in it."""

Path = tuple[Any, ...]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.dates()
    | st.sampled_from(["", " ", "*", "auto", "::", "0.0.0.0/0", "..", "a\nb", "\u202e", "{{ x }}", "x" * 300])
    | st.sampled_from([-1, 1 << 70])
)
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.integers() | st.none() | st.booleans(), inner, max_size=3)
    ),
    max_leaves=6,
)


def kinds(kind: Kind, value: Any, path: Path, place: str) -> Iterator[tuple[Path, str, Kind]]:
    """Every place of a value with the kind that the schema wants there."""
    yield path, place, kind
    if isinstance(kind, Many):
        for index, item in enumerate(value):
            yield from kinds(kind.item, item, (*path, index), f"{place}[{index}]")
    elif isinstance(kind, Mapped):
        for name, item in value.items():
            yield from kinds(kind.item, item, (*path, name), f"{place}.{name}")
    elif isinstance(kind, Record):
        for entry in kind.entries:
            if entry.name in value:
                yield from kinds(entry.kind, value[entry.name], (*path, entry.name), f"{place}.{entry.name}")


PLACES: list[tuple[Path, str, Kind]] = [
    row
    for variable in VARIABLES
    if variable.name in FULL
    for row in kinds(variable.kind, FULL[variable.name], (variable.name,), variable.name)
] + [
    row
    for name, host in FULL["hosts"].items()
    for variable in HOST_VARIABLES
    if variable.name in host["vars"]
    for row in kinds(
        variable.kind, host["vars"][variable.name], ("hosts", name, "vars", variable.name), f"{name}.{variable.name}"
    )
]
NUMBERS = [row for row in PLACES if isinstance(row[2], Number)]
RECORDS = [row for row in PLACES if isinstance(row[2], Record)]
CHOICES = [row for row in PLACES if isinstance(row[2], Text) and row[2].choices]


def put(path: Path, value: Any) -> Outcome:
    """What comes of the good topology with another value at one place."""
    sample = copy.deepcopy(FULL)
    target: Any = sample
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return evaluate(raw(sample), today=TODAY)


def at(path: Path) -> Any:
    """The value of the good topology at that place."""
    value: Any = FULL
    for key in path:
        value = value[key]
    return value


def is_told(result: Outcome, place: str, *rules: str) -> None:
    """It is refused; one of the errors is about the place, and each one is whole."""
    assert result.plan is None
    found = [error for error in result.errors if error.place == place and (not rules or error.rule in rules)]
    assert found, (place, rules, [error.as_text() for error in result.errors])
    is_whole(result)


def is_whole(result: Outcome) -> None:
    """Every finding names rule, place, fact and remedy, in one text that has room for it."""
    for finding in (*result.errors, *result.warnings):
        assert finding.rule
        assert finding.place
        assert finding.message.strip()
        assert finding.remedy.strip()
        assert len(finding.value) <= 80
    text = render(result.errors) if result.errors else ""
    assert "Traceback" not in text
    assert (result.plan is None) == bool(result.errors)


def test_the_topology_that_is_spoilt_is_good() -> None:
    result = outcome(FULL)
    assert [finding.as_text() for finding in (*result.errors, *result.warnings)] == []
    assert {path[0] for path, _place, _kind in PLACES} >= {name for name in FULL if name.startswith("mailforest_")}
    assert NUMBERS and RECORDS and CHOICES


@CASES
@given(st.sampled_from(PLACES), junk)
@example(PLACES[0], {"realm": math.nan, "netbios": math.inf})
def test_nothing_whatever_ends_in_a_traceback(row: tuple[Path, str, Kind], value: Any) -> None:
    """Any value that YAML can hold, at any place: a plan, or errors that are whole."""
    is_whole(put(row[0], value))


@CASES
@given(st.sampled_from(PLACES), junk)
def test_a_value_of_another_type_is_refused(row: tuple[Path, str, Kind], value: Any) -> None:
    path, place, kind = row
    assume(value is not None and not isinstance(value, date) and not isinstance(kind, Anything))
    assume(type_name(value) != type_name(at(path)))
    assume(not (isinstance(kind, Text) and kind.numbers and isinstance(value, int)))
    assume(not (place == "mailforest_fsmo" and value == "auto"))
    is_told(put(path, value), place, "wrong-type")


@CASES
@given(st.sampled_from(NUMBERS), st.integers())
def test_a_number_out_of_range_is_refused(row: tuple[Path, str, Kind], value: int) -> None:
    path, place, kind = row
    assert isinstance(kind, Number)
    assume(not kind.low <= value <= kind.high)
    is_told(put(path, value), place, "wrong-value")


@CASES
@given(st.sampled_from(RECORDS), st.from_regex(r"[a-z_]{1,20}", fullmatch=True))
def test_a_key_that_nobody_knows_is_refused(row: tuple[Path, str, Kind], key: str) -> None:
    path, place, kind = row
    assert isinstance(kind, Record)
    assume(key not in {entry.name for entry in kind.entries})
    is_told(put((*path, key), "x"), f"{place}.{key}", "unknown-key")


@CASES
@given(st.sampled_from(CHOICES), st.text(min_size=1, max_size=12))
def test_what_is_not_one_of_the_choices_is_refused(row: tuple[Path, str, Kind], value: str) -> None:
    path, place, kind = row
    assert isinstance(kind, Text)
    assume(value not in kind.choices)
    is_told(put(path, value), place, "wrong-value")


@CASES
@given(st.sampled_from(RECORDS), st.data())
def test_a_required_key_that_is_missing_is_refused(row: tuple[Path, str, Kind], data: st.DataObject) -> None:
    path, place, kind = row
    assert isinstance(kind, Record)
    required = [entry.name for entry in kind.entries if entry.required]
    assume(required)
    name = data.draw(st.sampled_from(required))
    is_told(put((*path, name), None), f"{place}.{name}", "missing-value")


PEOPLE = {user["name"] for user in FULL["mailforest_users"]}
names = st.from_regex(r"[a-z][a-z0-9-]{2,12}[a-z0-9]", fullmatch=True).filter(
    lambda name: name not in FULL["hosts"] and name not in FULL["mailforest_sites"]
)
words = st.from_regex(r"[ !$%&/()=?_,;:|<>#'~äßж]{1,6}", fullmatch=True)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("mailforest_sites/hq/gateway", names),
        ("mailforest_fsmo/pdc", names),
        ("mailforest_mail/home/hq", names),
        ("hosts/dc1/vars/mailforest_site", names),
        ("mailforest_site_links/hq-branch/sites/1", names),
        ("mailforest_users/0/site", names),
        ("mailforest_users/0/groups", st.lists(names, min_size=1, max_size=2)),
        ("mailforest_groups/0/members", st.lists(names.filter(lambda name: name not in PEOPLE), min_size=1)),
        ("mailforest_forest/realm", words | st.sampled_from(["corp.example.test", "CORP", "10.0.0.1", "CORP.2"])),
        ("mailforest_forest/netbios", words | st.sampled_from(["toolongforanetbiosname", "A.B", "corp"])),
        ("mailforest_sites/hq/subnets/0", words | st.sampled_from(["198.51.100.65/26", "300.0.0.0/8"])),
        ("mailforest_sites/hq/subnets/0", st.sampled_from(["198.51.100.128/26", "0.0.0.0/0"])),
        ("mailforest_mail/domains/0", words | st.sampled_from(["example", "exam ple.test", "-a.test", "a..test"])),
        ("mailforest_mail/quota", words | st.sampled_from(["2 GB", "-1G", "lots", "0x10"])),
        ("mailforest_users/0/email", words | st.sampled_from(["alice", "alice@", "@example.test", "a@b@example.test"])),
        ("mailforest_users/0/email", names.map(lambda name: f"{name}@foreign.test")),
        ("mailforest_users/0/name", st.sampled_from(["boris", "x" * 21, "a@b", " a", "a.", "a\u202eb", "svc-mail"])),
        ("mailforest_groups/0/name", st.sampled_from(["alice", "projects-rw"]) | st.just('a"b')),
        ("hosts/dc1/vars/ansible_host", st.sampled_from(["198.51.100.71", "198.51.100.5", "10.1.1.1"])),
        ("hosts/gw-hq/vars/mailforest_public_address", words | names | st.sampled_from(["198.51.100", "1.2.3.4/32"])),
        ("mailforest_dns/zones/0", words | st.just("a..b")),
        ("mailforest_dns/forwarders/0", words | names),
        ("mailforest_admin/sources/0", words | names | st.just("198.51.100.1/24")),
    ],
)
def test_what_cannot_be_meant_is_refused(path: str, values: st.SearchStrategy[Any]) -> None:
    """Names of nothing, addresses of others, words that no server takes: refused near the place."""

    @settings(CASES, max_examples=20)
    @given(values)
    def refused(value: Any) -> None:
        edits: Edits = {path: value}
        result = outcome(FULL, edits)
        assert result.plan is None, edits
        is_whole(result)
        place = path.removeprefix("hosts/").replace("/vars/", ".").split("/")
        about = place[0].split(".")[0]
        near = [error for error in result.errors if about in f"{error.place} {error.message} {error.host}"]
        assert near, (edits, [error.as_text() for error in result.errors])

    refused()
