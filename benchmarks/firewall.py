# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""A rule set that blocks ten thousand addresses: read, compared and loaded, beside `nft -f` of a bare set of as many.

Ours is what the modules firewall_ruleset and firewall_load do on a host, without the login that confirms; theirs has no
rule, no comparison and no way back. Both run in a network namespace of their own on this machine; needs root and nft.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import BenchmarkError, Comparison, alternate, finish, main, run

_INSIDE = "MAILFOREST_BENCHMARK_NAMESPACE"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=10000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="that ours may take")
    return parser.parse_args()


def blocked(count: int) -> list[str]:
    """Return so many addresses, none beside another, so that none are merged."""
    return [f"100.{64 + number // 32768}.{number // 128 % 256}.{2 * (number % 128)}" for number in range(count)]


def bare_set(addresses: list[str]) -> str:
    """Return a ruleset with nothing but the set."""
    table = "inet mailforest_bare"
    elements = ", ".join(addresses)
    kind = "type ipv4_addr; flags interval;"
    body = f"table {table} {{\n set x {{\n {kind}\n elements = {{ {elements} }}\n }}\n}}\n"
    return f"table {table}\ndelete table {table}\n{body}"


def theirs(addresses: list[str], file: Path) -> float:
    """Load the bare set."""
    file.write_text(bare_set(addresses), encoding="ascii")
    return run(["nft", "-f", str(file)])


def loader(directory: Path) -> Callable[[list[str]], float]:
    """Return what plans and loads a policy that blocks the addresses."""
    from ansible_collections.mailforest.stack.plugins.module_utils._firewall.guard import Guard
    from ansible_collections.mailforest.stack.plugins.module_utils._firewall.kernel import Kernel
    from ansible_collections.mailforest.stack.plugins.module_utils._firewall.load import Wanted, load
    from ansible_collections.mailforest.stack.plugins.module_utils._firewall.plan import plan

    class NoTimer:
        """Nothing brings the former rules back in here."""

        def start(self, seconds: int, script: Path) -> None:
            """See Timer."""

        def stop(self) -> None:
            """See Timer."""

        def pending(self) -> bool:
            """See Timer."""
            return False

    guard = Guard(timer=NoTimer(), directory=directory / "guard")

    def ours(addresses: list[str]) -> float:
        begin = time.monotonic()
        options = {"admin_sources": ["0.0.0.0/0"], "ssh_ports": [22], "blocked": addresses}
        found = plan(options, root=directory, pid=os.getpid())
        wanted = Wanted(ruleset=found["ruleset"], sysctls={}, seconds=30, stamp="0")
        changed = load(wanted, Kernel(), guard)["changed"]
        if not changed:
            raise BenchmarkError("the rules were loaded already, so nothing was measured")
        return time.monotonic() - begin

    return ours


def benchmark() -> int:
    """Measure both, each time with another address, so that there is something to load."""
    options = arguments()
    if not os.environ.get(_INSIDE):
        if os.geteuid() or not shutil.which("nft"):
            raise BenchmarkError("this needs root and nft (package nftables)")
        os.environ[_INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "proc").mkdir()
        addresses, count = blocked(options.elements), iter(range(1, 1000))
        load = loader(directory)
        samples = alternate(
            lambda: load([*addresses, f"192.0.2.{next(count)}"]),
            lambda: theirs([*addresses, f"192.0.2.{next(count)}"], directory / "bare.nft"),
            repeat=options.repeat,
        )
    slowest = max(samples.ours)
    print(f"  the slowest of ours took {slowest:.2f} s; it may take {options.seconds:g} s", flush=True)
    name = f"firewall, {options.elements} blocked addresses"
    met = finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs))
    return met or int(slowest > options.seconds)


if __name__ == "__main__":
    main(benchmark)
