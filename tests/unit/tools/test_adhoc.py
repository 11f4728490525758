# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that runs modules for the tests of the offices: by ansible-core itself, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.adhoc import AnsibleServer

PING = "ansible.builtin.ping"


@pytest.fixture(scope="module")
def server() -> Iterator[AnsibleServer]:
    started = AnsibleServer()
    yield started
    started.close()


def test_results_of_runs_side_by_side_are_each_callers_own(server: AnsibleServer) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda data: server.run("localhost", PING, {"data": data}), ["one", "two", "three"]))
    assert [result["ping"] for result in found] == ["one", "two", "three"]


def test_what_a_module_says_that_failed_is_its_result(server: AnsibleServer) -> None:
    assert server.run("localhost", "ansible.builtin.fail", {"msg": "no"})["msg"] == "no"


def test_an_inventory_of_the_callers_is_taken(server: AnsibleServer, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("here ansible_connection=local word=known\n", encoding="utf-8")
    wanted = {"msg": "{{ word }}"}
    assert server.run("here", "ansible.builtin.debug", wanted, inventory=str(tmp_path / "hosts"))["msg"] == "known"


def test_a_module_needs_no_argument(server: AnsibleServer) -> None:
    assert server.run("localhost", PING, {})["ping"] == "pong"


def test_a_host_that_does_not_answer_has_no_result(server: AnsibleServer, tmp_path: Path) -> None:
    """Or it would count as what a module says that refuses."""
    (tmp_path / "hosts").write_text("gone ansible_host=127.0.0.1 ansible_port=1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="UNREACHABLE"):
        server.run("gone", PING, {}, inventory=str(tmp_path / "hosts"))


def test_what_ansible_says_is_told_where_there_is_no_result(server: AnsibleServer) -> None:
    with pytest.raises(AssertionError, match="Could not match supplied host pattern"):
        server.run("nowhere", PING, {})


def test_it_ends_when_it_is_closed() -> None:
    started = AnsibleServer()
    started.close()
    assert started._process.returncode == 0
    assert not started._directory.exists()
