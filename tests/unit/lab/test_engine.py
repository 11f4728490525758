# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab import definition, engine
from lab.errors import LabError

LAB = definition.parse(
    name="small",
    content={
        "networks": {"lan": {"subnet": "192.0.2.0/26"}},
        "hosts": {
            name: {"release": "trixie", "addresses": {"lan": f"192.0.2.{n}"}} for n, name in ((2, "a"), (3, "b"))
        },
    },
)


class Machine:
    """A container that can be removed."""

    def __init__(self, name: str, removed: list[str]) -> None:
        self.name = name
        self._removed = removed

    def remove(self, *, force: bool, v: bool) -> None:
        assert force and v
        self._removed.append(self.name)


@pytest.fixture
def removed() -> list[str]:
    return []


@pytest.fixture
def client(removed: list[str]) -> Any:
    """An engine with the lab's two hosts."""
    machines = [Machine(f"small-{name}", removed) for name in ("a", "b")]
    return SimpleNamespace(containers=SimpleNamespace(list=lambda **_: machines))


def test_only_the_named_hosts_are_removed(client: Any, removed: list[str]) -> None:
    engine.remove_hosts(client, LAB, ["b"])
    assert removed == ["small-b"]


def test_an_unknown_host_is_named_and_nothing_is_removed(client: Any, removed: list[str]) -> None:
    with pytest.raises(LabError, match=r"The lab 'small' has no host 'c'\. Choose from: a, b\."):
        engine.remove_hosts(client, LAB, ["b", "c"])
    assert removed == []
