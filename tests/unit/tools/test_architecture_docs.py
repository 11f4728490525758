# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of docs/architecture.md are what the code says, and the code is as the text says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.mailforest.stack.tests.unit.tools.programs import program

ROOT = Path(__file__).resolve().parents[3]
TOOL: dict[str, Any] = program("architecture-docs")
PICTURES: dict[str, str] = TOOL["pictures"]()
IMPURE = re.compile(r"^\s*(from|import) ansible\.|\bopen\(|\.read_text\(", re.MULTILINE)
TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_from_the_code(name: str) -> None:
    assert (ROOT / "docs/images" / name).read_text(encoding="utf-8") == PICTURES[name], (
        f"docs/images/{name} is out of date. Run: make generate"
    )
    assert f"](images/{name})" in TEXT


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_well_formed_and_says_what_it_shows(name: str) -> None:
    root = ElementTree.fromstring(PICTURES[name])
    told = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert told["title"] and told["desc"]


def test_hosts_of_a_play_are_those_of_its_pattern() -> None:
    hosts = TOOL["hosts"]
    assert hosts("mailforest_domain_controllers[1:]") == ["other controllers"]
    assert hosts("mailforest_gateways:mailforest_members:!mailforest_gateways") == ["members"]
    assert len(hosts("all")) == len(TOOL["HOSTS"])


def test_a_task_is_left_out_where_its_condition_says_so() -> None:
    meant = TOOL["meant"]
    assert meant({"when": "__is_controller and __x"}, "first controller")
    assert not meant({"when": "__is_controller and __x"}, "members")
    assert not meant({"when": "not __is_controller"}, "first controller")
    assert meant({"when": "__x > 1"}, "members")


def test_no_part_stands_on_one_that_stands_on_it() -> None:
    placed: list[str] = TOOL["packages"]()
    used = {
        name: {part for path in TOOL["sources"](f"module_utils/{name}") for part in TOOL["imports"](path)} - {name}
        for name in placed
    }
    assert "_topology" in placed
    assert {name: parts for name, parts in used.items() if not parts <= set(placed[: placed.index(name)])} == {}


def test_the_topology_is_pure() -> None:
    """It imports neither Ansible nor another part, and reads no file."""
    for path in TOOL["sources"]("module_utils/_topology"):
        assert TOOL["imports"](path) <= {"_topology"}
        assert not IMPURE.search(path.read_text(encoding="utf-8"))
