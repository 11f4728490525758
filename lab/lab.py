#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and remove a lab.

`lab/lab.py up|down|restart LAB | renew LAB HOST... [--release NAME] | status [LAB] | clean`
"""

from __future__ import annotations

import sys
from pathlib import Path

# The directory of a script comes first in the search path; the package `lab` is found from its parent.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lab.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
