# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name servers that this machine itself asks."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from lab.errors import LabError


def upstream(root: Path = Path("/")) -> list[str]:
    """Name servers that a lab host can reach too: a local stub (127.0.0.53) is replaced by what stands behind it."""
    for name in ("etc/resolv.conf", "run/systemd/resolve/resolv.conf"):
        path = root / name
        found = _servers(path.read_text(encoding="utf-8")) if path.is_file() else []
        if found:
            return found
    raise LabError(
        "This machine names no name server but itself, so the lab's hosts could resolve nothing. "
        "Put a name server that is no loopback address into /etc/resolv.conf."
    )


def _servers(text: str) -> list[str]:
    words = [line.split() for line in text.splitlines() if line.startswith("nameserver")]
    addresses = [ip_address(word[1].partition("%")[0]) for word in words if len(word) > 1]
    return [str(address) for address in addresses if address.version == 4 and not address.is_loopback]
