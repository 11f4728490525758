# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication: what is told of it, and how a controller is brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kcc import Connection, Layout, Member
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import (
    Catcher,
    Controller,
    Cursors,
    Partner,
    checked,
    describe,
    force,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NOW = 1_800_000_000.0
DOMAIN = "DC=corp"
CONFIGURATION = "CN=Configuration,DC=corp"


class Forest:
    """dc1 with two others; dc3 is reached through dc2 only. Each round can be told what happens in it."""

    own = "dc1"
    site = "hq"

    def __init__(self) -> None:
        self.others = [
            Controller(name=name, fqdn=f"{name}.corp", site="hq", settings_guid=name, invocation_id=f"id-{name}")
            for name in ("dc2", "dc3")
        ]
        self.from_dc2 = [self.partner(context) for context in (DOMAIN, CONFIGURATION)]
        self.have = {"id-dc2": 10, "id-dc3": 10}
        self.theirs = {"dc2": 10, "dc3": 10}
        self.calls: list[str] = []
        self.deaf: set[str] = set()
        self.deaf_generator = False
        self.subnets: dict[str, str | None] = {"198.51.100.64/26": "hq"}
        self.ring = [("dc1", "dc2"), ("dc2", "dc3"), ("dc3", "dc1")]
        self.on_pull: Callable[[], None] = lambda: None
        self.on_ask: Callable[[], None] = lambda: None
        self.on_pull_from: Callable[[], list[str]] = list
        self.on_compute_at: Callable[[], None] = lambda: None

    @staticmethod
    def partner(context: str, *, age: float | None = 60, failures: int = 0, result: str = "") -> Partner:
        success = None if age is None else NOW - age
        return Partner(
            naming_context=context,
            controller="dc2",
            last_success=success,
            last_attempt=NOW,
            failures=failures,
            result=result,
        )

    def naming_contexts(self) -> list[str]:
        return [DOMAIN, CONFIGURATION]

    def controllers(self) -> list[Controller]:
        return self.others

    def partners(self) -> list[Partner]:
        return self.from_dc2

    def layout(self) -> Layout:
        members = [Member(name=name, site="hq", read_only=False) for name in ("dc1", "dc2", "dc3")]
        return Layout(
            sites={"hq": "dc1"},
            members=tuple(members),
            connections=tuple(
                Connection(controller=controller, source=source, generated=True, enabled=True)
                for controller, source in self.ring
            ),
            subnets=self.subnets,
        )

    def cursors(self, naming_context: str) -> Cursors:
        return self.have

    def cursors_of(self, controller: Controller, naming_context: str) -> Cursors:
        if controller.name in self.deaf:
            raise ResourceError(f"{controller.name} does not tell how far it is.")
        return {controller.invocation_id: self.theirs[controller.name]}

    def pull(self) -> list[str]:
        self.calls.append("pull")
        self.on_pull()
        return []

    def pull_from(self, controller: Controller, naming_contexts: Sequence[str]) -> list[str]:
        self.calls.append(f"pull {', '.join(naming_contexts)} from {controller.name}")
        return self.on_pull_from()

    def ask(self, controller: Controller) -> None:
        self.calls.append(f"ask {controller.name}")
        if controller.name in self.deaf:
            raise ResourceError(f"{controller.name} does not pull.")
        self.on_ask()

    def compute(self) -> None:
        self.calls.append("compute")
        if self.deaf_generator:
            raise ResourceError("The generator does not answer.")

    def compute_at(self, controller: Controller) -> None:
        self.calls.append(f"compute at {controller.name}")
        if controller.name in self.deaf:
            raise ResourceError(f"{controller.name} does not compute.")
        self.on_compute_at()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def catch_up(forest: Forest, wait: int = 10, without: tuple[str, ...] = ()) -> dict[str, Any]:
    clock = Clock()
    return Catcher(forest, wait=wait, without=without, clock=clock, sleep=clock.sleep).run()


def told(forest: Forest, *, max_age: int = 0, compare: bool = False) -> dict[str, Any]:
    return describe(forest, max_age=max_age, compare=compare, now=NOW)


def test_all_well() -> None:
    facts = told(Forest(), max_age=300, compare=True)
    assert (facts["problems"], facts["lacking"]) == ([], {})
    assert facts["partners"][0] == {
        "controller": "dc2",
        "partition": DOMAIN,
        "last_success": "2027-01-15T07:59:00+00:00",
        "last_attempt": "2027-01-15T08:00:00+00:00",
        "age": 60,
        "failures": 0,
        "result": "",
    }
    assert checked(facts, fail=True) is facts


@pytest.mark.parametrize(
    ("partner", "problem"),
    [
        (Forest.partner(DOMAIN, failures=3, result="WERR_CONNECTION_REFUSED"), "3 times in a row, last with WERR_CONN"),
        (Forest.partner(DOMAIN, age=301), "more than 300 s ago"),
        (Forest.partner(DOMAIN, age=None), "last succeeded never"),
    ],
)
def test_a_partner_that_fails_or_is_late_is_a_problem(partner: Partner, problem: str) -> None:
    forest = Forest()
    forest.from_dc2[0] = partner
    facts = told(forest, max_age=300)
    assert problem in facts["problems"][0]
    assert checked(facts, fail=False) is facts
    with pytest.raises(ResourceError, match="Replication to dc1") as caught:
        checked(facts, fail=True)
    assert caught.value.details["problems"] == facts["problems"]


def test_a_partner_that_was_restarted_or_just_added_is_no_problem_yet() -> None:
    forest = Forest()
    forest.from_dc2[0] = Forest.partner(DOMAIN, failures=2, result="WERR_CONNECTION_REFUSED")
    assert told(forest, max_age=300)["problems"] == []
    assert "2 times in a row" in told(forest)["problems"][0]
    forest.from_dc2.append(Forest.partner(DOMAIN, age=None))
    assert told(forest, max_age=300)["problems"] == []


def test_a_partition_without_a_partner_is_a_problem_unless_there_is_nobody_else() -> None:
    forest = Forest()
    del forest.from_dc2[1]
    assert told(forest)["problems"] == [
        f"{CONFIGURATION} is pulled from nobody, so that changes of dc2, dc3 do not arrive;"
        " run mailforest.stack.replication_sync."
    ]
    forest.others = []
    assert told(forest)["problems"] == []


def test_changes_that_are_not_here_are_found_by_asking() -> None:
    forest = Forest()
    forest.theirs["dc3"] = 11
    forest.deaf = {"dc2"}
    facts = told(forest, compare=True)
    assert facts["lacking"] == {"dc3": [DOMAIN, CONFIGURATION]}
    assert len(facts["problems"]) == 2


def test_one_round_is_enough_when_nothing_is_lacking() -> None:
    forest = Forest()
    result = catch_up(forest)
    assert (result["changed"], result["rounds"], forest.calls) == (False, 1, ["pull"])
    assert (result["controllers"], result["partners"]) == (["dc2", "dc3"], ["dc2"])


def test_a_controller_without_others_is_up_to_date() -> None:
    forest = Forest()
    forest.others, forest.from_dc2 = [], []
    assert catch_up(forest)["controllers"] == []


def test_what_comes_through_another_one_is_pulled_by_that_first() -> None:
    forest = Forest()
    forest.theirs["dc3"] = 11
    asked: list[bool] = []
    forest.on_ask = lambda: asked.append(True)
    forest.on_pull = lambda: forest.have.update({"id-dc3": 11} if asked else {})
    assert catch_up(forest)["rounds"] == 2
    assert forest.calls == ["pull", "ask dc2", "ask dc3", "pull"]


def test_a_change_that_was_just_made_does_not_make_the_topology_anew() -> None:
    """The generator would make other partners soon after a join, and the run that wrote a user reported a change."""
    forest = Forest()
    forest.theirs["dc2"] = 11
    forest.on_pull = lambda: forest.have.update({"id-dc2": 11} if forest.calls.count("pull") == 2 else {})
    result = catch_up(forest)
    assert (result["changed"], result["rounds"]) == (False, 2)
    assert "compute" not in forest.calls


def test_a_new_partner_is_a_change() -> None:
    forest = Forest()
    new = forest.from_dc2.pop()
    forest.on_ask = lambda: None if new in forest.from_dc2 else forest.from_dc2.append(new)
    result = catch_up(forest)
    assert result["changed"]
    assert "compute" in forest.calls


def test_connections_that_are_yet_to_be_made_are_made_now() -> None:
    """A run from blank hosts ended within the generator's five minutes, with an office that nobody pulled into."""
    forest = Forest()
    forest.ring.pop()
    assert catch_up(forest)["rounds"] == 1
    assert forest.calls == ["pull", "compute"]


def test_the_others_compute_too_when_waiting_was_in_vain() -> None:
    """Samba draws by lot through whom changes come; a bridgehead that did not know it kept them for five minutes."""
    forest = Forest()
    forest.theirs["dc3"] = 11
    forest.on_compute_at = lambda: forest.have.update({"id-dc3": 11})
    assert catch_up(forest, wait=30)["rounds"] == 7
    assert [call for call in forest.calls if call.startswith("compute")] == [
        "compute at dc2",
        "compute at dc3",
        "compute",
    ]


def test_what_would_come_through_one_that_is_out_of_service_comes_from_its_origin() -> None:
    """The bridgehead was in maintenance, and Samba looks for another one after two hours."""
    forest = Forest()
    forest.theirs["dc3"] = 11

    def taken() -> list[str]:
        forest.have["id-dc3"] = 11
        return []

    forest.on_pull_from = taken
    assert catch_up(forest, wait=30, without=("DC2",))["controllers"] == ["dc3"]
    assert [call for call in forest.calls if " from " in call] == [f"pull {DOMAIN}, {CONFIGURATION} from dc3"]


def test_an_origin_that_cannot_be_pulled_from_is_told() -> None:
    forest = Forest()
    forest.theirs["dc3"] = 11
    forest.on_pull_from = lambda: ["DC=corp was not pulled from dc3 itself: refused."]
    with pytest.raises(ResourceError, match=r"dc3 has changes of DC=corp, .*DC=corp was not pulled from dc3 itself"):
        catch_up(forest, wait=5)


def test_waiting_ends_with_the_names_of_those_that_are_lacking() -> None:
    forest = Forest()
    forest.theirs["dc3"] = 11
    forest.deaf = {"dc2"}
    with pytest.raises(ResourceError, match=r"After 10 s dc1 .* dc2 does not tell .* dc3 has changes") as caught:
        catch_up(forest)
    assert forest.calls.count("compute") == 2
    assert len(caught.value.details["problems"]) == len(set(caught.value.details["problems"]))


def test_one_that_is_out_of_service_is_neither_asked_nor_waited_for() -> None:
    """What the others know of it counts as theirs; the control is the run that waits for it."""
    forest = Forest()
    forest.deaf, forest.theirs["dc2"] = {"dc3"}, 11
    forest.on_ask = lambda: forest.have.update({"id-dc2": 11})
    with pytest.raises(ResourceError, match="dc3 does not tell"):
        catch_up(forest)
    forest.calls.clear()
    forest.have["id-dc2"] = 10
    assert catch_up(forest, without=("DC3",))["controllers"] == ["dc2"]
    assert not [call for call in forest.calls if "dc3" in call]


def test_a_generator_that_does_not_answer_is_told_in_the_end() -> None:
    forest = Forest()
    forest.theirs["dc3"] = 11
    forest.deaf_generator = True
    with pytest.raises(ResourceError, match="The generator does not answer"):
        catch_up(forest)


def test_forcing_asks_the_others_first() -> None:
    forest = Forest()
    assert force(forest) == []
    assert forest.calls == ["ask dc2", "ask dc3", "pull"]


def test_where_a_partner_fails_everything_is_pulled_from_its_origin() -> None:
    """Nobody else may lead there: the bridgehead of an office was in maintenance."""
    forest = Forest()
    forest.deaf = {"dc3"}
    assert force(forest) == ["dc3 does not pull."]
    origins = [f"pull {DOMAIN}, {CONFIGURATION} from {name}" for name in ("dc2", "dc3")]
    assert forest.calls == ["ask dc2", "ask dc3", "pull", *origins]


def test_what_the_generator_made_is_told_and_judged() -> None:
    forest = Forest()
    facts = describe(forest, max_age=900, compare=False, now=NOW)
    assert facts["topology"]["sites"]["hq"]["generator"] == "dc1"
    assert facts["problems"] == []
    forest.subnets["198.51.100.0/26"] = None
    (problem,) = describe(forest, max_age=900, compare=False, now=NOW)["problems"]
    assert problem.startswith("The subnets 198.51.100.0/26")
