# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many checks at once: bounded in number, in files and in time."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ansible_collections.mailforest.stack.plugins.module_utils._probe.resolver import Resolver
from ansible_collections.mailforest.stack.plugins.module_utils._probe.result import Limits, Result
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.sweep import (
    NO_ANSWER,
    Sweeps,
    is_bare,
    judge_connect,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.tcp import TcpProbe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.udp import UdpProbe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import (
    FINAL,
    Finding,
    Judged,
    Progress,
    Stage,
    Verdict,
)

_SPARE_FILES = 64
_FILES_PER_CHECK = 2  # a second connection at times, while the first is still open


def _from_error(progress: Progress, error: Exception) -> Finding:
    """Read a verdict from what ended an attempt."""
    if isinstance(error, Judged):
        return progress.finding(error.verdict, error.detail)
    if isinstance(error, ssl.SSLCertVerificationError):
        return progress.finding(Verdict.BAD_CERTIFICATE, error.verify_message)
    if isinstance(error, ssl.SSLError):
        return progress.finding(Verdict.WRONG_TLS, f"TLS failed: {error.reason or error}")
    if isinstance(error, socket.gaierror):
        return progress.finding(Verdict.UNRESOLVED, error.strerror or str(error))
    if progress.stage is Stage.CONNECT:
        return _from_connect(progress, error)
    if isinstance(error, TimeoutError):
        if progress.stage is Stage.RESOLVE:
            return progress.finding(Verdict.UNRESOLVED, "no answer from the resolver")
        return progress.finding(Verdict.UNKNOWN, "accepted the connection, then said nothing in time")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return progress.finding(Verdict.UNKNOWN, f"accepted the connection, then: {reason or type(error).__name__}")


def _from_connect(progress: Progress, error: Exception) -> Finding:
    if isinstance(error, TimeoutError):
        return progress.finding(Verdict.FILTERED, NO_ANSWER)
    if isinstance(error, OSError) and error.errno:
        return progress.finding(*judge_connect(error.errno, error.strerror or ""))
    return progress.finding(Verdict.UNKNOWN, str(error))


async def _at_address(check: Check, address: str) -> Finding:
    progress = Progress(address=address, stage=Stage.CONNECT)
    probe = (UdpProbe if check.transport == "udp" else TcpProbe)(check=check, address=address, progress=progress)
    try:
        await probe.run()
    except (OSError, EOFError, Judged) as error:
        return _from_error(progress, error)
    except (ValueError, LookupError) as error:  # a reply that breaks its own layout
        return progress.finding(Verdict.WRONG_PROTOCOL, f"the answer cannot be read: {error}")
    return progress.finding(Verdict.OPEN)


async def _attempt(check: Check, resolver: Resolver) -> Finding:
    """Probe the addresses of a host in turn until one takes the connection."""
    try:
        async with asyncio.timeout(check.timeout):
            addresses = await resolver.addresses(check.host)
    except (OSError, UnicodeError) as error:
        return _from_error(Progress(), error if isinstance(error, OSError) else socket.gaierror(0, str(error)))
    each = check if len(addresses) == 1 else replace(check, timeout=check.timeout / max(1, len(addresses)))
    finding = Progress().finding(Verdict.UNRESOLVED, "the name has no address")
    for address in addresses:
        finding = await _at_address(each, address)
        if finding.stage is not Stage.CONNECT or finding.verdict is Verdict.OPEN:
            break
    return finding


class Run:
    """One run over all checks: bare connections in one sweep, the others each in a conversation of its own."""

    def __init__(self, checks: Sequence[Check], limits: Limits) -> None:
        self._limits = limits
        self._resolver = Resolver()
        self._results: list[Result | None] = [None] * len(checks)
        bare: list[tuple[int, Check]] = []
        self._others: list[tuple[int, Check]] = []
        for numbered in enumerate(checks):
            (bare if is_bare(numbered[1]) else self._others).append(numbered)
        allowed = files_allow(limits.concurrency)
        self._window = max(1, allowed // 2) if bare and self._others else allowed
        self._end = time.monotonic() + limits.deadline
        self._sweep = Sweeps(bare, limits, window=self._window, end=self._end)

    def results(self) -> list[Result]:
        """Return one result per check, in the order of the checks; without an event loop where none is needed."""
        return asyncio.run(self.results_async()) if self._others else self._all(self._sweep.run())

    async def results_async(self) -> list[Result]:
        """Return one result per check, in the order of the checks."""
        try:
            swept, _worked = await asyncio.gather(asyncio.to_thread(self._sweep.run), self._converse())
        finally:
            self._sweep.stop()
        return self._all(swept)

    async def _converse(self) -> None:
        todo = iter(self._others)
        await asyncio.gather(*(self._work(todo) for _turn in range(min(self._window, len(self._others)))))

    def _all(self, swept: Iterable[tuple[int, Result]]) -> list[Result]:
        for index, result in swept:
            self._results[index] = result
        return [result for result in self._results if result is not None]

    async def _work(self, todo: Iterator[tuple[int, Check]]) -> None:
        for index, check in todo:
            self._results[index] = await self._check(check)

    async def _check(self, check: Check) -> Result:
        start = time.monotonic()
        attempts = 0
        finding: Finding | None = None
        try:
            async with asyncio.timeout(max(0.0, self._end - start)):
                while attempts < self._limits.attempts(check) and time.monotonic() < self._end:
                    if attempts:
                        await asyncio.sleep(self._limits.delay)
                    attempts += 1
                    finding = await _attempt(check, self._resolver)
                    if finding.verdict in FINAL or check.passes(finding.verdict):
                        break
        except TimeoutError:
            pass
        finding = finding or self._limits.too_late(attempts)
        return Result(check=check, finding=finding, seconds=time.monotonic() - start, attempts=attempts)


def files_allow(concurrency: int) -> int:
    """Raise the limit of open files as far as needed and allowed; return how many checks may run at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = concurrency * _FILES_PER_CHECK + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return concurrency
    return max(1, (soft - _SPARE_FILES) // _FILES_PER_CHECK)


async def probe_async(checks: Sequence[Check], limits: Limits | None = None) -> list[Result]:
    """Run all checks within the running event loop."""
    return await Run(checks, limits or Limits()).results_async()


def probe(checks: Sequence[Check], limits: Limits | None = None) -> list[Result]:
    """Run all checks and wait for them."""
    return Run(checks, limits or Limits()).results()
