# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: when a new login confirms, and what is said when none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.mailforest.stack.plugins.action import firewall_load
from ansible_collections.mailforest.stack.plugins.action.firewall_load import ActionModule

GONE = AnsibleConnectionFailure("port 22: No route to host")
LOADED = {"changed": True, "login": "198.18.0.7 1", "left": 30.0, "diff": {}}
CONFIRMED = {"changed": False, "state": "confirmed", "anew": True}
RESTORED = {"changed": False, "state": "restored", "anew": True}
FIRED = {"changed": False, "state": "restored", "anew": True}
Answer = dict[str, Any] | Exception


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Scripted(ActionModule):
    """The action with a host that answers by stage; the last answer of a stage is repeated."""

    answers: dict[str, list[Answer]]
    asked: list[tuple[str, str]]

    def _execute_module(self, **kwargs: Any) -> dict[str, Any]:
        arguments = kwargs["module_args"]
        stage = arguments["stage"]
        self.asked.append((stage, arguments.get("former_login", "")))
        queue = self.answers[stage]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


Run = Callable[..., tuple[dict[str, Any], list[tuple[str, str]], list[str]]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(firewall_load, "time", clock)
    return clock


@pytest.fixture
def run(clock: Clock) -> Iterator[Run]:
    def play(check: bool = False, options: dict[str, Any] | None = None, **answers: list[Answer]) -> Any:
        resets: list[str] = []
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None), reset=lambda: resets.append("reset"))
        task = SimpleNamespace(
            args={"ruleset": "x", **(options or {})}, async_val=0, check_mode=check, diff=False, action="firewall_load"
        )
        context = SimpleNamespace(check_mode=check, diff=False)
        action = Scripted(task, connection, context, None, None, None)
        action.answers, action.asked = answers, []
        return action.run(task_vars={}), action.asked, resets

    yield play


def stages(asked: list[tuple[str, str]]) -> list[str]:
    return [stage for stage, _login in asked]


def test_a_new_login_confirms(run: Run) -> None:
    result, asked, resets = run(load=[LOADED], confirm=[CONFIRMED])
    assert result["changed"]
    assert asked == [("load", ""), ("confirm", "198.18.0.7 1")]
    assert resets == ["reset"]
    assert result["confirmed_after"] == 0


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        pytest.param(False, {"changed": False}, id="no difference"),
        pytest.param(True, LOADED, id="check mode"),
        pytest.param(False, {"failed": True, "msg": "refused"}, id="refused"),
    ],
)
def test_nothing_to_confirm(run: Run, check: bool, answer: dict[str, Any]) -> None:
    result, asked, resets = run(check=check, load=[answer])
    assert (stages(asked), resets) == (["load"], [])
    assert result == answer


def test_a_login_that_succeeds_late(run: Run, clock: Clock) -> None:
    result, _asked, resets = run(load=[LOADED], confirm=[GONE, GONE, CONFIRMED])
    assert result["changed"]
    assert len(resets) == 3


def test_locked_out(run: Run, clock: Clock) -> None:
    result, _asked, _resets = run(load=[LOADED], confirm=[GONE], revert=[GONE, GONE, RESTORED])
    assert result["failed"]
    assert not result["changed"]
    for words in ("not confirmed within 30 seconds", "No route to host", "former rules are back", "next boot"):
        assert words in result["msg"]
    assert clock.now - 1000 >= 29


def test_the_timer_was_faster(run: Run) -> None:
    result, asked, _resets = run(load=[LOADED], confirm=[GONE, FIRED], revert=[RESTORED])
    assert "No route to host" in result["msg"]
    assert stages(asked) == ["load", "confirm", "confirm", "revert"]


def test_the_same_connection_confirms_nothing(run: Run) -> None:
    same = {"changed": False, "state": "armed", "anew": False}
    result, _asked, _resets = run(load=[LOADED], confirm=[same], revert=[RESTORED])
    assert result["failed"]
    assert "keeps it open for all logins" in result["msg"]


def test_a_host_that_does_not_come_back(run: Run, clock: Clock) -> None:
    result, _asked, _resets = run(load=[LOADED], confirm=[GONE], revert=[GONE])
    assert "did not say that the former rules are back (port 22: No route to host)" in result["msg"]
    assert "sh /run/mailforest/firewall/restore" in result["msg"]
    assert clock.now - 1000 >= 30 + 90


def test_former_rules_that_do_not_come_back(run: Run) -> None:
    broken = {"failed": True, "msg": "The former rules could not be brought back: x"}
    result, _asked, _resets = run(load=[LOADED], confirm=[GONE], revert=[broken])
    assert "could not be brought back: x" in result["msg"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(RESTORED, "former rules are back"), ({"state": "unknown", "anew": True}, "may have been restarted")],
    ids=["loaded", "restarted"],
)
def test_the_connection_breaks_while_loading(run: Run, answer: dict[str, Any], words: str) -> None:
    result, _asked, _resets = run(load=[AnsibleConnectionFailure("broken pipe")], revert=[GONE, answer])
    assert result["failed"]
    assert "connection broke while the new rules were loaded (broken pipe)" in result["msg"]
    assert words in result["msg"]


def test_what_answered_before_must_answer_after(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([["inner:22"], []])
    monkeypatch.setattr(
        firewall_load, "_answering", lambda places: [p for p in places if str(p) in next(seen, ())] if places else []
    )
    options = {"confirm_through": [{"host": "inner"}]}
    result, asked, _resets = run(options=options, load=[LOADED], confirm=[CONFIRMED], revert=[RESTORED])
    assert "inner:22 no longer answered this controller" in result["msg"]
    assert stages(asked) == ["load", "revert"]


def test_what_did_not_answer_before_is_not_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall_load, "_answering", lambda _places: [])
    options = {"confirm_through": [{"host": "inner", "port": 2222}]}
    result, _asked, _resets = run(options=options, load=[LOADED], confirm=[CONFIRMED])
    assert (result["changed"], result["reached"]) == (True, [])


@pytest.mark.parametrize(
    ("options", "words"),
    [({"stage": "confirm"}, "Unknown options: stage"), ({"confirm_seconds": 4}, "Use 5 to 600 seconds")],
)
def test_refused_options(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match=words):
        run(options=options, load=[LOADED])
