# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a tree speaks to systemd."""

from __future__ import annotations

import shutil
import subprocess
from typing import Protocol

from .model import OnChange

_RUNNING = frozenset({"active", "activating", "reloading", "refreshing"})
_VERBS = {"reload": "try-reload-or-restart", "restart": "try-restart"}
_TIMEOUT = 180.0


class UnitError(Exception):
    """systemd refused; the text is what it said."""


class Units(Protocol):
    """What a tree needs of a service manager."""

    def running(self, unit: str) -> bool:
        """Whether the unit runs, and so may run with an older configuration."""

    def apply(self, unit: str, how: OnChange) -> None:
        """Let a running unit take up the new configuration."""

    def read_unit_files(self) -> None:
        """Let systemd read changed unit files."""

    def recent_log(self, unit: str) -> str:
        """The last lines that the unit logged."""


class Systemd:
    """systemd by its own command."""

    def __init__(self) -> None:
        self._present = shutil.which("systemctl") is not None

    def running(self, unit: str) -> bool:
        """See Units."""
        if not self._present:
            return False
        return _call("systemctl", "show", "--property=ActiveState", "--value", "--", unit).strip() in _RUNNING

    def apply(self, unit: str, how: OnChange) -> None:
        """See Units."""
        if how != "none":
            _call("systemctl", _VERBS[how], "--", unit)

    def read_unit_files(self) -> None:
        """See Units."""
        if self._present:
            _call("systemctl", "daemon-reload")

    def recent_log(self, unit: str) -> str:
        """See Units."""
        try:
            return _call("journalctl", "--no-pager", "--lines=8", "--output=cat", "--unit", unit).strip()
        except UnitError as exc:
            return str(exc)


def _call(*argv: str) -> str:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise UnitError(f"{' '.join(argv)}: {exc}") from exc
    if done.returncode != 0:
        raise UnitError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
