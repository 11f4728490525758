# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to the tunnel between two offices, how long nothing passes then, and that nothing leaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from .capture import capture
from .hosts import at, root_shell
from .office import Office
from .outage import outage
from .playbook import eventually

UNITS = "systemctl list-units --plain --no-legend 'mailforest-tunnel@*.service' | awk '{ print $1 }'"
_BACK_SECONDS = 120
_CUT = (
    "add table inet cut; add chain inet cut in { type filter hook input priority -300; }; "
    "add chain inet cut out { type filter hook output priority -300; }; "
)


def units(name: str) -> list[str]:
    """The units of a gateway's tunnels."""
    found = root_shell(at(name), UNITS).split()
    assert found, f"{name} has no tunnel"
    return found


@contextmanager
def captured(office: Office, *, but: Collection[str] = ()) -> Iterator[list[list[str]]]:
    """Packets with an address of an office at the Internet's side of each gateway, but of these."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(capture(at(name), beside=office.public_addresses[name], networks=office.subnets))
            for name in office.gateways
            if name not in but
        ]


def kill(name: str) -> None:
    """Every tunnel's process at one end."""
    root_shell(at(name), f"systemctl kill --signal=KILL {' '.join(units(name))}")


@contextmanager
def line_cut(office: Office, name: str) -> Iterator[None]:
    """The line of a gateway passes nothing of the other gateways, in and out."""
    peers = ", ".join(address for other, address in office.public_addresses.items() if other != name)
    rules = f"add rule inet cut in ip saddr {{ {peers} }} drop; add rule inet cut out ip daddr {{ {peers} }} drop"
    root_shell(at(name), f"nft '{_CUT}{rules}'")
    try:
        yield
    finally:
        root_shell(at(name), "nft delete table inet cut")


def cut(office: Office, name: str, seconds: float) -> None:
    """The line of a gateway is cut for so long."""
    with line_cut(office, name):
        time.sleep(seconds)


@dataclass
class Table:
    """Faults with the seconds in which nothing passed."""

    rows: list[tuple[str, float]] = field(default_factory=list)

    def line(self, fault: str, seconds: float) -> None:
        """Add a row."""
        self.rows.append((fault, seconds))

    def show(self, config: pytest.Config) -> None:
        """Print all rows, past pytest's capture."""
        manager = config.pluginmanager.getplugin("capturemanager")
        assert manager is not None
        with manager.global_and_fixture_disabled():
            print("\n| fault | nothing passed for |\n| --- | --- |")
            print("\n".join(f"| {fault} | {seconds:.1f} s |" for fault, seconds in self.rows), flush=True)


def suffer(office: Office, fault: Callable[[], object], *, restarted: Collection[str] = ()) -> float:
    """Do it, wait until all is well, and return how long nothing passed between the first and the last controller.

    Nothing of the offices may be on the Internet meanwhile. Where a gateway is restarted, the others watch for it.
    """
    here, there = at(office.controllers[0]), office.addresses[office.controllers[-1]]
    with ExitStack() as stack:
        packets = stack.enter_context(captured(office, but=restarted))
        gap = stack.enter_context(outage(here, there))
        fault()
        eventually(lambda: here.run(f"ping -c 1 -W 1 {there}").rc == 0, seconds=_BACK_SECONDS)
    assert all(found == [] for found in packets), packets
    return gap.seconds
