# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a ruleset that is safe to load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .access import find_access, refuse_lock_out, refuse_other_managers
from .reading import read_policy
from .ruleset import noted_fence, render, sysctls

WRITTEN = "etc/mailforest/firewall.nft"
"""What is loaded at boot, below the root."""


def _fenced(params: Mapping[str, Any], root: Path) -> list[str]:
    """The addresses to fence: those given, or those that are fenced now."""
    if not params.get("fence_kept"):
        return list(params.get("fenced") or ())
    written = root / WRITTEN
    return noted_fence(written.read_text(encoding="utf-8")) if written.exists() else []


def plan(params: Mapping[str, Any], *, root: Path, pid: int) -> dict[str, Any]:
    """The ruleset and what goes with it; raises FirewallError before anything could go wrong."""
    policy = read_policy({**params, "fenced": _fenced(params, root)})
    refuse_other_managers(root)
    access = find_access(root / "proc", pid=pid, ssh_ports=params.get("ssh_ports") or ())
    refuse_lock_out(policy, access)
    return {
        "ruleset": render(policy, ssh_ports=access.ssh_ports),
        "sysctls": sysctls(policy),
        "fenced": [str(network) for network in policy.fenced],
        "ssh_ports": list(access.ssh_ports),
        "clients": [str(client) for client in access.clients],
    }
