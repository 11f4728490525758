# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""site.yml in check mode on deployed hosts with Mitogen, beside the same over plain SSH.

Mitogen is nobody's requirement. It is installed into .build/mitogen. Both sides must find the same to change.
Arguments after `--` go to ansible-playbook, in the place of the example's inventory: `-- --inventory hosts.yml`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.controller import MITOGEN, Office, mitogen
from benchmarks.common.harness import BenchmarkError, Comparison, alternate, finish, main


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="one-office")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--goal", type=float, help="ratio that must not be passed")
    parser.add_argument("playbook_arguments", nargs="*")
    return parser.parse_args()


def benchmark() -> int:
    """Measure both in turn."""
    options = arguments()
    office = Office.make(options.example, options.playbook_arguments)
    environment = mitogen()

    found: list[list[str]] = []

    def checked(more: dict[str, str]) -> float:
        taken = office.check(environment=more)
        found.append(office.changes())
        if found[-1] != found[0]:
            raise BenchmarkError(f"one way found {found[0]} to change, the other {found[-1]}")
        return taken

    hosts = len(office.hosts())
    samples = alternate(lambda: checked(environment), lambda: checked({}), repeat=options.repeat)
    name = f"mitogen: site.yml --check on {hosts} hosts with {MITOGEN}, beside plain SSH"
    return finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs, goal=options.goal))


if __name__ == "__main__":
    main(benchmark)
