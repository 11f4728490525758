# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to whole machines: they are restarted, lose their power, are lost with all that was on them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker

from .network import tcp
from .office import Office
from .playbook import ROOT

LAB = os.environ.get("MAILFOREST_LAB", "test")
"""The lab that the scenario's hosts are in."""
_BOOT_SECONDS = 120
_TIMED_OUT = 124
"""What timeout(1) ends with."""


def restart(office: Office, names: Iterable[str]) -> None:
    """Shut the hosts down and start them, all at once; ends when each has booted and can be reached again."""
    wanted = list(names)
    _each(wanted, lambda machine: machine.restart(timeout=30))
    _back(office, wanted)


def cut_power(names: Iterable[str]) -> None:
    """The hosts stop where they are."""
    _each(list(names), lambda machine: machine.kill())


def give_power(office: Office, names: Iterable[str]) -> None:
    """Start hosts that have none; ends when each has booted and can be reached again."""
    wanted = list(names)
    _each(wanted, lambda machine: machine.start())
    _back(office, wanted)


def power_cycle(address: str, *, cut: bool) -> None:
    """Shut the host at an address down, or cut its power, and start it; ends when it has booted."""
    machine = _at(address)
    if cut:
        machine.kill()
        machine.start()
    else:
        machine.restart(timeout=30)
    _reached({machine.name: address})
    _booted(machine)


def _at(address: str) -> Any:
    """The lab's machine that has the address."""
    machines = docker.from_env(timeout=120).containers.list(filters={"label": f"mailforest.lab={LAB}"})
    networks = {machine: machine.attrs["NetworkSettings"]["Networks"].values() for machine in machines}
    return next(
        machine for machine, joined in networks.items() if address in {network["IPAddress"] for network in joined}
    )


def renew(*names: str, release: str = "") -> None:
    """Blank hosts in the place of these; their addresses and names are the same, their ssh keys are not.

    With a release (bookworm, trixie) they have that one from now on, until they are renewed with another.
    """
    command = [str(ROOT / "tools/lab"), "renew", LAB, *names, *([f"--release={release}"] if release else [])]
    subprocess.run(command, check=True, timeout=600, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _each(names: list[str], work: Any) -> None:
    engine = docker.from_env(timeout=120)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: work(engine.containers.get(f"{LAB}-{name}")), names))


def _back(office: Office, names: list[str]) -> None:
    _reached({name: office.addresses[name] for name in names})
    _each(names, _booted)


def _reached(addresses: Mapping[str, str]) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    while closed := [name for name, address in addresses.items() if tcp(address, 22) != "open"]:
        assert time.monotonic() < deadline, f"not back after {_BOOT_SECONDS} s: {closed}"
        time.sleep(0.5)


def _booted(machine: Any) -> None:
    """Wait until systemd has started what it starts at boot, whatever became of it."""
    wait = ["timeout", str(_BOOT_SECONDS), "systemctl", "is-system-running", "--wait"]
    code, output = machine.exec_run(wait)
    assert code != _TIMED_OUT, f"{machine.name} has not booted within {_BOOT_SECONDS} s: {output.decode().strip()}"
