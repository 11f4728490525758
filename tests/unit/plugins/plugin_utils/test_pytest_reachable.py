# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest plugin, with testinfra's own hosts: this machine, by a Python that knows nothing of the collection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import testinfra
from ansible_collections.mailforest.stack.plugins.module_utils._probe import SpecError
from ansible_collections.mailforest.stack.plugins.plugin_utils import pytest_reachable
from ansible_collections.mailforest.stack.plugins.plugin_utils.pytest_reachable import probe_from
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import NAME, Authority

ROOT = Path(__file__).resolve().parents[4]
HERE = testinfra.get_host("local://")
ALONE = f"env -i {sys.executable} -I"
"""Without PYTHONPATH, and without what is installed for the user."""


def test_ports_are_checked_from_the_host(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "trusted")
    with fakes.listening(fakes.over_tls(authority.context(), fakes.imap())) as port:
        imaps = {"protocol": "imap", "tls": "implicit", "server_name": NAME, "ca_file": authority.ca_file}
        checks = [
            {"name": "imaps", "host": "127.0.0.1", "port": port, **imaps},
            {"host": "127.0.0.1", "port": fakes.unused_port(), "expect": "closed"},
            {"host": "127.0.0.1", "port": port, "protocol": "imap"},
        ]
        found = probe_from(HERE, checks, python=ALONE, timeout=1)
    assert found.verdicts == ["open", "refused", "wrong-tls"]
    assert not found.passed
    assert found.message.startswith("2 of 3 checks passed.\nimap at 127.0.0.1:")
    assert [certificate["name"] for certificate in found.certificates] == ["imaps"]


def test_options_reach_the_run() -> None:
    check = {"host": "127.0.0.1", "port": fakes.unused_port()}
    found = probe_from(HERE, [check], python=ALONE, retries=2, delay=0.01)
    assert found.results[0]["attempts"] == 3


def test_mistakes_are_told_as_they_are_here() -> None:
    with pytest.raises(SpecError, match=r"checks\[0\].port: 0 is not a port") as caught:
        probe_from(HERE, [{"host": "mx1", "port": 0}], python=ALONE)
    assert len(caught.value.problems) == 1


def test_a_python_that_is_not_there_is_told() -> None:
    with pytest.raises(RuntimeError, match="the probes ended with 127"):
        probe_from(HERE, [], python="/nonexistent/python3")


def test_a_thousand_checks_fit_into_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [{"name": f"host {i} smtp", "host": f"198.51.100.{i % 250}", "port": 1 + i} for i in range(1000)]
    assert len(pytest_reachable._payload({"checks": checks, "timeout": 5, "limits": {}})) < pytest_reachable._LARGEST
    monkeypatch.setattr(pytest_reachable, "_LARGEST", 1000)
    with pytest.raises(ValueError, match="1000 checks make an argument of"):
        probe_from(HERE, checks)


@pytest.mark.parametrize("how", ["-p", "pytest_plugins"])
def test_the_fixture_is_there_for_who_names_the_plugin(tmp_path: Path, how: str) -> None:
    name = pytest_reachable.__name__
    if how == "pytest_plugins":
        (tmp_path / "conftest.py").write_text(f"pytest_plugins = [{name!r}]\n")
    port = fakes.unused_port()
    (tmp_path / "test_ports.py").write_text(
        "import testinfra\n"
        "def test_closed(reachable):\n"
        f"    checks = [{{'host': '127.0.0.1', 'port': {port}, 'expect': 'closed'}}]\n"
        "    found = reachable(testinfra.get_host('local://'), checks)\n"
        "    assert found.passed, found.message\n"
    )
    arguments = ["-p", name] if how == "-p" else []
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments, "test_ports.py"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment = {**kept, "PYTHONPATH": f"{ROOT}/.build/dev"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
