# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way in: raw input to findings and, without errors, a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .compile import compile_topology
from .findings import Finding, Rule, Violation, split
from .model import Host, RawInput, Topology, make_host, make_topology
from .placement import propose
from .plan import Plan
from .reader import FORM_RULES, Reader, Record, blank, nearest
from .rules import RULES, Context
from .schema import GROUP_ABOUT, HOST_VARIABLES, LEAVING, PREFIX, VARIABLES, Variable, known_names
from .waivers import WAIVER_RULES, apply_waivers

UNKNOWN_VARIABLE = Rule(
    name="unknown-variable",
    requirement="AD-33",
    summary="Every variable whose name begins with `mailforest_` is one that this version knows.",
)
UNKNOWN_GROUP = Rule(
    name="unknown-group",
    requirement="AD-33",
    summary="Every inventory group whose name begins with `mailforest_` is one that this version knows.",
)
LEAVING_APART = Rule(
    name="leaving-host-apart",
    requirement="AD-33",
    summary="A host that leaves is in no other group of the system.",
)
MISSING_VARIABLE = Rule(name="missing-variable", requirement="AD-33", summary="Every required variable is set.")
UNDEFINED_VALUE = Rule(
    name="undefined-value", requirement="AD-33", summary="Every template in a value can be worked out."
)
INPUT_RULES: tuple[Rule, ...] = (UNKNOWN_VARIABLE, UNKNOWN_GROUP, LEAVING_APART, MISSING_VARIABLE, UNDEFINED_VALUE)


_FSMO, _AUTO = "mailforest_fsmo", "auto"


def all_rules() -> tuple[Rule, ...]:
    """Every rule there is, in the order of the documentation."""
    return (*INPUT_RULES, *FORM_RULES, *(registered.rule for registered in RULES), *WAIVER_RULES)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a topology: a plan when there are no errors."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    plan: Plan | None


def evaluate(raw: RawInput, *, today: date) -> Outcome:
    """Read, judge and compile. All findings are collected; only a topology without errors is compiled."""
    reader = Reader()
    topology = read_topology(raw, reader)
    found = [*(finding for finding in reader.findings if finding.place not in raw.undefined), *_input_findings(raw)]
    for registered in RULES:
        found += registered.run(Context(topology=topology, today=today))
    errors, warnings = split(apply_waivers(found, topology.waivers, today=today))
    plan = None if errors else compile_topology(topology, warnings)
    return Outcome(errors=tuple(errors), warnings=tuple(warnings), plan=plan)


def read_topology(raw: RawInput, reader: Reader) -> Topology:
    """The model; what is wrong with the form of the input goes to the reader."""
    read = {variable.name: _read_variable(variable, raw, reader) for variable in VARIABLES}
    topology = make_topology(read, _read_hosts(raw, reader), raw)
    if raw.variables.get(_FSMO) != _AUTO:
        return topology
    proposals = propose(topology)
    fsmo = {role: proposal.owner for role, proposal in proposals.items()} or topology.fsmo
    return replace(topology, fsmo=fsmo, proposals=proposals)


def _read_variable(variable: Variable, raw: RawInput, reader: Reader) -> Any:
    """One variable, or its blank."""
    value = raw.variables.get(variable.name)
    if variable.name in raw.undefined or (variable.name == _FSMO and value == _AUTO):
        value = None
    elif value is None and variable.required:
        reader.report(MISSING_VARIABLE, variable.name, None, f"Not set: {variable.about}", "Set it in group_vars/all.")
    if value is None:
        return _blank_variable(variable)
    return variable.kind.read(value, variable.name, reader)


def _blank_variable(variable: Variable) -> Any:
    """What stands for a variable that is not set: its keys' defaults, required ones blank."""
    if not isinstance(variable.kind, Record):
        return variable.kind.read({} if "mapping" in variable.kind.label else [], variable.name, Reader())
    return variable.kind.read({}, variable.name, Reader())


def _read_hosts(raw: RawInput, reader: Reader) -> Mapping[str, Host]:
    """The hosts, with their own variables read. One that leaves is none of them."""
    hosts: dict[str, Host] = {}
    for name, source in raw.hosts.items():
        if source.groups == (LEAVING,):
            continue
        read: dict[str, Any] = {
            variable.name: variable.kind.read(source.variables[variable.name], f"{name}.{variable.name}", reader)
            if source.variables.get(variable.name) is not None
            else blank(variable.kind)
            for variable in HOST_VARIABLES
        }
        hosts[name] = make_host(name, source, read)
    return hosts


def _near(name: str, known: Iterable[str]) -> str:
    """A hint that does not count the prefix which all names share."""
    tails = {other.removeprefix(PREFIX): other for other in known}
    hint = nearest(name.removeprefix(PREFIX), tails)
    return hint.replace("'", f"'{PREFIX}", 1)


def _leaving_findings(raw: RawInput) -> Iterator[Finding]:
    """Hosts that leave and stay at once."""
    for name, host_input in raw.hosts.items():
        if LEAVING in host_input.groups and len(host_input.groups) > 1:
            others = ", ".join(group for group in host_input.groups if group != LEAVING)
            yield LEAVING_APART.finding(
                Violation(
                    place=LEAVING,
                    value=name,
                    host=name,
                    message=f"The host leaves, and is in {others} too.",
                    remedy=f"Take it out of {LEAVING}, or out of everything else.",
                )
            )


def _input_findings(raw: RawInput) -> Iterator[Finding]:
    """What is wrong with names of variables and groups, and with templates."""
    known = sorted(known_names())
    for name, host in raw.unknown.items():
        yield UNKNOWN_VARIABLE.finding(
            Violation(
                place=name,
                value=None,
                host=host,
                message="No variable of this name is known; what it was to say would be ignored.",
                remedy=f"{_near(name, known)}Remove it or correct the name; docs/topology.md lists all.",
            )
        )
    for name in sorted({group for host in raw.hosts.values() for group in host.groups} - set(GROUP_ABOUT)):
        yield UNKNOWN_GROUP.finding(
            Violation(
                place=name,
                value=None,
                message="No inventory group of this name is known; its hosts would be left out.",
                remedy=f"{_near(name, GROUP_ABOUT)}The groups are: {', '.join(GROUP_ABOUT)}.",
            )
        )
    yield from _leaving_findings(raw)
    for place, why in raw.undefined.items():
        yield UNDEFINED_VALUE.finding(
            Violation(
                place=place,
                value=None,
                message=f"The value cannot be worked out: {why}",
                remedy="Define what the template uses, in the inventory or its group_vars.",
            )
        )
