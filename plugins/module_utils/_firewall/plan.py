# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a ruleset that is safe to load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .access import find_access, refuse_lock_out, refuse_other_managers
from .model import read_policy
from .ruleset import render, sysctls


def plan(params: Mapping[str, Any], *, root: Path, pid: int) -> dict[str, Any]:
    """The ruleset and what goes with it; raises FirewallError before anything could go wrong."""
    policy = read_policy(params)
    refuse_other_managers(root)
    access = find_access(root / "proc", pid=pid, ssh_ports=params.get("ssh_ports") or ())
    refuse_lock_out(policy, access)
    return {
        "ruleset": render(policy, ssh_ports=access.ssh_ports),
        "sysctls": sysctls(policy),
        "ssh_ports": list(access.ssh_ports),
        "clients": [str(client) for client in access.clients],
    }
