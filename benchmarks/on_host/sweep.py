# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a file of ports with the probes of `reachable`, without Ansible; print how often each verdict was given."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils._probe import Limits, parse_all, probe


def main(path: str) -> None:
    """Read, check, print."""
    checks = parse_all(json.loads(Path(path).read_text(encoding="utf-8")), timeout=3)
    results = probe(checks, Limits())
    print(json.dumps(Counter(str(result.finding.verdict) for result in results)))


if __name__ == "__main__":
    main(sys.argv[1])
