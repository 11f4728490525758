# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""site.yml in check mode on one host, two, three and so on: what each more takes, beside the run with one.

Arguments after `--` go to ansible-playbook, in the place of the example's inventory: `-- --inventory hosts.yml`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.controller import Office, mitogen
from benchmarks.common.harness import Comparison, finish, main


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="two-offices")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--mitogen", action="store_true", help="with Mitogen in the place of plain SSH")
    parser.add_argument("playbook_arguments", nargs="*")
    return parser.parse_args()


def slope(seconds: Sequence[float]) -> float:
    """Return what one more host takes: the slope of the straight line through the points 1, 2, 3 and so on."""
    numbers = range(1, len(seconds) + 1)
    return statistics.linear_regression(list(numbers), list(seconds)).slope


def benchmark() -> int:
    """Measure each number of hosts, the fewest of several runs of each."""
    options = arguments()
    office = Office.make(options.example, options.playbook_arguments)
    environment = mitogen() if options.mitogen else {}
    hosts = office.hosts()
    taken: list[float] = []
    for number in range(1, len(hosts) + 1):
        limit = hosts[:number]
        taken.append(min(office.check(limit=limit, environment=environment) for _ in range(options.repeat)))
        more = f", {taken[-1] - taken[-2]:+.2f} s" if number > 1 else ""
        print(f"  {number} hosts, the last is {limit[-1]}: {taken[-1]:.2f} s{more}", flush=True)
    way = "Mitogen" if options.mitogen else "SSH"
    note = f"each host more took {slope(taken):.2f} s by {way}" if len(taken) > 1 else ""
    name = f"growth: site.yml --check on {len(hosts)} hosts, beside one host"
    return finish(Comparison(name=name, ours=taken[-1:], theirs=taken[:1], note=note))


if __name__ == "__main__":
    main(benchmark)
