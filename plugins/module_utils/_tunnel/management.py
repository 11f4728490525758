# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running OpenVPN says of itself over its management socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

UP = "CONNECTED"
_LARGEST_LINE = 4096


class NotRunning(Exception):
    """Nobody answers, or not as OpenVPN does; the text says what happened."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of one instance."""

    state: str
    since: str
    """When it came into this state, in UTC (ISO 8601)."""
    detail: str
    """Why, such as ping-restart; empty when there is nothing to say."""
    received: int
    sent: int
    """Bytes on the line, since the process was started or the tunnel was dialled anew."""


def ask(path: str, *, timeout: float) -> Status:
    """Ask the instance that listens at this path."""
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(timeout)
            channel.connect(path)
            with channel.makefile("rw", encoding="utf-8", errors="replace", newline="\n") as stream:
                return _status(_answer(stream, "state"), _answer(stream, "status 1"))
    except (OSError, ValueError, IndexError) as exc:
        raise NotRunning(str(exc) or type(exc).__name__) from exc


def _answer(stream: TextIO, command: str) -> list[str]:
    """The lines of the answer; what the daemon tells unasked in between is left out."""
    stream.write(f"{command}\n")
    stream.flush()
    return list(_lines(stream, command))


def _lines(stream: TextIO, command: str) -> Iterator[str]:
    while line := stream.readline(_LARGEST_LINE):
        text = line.strip()
        if text == "END":
            return
        if text.startswith("ERROR:"):
            raise ValueError(f"to {command!r} it answered {text!r}")
        if not text.startswith(">"):
            yield text
    raise ValueError(f"the answer to {command!r} broke off")


def _status(state: Sequence[str], status: Sequence[str]) -> Status:
    fields = state[-1].split(",")
    counters = dict(line.split(",", 1) for line in status if "," in line)
    return Status(
        state=fields[1],
        since=datetime.fromtimestamp(int(fields[0]), UTC).isoformat(timespec="seconds"),
        detail="" if fields[2] == "SUCCESS" else fields[2],
        received=int(counters.get("TCP/UDP read bytes", 0)),
        sent=int(counters.get("TCP/UDP write bytes", 0)),
    )
