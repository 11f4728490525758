# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""One `reachable` task beside a loop of `wait_for` tasks over the same ports.

Both run on this machine over loopback, without SSH, which spares the loop what it costs on a real host. The loop
waits for closed ports as its users do, with `state: stopped`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import ROOT, BenchmarkError, Comparison, alternate, finish, main, playbook_command, run

_FIRST_PORT = 21000
_FILLING = 4


@dataclass(frozen=True, kw_only=True)
class Layout:
    """So many hosts, each with ports that are open, refused or filtered."""

    hosts: int
    open: int
    refused: int
    filtered: int
    timeout: float

    def addresses(self) -> list[str]:
        """Return the hosts, each a loopback address."""
        return [f"127.0.20.{number}" for number in range(1, self.hosts + 1)]

    def ports(self) -> dict[int, str]:
        """Return each port of a host with what it is."""
        kinds = ["open"] * self.open + ["refused"] * self.refused + ["filtered"] * self.filtered
        return {_FIRST_PORT + index: kind for index, kind in enumerate(kinds)}

    def checks(self) -> list[dict[str, str | int]]:
        """Return all checks, as `reachable` takes them."""
        return [
            {"host": address, "port": port, "expect": "open" if kind == "open" else "closed"}
            for address in self.addresses()
            for port, kind in self.ports().items()
        ]


@contextlib.contextmanager
def listening(layout: Layout) -> Iterator[None]:
    """Listen on the open ports; fill the queues of the filtered ones, so that the kernel drops further SYNs."""
    with contextlib.ExitStack() as stack:
        for address in layout.addresses():
            for port, kind in layout.ports().items():
                if kind != "refused":
                    _listen(stack, address, port, accept=kind == "open")
        yield


def _listen(stack: contextlib.ExitStack, address: str, port: int, *, accept: bool) -> None:
    server = stack.enter_context(socket.create_server((address, port), backlog=256 if accept else 0))
    if accept:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        return
    for _ in range(_FILLING):
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex((address, port))


def _accept(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def play(tasks: list[dict[str, object]]) -> str:
    """Return a playbook in JSON, which is YAML too."""
    return json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}])


def ours(layout: Layout) -> str:
    """Return the playbook with the one task."""
    options = {"checks": layout.checks(), "timeout": layout.timeout}
    return play([{"name": "Check everything", "mailforest.stack.reachable": options}])


def theirs(layout: Layout) -> str:
    """Return the playbook with the loop."""
    seconds = max(1, round(layout.timeout))
    options = {
        "host": "{{ item.host }}",
        "port": "{{ item.port }}",
        "state": "{{ 'started' if item.expect == 'open' else 'stopped' }}",
        "timeout": seconds,
        "connect_timeout": seconds,
    }
    return play([{"name": "Check one by one", "ansible.builtin.wait_for": options, "loop": layout.checks()}])


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--open", type=int, default=16, help="open ports per host")
    parser.add_argument("--refused", type=int, default=2, help="refused ports per host")
    parser.add_argument("--filtered", type=int, default=2, help="filtered ports per host")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--goal", type=float, default=0.02, help="ratio that must not be passed")
    return parser.parse_args()


def collections_path() -> str:
    """Return where the collection under test is found."""
    for path in (ROOT / ".build" / "collections", ROOT / ".build" / "dev"):
        if (path / "ansible_collections" / "mailforest" / "stack").exists():
            return str(path)
    raise BenchmarkError("the collection is not installed below .build; run: make setup")


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    layout = Layout(
        hosts=options.hosts,
        open=options.open,
        refused=options.refused,
        filtered=options.filtered,
        timeout=options.timeout,
    )
    environment = {"ANSIBLE_COLLECTIONS_PATH": collections_path(), "ANSIBLE_LOCALHOST_WARNING": "false"}
    print(
        f"{layout.hosts} hosts x {len(layout.ports())} ports "
        f"({layout.open} open, {layout.refused} refused, {layout.filtered} filtered), timeout {layout.timeout:g} s"
    )
    with tempfile.TemporaryDirectory() as folder, listening(layout):
        files = {"ours": ours(layout), "theirs": theirs(layout)}
        commands: dict[str, list[str]] = {}
        for side, text in files.items():
            path = Path(folder, f"{side}.yml")
            path.write_text(text)
            interpreter = f"ansible_python_interpreter={sys.executable}"
            commands[side] = playbook_command("-i", "localhost,", "-e", interpreter, str(path))
        samples = alternate(
            lambda: run(commands["ours"], environment=environment),
            lambda: run(commands["theirs"], environment=environment),
            repeat=options.repeat,
        )
    name = f"reachable, {len(layout.checks())} ports"
    return finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs, goal=options.goal))


if __name__ == "__main__":
    main(benchmark)
