# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted objects, row by row, from a task's lists or from a CSV file. Private to this collection.

A file is never held whole.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

SEPARATOR = "|"
"""Between the values of one cell."""
ATTRIBUTE = "attribute:"
"""Begins the name of a column that holds an attribute by its LDAP name."""
_BOOLEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one value of one row."""

    file: str
    line: int
    column: str
    reason: str

    def shown(self) -> dict[str, Any]:
        """As the result tells it."""
        return {"file": self.file, "line": self.line, "column": self.column, "reason": self.reason}

    def __str__(self) -> str:
        """As the message tells it."""
        return f"{self.file}:{self.line}, {self.column}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One wanted object; what it does not say is None or missing."""

    source: str
    line: int
    values: Mapping[str, Any]
    faults: Sequence[Fault] = ()
    """What is wrong with it before anything is known of the directory."""

    def get(self, option: str) -> Any:
        """The value of an option, or None."""
        return self.values.get(option)

    def fault(self, column: str, reason: str) -> Fault:
        """A fault of this row."""
        return Fault(file=self.source, line=self.line, column=column, reason=reason)


def listed(name: str, entries: Sequence[Mapping[str, Any]] | None) -> Iterator[Row]:
    """The rows of an option; the line is the entry's number, from 1."""
    for number, entry in enumerate(entries or (), start=1):
        yield Row(source=name, line=number, values=entry)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A CSV file whose first line names the columns."""

    path: Path
    name: str
    """How the user calls it."""
    columns: frozenset[str]
    """The options that a column may hold."""
    flags: frozenset[str]
    """Those of them that are yes or no."""
    lists: frozenset[str]
    """Those of them that hold several values."""
    delimiter: str | None = None

    def header(self) -> list[str]:
        """The columns; every fault of theirs at once."""
        names = self._names()
        faults = [
            f"line 1 names the column '{name}' twice" for name in sorted({n for n in names if names.count(n) > 1})
        ]
        known = ", ".join(sorted(self.columns))
        faults += [
            f"line 1 names the column '{name}', which is unknown; known are {known}, and {ATTRIBUTE}NAME"
            for name in names
            if name not in self.columns and not (name.startswith(ATTRIBUTE) and name[len(ATTRIBUTE) :])
        ]
        if faults:
            raise ResourceError(f"{self.name}: {'; '.join(faults)}. Nothing was changed.", faults=faults)
        return names

    def _names(self) -> list[str]:
        try:
            with self.path.open("rb") as lines:
                first = next(csv.reader([lines.readline().decode("utf-8-sig")], delimiter=self._separator()), [])
        except (OSError, UnicodeDecodeError, csv.Error) as exc:
            raise ResourceError(
                f"{self.name} cannot be read: {exc}. Nothing was changed. Give a CSV file in UTF-8 whose first line"
                " names the columns."
            ) from exc
        return [name.strip() for name in first]

    def _separator(self) -> str:
        if self.delimiter:
            return self.delimiter
        with self.path.open("rb") as lines:
            first = lines.readline()
        return ";" if first.count(b";") > first.count(b",") else ","

    def rows(self) -> Iterator[Row]:
        """All rows but the empty ones; a row that cannot be read carries its fault."""
        names = self.header()
        reader = csv.reader(_decoded(self.path), delimiter=self._separator(), strict=True)
        next(reader, None)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except (csv.Error, UnicodeDecodeError) as exc:
                # Where a quote never ends, or a byte is no text, nothing that follows can be trusted.
                yield Row(source=self.name, line=line, values={}, faults=(self._unreadable(line, exc),))
                return
            if cells is None:
                return
            if any(cells):
                yield self._row(names, cells, line)

    def _unreadable(self, line: int, exc: Exception) -> Fault:
        reason = f"it cannot be read ({exc}), nor can what follows"
        return Fault(file=self.name, line=line, column="", reason=reason)

    def _row(self, names: Sequence[str], cells: Sequence[str], line: int) -> Row:
        values: dict[str, Any] = {"attributes": {}}
        faults: list[Fault] = []
        if len(cells) != len(names):
            reason = f"it has {len(cells)} cells, the first line has {len(names)}; quote cells that hold the separator"
            return Row(
                source=self.name,
                line=line,
                values={},
                faults=(Fault(file=self.name, line=line, column="", reason=reason),),
            )
        for name, cell in zip(names, cells, strict=True):
            text = cell if name == "password" else cell.strip()
            if not text:
                continue
            if name in self.flags and text.lower() not in _BOOLEANS:
                faults.append(Fault(file=self.name, line=line, column=name, reason=f"'{text}' is neither yes nor no"))
            elif name.startswith(ATTRIBUTE):
                values["attributes"][name[len(ATTRIBUTE) :]] = _split(text)
            else:
                values[name] = self._value(name, text)
        return Row(source=self.name, line=line, values=values, faults=tuple(faults))

    def _value(self, name: str, text: str) -> Any:
        if name in self.flags:
            return _BOOLEANS[text.lower()]
        return _split(text) if name in self.lists else text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]


def _decoded(path: Path) -> Iterator[str]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines):
            yield line.decode("utf-8-sig" if number == 0 else "utf-8")


@dataclass
class Faults:
    """All that is wrong, bounded in what is told of it."""

    limit: int = 100
    count: int = 0
    first: list[Fault] = field(default_factory=list)

    def add(self, faults: Sequence[Fault]) -> None:
        """Note them."""
        self.count += len(faults)
        self.first += faults[: max(0, self.limit - len(self.first))]

    def check(self) -> None:
        """End with all of them, if there are any."""
        if not self.count:
            return
        told = "; ".join(map(str, self.first[:10]))
        more = f"; and {self.count - 10} more" if self.count > 10 else ""
        raise ResourceError(
            f"{self.count} values cannot be used: {told}{more}. Nothing was changed. Correct them and run again.",
            faults=[fault.shown() for fault in self.first],
            fault_count=self.count,
        )
