# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An example in the lab, as the benchmarks of whole runs need it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.harness import ROOT, playbook_command, run

_LOGS = ROOT / ".build" / "bench"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a run: where it ran, where it changed something, and how long it took."""

    name: str
    action: str
    hosts: tuple[str, ...]
    changed: tuple[str, ...]
    seconds: float
    file: str = ""
    """The name of the file that has it."""


@dataclass(frozen=True)
class Example:
    """A directory below examples/ with a lab of the same name."""

    name: str

    @property
    def directory(self) -> Path:
        """Return the user's repository."""
        return ROOT / "examples" / self.name

    def prepare(self) -> None:
        """Do what the demo does before it deploys: hosts, the collection as it is now, passwords."""
        variables = self.directory / "inventory" / "group_vars" / "all"
        secrets = [str(variables / name) for name in ("secrets.yml.example", "secrets.yml")]
        self._tool("install-collection", str(self.directory / "collections"))
        run([sys.executable, str(ROOT / "tools" / "make-secrets"), *secrets], log=self._log("make-secrets"))
        self._start_lab()

    def renew_lab(self) -> None:
        """Remove the hosts and start blank ones."""
        self._tool("lab", "down", self.name)
        self._start_lab()

    def _start_lab(self) -> None:
        self._tool("lab", "up", self.name)
        shutil.copy(ROOT / ".build" / "lab" / self.name / "inventory.yml", self.directory / "inventory" / "lab.yml")

    def _tool(self, name: str, *arguments: str) -> None:
        run([str(ROOT / "tools" / name), *arguments], log=self._log(name))

    def play(self, playbook: str | Path, *arguments: str, tally: Path | None = None) -> float:
        """Run a playbook as a user of the example would; return the seconds it took."""
        environment = _environment()
        if tally:
            environment["ANSIBLE_CALLBACKS_ENABLED"] = "tally"
            environment["ANSIBLE_CALLBACK_PLUGINS"] = str(ROOT / "benchmarks" / "callback_plugins")
            environment["TALLY_FILE"] = str(tally)
        log = self._log(Path(playbook).stem)
        return run(playbook_command(*arguments, str(playbook)), cwd=self.directory, environment=environment, log=log)

    def _log(self, name: str) -> Path:
        return _LOGS / f"{self.name}-{name}.log"


def _environment() -> dict[str, str]:
    return {
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "LC_ALL": "C.UTF-8",
        # An example's own file of settings counts, not the caller's.
        "ANSIBLE_CONFIG": "ansible.cfg",
    }


def read_tally(path: Path) -> list[Task]:
    """Read what the callback wrote."""
    tasks: Sequence[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [
        Task(
            name=task["name"],
            action=task["action"],
            hosts=tuple(task["hosts"]),
            changed=tuple(task["changed"]),
            seconds=task["seconds"],
            file=task.get("file", ""),
        )
        for task in tasks
    ]


def pings(tasks: Sequence[Task]) -> str:
    """Return a playbook, in JSON, with one ping wherever a task ran: as many, in the same order, on the same hosts."""
    plays: list[dict[str, Any]] = []
    for task in tasks:
        if not task.hosts:
            continue
        hosts = ",".join(sorted(task.hosts))
        if not plays or plays[-1]["hosts"] != hosts:
            plays.append({"hosts": hosts, "gather_facts": False, "tasks": []})
        plays[-1]["tasks"].append({"name": "Ping", "ansible.builtin.ping": {}})
    return json.dumps(plays)
