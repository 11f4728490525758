# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest

from lab import images
from lab.errors import LabError

DEBIAN = "deb http://mirror.example.test/debian trixie main\n"
UBUNTU = "deb http://other.example.test/ubuntu noble main\n"


class Engine:
    """A container engine that keeps names of images and what they were built from, with a registry or without."""

    def __init__(self, *, registry: bool) -> None:
        self.pulled: list[str] = []
        self.built: dict[str, dict[str, str]] = {}
        self.images = self
        self._registry = registry
        self._labels: dict[str, dict[str, str]] = {}

    def get(self, name: str) -> Any:
        if name not in self._labels:
            raise docker.errors.ImageNotFound(name)
        return SimpleNamespace(labels=self._labels[name])

    def get_registry_data(self, name: str) -> None:
        if not self._registry:
            raise docker.errors.APIError(f"{name}: no such host")

    def pull(self, name: str, *, tag: str) -> Any:
        self.pulled.append(f"{name}:{tag}")
        return SimpleNamespace(tag=lambda name, tag: self._labels.update({f"{name}:{tag}": {}}))

    def remove(self, name: str) -> None:
        assert name in self.pulled

    def build(self, *, path: str, tag: str, labels: dict[str, str], **_: Any) -> None:
        self.built[tag] = {file.name: file.read_text(encoding="utf-8") for file in Path(path).iterdir()}
        self._labels[tag] = labels

    def close(self) -> None:
        """Nothing is open."""


def ensure(engine: Engine, root: Path, sources: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the image of a Debian 13 host, on a machine with these apt sources."""
    path = root / "etc/apt/sources.list"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sources, encoding="utf-8")
    monkeypatch.setattr(docker, "from_env", lambda **_: engine)
    images.ensure(engine, ["trixie"], say=lambda _: None, root=root)


def test_hosts_take_the_mirror_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(registry=True)
    ensure(engine, tmp_path, DEBIAN, monkeypatch)
    assert engine.pulled == ["debian:trixie"]
    assert "http://mirror.example.test/debian" in engine.built["mailforest-lab/host:trixie"]["debian.sources"]


def test_hosts_keep_the_sources_of_a_registrys_image_where_this_machine_has_no_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(registry=True)
    ensure(engine, tmp_path, UBUNTU, monkeypatch)
    assert engine.pulled == ["debian:trixie"]
    assert engine.built["mailforest-lab/host:trixie"]["debian.sources"] == ""


def test_without_a_registry_and_without_a_mirror_the_lab_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(registry=False)
    with pytest.raises(LabError, match=r"No registry answers.*name no http mirror of Debian"):
        ensure(engine, tmp_path, UBUNTU, monkeypatch)
    assert engine.built == {}


def test_an_image_is_built_anew_when_this_machine_gets_a_mirror_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(registry=True)
    ensure(engine, tmp_path, UBUNTU, monkeypatch)
    engine.built.clear()
    ensure(engine, tmp_path, UBUNTU, monkeypatch)
    assert engine.built == {}
    ensure(engine, tmp_path, DEBIAN, monkeypatch)
    assert list(engine.built) == ["mailforest-lab/host:trixie"]
    assert engine.pulled == ["debian:trixie"]
