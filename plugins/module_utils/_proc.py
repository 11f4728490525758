# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and processes, read from /proc. Also runs on the Python of releases that are not supported."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

ESTABLISHED, UNCONNECTED, LISTEN = "01", "07", "0A"
"""States as the kernel writes them; a UDP socket that waits for anybody is unconnected."""


@dataclass(frozen=True)
class Socket:
    """A socket of the host's network namespace."""

    state: str
    local: Address
    local_port: int
    remote: Address
    inode: str


def plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _address(text: str) -> Address:
    """An address as the kernel writes it here: 32-bit words in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return plain(ipaddress.ip_address(socket.inet_ntop(family, packed)))


def sockets(proc: Path, transport: str) -> Iterator[Socket]:
    """All sockets of the transport (tcp, udp), of both IP versions."""
    for name in (transport, f"{transport}6"):
        for line in read(proc / "net" / name).splitlines()[1:]:
            fields = line.split()
            local, local_port = fields[1].split(":")
            remote, _port = fields[2].split(":")
            yield Socket(
                state=fields[3],
                local=_address(local),
                local_port=int(local_port, 16),
                remote=_address(remote),
                inode=fields[9],
            )


def processes(proc: Path) -> Iterator[Path]:
    """The directories of all processes."""
    return (entry for entry in proc.iterdir() if entry.name.isdecimal())


def command(process: Path) -> str:
    """The name of the process's program, as the kernel shortens it."""
    return read(process / "comm").strip()


def program(process: Path) -> str:
    """The name of the file that the process runs, whatever it calls itself; its `command` where that cannot be read."""
    try:
        return (process / "exe").readlink().name.removesuffix(" (deleted)")
    except OSError:
        return command(process)


def read(file: Path) -> str:
    """The file's text; nothing when it is not there, such as that of a process that has just ended."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def inodes(process: Path) -> Iterator[str]:
    """The sockets that the process holds."""
    try:
        for descriptor in (process / "fd").iterdir():
            target = os.fspath(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return


def stat(process: Path) -> list[str]:
    """What proc_pid_stat(5) lists behind the name, the state being the first; nothing when the process has ended."""
    return read(process / "stat").rpartition(")")[2].split()


def parent(process: Path) -> str:
    """The number of the process that started this one; 0 when there is none."""
    for line in read(process / "status").splitlines():
        if line.startswith("PPid:"):
            return line.split()[1]
    return "0"
