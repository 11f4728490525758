# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation of the modules shows works: their examples are run in the offices that they are about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import examples
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, TaskResult, play

POLICIES = "/var/backups/policies"
FOUND = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
SHOWN = "{5990264B-7000-482D-A2F0-C43EB26AA956}"
"""A policy that every domain has, and that of the example."""


@pytest.fixture(scope="module")
def files() -> Iterator[None]:
    """What the examples find on hosts, for as long as they run."""
    pdc, member = at("dc2"), at("member1")
    root_shell(pdc, f"mkdir -p /srv/export && printf '%s' '{examples.PUPILS}' > /srv/export/pupils.csv")
    module(pdc, "gpo_backup", dest=POLICIES)
    root_shell(pdc, f"cp -r '{POLICIES}/{FOUND}' '{POLICIES}/{SHOWN}'")
    root_shell(member, "id scanner || useradd --system scanner")
    module(member, "smb_account", name="scanner", password="Sesame-open-2")
    yield
    module(member, "smb_account", name="scanner", state="absent")
    root_shell(member, "userdel scanner")
    root_shell(pdc, f"rm -r /srv/export '{POLICIES}'")


@pytest.fixture(scope="module")
def ran(office: Office, files: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All examples, once."""
    place = tmp_path_factory.mktemp("examples")
    sources = [Path(source) for source in os.environ["ANSIBLE_INVENTORY"].split(",")]
    top = ",".join(f"DC={label}" for label in office.dns_domain.split("."))
    try:
        yield play(examples.playbook(place), inventories=[*sources, examples.inventory(place)])
    finally:
        module(at("dc2"), "ou", ous=[{"name": unit} for unit in examples.UNITS])  # however far the run came
        for unit in examples.UNITS:
            root_shell(at("dc2"), f"samba-tool ou delete 'OU={unit},{top}' --force-subtree-delete")


def _results(run: Run, name: str) -> list[TaskResult]:
    return [result for result in run.results if result.task == name]


def _ended(result: TaskResult) -> str:
    """Why a task failed, or what check mode could not know; empty for one that came to its end."""
    return (result.message or "failed") if result.failed else result.unknown


@pytest.mark.parametrize("name", [name for names in examples.PLACES.values() for name in names])
def test_the_examples_of_a_module_are_taken(name: str, ran: Run) -> None:
    assert ran.code == 0, ran.explain()
    wrong: list[str | None] = []
    for task in examples.run_here(name):
        results = _results(ran, task["name"])
        assert results, f"{task['name']} was not run"
        wrong += [examples.unlike(row.task, _ended(row)) for row in results]
    assert [text for text in wrong if text] == []
