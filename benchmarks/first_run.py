#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run of site.yml on blank hosts beside the time apt takes to install the same packages, on all at once.

The lab is made anew, so what is on its hosts is lost; at the end it is deployed. The packages are the difference
between a deployed host and its blank image. apt installs them on containers of their own from the same images, all at
the same time, straight from the archive, and nothing but apt is counted: no Ansible, no SSH, no gateway on the way.

What the run is made of is printed apart, beside a bare ping wherever a task ran; so is what its time goes to when the
goal is missed. Joins need an example with several domain controllers: --example two-offices.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example, pings, read_tally
from benchmarks.common.harness import ROOT, BenchmarkError, Comparison, Samples, finish, main
from benchmarks.common.parts import Part, parts, told, why_first
from lab import engine, resolvers
from lab.cli import checkout
from lab.definition import Lab, Network, load
from lab.images import LABEL

_QUERY = ["dpkg-query", "--show", "--showformat", r"${db:Status-Status} ${binary:Package}=${Version}\n"]
_INSTALL = (
    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive "
    'apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "$@"'
)
_SUBNET = IPv4Network("198.51.100.224/28")
"""Where the labs of the examples have nothing."""
_CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE"]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="one-office")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--goal", type=float, default=3.0, help="ratio that must not be passed")
    return parser.parse_args()


def packages(listing: str) -> frozenset[str]:
    """Return name=version of every installed package in a listing of dpkg-query."""
    lines = (line.partition(" ") for line in listing.splitlines())
    return frozenset(package for status, _, package in lines if status == "installed")


def added(client: Any, lab: Lab) -> dict[str, tuple[str, list[str]]]:
    """Return, for each host of the lab, its image and the packages that its blank image has not."""
    found = {}
    for host in lab.hosts.values():
        container = engine.container(client, lab, host)
        blank = client.containers.run(
            container.image.id, _QUERY[1:], entrypoint=_QUERY[0], network_mode="none", remove=True
        )
        now = _execute(container, _QUERY)
        found[host.name] = (container.image.id, sorted(packages(now) - packages(blank.decode())))
    return found


@contextlib.contextmanager
def blank_hosts(client: Any, lab: Lab, images: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Boot one container of its image for each name, on a network with a way to the archive; remove all at the end."""
    network = Network(name="blank", subnet=_SUBNET, masquerade=True)
    environment = {
        "LAB_GATEWAY": str(network.bridge),
        "LAB_ROUTES": "",
        "LAB_PROVIDER": "",
        "LAB_IPV6": "",
        "LAB_RESOLVERS": " ".join(resolvers.upstream()),
    }
    with contextlib.ExitStack() as stack:
        stack.callback(engine.create_network(client, lab, network, checkout=checkout()).remove)
        made = {}
        for name, image in images.items():
            made[name] = container = client.containers.run(
                image,
                name=f"bench-{name}",
                hostname=name,
                environment=environment,
                labels={LABEL: lab.name},
                network=f"{lab.name}-{network.name}",
                cap_add=_CAPABILITIES,
                security_opt=["seccomp=unconfined", "apparmor=unconfined"],
                cgroupns="private",
                tmpfs={"/run": "mode=755,exec", "/run/lock": ""},
                detach=True,
            )
            stack.callback(container.remove, force=True, v=True)
        for container in made.values():
            _boot(container)
        yield made


def _boot(container: Any) -> None:
    """Wait until systemd has started what a host starts; some units cannot run in a container."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _code, state = container.exec_run(["systemctl", "is-system-running"])
        if state.decode().strip() in ("running", "degraded"):
            return
        time.sleep(0.5)
    raise BenchmarkError(f"{container.name} has not booted within 60 s: {state.decode()}")


def install(client: Any, lab: Lab, wanted: dict[str, tuple[str, list[str]]]) -> float:
    """Install the packages on as many blank hosts at once; return the seconds until the last was done."""
    with blank_hosts(client, lab, {name: image for name, (image, names) in wanted.items() if names}) as hosts:
        targets = [(container, wanted[name][1]) for name, container in hosts.items()]
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


def deploy(example: Example, folder: Path) -> tuple[float, dict[str, Part], float]:
    """Run site.yml on blank hosts, then as many bare pings; seconds, parts, and the seconds of one ping."""
    tally, playbook = folder / "tally.json", folder / "pings.yml"
    taken = example.play("site.yml", tally=tally)
    tasks = read_tally(tally)
    playbook.write_text(pings(tasks))
    pinged, runs = example.play(playbook), sum(len(task.hosts) for task in tasks)
    print(f"  site.yml: {taken:.1f} s; {runs} bare pings: {pinged:.1f} s", flush=True)
    return taken, parts(tasks, total=taken), pinged / runs


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    example = Example(options.example)
    example.prepare()
    client = engine.connect()
    lab = load(ROOT / "lab" / "labs" / f"{options.example}.yml")
    samples = Samples()
    for _ in range(options.repeat):
        example.renew_lab()
        with tempfile.TemporaryDirectory() as folder:
            taken, found, ping = deploy(example, Path(folder))
        samples.ours.append(taken)
        wanted = added(client, lab)
        samples.theirs.append(install(client, lab, wanted))
        counts = ", ".join(f"{name} {len(names)}" for name, (_image, names) in wanted.items())
        print(f"  apt, packages per host {counts}: {samples.theirs[-1]:.1f} s", flush=True)
        print("\n".join(told(found, ping=ping)), flush=True)
    name = f"first_run, {options.example}, {sum(len(names) for _image, names in wanted.values())} packages"
    comparison = Comparison(name=name, ours=samples.ours, theirs=samples.theirs, goal=options.goal)
    if not comparison.met:
        print("Why, in the last round: " + why_first(found, apt=samples.theirs[-1], ping=ping, goal=options.goal))
    return finish(comparison)


if __name__ == "__main__":
    main(benchmark)
