# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dead man's switch: what ruled before comes back by itself unless somebody who logged in anew says that all is well.

A timer of systemd holds it, so it needs neither the controller nor the process that armed it. Whether the new rules
stay or the former ones come back is decided by one rename: the file `armed.STAMP` becomes either `confirmed.STAMP` or
`fired.STAMP`, and who comes second finds it gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from .kernel import NO_TABLE
from .model import FirewallError

State = Literal["armed", "fired", "restored", "confirmed", "unknown"]
_UNIT = "mailforest-firewall-rollback"
_STATES: tuple[State, ...] = ("armed", "fired", "restored", "confirmed")
SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the timer finds its programs."""
_PAUSE = 0.5
_RESTORE_SECONDS = 30


class Timer(Protocol):
    """What the switch needs of a service manager."""

    def start(self, seconds: int, script: Path) -> None:
        """Run the script after so many seconds, whatever becomes of the caller."""

    def stop(self) -> None:
        """Run it no more."""

    def pending(self) -> bool:
        """Whether it will run, or runs."""


class SystemdTimer:
    """A transient timer."""

    def start(self, seconds: int, script: Path) -> None:
        """See Timer."""
        _call(
            *("systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", f"--on-active={seconds}s"),
            *("--timer-property=AccuracySec=100ms", "--property=Type=oneshot"),
            *("--description=Former rules of mailforest.stack's packet filter, unless the new ones are confirmed",),
            *("/bin/sh", str(script)),
        )

    def stop(self) -> None:
        """See Timer."""
        try:
            _call("systemctl", "stop", f"{_UNIT}.timer")
        except FirewallError:
            if self.pending():  # else it ended in between, and its unit with it
                raise

    def pending(self) -> bool:
        """See Timer."""
        asked = _call("systemctl", "show", "--property=ActiveState", "--value", f"{_UNIT}.timer", f"{_UNIT}.service")
        return any(state in ("active", "activating") for state in asked.split())


def _call(*argv: str) -> str:
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise FirewallError(f"{argv[0]}: {exc}") from exc
    if done.returncode != 0:
        raise FirewallError(f"{argv[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Former:
    """What ruled before: the table as nft writes it (empty: none), and kernel settings by file."""

    rules: str
    settings: Mapping[Path, str]

    @property
    def ruleset(self) -> str:
        """A file for nft that brings the table back, or takes it away."""
        return NO_TABLE + self.rules


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The switch of this host; there is one."""

    timer: Timer
    directory: Path = Path("/run/mailforest/firewall")

    @property
    def former(self) -> Path:
        """The rules that come back."""
        return self.directory / "former.nft"

    @property
    def script(self) -> Path:
        """The program that brings them back."""
        return self.directory / "restore"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let one run at a time change the rules; another one's switch is waited for, never taken over."""
        self.directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        with (self.directory / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FirewallError(
                    "Another run loads rules on this host right now. This one changed nothing. "
                    "Run again when the other has ended."
                ) from None
            yield

    def wait(self, seconds: int) -> bool:
        """Wait until no switch is armed; False when one still is after so many seconds."""
        deadline = time.monotonic() + seconds
        while self.timer.pending():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def state(self, stamp: str) -> State:
        """What became of an armed switch."""
        return next((state for state in _STATES if self._file(state, stamp).exists()), "unknown")

    def arm(self, stamp: str, former: Former, *, seconds: int) -> None:
        """From now on the former rules come back in so many seconds."""
        for state in _STATES:
            for old in self.directory.glob(f"{state}.*"):
                old.unlink()
        self.former.write_text(former.ruleset, encoding="utf-8")
        self.script.write_text(self._program(stamp, former), encoding="utf-8")
        armed = self._file("armed", stamp)
        armed.touch()
        try:
            self.timer.start(seconds, self.script)
        except FirewallError:
            armed.unlink()
            raise

    def confirm(self, stamp: str) -> bool:
        """Keep the new rules; False when the switch was faster."""
        if not self._claim(stamp):
            return False
        self.timer.stop()
        return True

    def revert(self, stamp: str) -> None:
        """Bring the former rules back now, or wait until the timer has done so."""
        if self.state(stamp) == "armed":
            self._restore_now()
            self.timer.stop()
        self.wait(_RESTORE_SECONDS)
        if self.state(stamp) == "fired":
            self._restore_now()

    def _restore_now(self) -> None:
        try:
            _call("/bin/sh", str(self.script))
        except FirewallError as exc:
            raise FirewallError(
                f"The former rules could not be brought back: {exc}. What rules now is uncertain; nothing was kept for "
                f"the next boot. Mend what the message says and run `sh {self.script}`, or restart the host."
            ) from exc

    def _claim(self, stamp: str) -> bool:
        try:
            self._file("armed", stamp).rename(self._file("confirmed", stamp))
        except FileNotFoundError:
            return False
        return True

    def _file(self, state: State, stamp: str) -> Path:
        return self.directory / f"{state}.{stamp}"

    def _program(self, stamp: str, former: Former) -> str:
        armed, fired, restored = (
            shlex.quote(str(self._file(state, stamp))) for state in ("armed", "fired", "restored")
        )
        settings = [
            f"printf '%s\\n' {shlex.quote(value)} >{shlex.quote(str(file))} || failed=1"
            for file, value in former.settings.items()
        ]
        lines = [
            "#!/bin/sh",
            "# Written by Ansible (mailforest.stack). Brings back what ruled before, unless the new was confirmed.",
            f"PATH={SEARCH_PATH}",
            f"mv {armed} {fired} 2>/dev/null || [ -e {fired} ] || exit 0",
            "failed=",
            *settings,
            f"nft -f {shlex.quote(str(self.former))} || failed=1",
            f'[ -z "$failed" ] && mv {fired} {restored}',
        ]
        return "\n".join(lines) + "\n"
