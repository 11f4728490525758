# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml in check mode, on an example or on hosts that are named: how benchmarks of the controller run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.deployment import Example
from benchmarks.common.harness import ROOT, BenchmarkError, playbook_command, run

_LOG = ROOT / ".build" / "bench" / "check.log"
MITOGEN = "mitogen==0.3.54"
"""The release that docs/performance.md speaks of."""


@dataclass(frozen=True)
class Office:
    """Where the playbook runs, and what ansible-playbook is told for it: inventory, passwords."""

    directory: Path
    arguments: Sequence[str]

    @classmethod
    def make(cls, example: str, arguments: Sequence[str]) -> Office:
        """Take hosts that are deployed, where arguments for ansible-playbook name some; else the example in its lab."""
        if not arguments:
            Example(example).prepare()
        return cls(ROOT / "examples" / example, arguments)

    def hosts(self) -> list[str]:
        """Return the hosts of the system, those first that set up others."""
        command = [str(Path(sys.executable).with_name("ansible-inventory")), *self.arguments, "--list"]
        environment = {**os.environ, "ANSIBLE_CONFIG": "ansible.cfg"}
        done = subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkError(f"ansible-inventory ended with {done.returncode}: {done.stderr[-500:]}")
        groups: Mapping[str, Any] = json.loads(done.stdout)
        names = [f"mailforest_{group}" for group in ("domain_controllers", "gateways", "mail_servers", "members")]
        return list(dict.fromkeys(host for name in names for host in groups.get(name, {}).get("hosts", [])))

    def check(self, *, limit: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> float:
        """Run site.yml in check mode; return the seconds it took."""
        limits = [f"--limit={','.join(limit)}"] if limit else []
        return run(
            playbook_command("--check", *self.arguments, *limits, "site.yml"),
            cwd=self.directory,
            environment={"ANSIBLE_CONFIG": "ansible.cfg", "LC_ALL": "C.UTF-8", **(environment or {})},
            log=_LOG,
        )

    def changes(self) -> list[str]:
        """Return `host 2` for each host on which the last run would change two things."""
        text = _LOG.read_text(encoding="utf-8", errors="replace")
        return [" ".join(found) for found in re.findall(r"^(\S+) +: ok=\d+ +changed=([1-9]\d*) ", text, re.MULTILINE)]


def mitogen() -> dict[str, str]:
    """Install Mitogen into a directory of its own; return the environment that has Ansible use it."""
    target = ROOT / ".build" / "mitogen"
    if not (target / "ansible_mitogen").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--target", str(target), MITOGEN], log=_LOG.with_name("mitogen.log"))
    return {
        "ANSIBLE_STRATEGY_PLUGINS": str(target / "ansible_mitogen" / "plugins" / "strategy"),
        "ANSIBLE_STRATEGY": "mitogen_linear",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
    }
