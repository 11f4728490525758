# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many checks at once: bounded in number, in files and in time."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.resolver import Resolver
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.tcp import TcpProbe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.udp import UdpProbe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import (
    FINAL,
    Expectation,
    Finding,
    Judged,
    Progress,
    Stage,
    Verdict,
)

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EACCES, errno.EPERM})
_SPARE_FILES = 64
_FILES_PER_CHECK = 2  # a second connection at times, while the first is still open


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long, how often, how many at once."""

    deadline: float = 300.0
    retries: int = 0
    delay: float = 1.0
    concurrency: int = 200


@dataclass(frozen=True, kw_only=True)
class Result:
    """A check, what was found, and whether that was expected."""

    check: Check
    finding: Finding
    seconds: float
    attempts: int

    @property
    def passed(self) -> bool:
        """Say whether the finding is what was expected."""
        return self.check.passes(self.finding.verdict)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as the module reports it."""
        check, finding = self.check, self.finding
        return {
            "name": check.name,
            "host": check.host,
            "port": check.port,
            "transport": check.transport,
            "protocol": check.protocol,
            "tls": check.tls,
            "verdict": str(finding.verdict),
            "stage": str(finding.stage),
            "seconds": round(self.seconds, 4),
            "attempts": self.attempts,
            "expected": str(check.expect),
            "passed": self.passed,
            "detail": finding.detail,
            "requirement": check.requirement,
            "address": finding.address,
            "session": dict(finding.tls),
            "certificate": dict(finding.certificate),
            "answer": dict(finding.answer),
        }


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
        return progress.finding(Verdict.FILTERED, "no answer to the connection request")
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ECONNREFUSED:
        return progress.finding(Verdict.REFUSED, "the host answers that nothing listens")
    text = str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)
    return progress.finding(Verdict.UNREACHABLE if code in _UNREACHABLE else Verdict.UNKNOWN, text)


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
    """One run over all checks."""

    def __init__(self, checks: Sequence[Check], limits: Limits) -> None:
        self._checks = checks
        self._limits = limits
        self._resolver = Resolver()
        self._results: list[Result | None] = [None] * len(checks)
        self._end = 0.0

    async def results(self) -> list[Result]:
        """Return one result per check, in the order of the checks."""
        self._end = asyncio.get_running_loop().time() + self._limits.deadline
        todo = iter(enumerate(self._checks))
        workers = min(files_allow(self._limits.concurrency), len(self._checks))
        await asyncio.gather(*(self._work(todo) for _turn in range(workers)))
        return [result for result in self._results if result is not None]

    async def _work(self, todo: Iterator[tuple[int, Check]]) -> None:
        for index, check in todo:
            self._results[index] = await self._check(check)

    async def _check(self, check: Check) -> Result:
        loop = asyncio.get_running_loop()
        start = loop.time()
        attempts = 0
        finding: Finding | None = None
        most = 1 + (self._limits.retries if check.expect is Expectation.OPEN else 0)
        try:
            async with asyncio.timeout_at(self._end):
                while attempts < most and loop.time() < self._end:
                    if attempts:
                        await asyncio.sleep(self._limits.delay)
                    attempts += 1
                    finding = await _attempt(check, self._resolver)
                    if finding.verdict in FINAL or check.passes(finding.verdict):
                        break
        except TimeoutError:
            pass
        if finding is None:
            when = "during it" if attempts else "before it began"
            finding = Progress().finding(Verdict.UNKNOWN, f"the deadline of {self._limits.deadline:g} s came {when}")
        return Result(check=check, finding=finding, seconds=loop.time() - start, attempts=attempts)


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
    return await Run(checks, limits or Limits()).results()


def probe(checks: Sequence[Check], limits: Limits | None = None) -> list[Result]:
    """Run all checks and wait for them."""
    return asyncio.run(probe_async(checks, limits))
