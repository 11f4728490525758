# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: what it takes, what it returns, when it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.look import Tunnel, declared
from ansible_collections.mailforest.stack.plugins.modules import site_tunnel_info

LINK = {
    "name": "none",
    "interface": "mf-none",
    "peer": "gw-none",
    "peer_fqdn": "gw-none.corp.example.test",
    "remote": "198.51.100.3",
    "port": 1194,
    "listener": True,
    "local_address": "198.51.100.66",
    "peer_address": "198.51.100.130",
    "routes": ["198.51.100.128/26"],
    "metric": 100,
    "mtu": 1420,
}


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module and return what it prints."""
    with patch_module_args(options), pytest.raises(SystemExit):
        site_tunnel_info.main()
    returned: dict[str, Any] = json.loads(capsys.readouterr().out)
    return returned


def test_a_tunnel_that_does_not_run_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    returned = run(capsys, links=[LINK])
    assert returned["failed"] is True
    assert returned["msg"] == returned["problems"][0]
    assert returned["tunnels"][0]["state"] == "NOT RUNNING"


def test_who_judges_later_gets_the_problems_without_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    returned = run(capsys, links=[LINK], fail=False)
    assert "failed" not in returned
    assert len(returned["problems"]) == 1


def test_no_tunnels_are_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, links=[]).get("failed") is None


def test_the_peer_has_a_name_in_any_case() -> None:
    base = {**LINK, "peer": "", "peer_fqdn": ""}
    found = declared([{**base, "peer_fqdn": "gw.example.test"}, base])
    assert [link.peer for link in found] == ["gw.example.test", "198.51.100.130"]


def test_the_documented_results_are_those_that_are_returned() -> None:
    documented = yaml.safe_load(site_tunnel_info.RETURN)["tunnels"]["contains"]
    tunnel = Tunnel(name="", interface="", peer="", state="", connected=False)
    assert list(documented) == list(tunnel.shown())
