# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes by hand, on hosts of every kind at once: verify.yml names each, `site.yml --check` what it would undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from ansible_collections.mailforest.stack.tests.system.support.faults import FAULTS, Fault
from ansible_collections.mailforest.stack.tests.system.support.findings import Found, findings
from ansible_collections.mailforest.stack.tests.system.support.playbook import Run, site, verified, verify

# What a person changed, and what site.yml would do about it: `host: task`. Without a pattern it is left as it is.
BY_HAND = {
    "configuration of Postfix edited by hand": r"^mx2: .*postfix",
    "weak option in smb.conf": r"^dc3: .*samba_dc",
    "time no longer signed": r"^dc2: ",
    "private key readable by everybody": r"^gw-branch: .*certificates",
    "unit does not start at the next boot": r"^mx2: .*rspamd",
    "timer of SYSVOL's synchronisation disabled": r"^dc3: .*sysvol_sync",
    "file of a role removed": r"^member1: ",
    "rule added by hand": r"^gw-hq: .*firewall",
    "program that waits at a further port": "",
    "another unit failed": "",
    "cost of a site link changed": r"^dc1: .*Link the sites",
    "disabled user enabled by hand": r"[Uu]ser",
    "user disabled by hand": r"[Uu]ser",
    "role moved by hand": r"[Rr]ole",
    "SPF lets everybody send": r"[Rr]ecord|zone",
    "SRV record of IMAP missing": r"[Rr]ecord|zone",
    "another DKIM key in DNS": r"[Rr]ecord|zone|DKIM",
}


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the two runs said while all changes were there."""

    faults: tuple[Fault, ...]
    found: tuple[Found, ...]
    planned: Run


@pytest.fixture(scope="module")
def seen() -> Iterator[_Seen]:
    """All of them at once."""
    faults = tuple(fault for fault in FAULTS if fault.name in BY_HAND)
    assert len(faults) == len(BY_HAND)
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault.inject())
        found = tuple(findings(verify()))
        yield _Seen(faults=faults, found=found, planned=site("--diff", check=True))
    verified(seconds=180)


@pytest.mark.parametrize("name", BY_HAND)
def test_verify_names_it(seen: _Seen, name: str) -> None:
    fault = next(fault for fault in seen.faults if fault.name == name)
    assert fault.named(seen.found), "\n".join(map(str, seen.found))


@pytest.mark.parametrize("name", [name for name, pattern in BY_HAND.items() if pattern])
def test_a_check_of_site_says_what_it_would_undo(seen: _Seen, name: str) -> None:
    assert [change for change in seen.planned.changes if re.search(BY_HAND[name], change)], seen.planned.explain()
