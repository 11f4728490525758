# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own commands in a process of their own. Private to this collection.

They print, change process-wide settings, and hold databases open that the caller may hold too; and one that is killed
takes nobody with it. Request and answer are JSON on standard input and output, so no secret is on a command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LINES = 15


def call(
    program: str, request: Mapping[str, Any], *, temporary: str, timeout: int, keep_open: Sequence[int] = ()
) -> dict[str, Any]:
    """Run the Python module `program` as a process; its refusals are raised here."""
    environment = {
        "PATH": PATH,
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": temporary,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", program],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=environment,
            pass_fds=tuple(keep_open),
            umask=0o077,
        )
    except subprocess.TimeoutExpired as exc:
        raise ResourceError(
            f"Samba was not done after {timeout} seconds and was stopped. Nothing is left of what it made."
            " Look at the host's load and disk, or allow more time."
        ) from exc
    log = (done.stderr or "").splitlines()[-_LINES:]
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as exc:
        raise ResourceError(
            f"Samba's Python code broke off with exit code {done.returncode} and no answer. Nothing is left of what it"
            " made. See `log`.",
            log=log,
        ) from exc
    if "refused" in answer:
        kind = NotYetKnowable if answer.get("unknown") else ResourceError
        raise kind(str(answer["refused"]), log=log)
    return answer


def serve(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other side: what Samba prints goes to standard error, the answer alone to standard output."""
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
