# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functional levels are raised, once every controller has Debian 13; there is no way back but blank hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, release
from ansible_collections.mailforest.stack.tests.system.support.lab import renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    PLAYBOOKS,
    ROOT,
    Run,
    play,
    site,
    verified,
)

SETTLED_SECONDS = 600
EXAMPLE = ROOT / "examples/two-offices/inventory/group_vars/all/mailforest.yml"
FOREST = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["mailforest_forest"]
OLD, NEW = "2008_R2", "2016"


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """The two offices from blank hosts, every controller with Debian 13; afterwards as they were."""
    office = offices.current()
    old = [name for name in office.controllers if release(at(name)) == "12"]
    assert old, "no controller keeps the level down"
    renew(*office.hosts)
    renew(*old, release="trixie")
    site()
    yield office
    renew(*office.hosts)
    renew(*old, release="bookworm")
    site()
    verified(seconds=SETTLED_SECONDS)


def _raise(*, confirm: str, check: bool = False) -> Run:
    wanted = {"raise_level_confirm": confirm, "mailforest_forest": {**FOREST, "functional_level": NEW}}
    return play(ROOT / "playbooks/raise_level.yml", check=check, extra_vars=wanted)


def _levels(name: str) -> set[str]:
    found = module(at(name), "functional_level")["levels"]
    return {found["domain"], found["forest"]}


def test_levels_are_raised_on_every_controller_and_a_second_run_has_nothing_to_do(office: Office) -> None:
    domain, first = office.dns_domain, office.controllers[0]
    assert _levels(first) == {OLD}
    refused = _raise(confirm="another.test")
    assert refused.code != 0 and refused.changes == [], refused.explain()
    assert "a level is never lowered again" in refused.explain()
    told = _raise(confirm=domain, check=True)
    assert told.code == 0, told.explain()
    assert any(f"is to have {NEW}" in result.message for result in told.results), told.explain()
    assert _levels(first) == {OLD}

    run = _raise(confirm=domain)
    assert run.code == 0, run.explain()
    assert [_levels(name) for name in office.controllers] == [{NEW}] * len(office.controllers)
    again = _raise(confirm=domain)
    assert (again.code, again.changes) == (0, []), again.explain()
    raised = {**FOREST, "functional_level": NEW}
    run = site(mailforest_forest=raised)
    assert run.changes == [], run.explain()
    lowered = play(PLAYBOOKS / "office.yml", check=True)
    assert lowered.code != 0 and "below the level of the domain" in lowered.explain(), lowered.explain()
