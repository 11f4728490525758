# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight faults at once: verify.yml names every one, and nothing once they are healed.

All faults, one after another: `make test-faults`.
"""

from __future__ import annotations

from contextlib import ExitStack

from ansible_collections.mailforest.stack.tests.system.support.faults import FAULTS
from ansible_collections.mailforest.stack.tests.system.support.findings import findings
from ansible_collections.mailforest.stack.tests.system.support.playbook import verified, verify

HEALED_SECONDS = 420
"""The directory is mended at one controller. Should the others not be told of it (a tunnel was just stopped by another
test), they ask every five minutes."""
EIGHT = (
    "login in clear text",
    "POP3 closed",
    "timer of SYSVOL's synchronisation disabled",
    "subnet moved to the other site",
    "private key readable by everybody",
    "name servers of the Internet",
    "mail led elsewhere",
    "port opened to the Internet",
)


def test_eight_faults_at_once_are_named_and_healed() -> None:
    chosen = [fault for fault in FAULTS if fault.name in EIGHT]
    assert len(chosen) == len(EIGHT)
    with ExitStack() as stack:
        for fault in chosen:
            stack.enter_context(fault.inject())
        run = verify()
    found = findings(run)
    unnamed = [fault.name for fault in chosen if fault.named(found) is None]
    assert unnamed == [], "\n".join(map(str, found))
    assert run.code != 0
    verified(seconds=HEALED_SECONDS)
