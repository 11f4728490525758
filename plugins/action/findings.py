# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what every vantage point saw, once per run, on the controller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import (
    ERROR,
    WARNING,
    Finding,
    as_dicts,
    count,
    first,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings import judge
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import make_record
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.write import Formats, write
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import summary

_FAILING = {ERROR: {ERROR}, WARNING: {ERROR, WARNING}, "never": set[str]()}
"""`fail_on` to the severities that fail the run."""
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "plan": {"type": "dict", "required": True},
    "ca_file": {"type": "path", "default": ""},
    "fail_on": {"type": "str", "choices": list(_FAILING), "default": ERROR},
    "report_dir": {"type": "path", "default": ""},
    "language": {"type": "str", "choices": ["en", "ru"], "default": "en"},
    "keep": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """The action behind `mailforest.stack.findings`: no connection, no change, so check mode is no different."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print what stands and every finding, write the report; fail when a finding is as grave as `fail_on`."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, options = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        if options["keep"] < 1:
            raise AnsibleActionFail(
                f"keep is {options['keep']}, but the report compares with the last run: give 1 or more."
            )
        answers = Answers.read(
            options["plan"],
            variables["hostvars"],
            asked=variables["ansible_play_hosts_all"],
            broken={*variables["ansible_play_hosts_all"]} - {*variables["ansible_play_hosts"]},
        )
        findings = judge(answers)
        lines = summary(answers, findings, ca_file=options["ca_file"])
        Display().display("\n".join(lines))
        files = _report(answers, findings, lines, options)
        if files:
            Display().display(f"Report: {files[0]}")
        result |= {"changed": False, "files": files}
        if any(finding.severity in _FAILING[options["fail_on"]] for finding in findings):
            # Everything stands above already, as text; the data would bury it. Logs may keep the end only.
            text = f"Not all is as declared: {count(findings)}; each is listed above. The first: {first(findings)}."
            return result | {"failed": True, "msg": text}
        return result | {"findings": as_dicts(findings), "msg": f"Verified: {count(findings)}."}


def _report(answers: Answers, findings: Sequence[Finding], lines: Sequence[str], options: dict[str, Any]) -> list[str]:
    """Write the report where one is asked for; its files."""
    if not options["report_dir"]:
        return []
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    formats = Formats(language=options["language"], keep=options["keep"], warnings_fail=options["fail_on"] == WARNING)
    try:
        paths = write(Path(options["report_dir"]), make_record(answers, findings, time=now), lines, formats)
    except OSError as error:
        text = f"{count(findings)}, listed above, but the report could not be written: {error}. Mend it or its place."
        raise AnsibleActionFail(text) from error
    return [str(path) for path in paths]
