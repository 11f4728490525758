# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault after fault into offices that are well: verify.yml names each, with requirement and host, then nothing more.

`MAILFOREST_FAULTS_TABLE` names a file to which each row of the table in docs/faults.md is added.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.faults import FAULTS, Fault
from ansible_collections.mailforest.stack.tests.system.support.findings import Found, verified_from
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually

_TABLE = os.environ.get("MAILFOREST_FAULTS_TABLE", "")
_HEALED_SECONDS = 180
HEALTHY_RUNS = 10


def _note(line: str) -> None:
    if _TABLE:
        with Path(_TABLE).open("a", encoding="utf-8") as table:
            table.write(f"{line}\n")


def test_there_are_forty_kinds() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "_"))
def test_a_fault_is_named_and_healed(fault: Fault) -> None:
    begun = time.monotonic()
    with fault.inject():
        found = verified_from(fault.vantages)
    took = time.monotonic() - begun
    named = fault.named(found)
    assert named, "\n".join(map(str, found)) or "nothing was found"
    left: list[Found] = []

    def healed() -> bool:
        left[:] = verified_from(fault.vantages)
        return not left

    eventually(healed, seconds=_HEALED_SECONDS)
    _note(f"| {fault.name} | {fault.host} | {fault.requirement} | {_cell(named)} | {took:.0f} |")


def _cell(named: Found) -> str:
    told = f"{named.subject}: {named.found}"
    return (told if len(told) <= 110 else f"{told[:107]}...").replace("|", "\\|")


@pytest.mark.parametrize("turn", range(HEALTHY_RUNS))
def test_offices_that_are_well_have_no_findings(turn: int) -> None:
    begun = time.monotonic()
    found = verified_from()
    assert found == [], "\n".join(map(str, found))
    _note(f"| healthy, run {turn + 1} | all | | no findings | {time.monotonic() - begun:.0f} |")
