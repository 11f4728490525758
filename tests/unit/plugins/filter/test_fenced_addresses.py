# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is fenced, by what the controllers know."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter.fenced_addresses import fenced_addresses

ADDRESSES = {"dc1": "198.51.100.70", "dc2": "198.51.100.71", "mx1": "198.51.100.72"}


def seizure(**changes: Any) -> dict[str, Any]:
    return {"name": "dc1", "settings_guid": "old", "addresses": ["198.51.100.70"], "open": True} | changes


def answer(*seizures: dict[str, Any], serving: bool = True, guid: str | None = "guid") -> dict[str, Any]:
    return {"serving": serving, "settings_guid": guid, "seizures": list(seizures)}


@pytest.mark.parametrize(
    ("answers", "known", "fenced", "lifted"),
    [
        pytest.param({}, False, [], [], id="nobody asked"),
        pytest.param({"dc2": answer(serving=False)}, False, [], [], id="a directory that is not served may be old"),
        pytest.param({"dc1": answer(serving=False, guid=None)}, False, [], [], id="all is blank"),
        pytest.param({"dc2": answer()}, True, [], [], id="nothing was seized"),
        pytest.param({"dc2": answer(seizure())}, True, ["198.51.100.70"], [], id="dead and not reached"),
        pytest.param(
            {"dc1": answer(serving=False, guid="old"), "dc2": answer(seizure())},
            True,
            ["198.51.100.70"],
            [],
            id="back as it was",
        ),
        pytest.param(
            {"dc1": answer(serving=False, guid=None), "dc2": answer(seizure())},
            True,
            [],
            ["198.51.100.70"],
            id="blank now",
        ),
        pytest.param({"dc1": answer(guid="new"), "dc2": answer(seizure(open=False))}, True, [], [], id="joined anew"),
        pytest.param(
            {"dc2": answer(seizure(addresses=["198.51.100.72"]))},
            True,
            ["198.51.100.70"],
            [],
            id="its old address is another host's now",
        ),
        pytest.param(
            {"dc2": answer(seizure(name="dc9", addresses=["198.51.100.79"]))},
            True,
            ["198.51.100.79"],
            [],
            id="no host of the inventory any more",
        ),
    ],
)
def test_fence(answers: dict[str, Any], known: bool, fenced: list[str], lifted: list[str]) -> None:
    told = [{"host": host, **said} for host, said in answers.items()]
    assert fenced_addresses(told, ADDRESSES) == {"known": known, "addresses": fenced, "lifted": lifted}
