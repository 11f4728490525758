# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a tree: plan, validate, swap, let the unit take it up; the next run completes one that was interrupted."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from . import plan as planning
from . import state as memory
from .model import Operation, TreeError, TreeSpec
from .plan import Accounts, Plan
from .stage import hide_secrets, validate
from .state import Layout, Managed, State
from .swap import swap
from .units import UnitError, Units

_UNIT_FILES = "/etc/systemd/"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the module returns."""

    changed: bool
    operations: tuple[Operation, ...]
    diff: list[Mapping[str, str]]
    warnings: list[str]


def _next_state(spec: TreeSpec, state: State, plan: Plan, *, loaded: str, keep: bool) -> State:
    """The memory after the swap, or, with `keep`, before it: then what is to be removed is still remembered."""
    files = {f.path: Managed(secret=f.secret, loaded=f.loaded) for f in spec.files}
    made = {d.path for d in plan.directories if d.found.kind == "absent"}
    directories = (state.directories | made) if keep else (state.directories | made) - set(plan.empty_directories)
    return State(files={**state.files, **files} if keep else files, directories=frozenset(directories), loaded=loaded)


def _touches_unit_files(spec: TreeSpec, plan: Plan) -> bool:
    paths = [*spec.paths, *(r.path for r in plan.removals)]
    return any(path.startswith(_UNIT_FILES) for path in paths)


def _take_up(spec: TreeSpec, plan: Plan, units: Units) -> None:
    """Let the unit load the new configuration; it is in place already."""
    try:
        if _touches_unit_files(spec, plan):
            units.read_unit_files()
        if spec.unit and units.running(spec.unit):
            units.apply(spec.unit, spec.on_change)
    except UnitError as exc:
        log = units.recent_log(spec.unit) if spec.unit else ""
        message = (
            f"The new configuration {spec.name!r} is in place and valid, but {spec.unit or 'systemd'} "
            f"did not take it up: {exc}\nIts last log lines:\n{log}\n"
            "It may be down, or run with the old configuration. Mend what the log says; the next run tries it again."
        )
        raise TreeError(hide_secrets(message, spec.files)) from exc


def _unit_operation(spec: TreeSpec, units: Units) -> tuple[Operation, ...]:
    if not spec.unit or spec.on_change == "none":
        return ()
    try:
        return (Operation(verb=spec.on_change, target=spec.unit),) if units.running(spec.unit) else ()
    except UnitError as exc:
        raise TreeError(
            f"systemd does not say whether {spec.unit} runs: {exc}. Nothing was changed. "
            "See `systemctl status`, and run again."
        ) from exc


def run(spec: TreeSpec, *, check_mode: bool, layout: Layout, units: Units) -> Outcome:
    """Bring the disk and the unit to what is declared, or say what that would take."""
    with contextlib.nullcontext() if check_mode else layout.lock(spec.name):
        state = memory.load(layout, spec.name)
        foreign = memory.owned_by_others(layout, spec.name)
        plan = planning.make_plan(spec, state, accounts=Accounts(check_mode=check_mode), foreign=foreign)
        wanted = memory.digest(spec)
        stale = plan.concerns_unit or state.loaded != wanted
        reload = _unit_operation(spec, units) if stale else ()
        warnings = validate(spec, plan, layout=layout, check_mode=check_mode) if plan.changes else []
        if not check_mode:
            _apply(spec, state, plan, stale=stale, wanted=wanted, layout=layout, units=units)
        operations = plan.operations + reload
        return Outcome(changed=bool(operations), operations=operations, diff=planning.diff(plan), warnings=warnings)


def _apply(spec: TreeSpec, state: State, plan: Plan, *, stale: bool, wanted: str, layout: Layout, units: Units) -> None:
    if plan.changes:
        # Written first: a run that ends from here on is completed by the next one.
        pending = _next_state(spec, state, plan, loaded="" if stale else state.loaded, keep=True)
        memory.save(layout, spec.name, pending)
        swap(plan)
    if stale:
        _take_up(spec, plan, units)
    final = _next_state(spec, state, plan, loaded=wanted, keep=False)
    if plan.changes or final != state:
        memory.save(layout, spec.name, final)
    memory.save_written(layout, spec.name, spec, loaded=wanted)
