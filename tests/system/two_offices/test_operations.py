# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles are moved to another domain controller for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, directory_again, play


def _transfer(wanted: Mapping[str, Any], *, check: bool = False) -> Run:
    variables = {f"fsmo_transfer_{name}": value for name, value in wanted.items()}
    return play(ROOT / "playbooks/fsmo_transfer.yml", check=check, extra_vars=variables)


@pytest.fixture
def restored(office: Office) -> Iterator[None]:
    """At the end the roles are where the inventory has them."""
    yield
    if owners(at(office.controllers[0])) != office.fsmo:
        directory_again()


@pytest.mark.usefixtures("restored")
def test_roles_move_for_a_while(office: Office) -> None:
    """AD-27: what one controller has goes to another; check mode tells it first; nonsense is refused."""
    source, target = office.fsmo["pdc"], office.controllers[-1]
    wanted = {**office.fsmo, **{role: target for role, owner in office.fsmo.items() if owner == source}}
    wrongs: list[dict[str, Any]] = [{"to": "mx1"}, {"to": target, "roles": ["gc"]}, {"from": source}]
    for wrong in wrongs:
        run = _transfer(wrong)
        assert run.code != 0 and run.changes == [], run.explain()
        assert any("Nothing was changed" in result.message for result in run.failures), run.explain()
    run = _transfer({"to": target, "from": source}, check=True)
    assert run.code == 0 and run.changes, run.explain()
    assert owners(at(target)) == office.fsmo
    run = _transfer({"to": target, "from": source})
    assert run.code == 0, run.explain()
    assert [owners(at(name)) for name in office.controllers] == [wanted] * len(office.controllers)
