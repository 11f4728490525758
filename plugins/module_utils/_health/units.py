# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: units that must run and start at boot, and units that failed (systemctl(1))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .problem import Problem

PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result")
_INSTANCES = {"postfix.service": "postfix@-.service"}
"""Units that only start another on older releases: where they have exited, the other is what runs."""
_AT_BOOT = ("enabled", "enabled-runtime", "static", "indirect", "alias", "generated", "linked", "")
_CAUSES = {
    "oom-kill": "The kernel ended it: the host has too little memory.",
    "start-limit-hit": "It ended again and again, and systemd gave up.",
    "exit-code": "It ended with an error, which its journal tells.",
    "timeout": "It did not start in time.",
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit that must be active, and the requirement that breaks without it."""

    name: str
    requirement: str
    where_installed: bool = False
    """Its role may have been told to do without it."""


def asked(units: Iterable[Unit]) -> list[str]:
    """The names to ask systemd for."""
    names = [unit.name for unit in units]
    return [*names, *(_INSTANCES[name] for name in names if name in _INSTANCES)]


def read(text: str) -> dict[str, dict[str, str]]:
    """What `systemctl show` prints of several units: blocks of NAME=VALUE."""
    blocks = (dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n"))
    return {block["Id"]: block for block in blocks if block.get("Id")}


def judge(units: Iterable[Unit], shown: Mapping[str, Mapping[str, str]], failed: Iterable[str]) -> Iterator[Problem]:
    """Units that do not run or will not at the next boot; then others that failed."""
    named = set()
    for unit in units:
        state = _of(unit.name, shown)
        named |= {unit.name, state.get("Id", unit.name)}
        yield from _wrong(unit, state)
    for name in sorted(set(failed) - named):
        yield Problem(
            severity="warning",
            requirement="AD-13",
            subject=f"unit {name}",
            expected="no failed unit",
            found="failed",
            cause=_CAUSES.get(shown.get(name, {}).get("Result", ""), "Its journal tells."),
            remedy=f"See journalctl -u {name}; when it is mended, systemctl reset-failed {name}.",
        )


def _of(name: str, shown: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    state, instance = shown.get(name, {}), shown.get(_INSTANCES.get(name, ""), {})
    only_starts = state.get("SubState") == "exited" and instance.get("LoadState") == "loaded"
    return {**instance, "UnitFileState": state.get("UnitFileState", "")} if only_starts else state


def _wrong(unit: Unit, state: Mapping[str, str]) -> Iterator[Problem]:
    found, subject = state.get("ActiveState", "unknown"), f"unit {unit.name}"
    if unit.where_installed and state.get("LoadState") == "not-found":
        return
    if state.get("LoadState") not in ("loaded", "masked"):
        yield Problem(
            requirement=unit.requirement,
            subject=subject,
            expected="active",
            found="there is no such unit",
            cause="Its package or its file was removed.",
            remedy="Run site.yml.",
        )
    elif found not in ("active", "reloading", "activating"):
        yield Problem(
            requirement=unit.requirement,
            subject=subject,
            expected="active",
            found="masked" if state.get("LoadState") == "masked" else f"{found} ({state.get('SubState', '')})",
            cause=_CAUSES.get(state.get("Result", ""), "Somebody stopped it, or what it needs is stopped."),
            remedy=f"systemctl start {unit.name}; journalctl -u {unit.name} tells why it ended.",
        )
    elif state.get("UnitFileState") not in _AT_BOOT:
        yield Problem(
            requirement=unit.requirement,
            subject=subject,
            expected="enabled: it starts at boot",
            found=state.get("UnitFileState", ""),
            cause="Somebody disabled it.",
            remedy=f"systemctl enable {unit.name}, or run site.yml.",
        )
