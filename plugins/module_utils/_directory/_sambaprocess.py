# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own commands in a process of their own. Private to this collection.

They print, change process-wide settings, and hold databases open that the caller may hold too; and one that is killed
takes nobody with it. Request and answer are JSON on standard input and output, so no secret is on a command line.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils import _proc
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LINES = 15
_LOOK, _LAST_WORDS = 2.0, 5.0


class Stuck(ResourceError):
    """The process waited for something that did not come. It was ended; nothing is left of what it made."""


def call(
    program: str,
    request: Mapping[str, Any],
    *,
    temporary: str,
    timeout: int,
    keep_open: Sequence[int] = (),
    still: int = 300,
) -> dict[str, Any]:
    """Run the Python module `program` as a process; its refusals are raised here.

    It is ended after `timeout` seconds, and where it and its children use no processor at all for `still` seconds: it
    waits for a lock or an answer that will not come. Where it stood is in the error's `log` then.
    """
    environment = {
        "PATH": PATH,
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": temporary,
    }
    with _started(program, environment, keep_open) as process:
        try:
            output, said = _attended(process, json.dumps(request), timeout=timeout, still=still)
        except BaseException:
            _end(process)
            raise
    log = said.splitlines()[-_LINES:]
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError as exc:
        raise ResourceError(
            f"Samba's Python code broke off with exit code {process.returncode} and no answer. Nothing is left of what"
            " it made. See `log`.",
            log=log,
        ) from exc
    if "refused" in answer:
        kind = NotYetKnowable if answer.get("unknown") else ResourceError
        raise kind(str(answer["refused"]), log=log)
    return answer


def _started(program: str, environment: Mapping[str, str], keep_open: Sequence[int]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        pass_fds=tuple(keep_open),
        umask=0o077,
        process_group=0,
    )


def _attended(process: subprocess.Popen[str], request: str, *, timeout: int, still: int) -> tuple[str, str]:
    """Wait for its end; returns what it answered and what it said."""
    used, changed = -1, time.monotonic()
    end = changed + timeout
    unsent: str | None = request
    while True:
        try:
            return process.communicate(unsent, timeout=_LOOK)
        except subprocess.TimeoutExpired:
            unsent = None  # it keeps what it was given
            now, ticks = time.monotonic(), sum(one.ticks for one in _group(process.pid))
            if ticks != used:
                used, changed = ticks, now
        if now - changed >= still:
            raise Stuck(
                f"Samba stood still for {still} seconds and was ended: it waited for something that did not come."
                " Nothing is left of what it made. See in `log` where it stood; run again, and where it happens again,"
                " restart samba-ad-dc first.",
                log=_last_words(process),
            )
        if now >= end:
            raise ResourceError(
                f"Samba was not done after {timeout} seconds and was stopped. Nothing is left of what it made."
                " Look at the host's load and disk, or allow more time. See in `log` where it stood.",
                log=_last_words(process),
            )


def _last_words(process: subprocess.Popen[str]) -> list[str]:
    """What it said last, which programs it runs, and where its code stands (see `serve`)."""
    running = [f"It runs: {one.command}" for one in _group(process.pid) if one.pid != process.pid]
    os.kill(process.pid, signal.SIGUSR1)
    time.sleep(_LAST_WORDS)
    _end(process)
    _output, said = process.communicate()
    return [*said.splitlines()[-2 * _LINES :], *running]


def _end(process: subprocess.Popen[str]) -> None:
    """With what it started: a child that waits for a lock would take it later."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class _Process:
    pid: int
    ticks: int
    command: str


def _group(leader: int) -> Iterator[_Process]:
    """The processes of a group, with the processor time that they and their children have used."""
    for process in _proc.processes(Path("/proc")):
        fields = _proc.stat(process)
        if fields and int(fields[2]) == leader:
            words = _proc.read(process / "cmdline").split("\0")
            yield _Process(
                pid=int(process.name), ticks=sum(int(one) for one in fields[11:15]), command=" ".join(words).strip()
            )


def serve(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other side: what Samba prints goes to standard error, the answer alone to standard output.

    Asked by SIGUSR1, it says on standard error where its code stands.
    """
    faulthandler.register(signal.SIGUSR1)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    try:
        result = work(request)
    except ResourceError as exc:
        result = {"refused": str(exc), "unknown": isinstance(exc, NotYetKnowable)}
    except Exception as exc:  # Samba raises bare classes of many modules
        import traceback

        traceback.print_exc()
        result = {"refused": f"{request['what']} failed: {type(exc).__name__}: {_text(exc)}. {request['consequence']}"}
    with contextlib.closing(answer):
        json.dump(result, answer)


def _text(exc: BaseException) -> str:
    """Samba's CommandError keeps its text, and the cause, apart."""
    inner = getattr(exc, "inner_exception", None)
    return f"{exc} ({inner})" if inner else str(exc)
