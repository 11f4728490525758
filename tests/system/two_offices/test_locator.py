# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients are sent to their own office's domain controller, and to the other office's when it is down."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import records
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


def test_names_that_another_controller_wrote_over_come_back_everywhere(office: Office) -> None:
    """AD-52: as when two join at about the same time, and as when a site has got a controller of its own."""
    first, other, far = office.controllers[0], office.controllers[1], office.controllers[-1]
    service = f"_ldap._tcp.{office.sites[far]}._sites"
    guest = f"0 100 389 {office.fqdn(first)}"
    module(at(first), "dns_record", zone=office.dns_domain, name=service, type="SRV", values=[guest], exclusive=False)
    own = [office.addresses[other]]
    module(at(far), "dns_record", zone=office.dns_domain, name="@", type="A", values=own, state="absent")
    for name in (first, other):
        assert module(at(name), "domain_controller_names")["changed"] is True
        assert module(at(name), "domain_controller_names")["changed"] is False
    for server in office.controllers:
        found = records(office.addresses[server], f"{service}.{office.dns_domain}", "SRV")
        assert found == [f"0 100 389 {office.fqdn(far)}."]
        assert set(own) <= set(records(office.addresses[server], office.dns_domain, "A"))
