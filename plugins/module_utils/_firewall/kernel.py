# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has loaded."""

from __future__ import annotations

import json
import subprocess

from .ruleset import TABLE

_NFT = "/usr/sbin/nft"


def table_loaded(program: str = _NFT) -> bool:
    """Whether our table is in the kernel; False when nft is not installed yet."""
    try:
        done = subprocess.run(
            (program, "--json", "list", "tables"), stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    tables = (entry.get("table") for entry in json.loads(done.stdout)["nftables"])
    return any(table and f"{table['family']} {table['name']}" == TABLE for table in tables)
