# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that has loaded ansible-core, and forks for each run of the command `ansible`: `adhoc.py` talks to it.

Its argument is the path of the socket where it listens. Whoever connects sends JSON: the arguments of the command and
the file for what it prints, and is told the command's exit status when it has ended. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from ansible.cli.adhoc import AdHocCLI

# What the command would load by and by, and find loaded.
_LATER = (
    *("ansible.executor.module_common", "ansible.inventory.manager", "ansible.vars.manager", "ansible.vars.plugins"),
    *("ansible.plugins.action.normal", "ansible.plugins.connection.ssh", "ansible.plugins.shell.sh"),
    *("ansible.plugins.become.sudo", "ansible.plugins.strategy.linear", "ansible.plugins.inventory.yaml"),
    *("ansible.plugins.filter.core", "ansible.plugins.test.core", "ansible.plugins.vars.host_group_vars"),
)


def _run(connection: socket.socket) -> NoReturn:
    """In a process of its own."""
    with connection.makefile("r", encoding="utf-8") as file:
        arguments, output = json.load(file)
    printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for opened, number in ((nothing, 0), (printed, 1), (printed, 2)):
        os.dup2(opened, number)
    try:
        AdHocCLI.cli_executor(["ansible", *arguments])
    except SystemExit as ended:
        connection.sendall(b"%d" % int(ended.code or 0))
    sys.exit()


def serve(path: str) -> None:
    """Until the standard input ends."""
    for name in _LATER:
        import_module(name)
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(f"{path}.new")
        listener.listen()
        Path(f"{path}.new").rename(path)
        selector.register(sys.stdin, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
        while listener in [key.fileobj for key, _events in selector.select()]:
            connection, _address = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _run(connection)


if __name__ == "__main__":
    serve(sys.argv[1])
