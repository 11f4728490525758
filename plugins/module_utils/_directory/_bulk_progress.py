# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long run is: a file to look at, and lines in the journal. Private to this collection."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PAUSE = 5.0
"""Seconds between two lines in the journal."""


class Progress:
    """Told after each transaction; a file that cannot be written stops nothing."""

    def __init__(self, path: str | None, log: Callable[[str], None]) -> None:
        """`path` = the file; None writes none."""
        self._path = Path(path) if path else None
        self._log = log
        self._start = self._begun = self._said = time.monotonic()
        self._total = 0
        self._done = 0

    def examined(self, count: int) -> None:
        """So many rows have been compared with the directory; nothing is written yet."""
        self._done = count
        self._say("examine", force=False)

    def begin(self, total: int) -> None:
        """So many objects and memberships are to be written."""
        self._total, self._done = total, 0
        self._begun = time.monotonic()
        self._say("begins", force=True)

    def add(self, phase: str, count: int) -> None:
        """So many more have been written."""
        self._done += count
        self._say(phase, force=False)

    def end(self) -> None:
        """The last has been written."""
        self._say("done", force=True)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._start

    def _say(self, phase: str, *, force: bool) -> None:
        spent = time.monotonic() - self._begun
        rate = self._done / spent if spent else 0.0
        left = (self._total - self._done) / rate if rate and self._total else None
        state = {
            "pid": os.getpid(),
            "phase": phase,
            "done": self._done,
            "total": self._total,
            "per_second": round(rate, 1),
            "seconds": round(self.seconds, 1),
            "seconds_left": None if left is None else round(left),
        }
        self._write(state)
        if force or time.monotonic() - self._said >= _PAUSE:
            self._said = time.monotonic()
            whole = f" of {self._total}" if self._total else ""
            self._log(f"{phase}: {self._done}{whole}, {rate:.0f} per second")

    def _write(self, state: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            fresh = self._path.with_name(f".{self._path.name}.new")
            fresh.write_text(json.dumps(state) + "\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError:
            self._path = None
