# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of directory_objects: the file is brought to the host, and told of by the user's name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mailforest.stack.plugins.action.directory_objects import ActionModule

TMPDIR = "/tmp/.ansible-x"


class Sent(ActionModule):
    """The action without a host."""

    answer: dict[str, Any]

    def _execute_module(self, **kwargs: Any) -> dict[str, Any]:
        self.sent = kwargs["module_args"]
        return self.answer

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        self._connection._shell.tmpdir = TMPDIR
        return TMPDIR

    def _transfer_file(self, local_path: str, remote_path: str) -> str:
        self.transferred = (Path(local_path).read_text(), remote_path)
        return remote_path

    def _fixup_perms2(self, remote_paths: Any, remote_user: str | None = None, execute: bool = True) -> Any:
        return remote_paths

    def _remove_tmp_path(self, tmp_path: str, force: bool = False) -> None:
        self.removed = tmp_path


def run(tmp_path: Path, answer: dict[str, Any] | None = None, **arguments: Any) -> tuple[Sent, dict[str, Any]]:
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    task = SimpleNamespace(
        args=arguments, async_val=0, check_mode=False, diff=False, action="directory_objects", collections=[],
        get_search_path=lambda: [str(tmp_path)],
    )  # fmt: skip
    shell = SimpleNamespace(tmpdir=None, join_path=lambda *parts: "/".join(parts))
    action = Sent(
        task=task,
        connection=SimpleNamespace(_shell=shell),
        play_context=SimpleNamespace(check_mode=False, diff=False),
        loader=loader,
        templar=None,
        shared_loader_obj=None,
    )
    action.answer = answer or {"changed": False}
    return action, action.run(task_vars={})


def test_a_file_of_the_controller_is_sent_and_removed(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "people.csv").write_text("name\nalice\n")
    action, _ = run(tmp_path, people="people.csv", chunk=7)
    assert action.transferred == ("name\nalice\n", f"{TMPDIR}/people.csv")
    assert action.sent == {"people": f"{TMPDIR}/people.csv", "chunk": 7}
    assert action.removed == TMPDIR


def test_faults_name_the_users_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name\n")
    sent = f"{TMPDIR}/people.csv"
    answer = {"failed": True, "msg": f"1 values: {sent}:2, name: x", "faults": [{"file": sent, "line": 2}]}
    _, result = run(tmp_path, answer, people="people.csv")
    assert result["msg"] == "1 values: people.csv:2, name: x"
    assert result["faults"] == [{"file": "people.csv", "line": 2}]


@pytest.mark.parametrize("arguments", [{"people": "/srv/people.csv", "remote_src": True}, {"users": []}])
def test_nothing_is_sent_when_nothing_is_here(tmp_path: Path, arguments: dict[str, Any]) -> None:
    action, _ = run(tmp_path, **arguments)
    assert action.sent == arguments
    assert not hasattr(action, "transferred")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="not found on the controller"):
        run(tmp_path, people="people.csv")
