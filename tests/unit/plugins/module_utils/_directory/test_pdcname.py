# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of the PDC emulator leads to one controller."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import Record
from ansible_collections.mailforest.stack.plugins.module_utils._directory._pdcname import lead
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._directory.test_dns import MemoryZones

FOREST, ZONE, NAME = "corp.example.test", "_msdcs.corp.example.test", "_ldap._tcp.pdc"


def srv(host: str) -> Record:
    return Record(type="SRV", data=f"0 100 389 {host}.{FOREST}", ttl=900)


def zones(*records: Record) -> MemoryZones:
    memory = MemoryZones()
    memory.zones[ZONE] = {NAME: list(records)}
    return memory


def test_it_leads_to_the_new_owner_alone() -> None:
    memory = zones(srv("dc1"), srv("dc3"))
    assert lead(memory, FOREST, f"dc2.{FOREST}") is True
    assert memory.zones[ZONE][NAME] == [srv("dc2")]
    assert f"bump {ZONE}" in memory.writes


def test_what_is_right_is_not_written() -> None:
    memory = zones(srv("dc2"))
    assert lead(memory, FOREST, f"dc2.{FOREST}") is False
    assert memory.writes == []


def test_a_zone_that_others_keep_is_left_alone() -> None:
    memory = MemoryZones()
    assert lead(memory, FOREST, f"dc2.{FOREST}") is False
