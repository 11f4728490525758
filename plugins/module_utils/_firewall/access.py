# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the administrator reaches this host, read from /proc, so that no ruleset can lock the run out."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .._proc import ESTABLISHED, LISTEN, command, inodes, parent, plain, processes, read, sockets
from .model import Address, FirewallError, Network, Policy

_DEFAULT_PORT = 22


@dataclass(frozen=True, kw_only=True)
class Access:
    """The way in: where sshd listens, and from where it is used now."""

    ssh_ports: tuple[int, ...]
    clients: tuple[Address, ...]


def _listening_ports(proc: Path) -> frozenset[int]:
    """The ports on which sshd itself listens."""
    owned = {inode for process in processes(proc) if command(process) == "sshd" for inode in inodes(process)}
    return frozenset(s.local_port for s in sockets(proc, "tcp") if s.state == LISTEN and s.inode in owned)


def _session(proc: Path, pid: int) -> str:
    """SSH_CONNECTION of the session that this process descends from; sudo hides it from the process itself."""
    current = str(pid)
    while current != "0":
        for entry in read(proc / current / "environ").split("\0"):
            if entry.startswith("SSH_CONNECTION="):
                return entry.removeprefix("SSH_CONNECTION=")
        current = parent(proc / current)
    return ""


def login(proc: Path, *, pid: int) -> str:
    """Which ssh session this process descends from: address and port of its client; empty without one."""
    return " ".join(_session(proc, pid).split()[:2])


def own_connection(proc: Path, pid: int) -> tuple[Address, int] | None:
    """Client and port of the ssh session that this process descends from."""
    session = _session(proc, pid)
    if not session:
        return None
    client, _client_port, _server, port = session.split()
    return plain(ipaddress.ip_address(client.partition("%")[0])), int(port)


def find_access(proc: Path, *, pid: int, ssh_ports: Sequence[int] = ()) -> Access:
    """How this host is administered now. Given ports replace those that are found."""
    own = own_connection(proc, pid)
    found = _listening_ports(proc) | ({own[1]} if own else frozenset())
    ports = frozenset(ssh_ports) or found or frozenset({_DEFAULT_PORT})
    if own:
        return Access(ssh_ports=tuple(sorted(ports)), clients=(own[0],))
    clients = {s.remote for s in sockets(proc, "tcp") if s.state == ESTABLISHED and s.local_port in ports}
    return Access(ssh_ports=tuple(sorted(ports)), clients=tuple(sorted(clients, key=lambda a: (a.version, int(a)))))


def _admits(networks: Sequence[Network], client: Address) -> bool:
    return any(client.version == network.version and client in network for network in networks)


def _let_in(policy: Policy, client: Address, port: int) -> bool:
    if client.is_loopback or _admits(policy.admin_sources, client):
        return True
    return any(
        rule.transport == "tcp"
        and any(first <= port <= last for first, last in rule.ports)
        and (not rule.sources or _admits(rule.sources, client))
        for rule in policy.rules
    )


def refuse_lock_out(policy: Policy, access: Access, *, prefix: str = "firewall_") -> None:
    """Raise FirewallError when the ruleset would keep out a client that administers the host now."""
    _refuse_redirected_ssh(policy, access, prefix)
    for option in ("fenced", "blocked"):
        if shut := [str(client) for client in access.clients if _admits(getattr(policy, option), client)]:
            raise FirewallError(
                f"{prefix}{option} holds {', '.join(shut)}, from where this host is administered now, so the new rules "
                f"would lock the administrator out. Nothing was changed. Run from a host that is not {option}."
            )
    ports = ", ".join(map(str, access.ssh_ports))
    out = [str(client) for client in access.clients if not any(_let_in(policy, client, p) for p in access.ssh_ports)]
    if out:
        allowed = ", ".join(map(str, policy.admin_sources))
        raise FirewallError(
            f"{prefix}admin_sources is {allowed}, but this host is administered from {', '.join(out)} over ssh "
            f"(port {ports}), so the new rules would lock the administrator out. Nothing was changed. "
            f"Add the address or its network to {prefix}admin_sources, or run from an address that is in it."
        )


def _refuse_redirected_ssh(policy: Policy, access: Access, prefix: str) -> None:
    for rule in policy.dnat:
        if rule.transport == "tcp" and rule.port in access.ssh_ports:
            raise FirewallError(
                f"{prefix}dnat leads port {rule.port} to {rule.destination} ({rule.name}), but sshd listens there, "
                "so the new rules would lock the administrator out. Nothing was changed. Lead another port inside."
            )


def other_managers(root: Path) -> list[str]:
    """Firewalls of others that would work against this one."""
    found = []
    if "ENABLED=yes" in read(root / "etc/ufw/ufw.conf").replace(" ", ""):
        found.append("ufw is enabled (/etc/ufw/ufw.conf); run `ufw disable`, or remove the package")
    wanted = root / "etc/systemd/system/multi-user.target.wants/firewalld.service"
    if wanted.is_symlink() or any(command(p) == "firewalld" for p in processes(root / "proc")):
        found.append("firewalld is enabled or runs; run `systemctl disable --now firewalld`, or remove the package")
    return found


def refuse_other_managers(root: Path) -> None:
    """Raise FirewallError when another manager owns this host's packet filter."""
    if found := other_managers(root):
        raise FirewallError(
            f"Another firewall manages this host: {'; '.join(found)}. Two managers undo each other's work. "
            "Nothing was changed. Then run again, or do not use the role firewall on this host."
        )
