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


class Networks:
    """An engine that knows networks, and the machines of every lab."""

    def __init__(self, *labels: dict[str, str]) -> None:
        self.labs: list[str] = []
        self.networks = SimpleNamespace(list=self._found)
        self.containers = SimpleNamespace(list=lambda **_: [])
        self._labels = labels

    def _found(self, *, filters: dict[str, str]) -> list[Any]:
        name, _, lab = filters["label"].partition("=")
        return [
            SimpleNamespace(attrs={"Labels": labels}, remove=lambda lab=labels[name]: self.labs.append(lab))
            for labels in self._labels
            if lab in ("", labels[name])
        ]


def test_a_lab_of_this_checkout_is_taken_as_it_is() -> None:
    client = Networks({"mailforest.lab": "small", "mailforest.lab.checkout": "mine"})
    engine.refuse_neighbours(client, "small", checkout="mine")
    assert engine.evict(client, checkout="mine") == []
    assert client.labs == []


@pytest.mark.parametrize("labels", [{"mailforest.lab.checkout": "theirs"}, {}])
def test_a_lab_of_another_checkout_has_other_passwords(labels: dict[str, str]) -> None:
    client = Networks({"mailforest.lab": "small"} | labels)
    with pytest.raises(LabError, match=r"made by another checkout.*tools/lab down small"):
        engine.refuse_neighbours(client, "small", checkout="mine")
    assert engine.evict(client, checkout="mine") == ["small"]
    assert client.labs == ["small"]


def test_another_lab_is_in_the_way() -> None:
    client = Networks({"mailforest.lab": "large", "mailforest.lab.checkout": "mine"})
    with pytest.raises(LabError, match=r"The lab 'large' is up.*tools/lab down large"):
        engine.refuse_neighbours(client, "small", checkout="mine")


class Hosts:
    """An engine that keeps the labels that hosts are made with."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, str]] = {}
        self.containers = SimpleNamespace(list=lambda **_: [_machine(*item) for item in self.made.items()])
        self.networks = SimpleNamespace(list=lambda **_: [], create=lambda *_, **__: None)
        self.api = SimpleNamespace(
            create_container=self._create,
            create_networking_config=dict,
            create_endpoint_config=lambda **_: {},
            create_host_config=lambda **_: {},
        )

    def _create(self, *, name: str, labels: dict[str, str], image: str, **_: object) -> dict[str, str]:
        self.made[name] = labels | {"image": image}
        return {"Id": name}


def _machine(name: str, labels: dict[str, str]) -> Any:
    return SimpleNamespace(name=name, labels=labels)


def _made(client: Hosts, lab: definition.Lab) -> list[str]:
    return engine.create(client, lab, resolvers=[], checkout="mine")


def test_a_host_keeps_the_release_that_it_was_renewed_with() -> None:
    client = Hosts()
    other = LAB.with_releases({"a": "bookworm"})
    assert _made(client, other) == ["a", "b"]
    assert client.made["small-a"]["image"].endswith(":bookworm")
    assert engine.releases(client, LAB) == {"a": "bookworm"}
    assert _made(client, LAB.with_releases(engine.releases(client, LAB))) == []
    with pytest.raises(LabError, match="made from another definition: small-a"):
        _made(client, LAB)

    del client.made["small-a"]
    assert engine.releases(client, LAB) == {}
    assert _made(client, LAB) == ["a"]
    assert client.made["small-a"]["image"].endswith(":trixie")
