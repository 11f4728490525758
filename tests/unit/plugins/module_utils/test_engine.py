# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode, diff, `changed` and the operations come from one plan."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, Step


class Ended(Exception):
    """The module ended."""


class FakeModule:
    """What the engine uses of an AnsibleModule."""

    def __init__(self, *, check_mode: bool = False) -> None:
        self.check_mode = check_mode
        self.outcome: dict[str, Any] = {}
        self.warnings: list[str] = []

    def exit_json(self, **values: Any) -> None:
        self.outcome = values
        raise Ended

    def fail_json(self, **values: Any) -> None:
        self.outcome = {"failed": True, **values}
        raise Ended

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Shelf:
    """A resource: numbers on a shelf, written one per step; `bad` cannot be written."""

    batch = 2

    def __init__(self, held: set[int], wanted: set[int], bad: int | None = None) -> None:
        self.held, self.wanted, self.bad = held, wanted, bad
        self.finished = False

    def current(self) -> Mapping[str, Any]:
        return {str(number): True for number in sorted(self.held)}

    def desired(self, before: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**before, **{str(number): True for number in sorted(self.wanted)}}

    def plan(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Step]:
        new = [key for key in after if key not in before]
        return [Step(verb="put", target=key, change={"on": "shelf"}, payload=int(key)) for key in new]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        saved = set(self.held)
        try:
            yield
        except ResourceError:
            self.held = saved
            raise

    def apply(self, step: Step) -> None:
        if step.payload == self.bad:
            raise ResourceError(f"{step.payload} does not fit")
        self.held.add(step.payload)

    def finish(self) -> None:
        self.finished = True

    def result(self) -> Mapping[str, Any]:
        return {"count": len(self.held)}


def end(module: FakeModule, make: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(Ended):
        _engine.run(module, make)
    return module.outcome


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_plan_is_reported_alike_and_done_only_for_real(check_mode: bool) -> None:
    shelf = Shelf({1}, {1, 2, 3})
    outcome = end(FakeModule(check_mode=check_mode), lambda: shelf)
    assert outcome["changed"]
    assert [step["target"] for step in outcome["operations"]] == ["2", "3"]
    assert outcome["diff"] == {"before": {"1": True}, "after": {"1": True, "2": True, "3": True}}
    assert shelf.held == ({1} if check_mode else {1, 2, 3})
    assert (outcome["count"], shelf.finished) == ((1, False) if check_mode else (3, True))


def test_nothing_to_do_is_no_change_but_is_finished() -> None:
    shelf = Shelf({1}, {1})
    outcome = end(FakeModule(), lambda: shelf)
    assert (outcome["changed"], outcome["operations"], shelf.finished) == (False, [], True)


def test_a_failing_step_takes_back_its_batch_and_tells_what_was_done_before() -> None:
    shelf = Shelf(set(), {1, 2, 3, 4, 5}, bad=4)
    outcome = end(FakeModule(), lambda: shelf)
    assert outcome["failed"]
    assert outcome["msg"] == "4 does not fit"
    assert [step["target"] for step in outcome["done"]] == ["1", "2"]
    assert outcome["changed"]
    assert shelf.held == {1, 2}


def test_the_payload_of_a_step_is_never_shown() -> None:
    step = Step(verb="set", target="x", change={"password": "********"}, payload="secret")
    assert "secret" not in repr(step)
    assert step.shown() == {"verb": "set", "target": "x", "change": {"password": "********"}}


def unknowable() -> Any:
    raise NotYetKnowable("there is no database yet")


def test_what_cannot_be_known_yet_is_an_answer_in_check_mode_and_an_error_else() -> None:
    module = FakeModule(check_mode=True)
    outcome = end(module, unknowable)
    assert (outcome["changed"], outcome["unknown"]) == (True, "there is no database yet")
    assert len(module.warnings) == 1
    assert end(FakeModule(), unknowable) == {"failed": True, "msg": "there is no database yet"}


def test_an_error_carries_its_details() -> None:
    def make() -> Any:
        raise ResourceError("no", faults=["a", "b"])

    assert end(FakeModule(check_mode=True), make) == {"failed": True, "msg": "no", "faults": ["a", "b"]}


def test_telling_changes_nothing_and_reports_errors() -> None:
    module = FakeModule()
    with pytest.raises(Ended):
        _engine.tell(module, lambda: {"owner": "dc1"})
    assert module.outcome == {"changed": False, "owner": "dc1"}
    with pytest.raises(Ended):
        _engine.tell(module, unknowable)
    assert module.outcome["failed"]
