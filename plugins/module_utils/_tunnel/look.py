# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at tunnels from their gateway: are they up, do they carry data, are they the way to their networks."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from . import echo
from .management import UP, NotRunning, Status, ask

_SMALL_SIZE = 84
_ANSWER_TIMEOUT = 3.0
_PAUSE = 2.0
_LOG_SINCE = "-2min"
_LOG_LINES = 6
_COMMAND_TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True)
class Link:
    """What is declared of one tunnel, as far as it can be looked at."""

    name: str
    interface: str
    peer: str
    local_address: str
    peer_address: str
    routes: tuple[str, ...]
    mtu: int = 1420
    before: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Interfaces of the tunnels that come before this one, for each network that it stands in for."""

    @property
    def unit(self) -> str:
        """The unit that runs it."""
        return f"mailforest-tunnel@{self.name}.service"


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """What was found of one tunnel."""

    name: str
    interface: str
    peer: str
    state: str
    connected: bool
    since: str | None = None
    received_bytes: int = 0
    sent_bytes: int = 0
    round_trip_ms: float | None = None
    astray: dict[str, str] = field(default_factory=dict)
    """Networks that are reached another way, and that way's interface."""
    problem: str = ""

    def shown(self) -> dict[str, Any]:
        """The entry in the module's result."""
        return asdict(self)


class Host(Protocol):
    """What has to be asked of the gateway."""

    def status(self, link: Link) -> Status:
        """What its OpenVPN says; NotRunning when it says nothing."""

    def ping(self, link: Link, size: int) -> float | None:
        """Seconds until the peer answered through the tunnel."""

    def interface_towards(self, address: str) -> str:
        """The interface through which a packet to this address would leave."""

    def log(self, link: Link) -> str:
        """What its log of late says of the reason, several lines."""


class Gateway:
    """The host this runs on."""

    def status(self, link: Link) -> Status:
        """See Host."""
        return ask(f"/run/mailforest-tunnel/{link.name}/management", timeout=_ANSWER_TIMEOUT)

    def ping(self, link: Link, size: int) -> float | None:
        """See Host."""
        return echo.ping(
            link.peer_address,
            source=link.local_address,
            interface=link.interface,
            size=size,
            timeout=_ANSWER_TIMEOUT,
            any_way_back=bool(link.before),
        )

    def interface_towards(self, address: str) -> str:
        """See Host."""
        text = _output("ip", "-json", "route", "get", address)
        try:
            return str(json.loads(text)[0].get("dev", "")) if text else ""
        except (ValueError, LookupError):
            return ""

    def log(self, link: Link) -> str:
        """See Host."""
        return telling(
            _output("journalctl", "--no-pager", f"--since={_LOG_SINCE}", "--output=cat", f"--unit={link.unit}")
        )


def _output(*argv: str) -> str:
    """What a command prints; nothing when it fails."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def telling(log: str) -> str:
    """What was said of the certificate, or the last errors, or the last lines; each once, and none of our asking."""
    lines = list(dict.fromkeys(line for line in log.splitlines() if not line.startswith("MANAGEMENT:")))
    errors = [line for line in lines if "error" in line.lower()]
    refusals = [line for line in errors if line.startswith("VERIFY") or "certificate hash" in line]
    return "\n".join((refusals or errors or lines)[-_LOG_LINES:])


def _inside(network: str, link: Link) -> str:
    """An address that stands for the whole network; not the peer's, to which the tunnel is the way by itself."""
    parsed = ipaddress.IPv4Network(network)
    first = parsed.network_address + (1 if parsed.num_addresses > 2 else 0)
    return str(first if str(first) != link.peer_address else parsed.broadcast_address - 1)


def look(link: Link, host: Host) -> Tunnel:
    """Look at one tunnel, once."""
    try:
        status = host.status(link)
    except NotRunning as exc:
        return Tunnel(
            name=link.name,
            interface=link.interface,
            peer=link.peer,
            state="NOT RUNNING",
            connected=False,
            problem=(
                f"The tunnel {link.name} to {link.peer} does not run ({exc}), so the networks behind it are cut off. "
                f"See `journalctl -u {link.unit}`, or run the role site_tunnel again.{_quoted(host.log(link))}"
            ),
        )
    trip = host.ping(link, link.mtu) if status.state == UP else None
    towards = {route: host.interface_towards(_inside(route, link)) for route in link.routes} if trip is not None else {}
    astray = {
        route: found
        for route, found in towards.items()
        if found != link.interface and found not in link.before.get(route, ())
    }
    return Tunnel(
        name=link.name,
        interface=link.interface,
        peer=link.peer,
        state=status.state,
        connected=status.state == UP,
        since=status.since,
        received_bytes=status.received,
        sent_bytes=status.sent,
        round_trip_ms=None if trip is None else round(trip * 1000, 3),
        astray=astray,
        problem=_problem(link, host, status, trip, astray),
    )


def _problem(link: Link, host: Host, status: Status, trip: float | None, astray: dict[str, str]) -> str:
    """What is wrong with a tunnel that runs; empty when nothing is."""
    if status.state != UP:
        reason = f"{status.state}, {status.detail}" if status.detail else status.state
        return (
            f"The tunnel {link.name} to {link.peer} is not connected ({reason} since {status.since}), so the networks "
            f"behind it are cut off. See that {link.peer} runs its end, that both firewalls let the tunnel's port "
            f"through, and that both certificates come from the same CA.{_quoted(host.log(link))}"
        )
    if trip is None and host.ping(link, _SMALL_SIZE) is not None:
        return (
            f"The tunnel {link.name} to {link.peer} carries small packets only; those of {link.mtu} bytes are lost, "
            "so sessions hang. Let the line carry packets of 70 bytes more, and its 'fragmentation needed' through, or "
            "lower `mtu` at both ends."
        )
    if trip is None:
        return (
            f"The tunnel {link.name} says that it is connected, but {link.peer} ({link.peer_address}) does not answer "
            "ping through it. See the state of its end, and that its firewall lets ping in from the tunnel."
        )
    if astray:
        ways = ", ".join(f"{route} by {found or 'no way at all'}" for route, found in astray.items())
        return (
            f"The tunnel {link.name} to {link.peer} is up, but not the way to its networks: {ways}. "
            f"Remove the other routes (`ip route`), or give the tunnel's a lower metric than theirs."
        )
    return ""


def declared(links: Sequence[Mapping[str, Any]]) -> list[Link]:
    """The links of the role's option, with what each stands in for."""
    return [
        Link(
            name=link["name"],
            interface=link["interface"],
            peer=link["peer"] or link["peer_fqdn"] or link["peer_address"],
            local_address=link["local_address"],
            peer_address=link["peer_address"],
            routes=tuple(link["routes"]),
            mtu=link["mtu"],
            before={route: better for route in link["routes"] if (better := _better(link, route, links))},
        )
        for link in links
    ]


def _better(link: Mapping[str, Any], route: str, links: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(other["interface"] for other in links if route in other["routes"] and other["metric"] < link["metric"])


def _quoted(log: str) -> str:
    return f"\nIts log says:\n{log}" if log else ""


def look_until(
    links: Sequence[Link],
    host: Host,
    *,
    wait: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Tunnel]:
    """Look at all tunnels, again and again until nothing is wrong with any or the time is up."""
    deadline = clock() + wait
    while True:
        found = [look(link, host) for link in links]
        if not any(tunnel.problem for tunnel in found) or clock() + _PAUSE > deadline:
            return found
        sleep(_PAUSE)
