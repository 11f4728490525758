# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An example in the lab, as the benchmarks of whole runs need it."""

from __future__ import annotations

import json
import shutil
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


@dataclass(frozen=True)
class Example:
    """A directory below examples/ with a lab of the same name."""

    name: str

    @property
    def directory(self) -> Path:
        """Return the user's repository."""
        return ROOT / "examples" / self.name

    def prepare(self) -> None:
        """Have the demo deployed, and the collection as it is now."""
        needed = ("collections", "inventory/lab.yml", "inventory/group_vars/all/secrets.yml")
        if all((self.directory / path).exists() for path in needed):
            target = str(self.directory / "collections")
            run([str(ROOT / "tools" / "install-collection"), target], log=self._log("install"))
            run([str(ROOT / "tools" / "lab"), "up", self.name], log=self._log("lab-up"))
        else:
            print(f"  the demo has not been run; running tools/demo {self.name}", flush=True)
            run([str(ROOT / "tools" / "demo"), self.name], log=self._log("demo"))

    def renew_lab(self) -> None:
        """Remove the hosts and start blank ones."""
        for command in ("down", "up"):
            run([str(ROOT / "tools" / "lab"), command, self.name], log=self._log(f"lab-{command}"))
        shutil.copy(ROOT / ".build" / "lab" / self.name / "inventory.yml", self.directory / "inventory" / "lab.yml")

    def play(self, playbook: str | Path, *, tally: Path | None = None) -> float:
        """Run a playbook as a user of the example would; return the seconds it took."""
        environment = _environment()
        if tally:
            environment["ANSIBLE_CALLBACKS_ENABLED"] = "tally"
            environment["ANSIBLE_CALLBACK_PLUGINS"] = str(ROOT / "benchmarks" / "callback_plugins")
            environment["TALLY_FILE"] = str(tally)
        log = self._log(Path(playbook).stem)
        return run(playbook_command(str(playbook)), cwd=self.directory, environment=environment, log=log)

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
