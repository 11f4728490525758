# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands typed by somebody at a terminal, who answers each question for a password."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_QUESTION = b"assword"
_BLOCK = 65536


@dataclass(frozen=True, kw_only=True)
class Typed:
    """How it ended, and all that was to be seen."""

    code: int
    output: str


def typed(line: str, *, place: Path, environment: Mapping[str, str], password: str, seconds: float) -> Typed:
    """One command of a shell; it is ended when it takes longer."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.chdir(place)
            os.execvpe("bash", ["bash", "-c", line], dict(environment))
        finally:
            os._exit(127)
    try:
        output = _attended(terminal, password.encode() + b"\n", time.monotonic() + seconds)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Typed(code=code, output=output.decode(errors="replace").replace("\r\n", "\n"))


def _attended(terminal: int, answer: bytes, deadline: float) -> bytes:
    """Read until it hangs up. A question is a line about a password that waits behind its colon."""
    output = bytearray()
    while piece := _next(terminal, deadline):
        output += piece
        last = output.rpartition(b"\n")[2]
        if _QUESTION in last and last.endswith(b": "):
            os.write(terminal, answer)
            output += b"\n"
    return bytes(output)


def _next(terminal: int, deadline: float) -> bytes:
    ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
    if not ready:
        raise TimeoutError("the command still runs")
    try:
        return os.read(terminal, _BLOCK)
    except OSError:  # it has ended, and nobody holds the other side any more
        return b""
