# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read untyped data by a schema, and say everything that is wrong with its form.

A reader always returns a value of the declared form: where the data are wrong it reports a finding and goes on with a
blank, so that one mistake does not hide the next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from .findings import Finding, Rule, Violation

UNKNOWN_KEY = Rule(name="unknown-key", requirement="AD-33", summary="Every key is one that this version knows.")
WRONG_TYPE = Rule(name="wrong-type", requirement="AD-33", summary="Every value has the type that the table names.")
WRONG_VALUE = Rule(
    name="wrong-value", requirement="AD-33", summary="Every value is one of the choices, or within the range."
)
MISSING_VALUE = Rule(name="missing-value", requirement="AD-33", summary="Every required value is given.")
FORM_RULES: tuple[Rule, ...] = (UNKNOWN_KEY, WRONG_TYPE, WRONG_VALUE, MISSING_VALUE)


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing when no known name is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{matches[0]}'? " if matches else ""


def type_name(value: object) -> str:
    """The type of a value in the words of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


@dataclass
class Reader:
    """Collects what is wrong while the data are read."""

    findings: list[Finding] = field(default_factory=list)

    def report(self, rule: Rule, place: str, value: object, message: str, remedy: str) -> None:
        """Note a breach and go on."""
        violation = Violation(place=place, value=value, message=message, remedy=remedy)
        self.findings.append(rule.finding(violation))

    def wrong_type(self, place: str, value: object, wanted: str) -> None:
        """Note a value of the wrong type."""
        self.report(
            WRONG_TYPE, place, value, f"This is {type_name(value)}, {wanted} is needed.", f"Write {wanted} here."
        )


@dataclass(frozen=True, kw_only=True)
class Text:
    """Text; numbers are taken as text where `numbers` says so (`functional_level: 2016`)."""

    choices: tuple[str, ...] = ()
    numbers: bool = False

    @property
    def label(self) -> str:
        """The type's name in the documentation."""
        return "one of " + ", ".join(f"`{choice}`" for choice in self.choices) if self.choices else "text"

    def read(self, value: object, place: str, reader: Reader) -> str:
        """The text, or "" after a report."""
        if self.numbers and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            reader.wrong_type(place, value, "text")
            return ""
        if not value:
            reader.report(MISSING_VALUE, place, value, "The text is empty.", "Give a value, or remove the key.")
        elif self.choices and value not in self.choices:
            choices = ", ".join(self.choices)
            hint = nearest(value, self.choices)
            reader.report(
                WRONG_VALUE, place, value, "This is not one of the choices.", f"{hint}Choose from: {choices}."
            )
            return ""
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A whole number within a range."""

    low: int
    high: int

    @property
    def label(self) -> str:
        """The type's name in the documentation."""
        return f"number, {self.low} to {self.high}"

    def read(self, value: object, place: str, reader: Reader) -> int:
        """The number, or the lowest allowed after a report."""
        if not isinstance(value, int) or isinstance(value, bool):
            reader.wrong_type(place, value, "a whole number")
            return self.low
        if not self.low <= value <= self.high:
            remedy = f"Give a number from {self.low} to {self.high}."
            reader.report(WRONG_VALUE, place, value, "The number is out of range.", remedy)
            return self.low
        return int(value)


@dataclass(frozen=True, kw_only=True)
class Flag:
    """True or false."""

    label: str = "true or false"

    def read(self, value: object, place: str, reader: Reader) -> bool:
        """The truth value, or false after a report."""
        if not isinstance(value, bool):
            reader.wrong_type(place, value, "true or false")
            return False
        return value


@dataclass(frozen=True, kw_only=True)
class Day:
    """A date, as YAML reads it or as text."""

    label: str = "date (`2027-01-31`)"

    def read(self, value: object, place: str, reader: Reader) -> date | None:
        """The date, or none after a report."""
        if isinstance(value, date):
            return date(value.year, value.month, value.day)
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            reader.wrong_type(place, value, "a date such as 2027-01-31")
            return None


@dataclass(frozen=True, kw_only=True)
class Anything:
    """Whatever stands there; for keys that are known only to be refused with their own reason."""

    label: str = "anything"

    def read(self, value: object, place: str, reader: Reader) -> object:
        """The value as it is."""
        return value


@dataclass(frozen=True, kw_only=True)
class Many:
    """A list of items of one kind."""

    item: Kind

    @property
    def label(self) -> str:
        """The type's name in the documentation."""
        return f"list of {'mappings' if isinstance(self.item, Record) else self.item.label}"

    def read(self, value: object, place: str, reader: Reader) -> tuple[Any, ...]:
        """The items, read one by one."""
        if not isinstance(value, list | tuple):
            reader.wrong_type(place, value, "a list")
            return ()
        return tuple(self.item.read(item, f"{place}[{index}]", reader) for index, item in enumerate(value))


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A mapping with names of the user's own."""

    item: Kind
    key: str = "name"

    @property
    def label(self) -> str:
        """The type's name in the documentation."""
        return f"mapping from {self.key} to {'mapping' if isinstance(self.item, Record) else self.item.label}"

    def read(self, value: object, place: str, reader: Reader) -> dict[str, Any]:
        """The items under their names."""
        if not isinstance(value, Mapping):
            reader.wrong_type(place, value, "a mapping")
            return {}
        for name in value:
            if not isinstance(name, str):
                reader.wrong_type(f"{place}.{name}", name, "text as the key (put it into quotes)")
        return {
            str(name): self.item.read(item, f"{place}.{name}", reader)
            for name, item in value.items()
            if isinstance(name, str)
        }


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One key of a record."""

    name: str
    kind: Kind
    about: str
    required: bool = False
    default: Any = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """A mapping with known keys."""

    entries: tuple[Entry, ...]
    label: str = "mapping"

    def read(self, value: object, place: str, reader: Reader) -> dict[str, Any]:
        """Every key of the schema: as given, else its default, else a blank."""
        if not isinstance(value, Mapping):
            reader.wrong_type(place, value, "a mapping")
            value = {}
        else:
            self._check_keys(value, place, reader)
        return {entry.name: self._read_entry(entry, value, place, reader) for entry in self.entries}

    def _check_keys(self, value: Mapping[Any, Any], place: str, reader: Reader) -> None:
        """Report keys that the schema does not have, and required ones that are absent."""
        known = [entry.name for entry in self.entries]
        for key in value:
            if key not in known:
                remedy = f"{nearest(str(key), known)}The keys are: {', '.join(known)}."
                reader.report(UNKNOWN_KEY, f"{place}.{key}", value[key], "This key is not known.", remedy)
        for entry in self.entries:
            if entry.required and value.get(entry.name) is None:
                about = entry.about.splitlines()[0]
                reader.report(
                    MISSING_VALUE, f"{place}.{entry.name}", None, f"The key is missing: {about}", "Give a value."
                )

    @staticmethod
    def _read_entry(entry: Entry, value: Mapping[Any, Any], place: str, reader: Reader) -> Any:
        """The value of one key."""
        given = value.get(entry.name)
        if given is None:
            return entry.default if entry.default is not None else blank(entry.kind)
        return entry.kind.read(given, f"{place}.{entry.name}", reader)


Kind: TypeAlias = "Text | Number | Flag | Day | Anything | Many | Mapped | Record"


def blank(kind: Kind) -> Any:
    """The value that stands for 'not given'. Numbers and flags that may be left out have a default in the schema."""
    match kind:
        case Text():
            return ""
        case Many():
            return ()
        case Mapped() | Record():
            return {}
        case _:
            return None
