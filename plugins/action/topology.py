# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the topology and compile the plan, once per run, on the controller."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.mailforest.stack.plugins.module_utils._topology.findings import render
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import COMPILED
from ansible_collections.mailforest.stack.plugins.plugin_utils._topology_input import compile_input


class ActionModule(ActionBase):
    """The action behind `mailforest.stack.topology`: no connection, no change, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with one text that lists every error, or return the plan as a fact."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        outcome = compile_input(task_vars or {}, self._templar.template)
        result |= {
            "changed": False,
            "errors": [finding.as_dict() for finding in outcome.errors],
            "warnings_found": [finding.as_dict() for finding in outcome.warnings],
            "warnings": [finding.as_text() for finding in outcome.warnings],
        }
        if outcome.errors:
            return result | {"failed": True, "msg": render(outcome.errors)}
        return result | {"ansible_facts": {COMPILED: outcome.plan}}
