# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management socket, against one that answers as OpenVPN 2.6 does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.management import NotRunning, Status, ask

GREETING = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n"
UP = "1790000000,CONNECTED,SUCCESS,198.51.100.66,198.51.100.3,1194,,\r\nEND\r\n"
DOWN = "1790000000,RECONNECTING,ping-restart,,,,,\r\nEND\r\n"
STATISTICS = (
    "OpenVPN STATISTICS\r\nUpdated,2026-11-23 20:21:40\r\nTUN/TAP read bytes,111\r\nTUN/TAP write bytes,222\r\n"
    "TCP/UDP read bytes,3333\r\nTCP/UDP write bytes,4444\r\nAuth read bytes,555\r\nEND\r\n"
)


@contextmanager
def daemon(path: Path, answers: dict[str, str]) -> Iterator[str]:
    """Serve one session; a command without an answer ends it."""

    def serve() -> None:
        session, _ = listener.accept()
        with session, session.makefile("rw", newline="") as stream:
            stream.write(GREETING)
            stream.flush()
            while (command := stream.readline().strip()) in answers:
                stream.write(answers[command])
                stream.flush()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield str(path)
        thread.join(5)


def test_a_tunnel_that_is_up(tmp_path: Path) -> None:
    with daemon(tmp_path / "s", {"state": UP, "status 1": STATISTICS}) as path:
        status = ask(path, timeout=5)
    assert status == Status(state="CONNECTED", since="2026-09-21T14:13:20+00:00", detail="", received=3333, sent=4444)


def test_a_tunnel_that_is_dialled_anew(tmp_path: Path) -> None:
    spoken = f">STATE:something\r\n{DOWN}"  # told unasked, in between
    with daemon(tmp_path / "s", {"state": spoken, "status 1": STATISTICS}) as path:
        status = ask(path, timeout=5)
    assert (status.state, status.detail) == ("RECONNECTING", "ping-restart")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="No such file"):
        ask(str(tmp_path / "s"), timeout=5)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        pytest.param({}, "broke off", id="the daemon ends"),
        pytest.param({"state": "ERROR: unknown command\r\n"}, "it answered 'ERROR: unknown command'", id="refusal"),
        pytest.param({"state": "END\r\n", "status 1": STATISTICS}, "index out of range", id="no state"),
        pytest.param({"state": "x,y,z\r\nEND\r\n", "status 1": STATISTICS}, "invalid literal", id="something else"),
    ],
)
def test_who_does_not_answer_as_openvpn_does(tmp_path: Path, answers: dict[str, str], text: str) -> None:
    with daemon(tmp_path / "s", answers) as path, pytest.raises(NotRunning, match=text):
        ask(path, timeout=5)
