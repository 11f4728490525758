# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients are sent to their own office's domain controller, and to the other office's when it is down."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually

UNIT = "samba-ad-dc.service"


def _controller(office: Office, client: str) -> str:
    """To which domain controller the locator sends a client, by its inventory name."""
    found = module(at(client), "dc_locator", domain=office.dns_domain, fail=False)
    return str(found["controller"]).partition(".")[0]


@pytest.mark.parametrize("kind", ["members", "mail_servers"])
def test_a_client_finds_its_offices_controller_or_the_others(office: Office, kind: str) -> None:
    """AD-52."""
    branch = office.sites[office.controllers[-1]]
    own = office.in_site(branch, office.controllers)
    others = set(office.controllers) - set(own)
    client = office.in_site(branch, getattr(office, kind))[0]
    assert _controller(office, client) in own
    try:
        for name in own:
            root_shell(at(name), f"systemctl stop {UNIT}")
        eventually(lambda: _controller(office, client) in others, seconds=60)
    finally:
        for name in own:
            root_shell(at(name), f"systemctl start {UNIT}")
    eventually(lambda: _controller(office, client) in own, seconds=60)
