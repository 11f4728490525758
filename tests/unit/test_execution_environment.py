# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: ansible-builder takes the definition, and what the collection asks of one is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILDER = Path(sys.executable).with_name("ansible-builder")
DEFINITION = ROOT / "examples/execution-environment/execution-environment.yml"


def _builder(*arguments: str) -> str:
    done = subprocess.run([str(BUILDER), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_definition_is_taken(tmp_path: Path) -> None:
    _builder("create", "--file", str(DEFINITION), "--context", str(tmp_path), "--output-filename", "Containerfile")
    wanted = yaml.safe_load((tmp_path / "_build/requirements.yml").read_text(encoding="utf-8"))
    assert wanted["collections"][0]["name"] == "mailforest.stack"
    assert "ansible-core>=2.19" in (tmp_path / "Containerfile").read_text(encoding="utf-8")


def test_the_collection_asks_for_ssh_and_no_python_package(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections/mailforest/stack"
    place.parent.mkdir(parents=True)
    place.symlink_to(ROOT)
    asked = yaml.safe_load(_builder("introspect", str(tmp_path)))
    assert asked["python"] == []
    assert {line.split()[0] for line in asked["system"]} == {"openssh-clients", "openssh-client"}
