# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Untyped data are read by a schema, and every mistake is reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.reader import (
    Day,
    Entry,
    Flag,
    Kind,
    Many,
    Mapped,
    Number,
    Reader,
    Record,
    Text,
    type_name,
)
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import VARIABLES

SCHEMA = Record(
    entries=(
        Entry(name="name", kind=Text(), required=True, about="A name."),
        Entry(name="count", kind=Number(low=1, high=9), default=3, about="A number."),
        Entry(name="on", kind=Flag(), default=True, about="A switch."),
        Entry(name="end", kind=Day(), about="A date."),
        Entry(name="items", kind=Many(item=Text()), about="A list."),
        Entry(name="by_name", kind=Mapped(item=Number(low=0, high=1)), about="A mapping."),
    )
)
BLANK = {"name": "", "count": 3, "on": True, "end": None, "items": (), "by_name": {}}


@pytest.mark.parametrize(
    ("given", "read", "reports"),
    [
        ({"name": "a"}, {"name": "a"}, []),
        ({"name": "a", "count": 9, "on": False}, {"name": "a", "count": 9, "on": False}, []),
        ({"name": "a", "count": None, "items": None}, {"name": "a"}, []),
        ({"name": "a", "end": "2027-01-31"}, {"name": "a", "end": date(2027, 1, 31)}, []),
        ({"name": "a", "end": datetime(2027, 1, 31, 12)}, {"name": "a", "end": date(2027, 1, 31)}, []),
        ({"name": "a", "end": 2027}, {"name": "a"}, [("wrong-type", "x.end")]),
        ({}, {}, [("missing-value", "x.name")]),
        ({"name": None}, {}, [("missing-value", "x.name")]),
        ({"name": ""}, {}, [("missing-value", "x.name")]),
        ({"name": 5}, {}, [("wrong-type", "x.name")]),
        ({"name": "a", "nme": "b"}, {"name": "a"}, [("unknown-key", "x.nme")]),
        ({"name": "a", "count": 10}, {"name": "a", "count": 1}, [("wrong-value", "x.count")]),
        ({"name": "a", "count": True}, {"name": "a", "count": 1}, [("wrong-type", "x.count")]),
        ({"name": "a", "count": "3"}, {"name": "a", "count": 1}, [("wrong-type", "x.count")]),
        ({"name": "a", "on": "no"}, {"name": "a", "on": False}, [("wrong-type", "x.on")]),
        ({"name": "a", "items": "b"}, {"name": "a"}, [("wrong-type", "x.items")]),
        ({"name": "a", "items": ["b", 1]}, {"name": "a", "items": ("b", "")}, [("wrong-type", "x.items[1]")]),
        ({"name": "a", "by_name": {"b": 1}}, {"name": "a", "by_name": {"b": 1}}, []),
        ({"name": "a", "by_name": {True: 1}}, {"name": "a"}, [("wrong-type", "x.by_name.True")]),
        ({"name": "a", "by_name": []}, {"name": "a"}, [("wrong-type", "x.by_name")]),
        ("text", {}, [("wrong-type", "x")]),
        (["a"], {}, [("wrong-type", "x")]),
    ],
)
def test_what_is_wrong_is_reported_and_the_rest_is_read(
    given: object, read: dict[str, object], reports: list[tuple[str, str]]
) -> None:
    reader = Reader()
    assert SCHEMA.read(given, "x", reader) == BLANK | read
    assert [(finding.rule, finding.place) for finding in reader.findings] == reports


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "nothing"),
        (True, "a truth value"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "text"),
        ({}, "a mapping"),
        ([], "a list"),
        (date(2027, 1, 1), "a date"),
    ],
)
def test_types_have_plain_names(value: object, name: str) -> None:
    assert type_name(value) == name


def entries(kind: Kind) -> Iterator[Entry]:
    """Every entry of a schema, at any depth."""
    match kind:
        case Record():
            for entry in kind.entries:
                yield entry
                yield from entries(entry.kind)
        case Many() | Mapped():
            yield from entries(kind.item)


POLICY = next(list(entries(variable.kind)) for variable in VARIABLES if variable.name == "mailforest_password_policy")


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_numbers_and_flags_have_a_default_or_are_required(variable: object) -> None:
    for entry in entries(variable.kind):  # type: ignore[attr-defined]
        if isinstance(entry.kind, Number | Flag) and entry not in POLICY:  # of which what is not given is left out
            assert entry.required or entry.default is not None
