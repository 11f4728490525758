# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault after fault into offices that are well: verify.yml names each, with requirement and host, then nothing more.

`MAILFOREST_FAULTS_TABLE` names a file to which each row of the table in docs/faults.md is added.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from ansible_collections.mailforest.stack.tests.system.support.faults import FAULTS, Fault
from ansible_collections.mailforest.stack.tests.system.support.findings import Found, verified_from
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from ansible_collections.mailforest.stack.tests.system.support.tables import keep

_TABLE = "MAILFOREST_FAULTS_TABLE"
_HEALED_SECONDS = 180
HEALTHY_RUNS = 10


@dataclass(frozen=True, kw_only=True)
class Row:
    """Of the table in docs/faults.md."""

    fault: str
    host: str
    requirement: str
    what_was_found: str
    s: int


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
    row = Row(
        fault=fault.name,
        host=fault.host,
        requirement=fault.requirement,
        what_was_found=_told(named),
        s=round(took),
    )
    keep(_TABLE, row)


def _told(named: Found) -> str:
    told = f"{named.subject}: {named.found}"
    return told if len(told) <= 110 else f"{told[:107]}..."


@pytest.mark.parametrize("turn", range(HEALTHY_RUNS))
def test_offices_that_are_well_have_no_findings(turn: int) -> None:
    begun = time.monotonic()
    found = verified_from()
    assert found == [], "\n".join(map(str, found))
    took = round(time.monotonic() - begun)
    name = f"healthy, run {turn + 1}"
    keep(_TABLE, Row(fault=name, host="all", requirement="", what_was_found="no findings", s=took))
