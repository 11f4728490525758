# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as tables of a document: printed by a test, and kept row by row, as a run may end before its time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _head(row: DataclassInstance) -> list[str]:
    names = [one.name.replace("_", " ") for one in fields(row)]
    return [_line(names), _line(["---"] * len(names))]


def _cells(row: DataclassInstance) -> str:
    return _line(getattr(row, one.name) for one in fields(row))


def table(rows: Sequence[DataclassInstance]) -> str:
    """Rows of one kind, as a table of a document."""
    return "\n".join([*_head(rows[0]), *map(_cells, rows)]) if rows else ""


def keep(variable: str, row: DataclassInstance) -> None:
    """Add a row to the file that an environment variable names, if it does; a new file begins with the heads."""
    if not (name := os.environ.get(variable)):
        return
    with Path(name).open("a", encoding="utf-8") as file:
        heads = [] if file.tell() else _head(row)
        file.writelines(f"{line}\n" for line in [*heads, _cells(row)])
