# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of ansible-playbook that goes on by itself, until it is killed with everything that it has started here."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils import _proc

from .playbook import command

_PROC = Path("/proc")
_END_SECONDS = 30


def begin(
    playbook: Path,
    *,
    inventories: Sequence[Path] = (),
    arguments: Sequence[str] = (),
    log: Path = Path(os.devnull),
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """The run, in a session of its own, as of an administrator whose terminal may close."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command(playbook, inventories=inventories, arguments=arguments),
            cwd=playbook.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it and all that comes from it, which is no one group: Ansible's workers are sessions of their own.

    They are held first, each as it is found, so that none starts what nobody kills.
    """
    if process.poll() is not None:
        return  # its number may be another's by now
    held: set[int] = set()
    while found := tree(process.pid) - held:
        for pid in found:
            _send(pid, signal.SIGSTOP)
        held |= found
    for pid in held:
        _send(pid, signal.SIGKILL)
    process.wait(timeout=_END_SECONDS)


def tree(pid: int) -> set[int]:
    """The process, and all that come from it."""
    parents = {int(one.name): int(_proc.parent(one)) for one in _proc.processes(_PROC)}
    found = [pid]
    for one in found:  # it grows meanwhile
        found += [child for child, parent in parents.items() if parent == one]
    return set(found)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
