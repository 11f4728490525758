# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a member's winbind choose its domain controller anew when a nearer one answers. Private to this collection.

A program of its own: the role `samba_member` puts this file on every member, where a timer runs it without Ansible.
winbind stays with the controller that answered last, over whatever line: its name is kept for 15 minutes after each
answer (`SAF/DOMAIN/...` in gencache.tdb), and in the memory of its processes, which `smbcontrol winbindd disconnect-dc`
does not change. Started anew without that name, it takes the first of `password server` that answers. Who resolves
names of the domain in that second gets an error, so it is done for a reason only.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

_CONNECT_SECONDS = 2.0
_SMB = 445
_UNIT = "winbind.service"
_COMMAND_SECONDS = 60


class Member(Protocol):
    """This host's winbind, and whom it can reach."""

    def current(self) -> str:
        """The controller that it talks to, in full; empty when there is none."""

    def answers(self, controller: str) -> bool:
        """Whether a controller takes connections."""

    def forget(self) -> None:
        """Have it choose anew."""


def nearer(controllers: Sequence[str], current: str) -> list[str]:
    """Those that come before the current one; all of them when it is none of them."""
    names = [name.lower() for name in controllers]
    return names[: names.index(current.lower())] if current.lower() in names else names


def go_home(member: Member, controllers: Sequence[str]) -> str:
    """What was found and done, in a sentence."""
    current = member.current()
    if not current:
        return "winbind talks to no domain controller; it chooses one when it next needs it"
    for name in nearer(controllers, current):
        if member.answers(name):
            member.forget()
            return f"winbind talked to {current}, and {name} is nearer and answers: it chooses anew"
    return f"winbind talks to {current}, and no nearer one answers"


class Winbind:
    """The one that runs on this host."""

    def __init__(self, workgroup: str, realm: str) -> None:
        """Name the domain."""
        self._workgroup, self._realm = workgroup, realm

    def current(self) -> str:
        """From the only thing that tells it, a sentence of wbinfo(1)."""
        found = re.search(r'dc connection to "([^"]+)" succeeded', _run("wbinfo", "--ping-dc"))
        return found.group(1) if found else ""

    def answers(self, controller: str) -> bool:
        """SMB, which winbind connects to first."""
        try:
            with socket.create_connection((controller, _SMB), timeout=_CONNECT_SECONDS):
                return True
        except OSError:
            return False

    def forget(self) -> None:
        """Start it anew, after what it would be told by the cache is gone."""
        _run("systemctl", "stop", _UNIT)
        try:
            for domain in (self._workgroup, self._realm):
                _run("net", "cache", "del", f"SAF/DOMAIN/{domain}")
        finally:
            _run("systemctl", "start", _UNIT)


def _run(*command: str) -> str:
    """What it says. An error goes to the journal, and no further: what is not there need not be deleted."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
    if done.returncode != 0:
        sys.stderr.write(f"{' '.join(command)}: {done.stderr.strip()}\n")
    return done.stdout


def main() -> None:
    """Take workgroup, realm and the controllers, the nearest first, from the command line."""
    workgroup, realm, *controllers = sys.argv[1:]
    sys.stdout.write(f"{go_home(Winbind(workgroup, realm), controllers)}\n")


if __name__ == "__main__":
    main()
