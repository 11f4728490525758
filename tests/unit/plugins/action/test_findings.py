# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: everything as text, the findings as data, and a failure when one is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.mailforest.stack.plugins.action.findings import ActionModule
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.answers_samples import plan, port, registered


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was printed."""
    printed: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _self, text, **_more: printed.append(text))
    return printed


def run(hosts: dict[str, Any], *, playing: list[str] | None = None, **options: object) -> dict[str, Any]:
    """The action's result, and no connection."""
    connection = MagicMock()
    task = MagicMock(check_mode=False, async_val=0, args={"plan": plan(), **options})
    action = ActionModule(task, connection, MagicMock(check_mode=False), MagicMock(), MagicMock(), MagicMock())
    variables = {
        "hostvars": hosts,
        "ansible_play_hosts_all": list(hosts),
        "ansible_play_hosts": list(hosts) if playing is None else playing,
    }
    result: dict[str, Any] = action.run(task_vars=variables)
    assert connection.mock_calls == [], "the action must not connect"
    return result


def test_all_is_well(shown: list[str]) -> None:
    result = run(registered(), ca_file="/srv/office/ca.crt")
    assert (result.get("failed"), result["changed"], result["findings"]) == (None, False, [])
    assert result["msg"] == "Verified: no findings."
    assert "/srv/office/ca.crt" in shown[0]


def test_an_error_fails_and_is_printed(shown: list[str]) -> None:
    hosts = registered()
    hosts["outside"]["__ports"]["results"] = [port()]
    result = run(hosts)
    assert result["failed"] is True
    assert result["msg"].startswith("Not all is as declared: 1 error; each is listed above. The first: AD-10 gw-hq ")
    assert "seen from outside: " in result["msg"]
    assert "ERROR AD-10: gw-hq ldap/tcp at 198.51.100.2:389/tcp" in shown[0]


def test_an_error_is_data_for_who_asks(shown: list[str]) -> None:
    hosts = registered()
    hosts["outside"]["__ports"]["results"] = [port()]
    result = run(hosts, fail_on="never")
    assert "failed" not in result
    assert [row["requirement"] for row in result["findings"]] == ["AD-10"]
    assert shown


@pytest.mark.parametrize(("fail_on", "fails"), [("error", False), ("warning", True), ("never", False)])
def test_a_warning_fails_where_it_is_asked_to(shown: list[str], fail_on: str, fails: bool) -> None:
    hosts = registered()
    hosts["dc1"]["__roles"]["rid_pool"] = {"domain_left": 5}
    assert bool(run(hosts, fail_on=fail_on).get("failed")) is fails


def test_a_report_is_written_where_one_is_asked_for(shown: list[str], tmp_path: Path) -> None:
    hosts = registered()
    hosts["outside"]["__ports"]["results"] = [port()]
    result = run(hosts, report_dir=str(tmp_path / "report"), language="ru")
    assert result["failed"] is True
    assert result["files"][0] == str(tmp_path / "report" / "report.html")
    assert shown[1] == f"Report: {result['files'][0]}"
    assert '<html lang="ru">' in Path(result["files"][0]).read_text(encoding="utf-8")
    assert run(registered())["files"] == []


def test_a_report_that_cannot_be_written_fails_and_hides_no_finding(shown: list[str], tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file", encoding="utf-8")
    with pytest.raises(AnsibleActionFail, match="no findings, listed above, but the report could not be written"):
        run(registered(), report_dir=str(tmp_path / "report"))
    assert "Verified from 6 hosts" in shown[0]


def test_a_history_of_no_run_is_refused(shown: list[str]) -> None:
    with pytest.raises(AnsibleActionFail, match="keep is 0"):
        run(registered(), keep=0)


def test_warnings_do_not_fail(shown: list[str]) -> None:
    hosts = registered()
    hosts["dc1"]["__roles"]["rid_pool"] = {"domain_left": 5}
    result = run(hosts)
    assert "failed" not in result
    assert result["msg"] == "Verified: 1 warning."


def test_a_host_that_dropped_out_is_an_error(shown: list[str]) -> None:
    hosts = registered()
    assert run(hosts, playing=[name for name in hosts if name != "dc1"])["failed"] is True
    assert "ERROR AD-13: questions to dc1" in shown[0]
