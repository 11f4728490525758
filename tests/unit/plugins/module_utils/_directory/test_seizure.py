# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A seizure: what it refuses, what it does in which order, and how it is taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _fsmo, _seizure, _seizuredb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._seizure import Record, Victim
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DEAD, SURVIVOR = "198.51.100.194", "198.51.100.195"


class Forest:
    """Three controllers, seen by dc2; dc1 has all roles and is dead, unless it is said to live."""

    own = "dc2"

    def __init__(self) -> None:
        self.known = {"dc1": "guid-1", "dc2": "guid-2", "dc3": "guid-3"}
        self.held: dict[str, str | None] = dict.fromkeys(_fsmo.ROLES, "dc1")
        self.written: list[tuple[Victim, str]] = []
        self.calls: list[str] = []
        self.gives = False
        self.deaf: set[str] = set()

    def controllers(self) -> list[str]:
        return sorted(self.known)

    def owners(self) -> dict[str, str | None]:
        return dict(self.held)

    def victim(self, name: str) -> Victim | None:
        if name not in self.known:
            return None
        guid = self.known[name]
        return Victim(
            name=name,
            fqdn=f"{name}.example.test",
            settings_guid=guid,
            invocation_id=f"invocation of {guid}",
            addresses=[DEAD],
        )

    def left_over(self, name: str) -> bool:
        return name in self.known

    def records(self) -> list[Record]:
        return [
            Record(
                **{**vars(victim), "addresses": list(victim.addresses)},
                by=self.own,
                when=when,
                open=self.known.get(victim.name, victim.settings_guid) == victim.settings_guid,
            )
            for victim, when in self.written
        ]

    def record(self, victim: Victim, when: str) -> None:
        self.calls.append(f"record {victim.name}")
        self.written.append((victim, when))

    def announce(self, name: str, *, wait: int) -> None:
        if name in self.deaf:
            raise ResourceError(f"{name} has not learnt of the seizure within {wait} s")
        self.calls.append(f"announce {name}")

    def take(self, role: str) -> None:
        self.calls.append(f"take {role}")
        if not self.gives:
            raise ResourceError("no answer")

    def seize(self, role: str) -> None:
        self.calls.append(f"seize {role}")
        self.held[role] = self.own

    def remove(self, name: str) -> None:
        self.calls.append(f"remove {name}")
        del self.known[name]

    def spread(self) -> None:
        self.calls.append("spread")


def seen(verdict: str = "filtered", *, address: str = DEAD, control: str = "open") -> list[dict[str, Any]]:
    found = [{"host": address, "port": port, "verdict": verdict} for port in _seizure.PORTS]
    return [*found, {"host": SURVIVOR, "port": 389, "verdict": control}]


def seize(
    forest: Forest,
    *,
    own_view: str = "unreachable",
    check_mode: bool = False,
    backup_fails: bool = False,
    published: list[str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    def look(addresses: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        return [{"host": address, "port": 389, "verdict": own_view} for address in addresses]

    def back_up() -> str:
        if backup_fails:
            raise ResourceError("No backup was made")
        forest.calls.append("back up")
        return "/backup"

    given = {
        "dead_controller": "dc1",
        "confirm": "dc1",
        "dead_addresses": [],
        "observations": [{"host": "mx1", "results": seen()}],
        "lone_vantage_point": False,
        "absent_controllers": [],
        "announce_wait": 5,
    } | options
    resource = _seizure.SeizeResource(
        forest,
        given,
        look=look,
        back_up=back_up,
        publish=lambda: (published if published is not None else []).append("pdc"),
        now=lambda: 0.0,
    )
    return _engine._run(resource, check_mode=check_mode)


ALL = ["back up", "take schema", "record dc1", "announce dc3", *(f"seize {role}" for role in _fsmo.ROLES)]


def test_everything_in_its_order_and_once() -> None:
    forest = Forest()
    published: list[str] = []
    told = seize(forest, check_mode=True)
    assert forest.calls == []
    done = seize(forest, published=published)
    assert forest.calls == [*ALL, "remove dc1", "spread"]
    assert told["operations"] == done["operations"]
    assert set(done["owners"].values()) == {"dc2"}
    assert published == ["pdc"]
    assert (done["vantage_points"], done["announced_to"], done["backup_file"]) == (["dc2", "mx1"], ["dc3"], "/backup")
    assert done["seizure"]["settings_guid"] == "guid-1"
    assert done["seizure"]["when"] == "1970-01-01T00:00:00Z"
    forest.calls.clear()
    again = seize(forest, observations=[])
    assert (again["changed"], forest.calls) == (False, ["spread"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"confirm": "dc2"}, "Give its name in both options", id="another name"),
        pytest.param({"confirm": None}, "Give its name in both options", id="no confirmation"),
        pytest.param({"dead_controller": "dc2", "confirm": "DC2"}, "is this controller itself", id="the survivor"),
        pytest.param({"dead_controller": "dc9", "confirm": "dc9"}, "No domain controller has this name: dc9", id="who"),
        pytest.param({"absent_controllers": ["dc8"]}, "No domain controller has this name: dc8", id="who is absent"),
        pytest.param({"own_view": "open"}, "dc1 answers .from dc2: .* port 389 open", id="answers the survivor"),
        pytest.param({"own_view": "refused"}, "dc1 answers", id="the machine is on"),
        pytest.param(
            {"observations": [{"host": "mx1", "results": seen("open")}]}, "dc1 answers .from mx1", id="answers another"
        ),
        pytest.param({"observations": []}, "Only dc2 has looked for dc1", id="one place"),
        pytest.param(
            {"observations": [{"host": "mx1", "results": seen(control="filtered")}]},
            "Only dc2 has looked",
            id="the other reaches nobody",
        ),
        pytest.param(
            {"observations": [{"host": "mx1", "results": seen(address="198.51.100.199")}]},
            "Only dc2 has looked",
            id="the other looked elsewhere",
        ),
        pytest.param(
            {"observations": [{"host": "mx1", "results": seen("unknown")}]}, "Only dc2 has looked", id="it saw nothing"
        ),
        pytest.param(
            {"observations": [{"host": "dc2", "results": seen()}]}, "Only dc2 has looked", id="it is the same host"
        ),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_refusals_change_nothing(options: dict[str, Any], message: str, check_mode: bool) -> None:
    forest = Forest()
    with pytest.raises(ResourceError, match=message):
        seize(forest, check_mode=check_mode, **options)
    assert forest.calls == []


def test_the_last_host_may_look_alone() -> None:
    forest = Forest()
    assert seize(forest, observations=[], lone_vantage_point=True)["changed"]


def test_nothing_is_written_without_a_backup() -> None:
    forest = Forest()
    with pytest.raises(ResourceError, match="No backup was made"):
        seize(forest, backup_fails=True)
    assert forest.calls == []


def test_an_owner_that_gives_a_role_away_is_alive() -> None:
    forest = Forest()
    forest.gives = True
    with pytest.raises(ResourceError, match="it is alive"):
        seize(forest)
    assert forest.calls == ["back up", "take schema"]


def test_no_role_is_taken_before_everybody_knows() -> None:
    forest = Forest()
    forest.deaf = {"dc3"}
    with pytest.raises(ResourceError, match="dc3 has not learnt") as caught:
        seize(forest)
    assert forest.calls == ["back up", "take schema", "record dc1"]
    assert [step["verb"] for step in caught.value.details["done"]] == ["back_up", "try_transfer", "record"]
    forest.calls.clear()
    seize(forest, absent_controllers=["dc3"])
    assert forest.calls[:2] == ["back up", "seize schema"]


def test_an_interrupted_run_is_taken_up() -> None:
    forest = Forest()
    forest.deaf = {"dc3"}
    with pytest.raises(ResourceError):
        seize(forest)
    forest.deaf.clear()
    forest.calls.clear()
    seize(forest)
    assert forest.calls == ["back up", "announce dc3", *ALL[4:], "remove dc1", "spread"]


def test_a_namesake_joined_anew_can_be_seized_from_too() -> None:
    forest = Forest()
    seize(forest)
    forest.known["dc1"] = "guid-4"
    assert [record.open for record in forest.records()] == [False]
    seize(forest)
    assert [(record.settings_guid, record.open) for record in forest.records()] == [("guid-1", True), ("guid-4", True)]


def test_what_is_probed_shows_any_life() -> None:
    checks = _seizure.checks([DEAD])
    assert {check["port"] for check in checks} >= {22, 88, 135, 389, 445, 636}
    assert all(check["host"] == DEAD for check in checks)


def test_a_host_without_samba_is_blank(tmp_path: Path) -> None:
    found = _seizuredb.seizures(str(tmp_path / "smb.conf"))
    assert found == {"controller": None, "settings_guid": None, "serving": False, "seizures": []}
