# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: one text with all errors, or the plan as a fact."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleError
from ansible_collections.mailforest.stack.plugins.action.topology import ActionModule
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.topology_inventory import seen


def run(
    directory: Path, changes: dict[str, Any] | None = None, *, check: bool = False, **options: object
) -> dict[str, Any]:
    """The action's result for the changed inventory."""
    task = seen(directory, changes)
    connection, play = MagicMock(), MagicMock(check_mode=check)
    definition = MagicMock(check_mode=check, async_val=0, args=options)
    action = ActionModule(definition, connection, play, MagicMock(), task.templar, MagicMock())
    result: dict[str, Any] = action.run(task_vars=task.variables)
    assert connection.mock_calls == [], "the action must not connect"
    return result


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
def test_a_good_topology_becomes_a_fact(tmp_path: Path, check: bool) -> None:
    result = run(tmp_path, check=check)
    plan = result["ansible_facts"]["mailforest_compiled"]
    assert plan["forest"]["realm"] == "CORP.EXAMPLE.TEST"
    assert plan["hosts"]["mx1"]["postfix_listeners"] == ["smtp", "submission", "submissions"]
    assert (result["changed"], result["errors"], result["warnings_found"]) == (False, [], [])
    assert "failed" not in result


def test_a_bad_topology_fails_with_all_errors_at_once(tmp_path: Path) -> None:
    result = run(tmp_path, {"mailforest_fsmo": {"pdc": "mx1"}, "mailforest_usrs": [], "mailforest_sites": 5})
    assert result["failed"] is True
    assert "ansible_facts" not in result
    rules = {error["rule"] for error in result["errors"]}
    assert {"fsmo-holder-is-dc", "unknown-variable", "wrong-type"} <= rules
    assert all(error["remedy"] in result["msg"] and error["place"] in result["msg"] for error in result["errors"])


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    passwords = {"alice": "Secret-of-Alice-1", "dave": "Secret-of-Dave-1"}
    result = run(tmp_path, {"mailforest_user_passwords": passwords})
    assert [warning["rule"] for warning in result["warnings_found"]] == ["password-without-user"]
    assert result["ansible_facts"]["mailforest_compiled"]["warnings"] == result["warnings_found"]
    assert "mailforest_user_passwords.dave" in result["warnings"][0]
    assert "failed" not in result


def test_no_password_is_in_the_result(tmp_path: Path) -> None:
    assert "Secret" not in repr(run(tmp_path, {"mailforest_fsmo": "auto"}))


def test_it_takes_no_options(tmp_path: Path) -> None:
    with pytest.raises(AnsibleError, match="today"):
        run(tmp_path, today="2027-01-01")
