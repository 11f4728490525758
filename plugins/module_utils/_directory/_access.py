# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists in SDDL: entries added and removed in the order that Windows keeps. Private to this collection.

Only what an object has of its own is seen; what it inherits comes and goes with its container.
"""

from __future__ import annotations

from collections.abc import Sequence

PROTECTION = ("(D;;SDDT;;;WD)",)
"""Nobody deletes the object, alone or with what is in it."""
PARENT_PROTECTION = "(D;;DC;;;WD)"
"""Nobody deletes what is in this container; Windows sets it there with the protection of an organizational unit."""
_CHANGE_PASSWORD = "ab721a53-1e2f-11d0-9819-00aa0040529b"
NO_PASSWORD_CHANGE = (f"(OD;;CR;{_CHANGE_PASSWORD};;WD)", f"(OD;;CR;{_CHANGE_PASSWORD};;PS)")
"""Neither everybody, knowing the password, nor the user may change it."""

GENERIC = {"GA": "CCDCLCSWRPWPDTLOCRSDRCWDWO", "GR": "LCRPLORC", "GW": "SWWPRC", "GX": "LCRC"}
"""What the generic rights consist of, and are kept as ([MS-ADTS] 5.1.3.2)."""


def entries(sddl: str) -> list[str]:
    """The entries of the first access list in an SDDL text; conditions may hold parentheses."""
    found: list[str] = []
    depth = begun = 0
    for place, letter in enumerate(sddl):
        if letter == "(":
            begun = begun if depth else place
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            if not depth:
                found.append(sddl[begun : place + 1])
    return found


def flags(sddl: str) -> str:
    """What stands before the entries of a DACL: `D:` and, perhaps, that it is protected."""
    return sddl.partition("(")[0] or "D:"


def inherited(entry: str) -> bool:
    """Whether an entry comes from the container."""
    return "ID" in _pairs(entry[1:-1].split(";")[1])


def specific(entry: str) -> str:
    """An entry without generic rights."""
    fields = entry[1:-1].split(";", 3)
    pairs = (fields[2][place : place + 2] for place in range(0, len(fields[2]), 2))
    fields[2] = "".join(GENERIC.get(pair, pair) for pair in pairs)
    return f"({';'.join(fields)})"


def own(sddl: str) -> list[str]:
    """The entries that the object has of its own."""
    return [entry for entry in entries(sddl) if not inherited(entry)]


def holds(sddl: str, wanted: Sequence[str]) -> bool:
    """Whether all entries are there, each in one or within a wider one of the same kind and trustee."""
    return all(any(_covers(held, entry) for held in own(sddl)) for entry in wanted)


def changed(sddl: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> str:
    """The list with entries added and removed: those that deny before those that allow."""
    kept = [entry for part in own(sddl) if (entry := _without(part, remove))]
    kept += [entry for entry in add if not any(_covers(held, entry) for held in kept)]
    kept.sort(key=lambda entry: not entry.startswith(("(D;", "(OD;", "(XD;")))
    return flags(sddl) + "".join(kept)


def _pairs(text: str) -> frozenset[str]:
    """Rights or flags, which are two letters each; a number stands for itself."""
    if text.lower().startswith("0x"):
        return frozenset({text.lower()})
    return frozenset(text[place : place + 2] for place in range(0, len(text), 2))


def _parts(entry: str) -> tuple[tuple[object, ...], frozenset[str]]:
    kind, marks, rights, *rest = entry[1:-1].split(";")
    return (kind, _pairs(marks), *(part.lower() for part in rest)), _pairs(rights)


def _covers(held: str, wanted: str) -> bool:
    (held_key, held_rights), (key, rights) = _parts(held), _parts(wanted)
    return held_key == key and rights <= held_rights


def _without(entry: str, removed: Sequence[str]) -> str | None:
    """What is left of an entry."""
    key, rights = _parts(entry)
    for other in removed:
        other_key, other_rights = _parts(other)
        if other_key == key and rights & other_rights:
            rights -= other_rights
            fields = entry[1:-1].split(";")
            text = fields[2]
            fields[2] = "".join(
                text[place : place + 2] for place in range(0, len(text), 2) if text[place : place + 2] in rights
            )
            entry = f"({';'.join(fields)})"
    return entry if rights else None
