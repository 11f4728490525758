# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible callback: write which task ran on which hosts, what changed, and how long each task took."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: tally
type: aggregate
short_description: Write a tally of the run as JSON to the file named by the environment variable TALLY_FILE
description: Tasks that were skipped on a host are not counted for it.
"""


class CallbackModule(CallbackBase):
    """Counts, and prints nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "tally"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._tasks: list[dict[str, Any]] = []
        self._begun = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Begin the next task."""
        self._end()
        file = Path(task.get_path() or "").name.partition(":")[0]  # behind it stands the line
        told = {"name": task.get_name(), "action": task.action, "file": file}
        self._tasks.append({**told, "hosts": [], "changed": [], "seconds": 0.0})

    def v2_runner_on_ok(self, result: Any) -> None:
        """Count a host for the task that runs."""
        host = result.host.get_name() if hasattr(result, "host") else result._host.get_name()
        values = result.result if hasattr(result, "result") else result._result
        self._tasks[-1]["hosts"].append(host)
        if values.get("changed"):
            self._tasks[-1]["changed"].append(host)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the tally."""
        self._end()
        Path(os.environ["TALLY_FILE"]).write_text(json.dumps(self._tasks), encoding="utf-8")

    def _end(self) -> None:
        now = time.monotonic()
        if self._tasks:
            self._tasks[-1]["seconds"] = round(now - self._begun, 3)
        self._begun = now
