# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of site.yml that is watched task by task, and killed in the middle of one."""

from __future__ import annotations

import re
import time
from pathlib import Path

from .killed import begin, kill
from .playbook import PLAYBOOKS

_TASK = re.compile(rb"^(?:TASK|RUNNING HANDLER) \[(.*)\]", re.MULTILINE)
_PROBES = b"\nPLAY [Look from every vantage point]"
"""What changes nothing any more; there every host goes its own way, so that tasks are told in any order, and often."""
_RUN_SECONDS = 3600


class Watched:
    """A run in a session of its own, which writes what it does into a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        plain = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
        # Molecule may have set the last one, which is stronger.
        plain |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        self.process = begin(PLAYBOOKS / "office.yml", log=log, environment=plain)

    def tasks(self) -> list[str]:
        """The tasks that have begun, but for those of the probes at the end."""
        changing, _probes, _rest = self.log.read_bytes().partition(_PROBES)
        return [name.decode() for name in _TASK.findall(changing)]

    def succeed(self) -> None:
        """Wait until it has."""
        code = self.process.wait(timeout=_RUN_SECONDS)
        assert code == 0, self.log.read_text(encoding="utf-8")[-4000:]

    def kill(self, *, task: int, after: float) -> str:
        """Killed, with whatever it has started here, so long after a task has begun; the name of the last one."""
        deadline = time.monotonic() + _RUN_SECONDS
        while len(self.tasks()) < task:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-4000:]
            assert time.monotonic() < deadline, f"task {task} did not begin"
            time.sleep(0.1)
        time.sleep(after)
        assert self.process.poll() is None, f"it had ended {after:.1f} s after its task {task} began"
        kill(self.process)
        return self.tasks()[-1]
