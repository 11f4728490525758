#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IMAP logins per second with 1, 10 and 50 clients at once: connection, TLS with a checked certificate, LOGIN, LOGOUT.

Needs a mail server that is deployed and is reached from here, by default that of the lab `one-office`. The clients run
here, so on one machine they take a part of what the server has.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import ssl
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import ROOT, BenchmarkError, main

_EXAMPLE = ROOT / "examples" / "one-office"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the clients log in, and as whom."""

    address: str
    port: int
    name: str
    context: ssl.SSLContext | None
    """How TLS is checked; none: no TLS."""
    users: tuple[tuple[str, str], ...] = field(repr=False)

    async def login(self, user: str, password: str) -> None:
        """One session, from the connection to the answer to LOGOUT."""
        reader, writer = await asyncio.open_connection(
            self.address, self.port, ssl=self.context, server_hostname=self.name if self.context else None
        )
        try:
            await reader.readline()
            await _command(reader, writer, f'a LOGIN "{user}" "{password}"', "a OK")
            await _command(reader, writer, "b LOGOUT", "b OK")
        finally:
            writer.close()


async def _command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str, wanted: str) -> None:
    writer.write(command.encode() + b"\r\n")
    tag = command.split()[0]
    while line := (await reader.readline()).decode("utf-8", "replace"):
        if line.startswith(wanted):
            return
        if line.startswith(f"{tag} "):
            raise BenchmarkError(f"{command.split()[1]} was answered {line.strip()}")
    raise BenchmarkError(f"{command.split()[1]} was not answered: the server closed the connection")


async def rate(server: Server, clients: int, seconds: float) -> float:
    """Logins per second of so many clients, each of which logs in again as soon as it is out."""
    users = itertools.cycle(server.users)
    done = 0
    end = time.monotonic() + seconds

    async def work() -> None:
        nonlocal done
        while time.monotonic() < end:
            await server.login(*next(users))
            done += 1

    start = time.monotonic()
    await asyncio.gather(*(work() for _client in range(clients)))
    return done / (time.monotonic() - start)


def line(clients: int, rates: list[float]) -> str:
    """The line of one number of clients."""
    spread = f"{min(rates):.0f} to {max(rates):.0f}, n={len(rates)}"
    return f"logins, IMAP, {clients} at once: {statistics.median(rates):.0f} per second [{spread}], no goal"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="198.51.100.80")
    parser.add_argument("--port", type=int, default=993)
    parser.add_argument("--name", default="mx1.corp.example.test", help="what the certificate carries")
    parser.add_argument("--ca", type=Path, default=_EXAMPLE / "output" / "ca.crt")
    parser.add_argument("--secrets", type=Path, default=_EXAMPLE / "inventory" / "group_vars" / "all" / "secrets.yml")
    parser.add_argument("--users", nargs="+", default=["alice", "boris"])
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 10, 50])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


def _server(options: argparse.Namespace) -> Server:
    for path in (options.ca, options.secrets):
        if not path.exists():
            raise BenchmarkError(f"{path} does not exist; deploy the example, or name another file")
    known = yaml.safe_load(options.secrets.read_text(encoding="utf-8"))["mailforest_user_passwords"]
    return Server(
        address=options.address,
        port=options.port,
        name=options.name,
        context=ssl.create_default_context(cafile=str(options.ca)),
        users=tuple((user, known[user]) for user in options.users),
    )


def rounds(clients: list[int], repeat: int) -> Iterator[int]:
    """Which number of clients is measured when: all of them in turn, again and again."""
    for _turn in range(repeat):
        yield from clients


def benchmark() -> int:
    """Measure."""
    options = arguments()
    server = _server(options)
    asyncio.run(server.login(*server.users[0]))
    rates: dict[int, list[float]] = {clients: [] for clients in options.clients}
    for clients in rounds(options.clients, options.repeat):
        rates[clients].append(asyncio.run(rate(server, clients, options.seconds)))
        print(f"  {clients} at once: {rates[clients][-1]:.1f} per second", flush=True)
    for clients, found in rates.items():
        print(line(clients, found), flush=True)
    return 0


if __name__ == "__main__":
    main(benchmark)
