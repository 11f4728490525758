#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages from acceptance to mailbox, with the directory's users, beside Debian's own configuration with local users.

Needs a mail server that is deployed, by default that of the lab `one-office`. Postfix as Debian's package sets it up
runs beside it on the same host, with a queue of its own and mailboxes in /var/mail. Both sync what they have written
before they say that it is delivered: Dovecot with mail_fsync=optimized, local(8) always.

Debian's has no spam filter, so it is compared with the server without its own (`plain`); the server as it is deployed
is measured too (`ours`). What the directory costs is told by the server with recipients in a table that was written by
hand (`static`); what its tables of the directory save, by the server without them (`asking`). What differs beside that:
Debian's has no LMTP, no sorting, no aliases from a directory, and one mailbox is one file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import Comparison, finish, main
from benchmarks.common.machine import Machine, machine_arguments

_SCRIPT = Path(__file__).with_name("on_host") / "mail_throughput.py"
_SIDES = ("plain", "debian", "static", "asking", "ours")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = machine_arguments(__doc__, host="mx1")
    parser.add_argument("--addresses", nargs="+", default=["alice@example.test", "boris@example.test"])
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--sessions", type=int, default=20, help="at once, of all recipients")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--goal", type=float, default=0.77, help="of Debian's time; 0.77 is 1.3 times as fast")
    parser.add_argument("--goal-directory", type=float, default=1.15, help="of the time with a table of recipients")
    return parser.parse_args()


@dataclass(frozen=True)
class Bench:
    """The server, and what is sent through it."""

    machine: Machine
    addresses: tuple[str, ...]
    messages: int
    sessions: int

    def run(self, side: str) -> float:
        """Send through one side; return the seconds until all were in the mailboxes."""
        arguments = ["run", side, str(self.messages), str(self.sessions), *self.addresses]
        said = json.loads(self.machine.script(_SCRIPT, *arguments))
        accepted, delivered = said["messages"] / said["accepted"], said["messages"] / said["delivered"]
        print(f"  {side}: {accepted:.0f} accepted, {delivered:.0f} delivered per second", flush=True)
        return float(said["delivered"])


def rounds(repeat: int) -> list[tuple[str, ...]]:
    """The order of the sides in each round: each begins in turn, so that a machine that slows down slows all."""
    starts = [turn % len(_SIDES) for turn in range(repeat)]
    return [_SIDES[start:] + _SIDES[:start] for start in starts]


def benchmark() -> int:
    """Measure all in turn."""
    options = arguments()
    taken: dict[str, list[float]] = {side: [] for side in _SIDES}
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(inventory=options.inventory, host=options.host, folder=Path(folder))
        bench = Bench(machine, tuple(options.addresses), options.messages, options.sessions)
        machine.script(_SCRIPT, "prepare", *options.addresses)
        try:
            for side in _SIDES:
                bench.run(side)  # not counted: caches and processes are cold
            for number, order in enumerate(rounds(options.repeat), start=1):
                print(f"round {number} of {options.repeat}", flush=True)
                for side in order:
                    taken[side].append(bench.run(side))
        finally:
            machine.script(_SCRIPT, "clean")
    what = f"mail_throughput, {options.messages} messages to {len(options.addresses)} directory users"

    def compared(ours: str, theirs: str, words: str, goal: float | None = None) -> Comparison:
        return Comparison(name=f"{what}{words}", ours=taken[ours], theirs=taken[theirs], goal=goal)

    comparisons = (
        compared("ours", "debian", ", spam filter included, beside Debian's default and local users"),
        compared("plain", "asking", ", beside the same that asks the directory each time"),
        compared("plain", "static", ", beside the same with recipients in a table by hand", options.goal_directory),
        compared("plain", "debian", ", beside Debian's default and local users", options.goal),
    )
    return max([finish(comparison) for comparison in comparisons])


if __name__ == "__main__":
    main(benchmark)
