# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the tasks of `probe.yml` registered on each host, read with types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Plan = Mapping[str, Any]
"""The compiled topology, as `mailforest.stack.topology` returns it."""

Registered = Mapping[str, Any]
"""What a task registered, or one item of a task with a loop."""

_FIRST = "__ports"
"""What the first task registers: whether a host can be reached at all is seen there."""


def port_subject(row: Mapping[str, Any]) -> str:
    """What a finding about a port calls it; the same for what was to be probed and for what was."""
    endpoint = f"{row['host']}:{row['port']}/{row['transport']}"
    return f"{row['name']} at {endpoint}" if row["name"] else endpoint


def flow_subject(flow: Mapping[str, Any]) -> str:
    """What a finding about a message calls it."""
    return f"mail to {flow['address']} by {flow['server']}:{flow['submission']['port']}"


@dataclass(frozen=True, kw_only=True)
class HostAnswers:
    """What one host was asked and answered."""

    host: str
    variables: Mapping[str, Any]
    broken: bool = False
    """Whether a task failed before the end, so that the rest was not asked."""

    @property
    def missing(self) -> str:
        """Why nothing of the host is known; "" when it answered."""
        first = self.get(_FIRST)
        if first is None:
            return "it was not asked"
        return str(first.get("msg") or "no connection") if first.get("unreachable") else ""

    def get(self, name: str) -> Registered | None:
        """What was registered under the name; None where the task was skipped."""
        registered = self.variables.get(name)
        if not isinstance(registered, Mapping) or registered.get("skipped"):
            return None
        return registered

    def items(self, name: str) -> Iterator[Registered]:
        """Each item of a task with a loop; the task itself when it failed before the first."""
        registered = self.get(name)
        if registered is not None:
            yield from registered.get("results", [registered])


@dataclass(frozen=True)
class Answers:
    """What all hosts answered."""

    plan: Plan
    by_host: Mapping[str, HostAnswers]

    @classmethod
    def read(
        cls,
        plan: Plan,
        hostvars: Mapping[str, Mapping[str, Any]],
        *,
        asked: Iterable[str],
        broken: Collection[str] = (),
    ) -> Answers:
        """Read them from Ansible's variables of the hosts that took part."""
        rows = (HostAnswers(host=host, variables=hostvars[host], broken=host in broken) for host in asked)
        return cls(plan, {row.host: row for row in rows})

    def given(self, name: str, key: str) -> dict[str, Registered]:
        """Host to answer, of those whose answer has the key: a task that broke off has not."""
        found: dict[str, Registered] = {}
        for host, answers in self.by_host.items():
            answer = answers.get(name)
            if answer is not None and key in answer:
                found[host] = answer
        return found

    def flows(self) -> Iterator[tuple[str, Registered]]:
        """Vantage point and result of every message that was sent."""
        for host, answers in self.by_host.items():
            for result in answers.items("__flows"):
                yield host, result
