# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""Bare connections to many ports of many addresses, beside `nmap -sT`.

Both run over loopback as programs of their own, from start to end: ours reads the checks from a file, as the module
does, without Ansible around it. Both must find the same ports open. nmap is told to look nothing up, not to look for
hosts first, and to be in a hurry.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import ROOT, BenchmarkError, Comparison, alternate, finish, main
from benchmarks.reachable import collections_path

_FIRST_PORT = 22000
_HOSTS_PER_NET = 250
_NMAP = ("nmap", "-sT", "-n", "-Pn", "-T4", "--max-retries", "1", "-oG", "-")


@dataclass(frozen=True, kw_only=True)
class Range:
    """So many loopback addresses, each with ports that are open and ports that are refused."""

    addresses: int
    open: int
    refused: int

    def hosts(self) -> list[str]:
        """Return the addresses."""
        return [f"127.0.{10 + i // _HOSTS_PER_NET}.{i % _HOSTS_PER_NET + 1}" for i in range(self.addresses)]

    def ports(self) -> range:
        """Return the ports, those that are open first."""
        return range(_FIRST_PORT, _FIRST_PORT + self.open + self.refused)

    def checks(self) -> list[dict[str, str | int]]:
        """Return all checks, as `reachable` takes them."""
        first_closed = _FIRST_PORT + self.open
        return [
            {"host": host, "port": port, "expect": "open" if port < first_closed else "closed"}
            for host in self.hosts()
            for port in self.ports()
        ]

    @property
    def name(self) -> str:
        """What was measured."""
        return f"sweep, {self.addresses} addresses x {len(self.ports())} ports"


@dataclass(kw_only=True)
class Program:
    """A program that counts ports, and the most memory it took in any run."""

    command: list[str]
    pattern: str
    """What its output has once for each open port, or with their number in a group."""
    wanted: int
    environment: dict[str, str] = field(default_factory=dict)
    peak: int = 0

    def run(self) -> float:
        """Return the seconds from start to end; its count must be right."""
        begun = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            environment = {**os.environ, **self.environment}
            process = subprocess.Popen(self.command, stdout=output, stderr=subprocess.STDOUT, env=environment)
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - begun
            output.seek(0)
            text = output.read()
        found = re.findall(self.pattern, text)
        count = int(found[0]) if found and found[0].isdigit() else len(found)
        if process.returncode or count != self.wanted:
            raise BenchmarkError(f"{self.command[0]} found {count} of {self.wanted} open ports:\n{text[-2000:]}")
        self.peak = max(self.peak, usage.ru_maxrss // 1024)
        return seconds


def _serve(ports: range) -> None:
    """Accept on all addresses and hang up."""
    selector = selectors.DefaultSelector()
    for port in ports:
        server = socket.create_server(("0.0.0.0", port), backlog=4096)
        server.setblocking(False)
        selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _events in selector.select():
            with contextlib.suppress(BlockingIOError):
                while True:
                    key.fileobj.accept()[0].close()  # type: ignore[union-attr]


@contextlib.contextmanager
def listening(ports: range) -> Iterator[None]:
    """Serve the ports from a process of its own."""
    server = multiprocessing.get_context("fork").Process(target=_serve, args=(ports,), daemon=True)
    server.start()
    try:
        time.sleep(0.5)
        yield
    finally:
        server.terminate()
        server.join()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=1000)
    parser.add_argument("--open", type=int, default=28, help="open ports per address")
    parser.add_argument("--refused", type=int, default=2, help="refused ports per address")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--goal", type=float, default=1.5, help="ratio that must not be passed")
    return parser.parse_args()


def programs(layout: Range, folder: Path) -> tuple[Program, Program]:
    """Return ours and theirs."""
    checks, hosts = folder / "checks.json", folder / "hosts"
    checks.write_text(json.dumps(layout.checks()), encoding="utf-8")
    hosts.write_text("\n".join(layout.hosts()), encoding="utf-8")
    wanted = layout.addresses * layout.open
    path = f"{collections_path()}:{ROOT}"
    script = str(ROOT / "benchmarks" / "on_host" / "sweep.py")
    ports = f"{layout.ports()[0]}-{layout.ports()[-1]}"
    return (
        Program(
            command=[sys.executable, script, str(checks)],
            pattern=r'"open": (\d+)',
            wanted=wanted,
            environment={"PYTHONPATH": path},
        ),
        Program(command=[*_NMAP, "-p", ports, "-iL", str(hosts)], pattern=r"/open/", wanted=wanted),
    )


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    if not shutil.which("nmap"):
        raise BenchmarkError("nmap is missing; on Debian: apt install nmap")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    layout = Range(addresses=options.addresses, open=options.open, refused=options.refused)
    with tempfile.TemporaryDirectory() as folder, listening(range(_FIRST_PORT, _FIRST_PORT + layout.open)):
        ours, theirs = programs(layout, Path(folder))
        samples = alternate(ours.run, theirs.run, repeat=options.repeat)
    note = f"peak memory: ours {ours.peak} MiB, theirs {theirs.peak} MiB"
    return finish(Comparison(name=layout.name, ours=samples.ours, theirs=samples.theirs, goal=options.goal, note=note))


if __name__ == "__main__":
    main(benchmark)
