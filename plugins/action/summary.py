# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what the administrator has, or will have, once per run, on the controller."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import standing

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "plan": {"type": "dict", "required": True},
    "ca_file": {"type": "path", "default": ""},
}


class ActionModule(ActionBase):
    """The action behind `mailforest.stack.summary`: no connection, no change, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print it, and return it as lines."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        answers = Answers.read(options["plan"], variables["hostvars"], asked=variables["ansible_play_hosts_all"])
        lines = standing(answers, ca_file=options["ca_file"])
        Display().display("\n".join(lines))
        return result | {"changed": False, "lines": lines}
