# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table as nft lists it, line by line: each rule with its chain, each element with its set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_BLOCK = re.compile(r"(?:(chain|set|map|counter|limit|quota) )?(.+?) \{")
_ELEMENTS = "elements = {"
_LONG = 50
# nft writes a lone range with braces or without, by where it came from.
_BRACES = re.compile(r"\{ ([0-9.:a-f/-]+) \}")


def _joined(text: str) -> Iterator[str]:
    """The lines; a list of elements, which nft wraps, in one."""
    begun = ""
    for raw in text.splitlines():
        line = f"{begun} {raw.strip()}".strip()
        if line.startswith(_ELEMENTS) and not line.endswith("}"):
            begun = line
            continue
        begun = ""
        yield line


def without_learnt(text: str) -> str:
    """The table without what the kernel itself put into sets that grow while it filters."""
    lines, dynamic, skipped = [], False, False
    for line in text.splitlines():
        words = line.strip()
        if words.startswith("flags "):
            dynamic = "dynamic" in words
        elif words == "}":
            dynamic = False
        if skipped or (dynamic and words.startswith(_ELEMENTS)):
            skipped = not words.endswith("}")
            continue
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def flat(text: str) -> tuple[str, ...]:
    """One line per rule, element and property, each with the name of what it stands in."""
    place, found = "", []
    for line in _joined(text):
        if line.endswith("{") and (opened := _BLOCK.fullmatch(line)):
            kind, name = opened.groups()
            if not line.startswith("table "):
                place = name if kind == "chain" else f"{kind} {name}"
                found.append(f"{place}:")
        elif line == "}":
            place = ""
        elif line.startswith(_ELEMENTS):
            inner = line.removeprefix(_ELEMENTS).removesuffix("}")
            found += [f"{place}: {element.strip()}" for element in inner.split(",")]
        elif line:
            found.append(_BRACES.sub(r"\1", f"{place}: {line}" if place else line))
    return tuple(found)


def shortened(lines: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The lines to show beside the others: of a long list only those that differ, and how many there are."""
    sizes = Counter(_place(line) for line in lines)
    common = frozenset(lines) & frozenset(other)
    found: list[str] = []
    for line in lines:
        place = _place(line)
        if sizes[place] <= _LONG or not place.startswith("set "):
            found.append(line)
        elif line == f"{place}:":
            found.append(f"{line} {sizes[place]} lines, of which those that differ:")
        elif line not in common:
            found.append(line)
    return tuple(found)


def _place(line: str) -> str:
    return line.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How what is loaded differs from what should be."""

    missing: tuple[str, ...]
    added: tuple[str, ...]
    moved: tuple[str, ...]
    """The chains whose rules are all there, but in another order."""


def drift(loaded: str, wanted: str) -> Drift:
    """Compare two listings by one nft."""
    there, due = flat(loaded), flat(wanted)
    missing, added = Counter(due) - Counter(there), Counter(there) - Counter(due)
    moved = [] if missing or added else _moved(there, due)
    return Drift(missing=tuple(missing.elements()), added=tuple(added.elements()), moved=tuple(moved))


def _moved(there: tuple[str, ...], due: tuple[str, ...]) -> list[str]:
    """The places in which equal lines stand in another order."""
    same = SequenceMatcher(None, there, due, autojunk=False)
    lines = [line for step in same.get_opcodes() if step[0] != "equal" for line in there[step[1] : step[2]]]
    return sorted({_place(line) for line in lines})
