# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain controller is lost with all that was on it, and made anew by the same run."""

from __future__ import annotations

from functools import partial

from ansible_collections.mailforest.stack.tests.system.support.directory import group, has_group, owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.lab import renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually, site

SECONDS = 420.0


def test_a_wiped_controller_joins_anew(office: Office) -> None:
    """AD-13: a blank host of the same name; site.yml, which ends with every probe, is enough."""
    name = office.controllers[-1]
    renew(name)
    assert not at(name).file("/var/lib/samba").exists
    site()
    assert owners(at(name)) == office.fsmo
    first = office.controllers[0]
    for writer, reader in ((first, name), (name, first)):
        with group(at(writer), f"mailforest-test-{writer}") as written:
            eventually(partial(has_group, at(reader), written), seconds=SECONDS, pause=5)
