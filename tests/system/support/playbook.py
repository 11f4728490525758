# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook as typed results."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""
PLAYBOOKS = ROOT / "extensions/molecule/shared"
ARGUMENTS = shlex.split(os.environ.get("MAILFOREST_ARGUMENTS", ""))
"""What Molecule gives to every run of the scenario, beside the inventory."""


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """What one task did on one host."""

    play: str
    task: str
    host: str
    changed: bool
    failed: bool
    unreachable: bool
    message: str
    unknown: str
    """What check mode could not know, so that the task looked no further."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run."""

    code: int
    stats: Mapping[str, Mapping[str, int]]
    results: Sequence[TaskResult]
    output: str = field(repr=False)

    @property
    def changes(self) -> list[str]:
        """`host: task` of everything that changed, or would have."""
        return [f"{result.host}: {result.task}" for result in self.results if result.changed]

    @property
    def failures(self) -> list[TaskResult]:
        """Results that stopped a host."""
        return [result for result in self.results if result.failed or result.unreachable]

    def explain(self) -> str:
        """What to print when a test's expectation of this run is not met."""
        failed = [f"{result.host}: {result.task}: {result.message}" for result in self.failures]
        return "\n".join([f"ended with {self.code}", *failed, *self.changes]) if self.results else self.output[-4000:]


def command(playbook: Path, *, inventories: Sequence[Path] = (), arguments: Sequence[str] = ()) -> list[str]:
    """What runs a playbook, with what Molecule gives to every run of the scenario."""
    return [
        "ansible-playbook",
        *(f"--inventory={path}" for path in inventories),
        *ARGUMENTS,
        *arguments,
        str(playbook),
    ]


def play(
    playbook: Path,
    *,
    inventories: Sequence[Path] = (),
    check: bool = False,
    extra_vars: Mapping[str, Any] | None = None,
    arguments: Sequence[str] = (),
    seconds: int = 900,
) -> Run:
    """Run a playbook with the environment's configuration. Without `inventories`, on the environment's inventory."""
    more = ["--check"] if check else []
    more += ["--extra-vars", json.dumps(extra_vars)] if extra_vars else []
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    done = subprocess.run(
        command(playbook, inventories=inventories, arguments=[*arguments, *more]),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        cwd=playbook.parent,
    )
    report = _report(done.stdout)
    return Run(
        code=done.returncode,
        stats=report.get("stats", {}),
        results=list(_results(report)),
        output=done.stdout + done.stderr,
    )


def site(*arguments: str, check: bool = False, **extra: Any) -> Run:
    """Run site.yml, which must succeed."""
    run = play(PLAYBOOKS / "office.yml", check=check, extra_vars=extra, arguments=arguments)
    assert run.code == 0, run.explain()
    return run


def directory_again(**extra: Any) -> Run:
    """The part of site.yml that writes into the directory."""
    return site("--tags=directory", "--limit=mailforest_domain_controllers", **extra)


def verify(**extra: Any) -> Run:
    """Run verify.yml."""
    return play(PLAYBOOKS / "verify.yml", extra_vars=extra)


def verified(*, seconds: float, **extra: Any) -> None:
    """Run verify.yml until it finds nothing, for hosts that have just started what they do."""
    begun = time.monotonic()
    while (proof := verify(**extra)).code != 0:
        assert time.monotonic() < begun + seconds, f"after {seconds:.0f} s: {proof.explain()}"


def eventually(holds: Callable[[], bool], *, seconds: float, pause: float = 1) -> float:
    """Wait until something holds; the seconds that it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() < begun + seconds, f"not so after {seconds:.0f} s"
        time.sleep(pause)
    return time.monotonic() - begun


def _report(text: str) -> dict[str, Any]:
    """The callback's report; warnings may stand before it. A run that never began has none."""
    begin = text.find("{\n")
    if begin < 0:
        return {}
    report: dict[str, Any] = json.JSONDecoder().raw_decode(text, begin)[0]
    return report


def _results(report: Mapping[str, Any]) -> Iterator[TaskResult]:
    for one_play in report.get("plays", []):
        for task in one_play["tasks"]:
            for host, result in task["hosts"].items():
                yield TaskResult(
                    play=one_play["play"]["name"],
                    task=task["task"]["name"],
                    host=host,
                    changed=bool(result.get("changed", False)),
                    failed=bool(result.get("failed", False)),
                    unreachable=bool(result.get("unreachable", False)),
                    message=str(result.get("msg", "")),
                    unknown=str(result.get("unknown", "")),
                )
