# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""verify.yml on offices that are as declared, beside as many bare pings on the same hosts, each at its own pace.

A ping is the least that Ansible can do on a host, so this shows what looking costs beyond Ansible itself. A task with
a loop, such as the one that sends messages, counts once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example, read_tally
from benchmarks.common.harness import Comparison, alternate, finish, main


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """Read the command line: ours, and what is left for ansible-playbook."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="What is not known here is given to ansible-playbook, such as -i and -e."
    )
    parser.add_argument("--example", default="two-offices")
    parser.add_argument("--deployed", action="store_true", help="the example's lab is up and deployed")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--most", type=float, default=60, help="seconds that must not be passed")
    return parser.parse_known_args()


def pings(counts: Mapping[str, int]) -> str:
    """Return a playbook, in JSON, in which each host is pinged so many times."""
    tasks = [
        {"name": "Ping", "ansible.builtin.ping": {}, "when": f"{dict(counts)}[inventory_hostname] > {index}"}
        for index in range(max(counts.values()))
    ]
    hosts = ",".join(sorted(counts))
    return json.dumps([{"hosts": hosts, "strategy": "free", "gather_facts": False, "tasks": tasks}])


def benchmark() -> int:
    """Measure both."""
    options, further = arguments()
    example = Example(options.example)
    if not options.deployed:
        example.prepare()
        example.play("site.yml")
    with tempfile.TemporaryDirectory() as folder:
        tally, playbook = Path(folder, "tally.json"), Path(folder, "pings.yml")
        example.play("verify.yml", *further, tally=tally)  # not counted: it finds what is not as declared, and fails
        counts = Counter(host for task in read_tally(tally) for host in task.hosts)
        playbook.write_text(pings(counts))
        samples = alternate(
            lambda: example.play("verify.yml", *further),
            lambda: example.play(playbook, *further),
            repeat=options.repeat,
        )
    each = statistics.median(samples.ours) / len(counts)
    tasks = f"{min(counts.values())} to {max(counts.values())} tasks on each"
    print(f"{len(counts)} hosts, {tasks}: {each:.1f} s for a host")
    name = f"verify, {options.example}, {counts.total()} task runs"
    return finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs, most=options.most))


if __name__ == "__main__":
    main(benchmark)
