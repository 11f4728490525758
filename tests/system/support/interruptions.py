# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's `side_effect` of an office: site.yml on blank hosts is killed on its way, for `converge` to make it good.

All tests of the scenario, and the second run that must change nothing, are about what became of it. MAILFOREST_SEED
chooses other points.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random

from .interrupted import Watched
from .office import DIRECTORY

SPANS = ((20, 90), (120, 160))
"""Tasks of a run, one in each: hosts and controllers are set up, and mail servers. The probes come after them."""
MOST_AFTER = 3.0
"""Seconds after the beginning of a task; most take less."""


def main() -> None:
    """Kill it, once in each span; print where."""
    draw = Random(os.environ.get("MAILFOREST_SEED", "an office that is interrupted"))
    for first, last in SPANS:
        task, after = draw.randint(first, last), draw.uniform(0, MOST_AFTER)
        log = Path(os.environ[DIRECTORY], f"interrupted-{first}.log")
        where = Watched(log).kill(task=task, after=after)
        sys.stdout.write(f"Killed {after:.1f} s after task {task} began, in: {where}\n")


if __name__ == "__main__":
    main()
