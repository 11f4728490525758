# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of site.yml is made of, and what of it is more than as many bare pings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.common.deployment import Task

PACKAGES, PROVISION, JOINS, WAITS, PROBES = "packages", "provision", "joins", "waits", "probes"
REST, START = "all other tasks", "before the first task"
_OF_ACTION = {
    "mailforest.stack.packages": PACKAGES,
    "ansible.builtin.apt": PACKAGES,
    "mailforest.stack.domain": PROVISION,
    "mailforest.stack.domain_controller": JOINS,
    "mailforest.stack.membership": JOINS,
    "mailforest.stack.reachable": WAITS,
    "mailforest.stack.replication_sync": WAITS,
}
_KINDS = (PACKAGES, PROVISION, JOINS, WAITS, PROBES, REST)
_MOST = 3
"""How many of the modules that cost most are named."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Tasks of one kind: how often they ran on a host, and the seconds that they took."""

    name: str
    runs: int
    seconds: float

    def over(self, ping: float) -> float:
        """The seconds that they took beyond as many pings, of which one takes that long."""
        return self.seconds - self.runs * ping


def kind(task: Task) -> str:
    """The kind of a task: by its module, but all that probe.yml has is a probe."""
    return PROBES if task.file == "probe.yml" else _OF_ACTION.get(task.action, REST)


def parts(tasks: Sequence[Task], *, total: float) -> dict[str, Part]:
    """A run's parts by their names; together they take what the run took."""
    found = {name: _sum(name, [task for task in tasks if kind(task) == name]) for name in _KINDS}
    started = total - sum(part.seconds for part in found.values())
    return found | {START: Part(name=START, runs=0, seconds=started)}


def told(found: dict[str, Part], *, ping: float) -> Iterator[str]:
    """A line for each part; `ping` is what one bare ping takes on one host."""
    for part in found.values():
        yield (
            f"  {part.seconds:7.1f} s  {part.name}"
            + (f", {part.runs} times on a host: {part.over(ping):+.1f} s beside as many pings" if part.runs else "")
        )


def costliest(tasks: Sequence[Task], *, ping: float) -> str:
    """The modules that take most beyond as many pings."""
    names = {task.action for task in tasks}
    found = [_sum(name, [task for task in tasks if task.action == name]) for name in names]
    most = sorted(found, key=lambda part: -part.over(ping))[:_MOST]
    return ", ".join(f"{part.name} {part.over(ping):.1f} s ({part.runs} times)" for part in most)


def why_first(found: dict[str, Part], *, apt: float, ping: float, goal: float) -> str:
    """What a first run cannot do without, beside what the goal allows, and where the rest of its time goes."""
    made = found[PROVISION].seconds + found[JOINS].seconds
    others = sum(part.runs for name, part in found.items() if name not in (PACKAGES, PROVISION, JOINS))
    floor = apt + made + others * ping
    ours = sum(part.seconds for part in found.values())
    spent = {"packages beyond apt": found[PACKAGES].seconds - apt}
    spent |= {found[name].name: found[name].over(ping) for name in (WAITS, PROBES, REST, START)}
    rest = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sorted(spent.items(), key=lambda item: -item[1]))
    return (
        f"apt alone ({apt:.1f} s), provision and joins ({made:.1f} s) and a bare ping for each other task "
        f"({others * ping:.1f} s) take {floor:.1f} s, {floor / apt:.2f} times what apt takes, of {goal:g} that are "
        f"allowed. The other {ours - floor:.1f} s: {rest}."
    )


def why_second(found: dict[str, Part], tasks: Sequence[Task], *, ping: float, goal: float) -> str:
    """Where a second run has more than the goal allows beyond its pings."""
    runs = sum(part.runs for part in found.values())
    over = sum(part.over(ping) for part in found.values())
    allowed = (goal - 1) * runs * ping
    spent = sorted(found.values(), key=lambda part: -part.over(ping))
    rest = ", ".join(f"{part.name} {part.over(ping):.1f} s" for part in spent if part.seconds)
    return (
        f"{over:.1f} s more than {runs} bare pings, of {allowed:.1f} s that are allowed: {rest}. "
        f"Most by module: {costliest(tasks, ping=ping)}."
    )


def _sum(name: str, tasks: Sequence[Task]) -> Part:
    return Part(
        name=name, runs=sum(len(task.hosts) for task in tasks), seconds=sum((task.seconds for task in tasks), start=0.0)
    )
