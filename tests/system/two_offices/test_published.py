# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports are published, and no longer, by the inventory; seen from the Internet before and after."""

from __future__ import annotations

from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import open_from, tcp_from
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import site
from ansible_collections.mailforest.stack.tests.system.support.ports import ALL
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
GATEWAYS = ("--tags=firewall", "--limit=mailforest_gateways")


def test_only_what_is_published_answers_before_and_after(host: Host, office: Office) -> None:
    """AD-10, MAIL-3: without publishing, only ssh of the gateways; with it, the named ports and no other."""
    public = set(office.public_addresses.values())
    ssh = {(address, 22) for address in public}
    try:
        site(*GATEWAYS, mailforest_mail={**office.mail, "publish": []})
        assert open_from(host, public, ALL) == ssh
        site(*GATEWAYS, mailforest_mail={**office.mail, "publish": ["smtp"]})
        assert open_from(host, public, ALL) == ssh | {(address, 25) for address in public}
    finally:
        site(*GATEWAYS)
    expected = ssh | {(address, port) for address in public for port in office.published}
    assert open_from(host, public, ALL) == expected


def test_logins_are_counted_by_their_real_source(host: Host, office: Office) -> None:
    """Behind the gateway, too, so that who guesses passwords slows down nobody else. The offices are not counted."""
    assert set(tcp_from(host, [(address, 587) for address in office.public_addresses.values()]).values()) == {"open"}
    for name in office.mail_servers:
        for inner in (*office.members, *office.controllers):
            assert tcp_from(at(inner), [(office.addresses[name], 587)]) == {(office.addresses[name], 587): "open"}
        counted = root_shell(at(name), "nft list set inet mailforest logins_v4")
        assert office.addresses["outside"] in counted
        assert [address for address in office.addresses.values() if f"{address} limit" in counted] == [
            office.addresses["outside"]
        ]
