# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: what is rendered and what is sent."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.mailforest.stack.plugins.action.config_tree import ActionModule


class Sent(ActionModule):
    """The action without a host: what it would send is kept."""

    def _execute_module(self, **kwargs: Any) -> dict[str, Any]:
        self.sent = kwargs["module_args"]
        self.module = kwargs["module_name"]
        return {"changed": False}


def run(tmp_path: Path, files: Any, variables: dict[str, Any] | None = None) -> tuple[Sent, dict[str, bytes]]:
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    templates = tmp_path / "templates" / "etc"
    templates.mkdir(parents=True, exist_ok=True)
    (templates / "a.conf.j2").write_text("{% if true %}\na = {{ a }}\n{% endif %}\n  b = '\\n'\n")
    (templates / "managed.j2").write_text("# {{ ansible_managed }}\n{% include 'etc/part.j2' %}")
    (templates / "part.j2").write_text("included\n")
    (templates / "number.j2").write_text("{{ 7 }}")
    task = SimpleNamespace(
        args={"name": "x", "unit": "x.service", "files": files}, async_val=0, check_mode=False, diff=False,
        get_search_path=lambda: [str(tmp_path)], action="config_tree", collections=[],
    )  # fmt: skip
    action = Sent(
        task=task,
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        play_context=SimpleNamespace(check_mode=False, diff=False),
        loader=loader,
        templar=Templar(loader=loader, variables=variables or {}),
        shared_loader_obj=None,
    )
    action.run(task_vars={"ansible_search_path": [str(tmp_path)], **(variables or {})})
    contents = {path: base64.b64decode(text) for path, text in action.sent["contents"].items()}
    return action, contents


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param({"path": "/etc/a.conf"}, b"a = 1\n  b = '\\n'\n", id="blocks trimmed, indent and newline kept"),
        pytest.param(
            {"path": "/etc/b", "template": "etc/a.conf.j2", "vars": {"a": "x"}}, b"a = x\n  b = '\\n'\n", id="own vars"
        ),
        pytest.param({"path": "/etc/k", "content_base64": "BQIA/w=="}, b"\x05\x02\x00\xff", id="given in base64"),
        pytest.param({"path": "/etc/c", "content": "{{ raw }}\n"}, b"{{ raw }}\n", id="given content is not rendered"),
        pytest.param({"path": "/etc/number"}, b"7", id="a single expression is text"),
    ],
)
def test_content(tmp_path: Path, file: dict[str, Any], expected: bytes) -> None:
    _, contents = run(tmp_path, [file], {"a": 1})
    assert contents == {file["path"]: expected}


def test_includes_and_managed_note(tmp_path: Path) -> None:
    _, contents = run(tmp_path, [{"path": "/etc/managed"}])
    assert contents["/etc/managed"].startswith(b"# Written by Ansible")
    assert contents["/etc/managed"].endswith(b"\nincluded")
    _, contents = run(tmp_path, [{"path": "/etc/managed"}], {"ansible_managed": "ours"})
    assert contents["/etc/managed"].startswith(b"# ours\n")


def test_only_the_contents_option_carries_content(tmp_path: Path) -> None:
    action, _ = run(
        tmp_path, [{"path": "/etc/s", "content": "geheim", "secret": True, "mode": "0600", "vars": {"a": 1}}]
    )
    assert action.sent["files"] == [{"path": "/etc/s", "secret": True, "mode": "0600"}]
    assert "geheim" not in repr(action.sent)
    assert action.module == "mailforest.stack.config_tree"
    assert action.sent["unit"] == "x.service"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param("/etc/a", "is not a list", id="not a list"),
        pytest.param([{"template": "a"}], "has no path", id="no path"),
        pytest.param([{"path": "/a", "mod": "0600"}], "unknown options: mod", id="misspelt option"),
        pytest.param([{"path": "/a", "template": "a", "content": "b"}], "Give one", id="two sources"),
        pytest.param([{"path": "/a", "content_base64": "*"}], "no base64", id="no base64"),
        pytest.param([{"path": "/a", "vars": ["b"]}], "not a dictionary", id="vars no dictionary"),
        pytest.param([{"path": "/etc/none"}], "'etc/none.j2' for /etc/none was not found", id="no template"),
    ],
)
def test_refused(tmp_path: Path, files: Any, message: str) -> None:
    with pytest.raises(AnsibleActionFail, match=message):
        run(tmp_path, files)
