# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: programs that wait for strangers at ports that nothing declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils import _proc

from .problem import WARNING, Problem


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A TCP port at which a program waits, at another address than loopback's."""

    port: int
    program: str


def look(proc: Path = Path("/proc")) -> list[Listener]:
    """All of them; whose they are is looked up for few: see `judge`."""
    waiting = [row for row in _proc.sockets(proc, "tcp") if row.state == _proc.LISTEN and not row.local.is_loopback]
    return [Listener(port=row.local_port, program=row.inode) for row in waiting]


def allowed(ranges: Iterable[str]) -> set[int]:
    """The ports of texts such as 25 and 50000-50020."""
    found: set[int] = set()
    for text in ranges:
        first, _dash, last = text.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def programs(inodes: set[str], proc: Path = Path("/proc")) -> dict[str, str]:
    """Socket to the program that holds it."""
    held: dict[str, str] = {}
    for process in _proc.processes(proc):
        for inode in inodes.intersection(_proc.inodes(process)):
            held.setdefault(inode, _proc.program(process))
    return held


def judge(listeners: Sequence[Listener], ranges: Iterable[str], proc: Path = Path("/proc")) -> Iterator[Problem]:
    """Those that are in no row of the catalogue for this host."""
    known = allowed(ranges)
    further = [row for row in listeners if row.port not in known]
    names = programs({row.program for row in further}, proc) if further else {}
    for port in sorted({row.port for row in further}):
        who = sorted({names.get(row.program, "an unknown program") for row in further if row.port == port})
        yield Problem(
            severity=WARNING,
            requirement="AD-10",
            subject=f"port {port}/tcp of the host",
            expected="nothing that waits there",
            found=f"{', '.join(who)} waits",
            cause="A program was installed or set up beside what is declared; only the firewall keeps it from others.",
            remedy="Stop it, or have it wait at 127.0.0.1.",
        )
