# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of a deployed lab, on which a benchmark runs a script."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.harness import ROOT, BenchmarkError, playbook_command, run

_INVENTORY = ROOT / "examples" / "one-office" / "inventory"


def machine_arguments(description: str | None, *, host: str) -> argparse.ArgumentParser:
    """A command line that says which host."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--inventory", type=Path, default=_INVENTORY)
    parser.add_argument("--host", default=host)
    return parser


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A host of an inventory; `folder` is for what comes and goes."""

    inventory: Path
    host: str
    folder: Path

    def script(self, path: Path, *arguments: str) -> str:
        """Run a script of Python on the host as root; return what it printed."""
        if not self.inventory.exists():
            raise BenchmarkError(f"{self.inventory} does not exist; start the lab and deploy it, or give --inventory")
        kept = self.folder / "said.json"
        argv = ["python3", "-c", path.read_text(encoding="utf-8"), *arguments]
        keep = {"content": "{{ outcome.stdout }}", "dest": str(kept), "mode": "0600"}
        tasks = [
            {"name": "Run", "ansible.builtin.command": {"argv": argv}, "register": "outcome"},
            {"name": "Keep", "ansible.builtin.copy": keep, "delegate_to": "localhost", "become": False},
        ]
        play = {"hosts": self.host, "gather_facts": False, "become": True, "tasks": tasks}
        file = self.folder / "play.json"
        file.write_text(json.dumps([play]), encoding="utf-8")
        file.chmod(0o600)
        environment = {"ANSIBLE_HOME": str(ROOT / ".build" / "ansible")}
        run(playbook_command("-i", str(self.inventory), str(file)), environment=environment)
        return kept.read_text(encoding="utf-8")
