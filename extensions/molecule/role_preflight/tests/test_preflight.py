# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that cannot serve is named with everything that is wrong with it, and stays as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import testinfra
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell, snapshot
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, play
from testinfra.host import Host

SOLO = ("solo12", "solo13")
CONVERGE = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]).parent / "shared/converge.yml"


def _host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}")


def _refused(extra: Mapping[str, Any]) -> dict[str, str]:
    """The message of every host; each is refused by its own, and none is changed."""
    before = {name: snapshot(_host(name)) for name in SOLO}
    run: Run = play(CONVERGE, extra_vars=extra)
    assert run.code != 0
    assert {name: sorted(set(snapshot(_host(name))) ^ set(before[name])) for name in SOLO} == {
        name: [] for name in SOLO
    }
    return {failure.host: failure.message for failure in run.failures}


def test_all_findings_come_at_once() -> None:
    wrong = {
        "preflight_minimum_memory": 100_000_000,
        "preflight_minimum_disk": 1_000_000_000,
        "preflight_address": "198.51.100.250",
        "preflight_name": "a_name_that_is_too_long",
    }
    messages = _refused(wrong)
    assert set(messages) == set(SOLO)
    for message in messages.values():
        words = ("memory", "disk", "198.51.100.250", "a_name_that_is_too_long")
        assert [word for word in words if word not in message] == []


def test_a_misspelt_variable_is_refused() -> None:
    messages = _refused({"preflight_adress": "198.51.100.250"})
    assert set(messages) == set(SOLO)
    assert all("preflight_adress" in message for message in messages.values())


@pytest.fixture
def nameserver() -> Iterator[None]:
    """Another program that answers on port 53."""
    serve = "python3 -c 'import socket,time; s=socket.socket(); s.bind((\"0.0.0.0\",53)); s.listen(); time.sleep(900)'"
    for name in SOLO:
        root_shell(_host(name), f"systemctl stop 'samba-ad-dc*'; systemd-run --unit=nameserver {serve}")
        root_shell(_host(name), "until ss -tln | grep -q ':53 '; do sleep 0.2; done")
    yield
    for name in SOLO:
        root_shell(_host(name), "systemctl stop nameserver")
        root_shell(_host(name), "if systemctl -q is-enabled samba-ad-dc 2>&1; then systemctl start samba-ad-dc; fi")


@pytest.mark.usefixtures("nameserver")
def test_a_taken_port_53_is_named() -> None:
    messages = _refused({})
    assert set(messages) == set(SOLO)
    assert all("53" in message for message in messages.values())
