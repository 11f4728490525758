# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml says at its end in check mode: what the office has, and no password."""

from __future__ import annotations

from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support import watch
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, play


def test_check_mode_ends_with_what_there_is() -> None:
    """The plays of the proof alone: all others are skipped but those that look before anything is changed."""
    office = offices.current()
    run = play(PLAYBOOKS / "office.yml", check=True, arguments=["--tags=verify"])
    assert run.code == 0, run.explain()
    assert run.changes == []
    begin = run.output.index("Services for the users' programs")
    for told in ("For the public DNS", "FSMO roles, as they are declared", str(office.directory / "ca.crt")):
        assert told in run.output[begin:]
    assert watch.leaks(run.output.splitlines(), watch.words(office.directory)) == []
