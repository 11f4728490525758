# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module on one host, as `ansible` runs it, by a process that has ansible-core loaded.

testinfra starts the command each time, and half of what it computes is then that it loads itself. The tests of an
office ask more than a thousand times.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from .playbook import eventually

_SERVER = Path(__file__).with_name("ansible_server.py")
_ENDED = {b"0", b"2"}
"""Exit status of `ansible` where the module was run: well, or it failed. Any other is no word of the module's."""


class AnsibleServer:
    """The process, which ends with this one or when it is closed."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="mailforest-")))
        self._socket = self._directory / "socket"
        self._log = self._stack.enter_context((self._directory / "log").open("w", encoding="utf-8"))
        command = [sys.executable, str(_SERVER), str(self._socket)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log)
        eventually(self._listens, seconds=60, pause=0.05)

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self._directory / "log").read_text(encoding="utf-8")
        return self._socket.exists()

    def run(self, host: str, module: str, arguments: dict[str, Any], *, inventory: str = "") -> dict[str, Any]:
        """The module's result, whether it failed or not; an error where it was not run. For threads, too."""
        with tempfile.TemporaryDirectory(dir=self._directory) as place:
            tree, output = Path(place) / "tree", Path(place) / "output"
            given = ["--tree", str(tree), "--module-name", module, host]
            given += ["--args", json.dumps(arguments)] if arguments else []
            given += ["--inventory", inventory] if inventory else []
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self._socket))
                connection.sendall(json.dumps([given, str(output)]).encode())
                connection.shutdown(socket.SHUT_WR)
                status = connection.recv(8)
            result = tree / host
            assert status in _ENDED and result.exists(), output.read_text(encoding="utf-8")
            found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
            return found

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._stack.close()


@cache
def server() -> AnsibleServer:
    """The one of this process."""
    return AnsibleServer()
