# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup gives the plan that the action gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible_collections.mailforest.stack.plugins.lookup.plan import LookupModule
from ansible_collections.mailforest.stack.plugins.plugin_utils._topology_input import compile_input
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.topology_inventory import seen


def test_the_lookup_gives_the_plan(tmp_path: Path) -> None:
    task = seen(tmp_path, limit="mx1")
    (plan,) = LookupModule(templar=task.templar).run([], task.variables)
    assert plan == compile_input(task.variables, task.templar.template).plan
    assert set(plan["hosts"]) == {"dc1", "mx1", "gw-hq"}


def test_the_lookup_fails_with_all_errors(tmp_path: Path) -> None:
    task = seen(tmp_path, {"mailforest_usrs": [], "mailforest_fsmo": {"rid": "mx1"}})
    with pytest.raises(AnsibleLookupError, match="has 2 errors") as failure:
        LookupModule(templar=task.templar).run([], task.variables)
    assert "unknown-variable" in str(failure.value) and "fsmo-holder-is-dc" in str(failure.value)


def test_the_lookup_takes_no_terms(tmp_path: Path) -> None:
    task = seen(tmp_path)
    with pytest.raises(AnsibleError, match="takes no terms"):
        LookupModule(templar=task.templar).run(["hosts"], task.variables)
