# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that uses every password shows none: in no process, no journal, no file that others read, not at -vvv."""

from __future__ import annotations

import os
import subprocess
import time
import uuid

from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support import watch
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.playbook import ARGUMENTS, PLAYBOOKS

SECONDS = 600


def _site() -> str:
    """All that site.yml prints at -vvv, without its probes."""
    command = ["ansible-playbook", "-vvv", *ARGUMENTS, "--skip-tags=verify", str(PLAYBOOKS / "office.yml")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
        cwd=PLAYBOOKS,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout + done.stderr


def test_no_password_shows_while_everything_is_set_up() -> None:
    """Every role is given its passwords again. A word that is shown on purpose proves that the watch sees."""
    office = offices.current()
    secrets, begun = watch.words(office.directory), time.time()
    assert len(secrets) > 5
    assert min(map(len, secrets)) >= 12
    place, word = office.mail_servers[0], f"shown-{uuid.uuid4().hex}"
    with watch.watched(office.hosts):
        printed = _site()
        root_shell(at(place), f"sh -c 'sleep 1; : {word}'; echo {word} > /var/tmp/mailforest-shown")
    try:
        assert watch.leaks(watch.seen(at(place)), [word])
        assert watch.readable_files(at(place), [word], since=begun) == ["/var/tmp/mailforest-shown"]
        assert watch.journal(at(place), [word], since=begun) > 0
    finally:
        root_shell(at(place), "rm /var/tmp/mailforest-shown")
    assert watch.leaks(printed.splitlines(), secrets) == []
    for name in office.hosts:
        assert watch.leaks(watch.seen(at(name)), secrets) == [], name
        assert watch.readable_files(at(name), secrets, since=0) == [], name
        assert watch.journal(at(name), secrets, since=begun) == 0, name
