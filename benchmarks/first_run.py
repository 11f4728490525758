# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""The first run of site.yml on blank hosts beside the time apt takes to install the same packages on them, all at once.

The lab is made anew for each side, so what is on its hosts is lost; at the end it is deployed again. The packages are
the difference between a deployed host and its blank image. On apt's side everything but apt is free: the hosts behind a
gateway get their way to the archive before the clock starts, and no Ansible is involved.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example
from benchmarks.common.harness import ROOT, BenchmarkError, Comparison, Samples, finish, main
from lab import engine
from lab.definition import Lab, load

_QUERY = ["dpkg-query", "--show", "--showformat", r"${db:Status-Status} ${binary:Package}=${Version}\n"]
_INSTALL = (
    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive "
    'apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "$@"'
)
_FORWARD = (
    "sysctl -qw net.ipv4.ip_forward=1 && nft 'add table ip bench; "
    "add chain ip bench post { type nat hook postrouting priority 100; }; add rule ip bench post masquerade'"
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="one-office")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--goal", type=float, help="ratio that must not be passed")
    return parser.parse_args()


def packages(listing: str) -> frozenset[str]:
    """Return name=version of every installed package in a listing of dpkg-query."""
    lines = (line.partition(" ") for line in listing.splitlines())
    return frozenset(package for status, _, package in lines if status == "installed")


def added(client: Any, lab: Lab) -> dict[str, list[str]]:
    """Return, for each host of the lab, the packages that its blank image has not."""
    found = {}
    for host in lab.hosts.values():
        container = engine.container(client, lab, host)
        blank = client.containers.run(container.image.id, _QUERY[1:], entrypoint=_QUERY[0], remove=True)
        now = _execute(container, _QUERY)
        found[host.name] = sorted(packages(now) - packages(blank.decode()))
    return found


def install(client: Any, lab: Lab, wanted: dict[str, list[str]]) -> float:
    """Install the packages on all hosts at once; return the seconds until the last was done."""
    for router in {network.router for network in lab.networks.values() if network.router}:
        _execute(engine.container(client, lab, lab.hosts[router]), ["sh", "-c", _FORWARD])
    targets = [(engine.container(client, lab, lab.hosts[name]), names) for name, names in wanted.items() if names]
    start = time.monotonic()
    with ThreadPoolExecutor(len(targets)) as pool:
        list(pool.map(lambda item: _execute(item[0], ["sh", "-c", _INSTALL, "install", *item[1]]), targets))
    return time.monotonic() - start


def _execute(container: Any, command: list[str]) -> str:
    code, output = container.exec_run(command)
    text: str = output.decode(errors="replace")
    if code:
        raise BenchmarkError(f"on {container.name}, {command[:3]} ended with {code}: {text[-2000:]}")
    return text


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    example = Example(options.example)
    example.prepare()
    client = engine.connect()
    lab = load(ROOT / "lab" / "labs" / f"{options.example}.yml")
    samples = Samples()
    example.play("site.yml")  # what is to be installed is read from hosts that are deployed
    wanted = added(client, lab)
    for host, names in wanted.items():
        print(f"  {host}: {len(names)} packages")
    for _ in range(options.repeat):
        example.renew_lab()
        samples.theirs.append(install(client, lab, wanted))
        print(f"  apt: {samples.theirs[-1]:.1f} s", flush=True)
        example.renew_lab()
        samples.ours.append(example.play("site.yml"))
        print(f"  site.yml: {samples.ours[-1]:.1f} s", flush=True)
    count = sum(len(names) for names in wanted.values())
    name = f"first_run, {options.example}, {count} packages"
    return finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs, goal=options.goal))


if __name__ == "__main__":
    main(benchmark)
