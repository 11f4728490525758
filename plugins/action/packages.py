# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask which packages are missing; let apt install those, if any."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """What `mailforest.stack.packages` does on the controller."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; where something is missing and this is no check, apt's beside it."""
        super().run(tmp, task_vars)
        result: dict[str, Any] = self._execute_module(module_name="mailforest.stack.packages", task_vars=task_vars)
        if result.get("failed") or not result["missing"] or self._task.check_mode:
            return result
        options = {"name": result["missing"], "install_recommends": False, "update_cache": True}
        if result["lists_fetched"]:
            options["cache_valid_time"] = 3600
        installed = self._execute_module(module_name="ansible.builtin.apt", module_args=options, task_vars=task_vars)
        return {**installed, "missing": result["missing"], "diff": result["diff"]}
