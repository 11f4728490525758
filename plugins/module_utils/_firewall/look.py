# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kernel filters by the rules that were written, and will after the next start. Nothing is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kernel import Kernel, Refused
from .listing import Drift, drift
from .load import temporary
from .plan import WRITTEN
from .ruleset import TABLE

_UNIT = "mailforest-firewall.service"
_SETTINGS = "etc/mailforest/firewall-sysctl.conf"
_SHOWN = 20
_REMEDY = "`systemctl reload mailforest-firewall` loads what is written."
_AGAIN = "Run site.yml with --tags=firewall."


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What the service manager says of the unit that loads the rules."""

    enabled: str
    active: str


def ask_unit() -> Unit:
    """Ask systemd."""
    names = ("is-enabled", "is-active")
    answers = [
        subprocess.run(["systemctl", name, _UNIT], capture_output=True, text=True, timeout=30, check=False)
        for name in names
    ]
    enabled, active = (answer.stdout.strip() or "not-found" for answer in answers)
    return Unit(enabled=enabled, active=active)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What rules and what should, and everything that is wrong with it."""

    loaded: bool
    drift: Drift
    problems: tuple[str, ...]

    def result(self) -> dict[str, Any]:
        """For the module."""
        return {
            "loaded": self.loaded,
            "missing": list(self.drift.missing),
            "added": list(self.drift.added),
            "problems": list(self.problems),
        }


def look(kernel: Kernel, unit: Unit, *, root: Path, ruleset: str = "") -> Seen:
    """Compare the kernel with the given ruleset, or else with what is loaded at boot."""
    file = root / WRITTEN
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    problems = list(_boot(unit, written, ruleset, file))
    if not (wanted := ruleset or written):
        return Seen(loaded=False, drift=Drift(missing=(), added=(), moved=()), problems=tuple(problems))
    loaded = kernel.rules()
    with temporary(wanted) as path:
        try:
            due = kernel.trial(path)
        except Refused as exc:
            problems.append(f"The kernel does not take the rules: {exc}. {_REMEDY}")
            due = loaded
    found = drift(loaded, due)
    if not loaded:
        problems.append(f"The table {TABLE} is not loaded, so this host filters nothing. {_REMEDY}")
    else:
        problems += _differences(found)
    problems += _wrong_settings(kernel, root)
    return Seen(loaded=bool(loaded), drift=found, problems=tuple(problems))


def _boot(unit: Unit, written: str, ruleset: str, file: Path) -> Iterator[str]:
    """What is wrong with what happens at the next start."""
    if not written:
        yield f"{file} does not exist: the role firewall has not ended on this host. {_AGAIN}"
        return
    if ruleset and ruleset != written:
        yield f"{file} is not what is declared now: other rules are loaded at the next start. {_AGAIN}"
    if unit.enabled != "enabled":
        yield (
            f"{_UNIT} is {unit.enabled}: after the next start this host filters nothing. "
            f"Run `systemctl enable {_UNIT}`."
        )
    if unit.active != "active":
        yield f"{_UNIT} is {unit.active}. See `systemctl status {_UNIT}`, and start it."


def _differences(found: Drift) -> Iterator[str]:
    yield from _said(found.missing, "is written, but not in the kernel")
    yield from _said(found.added, "is in the kernel, but not written: somebody added it")
    for chain in found.moved:
        yield f"The rules of {chain} stand in the kernel in another order than written. {_REMEDY}"


def _said(lines: Sequence[str], what: str) -> Iterator[str]:
    for line in lines[:_SHOWN]:
        yield f"`{line}` {what}. {_REMEDY}"
    if len(lines) > _SHOWN:
        yield f"{len(lines) - _SHOWN} more: each {what}. {_REMEDY}"


def _wrong_settings(kernel: Kernel, root: Path) -> Iterator[str]:
    for file, (now, due) in kernel.settings(_written_settings(root / _SETTINGS)).items():
        yield f"{file} is {now}, but {due} is written. {_REMEDY}"


def _written_settings(file: Path) -> Mapping[str, str]:
    if not file.exists():
        return {}
    rows = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _sign, value in rows if not name.lstrip().startswith("#")}
