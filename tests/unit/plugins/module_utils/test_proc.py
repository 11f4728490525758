# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets and processes as the kernel really shows them: this process's own."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _proc

PROC = Path("/proc")


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::ffff:127.0.0.1")],
)
def test_own_sockets(family: int, address: str) -> None:
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind((address, 0))
        server.listen()
        client.connect((address, server.getsockname()[1]))
        port, expected = server.getsockname()[1], _proc.plain(ipaddress.ip_address(address))
        found = [s for s in _proc.sockets(PROC, "tcp") if s.local_port == port]
        assert {s.state for s in found} == {_proc.LISTEN, _proc.ESTABLISHED}
        assert {s.local for s in found} == {expected}
        established = next(s for s in found if s.state == _proc.ESTABLISHED)
        assert established.remote == expected
        listening = next(s for s in found if s.state == _proc.LISTEN)
        assert listening.inode in set(_proc.inodes(PROC / str(os.getpid())))


def test_udp_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waiting:
        waiting.bind(("127.0.0.1", 0))
        found = [s for s in _proc.sockets(PROC, "udp") if s.local_port == waiting.getsockname()[1]]
        assert [s.state for s in found] == [_proc.UNCONNECTED]


def test_processes() -> None:
    own = PROC / str(os.getpid())
    assert own in set(_proc.processes(PROC))
    assert _proc.parent(own) == str(os.getppid())
    assert _proc.command(own)


def test_what_has_just_ended() -> None:
    gone = PROC / "4194305"
    assert _proc.command(gone) == ""
    assert _proc.parent(gone) == "0"
    assert list(_proc.inodes(gone)) == []
