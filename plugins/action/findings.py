# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what every vantage point saw, once per run, on the controller."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import as_dicts, count, first, has_errors
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import summary


class ActionModule(ActionBase):
    """The action behind `mailforest.stack.findings`: no connection, no change, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print what stands and every finding; fail when one is an error."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(
            argument_spec={
                "plan": {"type": "dict", "required": True},
                "ca_file": {"type": "path", "default": ""},
                "fail": {"type": "bool", "default": True},
            }
        )
        answers = Answers.read(
            options["plan"],
            variables["hostvars"],
            asked=variables["ansible_play_hosts_all"],
            broken={*variables["ansible_play_hosts_all"]} - {*variables["ansible_play_hosts"]},
        )
        findings = judge(answers)
        Display().display("\n".join(summary(answers, findings, ca_file=options["ca_file"])))
        result["changed"] = False
        if options["fail"] and has_errors(findings):
            # Everything stands above already, as text; the data would bury it. Logs may keep the end only.
            text = f"Not all is as declared: {count(findings)}; each is listed above. The first: {first(findings)}."
            return result | {"failed": True, "msg": text}
        return result | {"findings": as_dicts(findings), "msg": f"Verified: {count(findings)}."}
