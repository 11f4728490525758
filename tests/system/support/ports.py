# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP ports that an observer tries."""

from __future__ import annotations

import random

from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE

DECLARED = sorted({port for row in CATALOGUE if "tcp" in row.transports for port in range(row.port, row.last_port + 1)})
OTHERS = random.Random(20261123).sample(sorted(set(range(1, 65536)) - set(DECLARED)), 1000)
"""The same thousand each time, so that a failure can be looked at."""
ALL = DECLARED + OTHERS
