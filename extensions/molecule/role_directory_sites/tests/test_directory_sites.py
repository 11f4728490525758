# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites are there as Samba reads them, the controller stands in its own, and a client of the subnet is sent to it."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.network import records
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]


_READ = """
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load_default()
sam = SamDB(session_info=system_session(), lp=settings)
link = sam.search(str(sam.get_config_basedn()), expression="(&(objectClass=siteLink)(cn=north-south))")[0]
for name in ("cost", "replInterval", "options", "schedule"):
    print(name, link.get(name))
print(*sorted(str(site).split(",")[0] for site in link["siteList"]))
"""


def _domain(host: Host) -> str:
    return solo(host).fqdn.partition(".")[2]


def test_the_link_has_both_sites_and_no_schedule(host: Host) -> None:
    shown = root_shell(host, f"python3 -c {shlex.quote(_READ)}").splitlines()
    assert shown == ["cost 50", "replInterval 15", "options 1", "schedule None", "CN=north CN=south"]


def test_samba_computes_its_topology_over_the_link(host: Host) -> None:
    root_shell(host, "samba_kcc --readonly")


def test_the_controller_publishes_itself_in_its_site(host: Host) -> None:
    name = f"_ldap._tcp.north._sites.{_domain(host)}"
    assert records(solo(host).address, name, "SRV") == [f"0 100 389 {solo(host).fqdn}."]


def test_the_locator_knows_the_site(host: Host) -> None:
    found = module(host, "dc_locator", domain=_domain(host), servers=[solo(host).address], site="north")
    assert (found["client_site"], found["controller"]) == ("north", solo(host).fqdn)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("site", {"name": "north", "state": "absent"}, "it holds the domain controllers"),
        ("site", {"name": "south", "state": "absent"}, "'south' is not removed: it is named by"),
        ("site_link", {"name": "north-south", "schedule": "always"}, "KCC"),
        ("site_subnet", {"name": "198.51.100.65/26", "site": "north"}, "host bits"),
    ],
)
def test_what_would_break_is_refused(host: Host, name: str, options: dict[str, str], said: str) -> None:
    assert said in host.ansible(f"mailforest.stack.{name}", json.dumps(options))["msg"]
