# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare connections by the tens of thousands: two threads, a window of sockets each, and no task for each connection."""

from __future__ import annotations

import errno
import heapq
import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import connected_to_itself
from ansible_collections.mailforest.stack.plugins.module_utils._probe.resolver import is_address
from ansible_collections.mailforest.stack.plugins.module_utils._probe.result import Limits, Result
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import FINAL, Finding, Stage, Verdict

NO_ANSWER = "no answer to the connection request"
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EACCES, errno.EPERM})
_TAKEN = frozenset({0, errno.ECONNRESET, errno.EPIPE})
"""A reset after the connection was taken does not undo that it was taken."""
_LONGEST_WAIT = 0.5
_WORTH_ANOTHER_THREAD = 500
_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)
"""Neither side keeps anything of a connection over which nothing was said; tens of thousands would fill tables."""


def is_bare(check: Check) -> bool:
    """Say whether a connection to an address is all that the check asks for."""
    return check.transport == "tcp" and check.protocol == "none" and check.tls == "none" and is_address(check.host)


def judge_connect(code: int, text: str = "") -> tuple[Verdict, str]:
    """Return what a failed connection says, and in words."""
    if code == errno.ECONNREFUSED:
        return Verdict.REFUSED, "the host answers that nothing listens"
    return Verdict.UNREACHABLE if code in _UNREACHABLE else Verdict.UNKNOWN, text or os.strerror(code)


@lru_cache(maxsize=4096)
def _finding(verdict: Verdict, detail: str, address: str) -> Finding:
    """The same one for all ports of an address of which the same is said."""
    return Finding(verdict=verdict, stage=Stage.CONNECT, detail=detail, address=address)


@dataclass(kw_only=True, slots=True)
class _Attempt:
    """A check that is being tried, or waits to be tried again."""

    index: int
    check: Check
    begun: float
    attempts: int = 0
    finding: Finding | None = None
    connection: socket.socket | None = None
    expires: float = 0.0


class Sweeps:
    """All bare checks of a run. Connecting is the kernel's work, so two threads are faster than one."""

    def __init__(self, checks: Sequence[tuple[int, Check]], limits: Limits, *, window: int, end: float) -> None:
        threads = 2 if len(checks) >= _WORTH_ANOTHER_THREAD and window > 1 else 1
        share = max(1, window // threads)
        self._parts = [Sweep(checks[part::threads], limits, window=share, end=end) for part in range(threads)]

    def run(self) -> Iterator[tuple[int, Result]]:
        """Return (index, result) of every check, in no order."""
        if len(self._parts) == 1:
            return iter(self._parts[0].run())
        with ThreadPoolExecutor(len(self._parts)) as pool:
            return chain.from_iterable(pool.map(Sweep.run, self._parts))

    def stop(self) -> None:
        """End soon; what is not finished then is as if the deadline had come."""
        for part in self._parts:
            part.stop()


class Sweep:
    """Bare checks in one thread."""

    def __init__(self, checks: Iterable[tuple[int, Check]], limits: Limits, *, window: int, end: float) -> None:
        self._todo: Iterator[tuple[int, Check]] = iter(checks)
        self._limits = limits
        self._window = window
        self._end = end
        self._flying: dict[int, _Attempt] = {}
        self._expiries: list[tuple[float, int, _Attempt]] = []
        self._waiting: list[tuple[float, int, _Attempt]] = []
        self._results: list[tuple[int, Result]] = []
        self._poll: select.epoll | None = None

    def run(self) -> list[tuple[int, Result]]:
        """Return (index, result) of every check, in no order."""
        with select.epoll() as self._poll:
            try:
                while time.monotonic() < self._end and (self._launch() or self._flying or self._waiting):
                    self._land(self._poll)
                    self._expire()
            finally:
                self._give_up()
        return self._results

    def stop(self) -> None:
        """End soon; what is not finished then is as if the deadline had come."""
        self._end = 0.0

    def _launch(self) -> bool:
        """Begin what there is room for; say whether anything was begun."""
        begun = 0
        while begun < self._window and len(self._flying) < self._window and (attempt := self._next()):
            begun += 1
            self._dial(attempt)
        return begun > 0

    def _next(self) -> _Attempt | None:
        now = time.monotonic()
        if self._waiting and self._waiting[0][0] <= now:
            return heapq.heappop(self._waiting)[2]
        for index, check in self._todo:
            return _Attempt(index=index, check=check, begun=now)
        return None

    def _dial(self, attempt: _Attempt) -> None:
        check = attempt.check
        attempt.attempts += 1
        family = socket.AF_INET6 if ":" in check.host else socket.AF_INET
        try:
            attempt.connection = connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
            code = connection.connect_ex((check.host, check.port))
        except OSError as error:
            code = error.errno or errno.EIO
        if code != errno.EINPROGRESS or self._poll is None:
            self._settle(attempt, code)
            return
        descriptor = connection.fileno()
        self._flying[descriptor] = attempt
        attempt.expires = time.monotonic() + check.timeout
        heapq.heappush(self._expiries, (attempt.expires, attempt.index, attempt))
        self._poll.register(descriptor, select.EPOLLOUT)

    def _land(self, poll: select.epoll) -> None:
        """Wait for connections, at most until something else is to be done."""
        if not self._flying and not self._waiting:
            return
        soonest = min(heap[0][0] for heap in (self._expiries, self._waiting) if heap)
        left = min(soonest, self._end) - time.monotonic()
        for descriptor, event in poll.poll(max(0.0, min(left, _LONGEST_WAIT)), self._window):
            attempt = self._flying.pop(descriptor)
            connection, code = attempt.connection, 0
            if event != select.EPOLLOUT and connection:
                code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._settle(attempt, code)

    def _expire(self) -> None:
        """Close what has waited long enough. What has landed since is still in the heap, until its turn comes."""
        now = time.monotonic()
        while self._expiries:
            when, _index, attempt = self._expiries[0]
            flying = attempt.connection is not None and attempt.expires == when
            if flying and when > now:
                break
            heapq.heappop(self._expiries)
            if flying and attempt.connection is not None:
                del self._flying[attempt.connection.fileno()]
                self._found(attempt, Verdict.FILTERED, NO_ANSWER)

    def _settle(self, attempt: _Attempt, code: int) -> None:
        check, connection = attempt.check, attempt.connection
        if code in _TAKEN and connection is not None:
            itself = connected_to_itself(connection, check.host, check.port)
            self._found(attempt, *(judge_connect(errno.ECONNREFUSED) if itself else (Verdict.OPEN, "")))
        else:
            self._found(attempt, *judge_connect(code))

    def _found(self, attempt: _Attempt, verdict: Verdict, detail: str) -> None:
        check = attempt.check
        if attempt.connection is not None:
            attempt.connection.close()
            attempt.connection = None
        attempt.finding = _finding(verdict, detail, check.host)
        last = attempt.attempts >= self._limits.attempts(check)
        if last or verdict in FINAL or check.passes(verdict):
            self._finish(attempt)
        else:
            heapq.heappush(self._waiting, (time.monotonic() + self._limits.delay, attempt.index, attempt))

    def _finish(self, attempt: _Attempt) -> None:
        finding = attempt.finding or self._limits.too_late(attempt.attempts)
        seconds = time.monotonic() - attempt.begun
        result = Result(check=attempt.check, finding=finding, seconds=seconds, attempts=attempt.attempts)
        self._results.append((attempt.index, result))

    def _give_up(self) -> None:
        """The deadline has come: say so of everything that was not finished."""
        for attempt in self._flying.values():
            if attempt.connection is not None:
                attempt.connection.close()
        now = time.monotonic()
        waiting = [attempt for _when, _index, attempt in self._waiting]
        never = (_Attempt(index=index, check=check, begun=now) for index, check in self._todo)
        for attempt in (*self._flying.values(), *waiting, *never):
            self._finish(attempt)
