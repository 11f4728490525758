# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host of an office is restarted: all is well, and nothing is left to be done."""

from __future__ import annotations

from ansible_collections.mailforest.stack.tests.system.support.lab import restart
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import site, verified


def test_after_a_restart_of_every_host_all_is_well_and_nothing_is_to_be_done(office: Office) -> None:
    """verify.yml first, so that no run can have mended anything; then check mode, without probes, finds no change."""
    restart(office, office.hosts)
    verified(seconds=120)
    run = site("--skip-tags=verify", check=True)
    assert run.changes == [], run.explain()
