# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan joins in batches, and keep the ledger of them, on the controller."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _member_batches
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


class ActionModule(ActionBase):
    """The action behind `mailforest.stack.join_ledger`: no connection to a host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Record what has joined, or plan what joins."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "path", "required": True},
                "candidates": {"type": "list", "elements": "str", "default": []},
                "canary": {"type": "int", "default": 1},
                "batch_size": {"type": "int", "default": 5},
                "per_day": {"type": "int", "default": 0},
                "workdays_only": {"type": "bool", "default": False},
                "joined": {"type": "list", "elements": "str", "default": []},
            }
        )
        try:
            return result | self._outcome(options)
        except ResourceError as exc:
            return result | {"failed": True, "msg": str(exc)}

    def _outcome(self, options: dict[str, Any]) -> dict[str, Any]:
        pace = _member_batches.Pace(
            **{name: options[name] for name in ("canary", "batch_size", "per_day", "workdays_only")}
        )
        if faults := pace.faults():
            raise ResourceError(f"Not a pace to join at: {'; '.join(faults)}. Nothing was changed. Correct it.")
        path, now = Path(options["path"]), datetime.now(UTC)
        ledger = _member_batches.read(path)
        if options["joined"]:
            added = _member_batches.unrecorded(options["joined"], ledger, now)
            if added and not self._task.check_mode:
                _member_batches.record(path, added, by=f"{getpass.getuser()}@{socket.gethostname()}", now=now)
            diff = {"before": {"joined": len(ledger)}, "after": {"joined": len(ledger) + len(added), "added": added}}
            return {"changed": bool(added), "diff": diff}
        made = _member_batches.plan(options["candidates"], ledger, pace, now)
        lines = _member_batches.told(made)
        Display().display("\n".join(lines))
        return {
            "changed": False,
            "today": list(made.today),
            "waiting": list(made.waiting),
            "batches": [list(batch) for batch in made.batches],
            "serial": made.serial,
            "joined_today": made.joined_today,
            "finish": made.finish.isoformat(),
            "msg": " ".join(lines),
        }
