# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between hosts: rules, tunnels, routes, hosts that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import docker

from ..lab import LAB
from .fault import Fault, Injection, shell

_RELOAD = "systemctl restart mailforest-firewall"


def _rules(host: str, *rules: str) -> Injection:
    """Rules ahead of those that are compiled."""
    return shell(host, " && ".join(f"nft insert rule inet mailforest {rule}" for rule in rules), _RELOAD)


def _all(*injections: Injection) -> Injection:
    @contextmanager
    def injected() -> Iterator[None]:
        with ExitStack() as stack:
            for injection in injections:
                stack.enter_context(injection())
            yield

    return injected


def _without_ssh(host: str) -> Injection:
    """Only the machine beneath can heal it."""

    @contextmanager
    def injected() -> Iterator[None]:
        machine = docker.from_env().containers.get(f"{LAB}-{host}")
        machine.exec_run(["nft", "insert", "rule", "inet", "mailforest", "input", "tcp", "dport", "22", "drop"])
        machine.exec_run(["sh", "-c", "ss -K sport = :22 || true"])
        try:
            yield
        finally:
            machine.exec_run(["systemctl", "restart", "mailforest-firewall"])

    return injected


NETWORK = (
    Fault(
        name="port opened to the Internet",
        host="dc1",
        requirement="AD-10",
        about=r"dc1 ldap/tcp at .*: open",
        seen_from=("outside",),
        inject=_all(
            _rules("dc1", "input tcp dport 389 accept"),
            _rules("gw-hq", "forward ip daddr 198.51.100.70 tcp dport 389 accept"),
        ),
    ),
    Fault(
        name="rule added by hand",
        host="gw-hq",
        requirement="AD-10",
        about=r"^rules of the packet filter: .*tcp dport 9999.*added it",
        inject=_rules("gw-hq", "input tcp dport 9999 accept"),
    ),
    Fault(
        name="rules removed by hand",
        host="member1",
        requirement="AD-10",
        about=r"^rules of the packet filter: .*not in the kernel",
        inject=shell(
            "member1", "nft flush chain inet mailforest input && nft add rule inet mailforest input accept", _RELOAD
        ),
    ),
    Fault(
        name="port closed by hand",
        host="dc1",
        requirement="AD-10",
        about=r"dc1 ldaps/tcp at .*: filtered",
        seen_from=("mx1",),
        inject=_rules("dc1", "input tcp dport 636 drop"),
    ),
    Fault(
        name="tunnel stopped",
        host="gw-branch",
        requirement="AD-11",
        about=r"^unit mailforest-tunnel@hq.service",
        inject=shell(
            "gw-branch", "systemctl stop mailforest-tunnel@hq", "systemctl start mailforest-tunnel@hq; sleep 8"
        ),
    ),
    Fault(
        name="tunnel hangs",
        host="gw-branch",
        requirement="AD-11",
        about=r"^tunnels to linked sites",
        inject=shell(
            "gw-branch",
            "systemctl kill -s STOP mailforest-tunnel@hq",
            "systemctl kill -s CONT mailforest-tunnel@hq; sleep 3",
        ),
    ),
    Fault(
        name="route through a tunnel gone",
        host="gw-branch",
        requirement="AD-11",
        about=r"^tunnels to linked sites",
        inject=shell(
            "gw-branch", "ip route del 198.51.100.64/26 dev mf-hq", "systemctl restart mailforest-tunnel@hq; sleep 8"
        ),
    ),
    Fault(
        name="host out of reach",
        host="member1",
        requirement="AD-39",
        about=r"^member1: ",
        inject=_without_ssh("member1"),
    ),
)
