# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""All seven FSMO roles moved and confirmed on every domain controller, beside `samba-tool fsmo transfer --role=all`.

Ours is what role `directory` does: a task on all controllers that transfers, and one in which each reads its own
database until it has the whole map. Theirs is one task on the new owner, with the Administrator's password, that looks
at nothing afterwards. Both go through Ansible, and between the same two controllers, in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example
from benchmarks.common.harness import Comparison, alternate, finish, main

ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
_GROUP = "mailforest_domain_controllers"
_FILE = "/run/mailforest-bench-credentials"
_WAIT = 180


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="two-offices")
    parser.add_argument("--owners", nargs=2, default=["dc1", "dc3"], help="between which the roles go to and fro")
    parser.add_argument("--deployed", action="store_true", help="the example's lab is up and deployed")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--goal", type=float, default=3.0, help="ratio that must not be passed")
    return parser.parse_args()


def play(hosts: str, *tasks: dict[str, Any]) -> str:
    """Return a playbook in JSON, which is YAML too."""
    return json.dumps([{"hosts": hosts, "gather_facts": False, "become": True, "tasks": list(tasks)}])


def ours(owner: str) -> str:
    """Return the playbook that moves all roles and confirms them."""
    roles = dict.fromkeys(ROLES, owner)
    return play(
        _GROUP,
        {"name": "Place the roles", "mailforest.stack.fsmo": {"roles": roles}},
        {"name": "Read every database", "mailforest.stack.fsmo": {"roles": roles, "wait": _WAIT}},
    )


def theirs(owner: str) -> str:
    """Return the playbook that moves all roles and looks no further."""
    command = ["samba-tool", "fsmo", "transfer", "--role=all", f"--authentication-file={_FILE}"]
    return play(owner, {"name": "Transfer", "ansible.builtin.command": {"argv": command}})


def credentials(owners: list[str], *, there: bool) -> str:
    """Return the playbook that brings the password to those who need it for theirs, or takes it away again."""
    text = "username = Administrator\npassword = {{ mailforest_administrator_password }}\n"
    task = (
        {"name": "Bring", "ansible.builtin.copy": {"dest": _FILE, "content": text, "mode": "0600"}, "no_log": True}
        if there
        else {"name": "Take away", "ansible.builtin.file": {"path": _FILE, "state": "absent"}}
    )
    return play(",".join(owners), task)


class Mover:
    """Moves the roles to and fro; each side in turn finds them where the other has brought them."""

    def __init__(self, owners: list[str], run: Callable[[str], float]) -> None:
        """`run` runs a playbook given as text, and returns the seconds it took."""
        self._owners = owners
        self._run = run

    def move(self, side: Callable[[str], str]) -> float:
        """Move all to the other owner; what comes after, so that both begin alike, is not counted."""
        self._owners.reverse()
        taken = self._run(side(self._owners[0]))
        self._run(ours(self._owners[0]))
        return taken


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    example = Example(options.example)
    if not options.deployed:
        example.prepare()
        example.play("site.yml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fsmo.yml")

        def run(text: str) -> float:
            path.write_text(text)
            return example.play(path)

        owners = list(options.owners)
        run(credentials(owners, there=True))
        try:
            run(ours(owners[0]))
            mover = Mover(owners, run)
            samples = alternate(lambda: mover.move(ours), lambda: mover.move(theirs), repeat=options.repeat)
        finally:
            run(credentials(owners, there=False))
            example.play("site.yml")  # the roles go back to where the inventory has them
    name = f"fsmo, {len(ROLES)} roles between {' and '.join(options.owners)}"
    return finish(Comparison(name=name, ours=samples.ours, theirs=samples.theirs, goal=options.goal))


if __name__ == "__main__":
    main(benchmark)
