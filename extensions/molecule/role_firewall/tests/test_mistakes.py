# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong rule sets of every kind: refused before they are loaded, or taken back by the host itself.

Our own compiler makes none of those that are loaded here, so they are handed to firewall_load as they are. Each takes
the time of its timer: MAILFOREST_LOCKOUTS=whole loads all of them, otherwise it is three.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, refusal, root_shell
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, play

SOLO = ("solo12", "solo13")
SECONDS = 5
INPUT = "type filter hook input priority filter; policy drop;"
ESTABLISHED, SSH = "ct state established,related accept", "tcp dport 22 accept"
OPEN = f'chain input {{ {INPUT} {ESTABLISHED}; iifname "lo" accept; {SSH}; }}'
# What is wrong, and the chains that are.
MISTAKES: Mapping[str, str] = {
    "no rule for ssh": f"chain input {{ {INPUT} {ESTABLISHED}; }}",
    "another port than sshd's": f"chain input {{ {INPUT} {ESTABLISHED}; tcp dport 2222 accept; }}",
    "another administrator": f"chain input {{ {INPUT} {ESTABLISHED}; ip saddr 198.18.9.0/24 {SSH}; }}",
    "connections that stand are dropped": f"chain input {{ {INPUT} ct state new {SSH}; }}",
    "nothing is sent": OPEN + " chain output { type filter hook output priority filter; policy drop; }",
    "answers leave under another address": OPEN
    + " chain output { type filter hook output priority filter; tcp sport 22 ip saddr set 198.18.0.9; }",
    "ssh is led elsewhere": OPEN
    + " chain pre { type nat hook prerouting priority dstnat; tcp dport 22 redirect to :9; }",
    "long packets are dropped": f"chain input {{ {INPUT} meta length > 200 drop; {ESTABLISHED}; {SSH}; }}",
    "the administrator's network is blocked": OPEN
    + " chain early { type filter hook prerouting priority raw; ip saddr 198.51.100.0/24 drop; }",
}
FEW = ("no rule for ssh", "nothing is sent", "long packets are dropped")
LOADED = tuple(MISTAKES) if os.environ.get("MAILFOREST_LOCKOUTS") == "whole" else FEW
GOOD = "the control: rules that are right"
BROKEN = "rules that do not load"


def _ruleset(chains: str) -> str:
    body = chains.replace("; }", ";\n }").replace("; ", ";\n ").replace("{ ", "{\n ").replace(" chain", "\n chain")
    return f"table inet mailforest\ndelete table inet mailforest\ntable inet mailforest {{\n {body}\n}}\n"


def _load(name: str, chains: str, *, seconds: int = SECONDS) -> dict[str, Any]:
    options = {"ruleset": _ruleset(chains), "confirm_seconds": seconds}
    return {"name": name, "mailforest.stack.firewall_load": options, "ignore_errors": True}


def _list(name: str) -> list[dict[str, Any]]:
    """Print what rules, which needs a login."""
    listing = "nft --stateless list table inet mailforest"
    return [
        {"name": "List", "ansible.builtin.command": listing, "changed_when": False, "register": "listed"},
        {"name": name, "ansible.builtin.debug": {"msg": "{{ listed.stdout }}"}},
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All of them, one after the other, on both hosts."""
    tasks = [_load(GOOD, OPEN, seconds=60), *_list("before")]
    tasks += [_load(name, MISTAKES[name]) for name in LOADED]
    tasks += [_load(BROKEN, "chain input { nonsense; }"), *_list("after")]
    playbook = tmp_path_factory.mktemp("mistakes") / "mistakes.yml"
    playbook.write_text(json.dumps([{"hosts": ",".join(SOLO), "gather_facts": False, "tasks": tasks}]))
    yield play(playbook)
    for name in SOLO:
        root_shell(at(name), "nft delete table inet mailforest")


def _said(run: Run, task: str) -> dict[str, str]:
    """What each host said in a task."""
    return {result.host: result.message for result in run.results if result.task == task}


def _failed(run: Run, task: str) -> list[str]:
    """What both hosts said when the task failed on them."""
    failed = {failure.host: failure.message for failure in run.failures if failure.task == task}
    assert set(failed) == set(SOLO), run.explain()
    return list(failed.values())


def test_right_rules_are_loaded_and_the_hosts_have_them_in_the_end(run: Run) -> None:
    assert not [failure for failure in run.failures if failure.task == GOOD], run.explain()
    assert set(_said(run, "before")) == set(SOLO), run.explain()
    assert all("tcp dport 22 accept" in rules for rules in _said(run, "before").values())
    assert _said(run, "after") == _said(run, "before")


@pytest.mark.parametrize("mistake", LOADED)
def test_the_former_rules_come_back(run: Run, mistake: str) -> None:
    """The next task of the run logs in again, and begins with what came back."""
    for message in _failed(run, mistake):
        assert f"not confirmed within {SECONDS} seconds" in message or "The connection broke" in message, message
        assert "The former rules are back, and nothing was kept for the next boot." in message


def test_rules_that_the_kernel_does_not_take_change_nothing(run: Run) -> None:
    for message in _failed(run, BROKEN):
        assert "does not take these rules" in message and "Nothing was changed" in message


EVERYWHERE = ["0.0.0.0/0", "::/0"]
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "another administrator": ({"admin_sources": ["198.18.9.0/24"]}, "but this host is administered from"),
    "ssh is led inside": (
        {
            "forward": True,
            "dnat": [{"name": "inside", "transport": "tcp", "port": 22, "destination": "198.51.100.80"}],
        },
        "but sshd listens there",
    ),
    "the administrator is fenced": ({"fenced": ["198.51.100.0/24"]}, "firewall_fenced holds"),
    "the administrator is blocked": ({"blocked": ["198.51.100.0/24"]}, "firewall_blocked holds"),
    "an own network is blocked": (
        {
            "blocked": ["198.18.9.0/24"],
            "rules": [{"name": "x", "transport": "tcp", "ports": ["25"], "sources": ["198.18.9.64/26"]}],
        },
        "which other rules let in",
    ),
    "everything goes through a tunnel": (
        {"tunnelled": [{"interface": "mf-x", "networks": ["0.0.0.0/0"]}]},
        "would cut this host off",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_can_be_told_beforehand_is_refused(mistake: str) -> None:
    """By the host itself, as it knows where sshd listens and who is logged in. What is right is taken, see below."""
    options, words = REFUSED[mistake]
    said = refusal(at(SOLO[0]), "firewall_ruleset", **{"admin_sources": EVERYWHERE, **options})
    assert words in said and "Nothing was changed" in said, said


def test_the_same_options_without_the_mistake_are_taken() -> None:
    """The control."""
    options = {"admin_sources": EVERYWHERE, "fenced": ["198.18.9.7"], "blocked": ["198.18.9.0/24"]}
    found = at(SOLO[0]).ansible("mailforest.stack.firewall_ruleset", json.dumps(options), check=False)
    assert "table inet mailforest" in found["ruleset"]
