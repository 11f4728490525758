#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second run of site.yml, which changes nothing, beside as many bare pings on the same hosts.

A ping is the least that Ansible can do on a host, so this shows what our tasks cost beyond Ansible itself, and which of
them when the goal is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example, Task, pings, read_tally
from benchmarks.common.harness import BenchmarkError, Comparison, Samples, alternate, finish, main
from benchmarks.common.parts import parts, told, why_second

_SLOWEST = 8


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="one-office")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--goal", type=float, default=1.3, help="ratio that must not be passed")
    return parser.parse_args()


def require_unchanged(tasks: list[Task]) -> None:
    """Refuse a run that still changes something."""
    if changed := [f"{task.name} on {', '.join(task.changed)}" for task in tasks if task.changed]:
        raise BenchmarkError(f"this was no second run, as it changed something: {'; '.join(changed)}")


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    example = Example(options.example)
    example.prepare()
    with tempfile.TemporaryDirectory() as folder:
        tally, playbook = Path(folder, "tally.json"), Path(folder, "pings.yml")
        taken = example.play("site.yml", tally=tally)
        if any(task.changed for task in read_tally(tally)):  # that was a first run
            taken = example.play("site.yml", tally=tally)
        tasks = read_tally(tally)
        require_unchanged(tasks)
        count = sum(len(task.hosts) for task in tasks)
        print(f"{sum(bool(task.hosts) for task in tasks)} tasks ran, {count} times on a host; the slowest:")
        for task in sorted(tasks, key=lambda task: -task.seconds)[:_SLOWEST]:
            print(f"  {task.seconds:6.2f} s  {task.name}")
        playbook.write_text(pings(tasks))
        samples = Samples(ours=[taken], theirs=[example.play(playbook)])
        found, ping = parts(tasks, total=taken), samples.theirs[0] / count
        print("\n".join(told(found, ping=ping)), flush=True)
        more = alternate(lambda: example.play("site.yml"), lambda: example.play(playbook), repeat=options.repeat - 1)
    name = f"second_run, {options.example}, {count} task runs"
    ours, theirs = samples.ours + more.ours, samples.theirs + more.theirs
    comparison = Comparison(name=name, ours=ours, theirs=theirs, goal=options.goal)
    if not comparison.met:
        print("Why, in the first round: " + why_second(found, tasks, ping=ping, goal=options.goal))
    return finish(comparison)


if __name__ == "__main__":
    main(benchmark)
