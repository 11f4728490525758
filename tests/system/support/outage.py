# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long one host does not reach another: pings ten times a second, and the longest time between two answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from testinfra.host import Host

from .hosts import root_shell

PERIOD = 0.1
_UNIT = "mailforest-test-outage"
_FILE = f"/run/{_UNIT}.txt"
_SECONDS = 900
_ANSWER = re.compile(r"^\[(\d+\.\d+)\] \d+ bytes", re.MULTILINE)


@dataclass
class Outage:
    """Filled at the end."""

    answers: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The longest time without an answer."""
        return max(later - earlier for earlier, later in pairwise(self.answers))


@contextmanager
def outage(host: Host, address: str) -> Iterator[Outage]:
    """Watch whether the address answers, from before until the end; it must answer at both."""
    found = Outage()
    root_shell(
        host,
        f"systemd-run --quiet --collect --unit={_UNIT} --property=RuntimeMaxSec={_SECONDS} "
        f"--property=StandardOutput=truncate:{_FILE} ping -n -D -i {PERIOD} {address}",
    )
    try:
        root_shell(host, f"timeout 20 sh -c 'until grep -q bytes.from {_FILE}; do sleep 0.1; done'")
        yield found
        root_shell(host, "sleep 1")
        found.answers += [float(stamp) for stamp in _ANSWER.findall(root_shell(host, f"cat {_FILE}"))]
        now = float(root_shell(host, "date +%s.%N"))
        assert now - found.answers[-1] < 2, f"{address} does not answer at the end"
    finally:
        root_shell(host, f"systemctl stop {_UNIT}; rm -f {_FILE}")
