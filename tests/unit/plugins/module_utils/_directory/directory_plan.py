# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the object modules' plan on a directory in memory."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _kinds
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import Kind
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.directory_memory import (
    MemoryStore,
)


def wish(kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    """The options as AnsibleModule fills them up."""
    spec = _kinds.module_arguments(kind)["argument_spec"][kind.many]["options"]
    filled = {key: options.get(key, value.get("default")) for key, value in spec.items()}
    assert set(options) <= set(filled)
    return filled


def run(store: MemoryStore, kind: Kind, *wishes: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """The module's result, of one object or of a list."""
    resource = DirectoryObjects(store, kind, [wish(kind, options) for options in wishes], single=len(wishes) == 1)
    return _engine._run(resource, check_mode=check_mode)


def verbs(result: dict[str, Any]) -> list[str]:
    """What was done, in order."""
    return [step["verb"] for step in result["operations"]]
