# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A third office with tunnels to both: it stands in for the tunnel between the two, and may go without hurting them.

The third gateway is a host of the lab with which an office can grow; its office has one controller to be, still blank.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.lab import renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually, site
from ansible_collections.mailforest.stack.tests.system.support.tunnel_faults import Table, cut, suffer

THIRD, THIRD_SITE, NETWORK, INNER = "gw-annex", "annex", "198.51.100.224/28", "198.51.100.226"
PUBLIC = "198.51.100.40"
OVER_SECONDS = 25.0
"""Runs measured 13 to 16 s, of which 12 s are silence."""
CUT_SECONDS = 45.0


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices."""
    return offices.current()


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """Printed at the end."""
    found = Table()
    yield found
    found.show(request.config)


def _topology(office: Office) -> dict[str, Any]:
    """The two offices and the third, linked with each other. The CA knows no addresses of the third office."""
    sites: dict[str, Any] = {THIRD_SITE: {"subnets": [NETWORK], "gateway": THIRD}}
    for gateway in office.gateways:
        inside = [net for net in office.subnets if ip_address(office.addresses[gateway]) in ip_network(net)]
        sites[office.sites[gateway]] = {"subnets": inside, "gateway": gateway}
    return {
        "mailforest_sites": sites,
        "mailforest_site_links": {"hq-branch": {"sites": ["hq", "branch"]}, "more": {"sites": list(sites)}},
        "mailforest_tunnels": {"standby": True},
        "certificates_addresses": f"{{{{ [] if inventory_hostname == '{THIRD}' else __here.certificate_addresses }}}}",
    }


@pytest.fixture(scope="module")
def third(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The third gateway, joined with the two; afterwards they are two again."""
    inventory = tmp_path_factory.mktemp("third") / "third.yml"
    known = {"ansible_host": INNER, "mailforest_public_address": PUBLIC}
    hosts = {THIRD: {**known, "mailforest_site": THIRD_SITE}}
    Path(inventory).write_text(yaml.safe_dump({"mailforest_gateways": {"hosts": hosts}}), encoding="utf-8")
    before = os.environ["ANSIBLE_INVENTORY"]
    os.environ["ANSIBLE_INVENTORY"] = f"{before},{inventory}"
    try:
        site(f"--limit={THIRD}", "--tags=certificates", **_topology(office))
        site("--limit=mailforest_gateways", "--tags=firewall,site_tunnel", **_topology(office))
        yield THIRD
    finally:
        os.environ["ANSIBLE_INVENTORY"] = before
        renew(THIRD)
        site(f"--limit={','.join(office.gateways)}", "--tags=firewall,site_tunnel")


def _reaches(name: str, address: str) -> bool:
    return bool(at(name).run(f"ping -c 1 -W 1 {address}").rc == 0)


def test_it_stands_in_for_the_tunnel_between_the_two(office: Office, third: str, table: Table) -> None:
    eventually(partial(_reaches, office.controllers[0], INNER), seconds=30)
    seconds = suffer(office, partial(cut, office, office.gateways[-1], CUT_SECONDS))
    table.line(f"the line between two of three cut for {CUT_SECONDS:.0f} s, the third stands in", seconds)
    assert seconds < OVER_SECONDS


def test_the_two_do_not_miss_it(office: Office, third: str, table: Table) -> None:
    """Its line passes nothing for a while."""
    seconds = suffer(office, partial(cut, office, third, CUT_SECONDS))
    table.line(f"one of three gone for {CUT_SECONDS:.0f} s, between the other two", seconds)
    assert seconds < 2
    eventually(partial(_reaches, office.controllers[0], INNER), seconds=60)
