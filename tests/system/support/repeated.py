# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing done after another while something breaks, each again until it works; how long that took at worst."""

from __future__ import annotations

import imaplib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FAILS = (OSError, ValueError, imaplib.IMAP4.error, subprocess.SubprocessError)
"""What clients raise whose server is away, answers half, or cannot do it for now."""
_FINISH_SECONDS = 180


class Repeated(threading.Thread):
    """Calls `act` with 0, 1, 2...; each number again until no error comes."""

    def __init__(self, act: Callable[[int], str], *, pause: float) -> None:
        super().__init__(daemon=True)
        self.act, self.pause = act, pause
        self.done: list[str] = []
        """What `act` returned."""
        self.failed: list[str] = []
        self.outage = 0.0
        """The longest time that one thing took."""
        self.tries = 1
        """The most attempts that one thing took."""
        self.cured = True
        """Whether the last attempt worked."""
        self.error: BaseException | None = None
        self._end = threading.Event()

    def run(self) -> None:
        """What the thread does."""
        try:
            while not self._end.is_set():
                self._one(len(self.done))
                self._end.wait(self.pause)
        except BaseException as exc:  # given to the test, which waits for the thread
            self.error = exc

    def _one(self, number: int) -> None:
        begun, tries = time.monotonic(), 0
        while not self._end.is_set():
            tries += 1
            try:
                self.done.append(self.act(number))
            except FAILS as exc:
                self.cured = False
                self.failed.append(f"{type(exc).__name__}: {exc}")
                self._end.wait(self.pause)
            else:
                self.cured = True
                self.outage = max(self.outage, time.monotonic() - begun)
                self.tries = max(self.tries, tries)
                return

    def finish(self) -> None:
        """End after what is under way."""
        self._end.set()
        self.join(timeout=_FINISH_SECONDS)
        if self.error:
            raise self.error
        assert not self.is_alive(), f"it hangs: {self.failed[-2:]}"


@contextmanager
def repeated(act: Callable[[int], str], *, pause: float) -> Iterator[Repeated]:
    """Done all the time while the block runs."""
    thread = Repeated(act, pause=pause)
    thread.start()
    try:
        yield thread
    finally:
        thread.finish()
