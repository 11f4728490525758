# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: what it prints is what it returns, nothing has changed, and no host is asked."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.action.summary import ActionModule
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._topology.test_topology_examples import (
    evaluated,
)


@pytest.mark.parametrize("example", ["one-office", "two-offices"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_it_says_what_an_example_gives(monkeypatch: pytest.MonkeyPatch, example: str, check_mode: bool) -> None:
    printed: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _self, text, **_more: printed.append(text))
    plan = evaluated(example).plan
    assert plan
    connection = MagicMock()
    task = MagicMock(check_mode=check_mode, async_val=0, args={"plan": plan, "ca_file": "/srv/ca.crt"})
    action = ActionModule(task, connection, MagicMock(check_mode=check_mode), MagicMock(), MagicMock(), MagicMock())
    hosts: dict[str, dict[str, Any]] = {name: {} for name in plan["hosts"]}
    result = action.run(task_vars={"hostvars": hosts, "ansible_play_hosts_all": list(hosts)})
    assert connection.mock_calls == []
    assert result["changed"] is False
    assert printed == ["\n".join(result["lines"])]
    for host, row in plan["hosts"].items():
        assert any(line.split()[:2] == [host, row["address"]] for line in result["lines"])
    assert "  /srv/ca.crt" in result["lines"]
