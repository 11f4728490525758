# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-28, MAIL-36: the best port from a real host, and a network that blocks some; each with the control beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, refusal, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

testinfra_hosts = [f"ansible://{name}" for name in offices.current().controllers[:2]]
CA_FILE = "/etc/ssl/mailforest/ca.crt"
SECONDS = 3
_TABLE = "inet mailforest_test"


@pytest.fixture
def server(office: Office) -> str:
    """A mail server, by the name that its certificate carries."""
    return office.fqdn(office.mail_servers[0])


@contextmanager
def _closed(host: Host, server: str, ports: str, how: str) -> Iterator[None]:
    """A network that does this with packets to these ports of the server."""
    address = host.addr(server).ipv4_addresses[0]
    chain = f"{_TABLE} out {{ type filter hook output priority 10; }}"
    root_shell(host, f"nft 'add table {_TABLE}; add chain {chain}'")
    try:
        root_shell(host, f"nft add rule {_TABLE} out ip daddr {address} tcp dport '{{ {ports} }}' {how}")
        yield
    finally:
        root_shell(host, f"nft delete table {_TABLE}")


def test_465_is_best_and_25_is_for_servers(host: Host, server: str, office: Office) -> None:
    """The control: nothing in the way. 2525 is what the office chose."""
    found = module(host, "submission_port", server=server, ca_file=CA_FILE, outgoing=[server], timeout=SECONDS)
    assert found["recommended"] == {"port": 465, "tls": "implicit"}
    seen = {one["port"]: (one["works"], one["verdict"]) for one in found["ports"]}
    assert seen[465] == seen[587] == (True, "open")
    assert seen[25] == (False, "open"), "a login at port 25"
    assert seen[2525][0] is (2525 in office.ports)
    assert (found["port_25"]["state"], found["outgoing"]["state"], found["problems"]) == ("open", "open", [])


@pytest.mark.parametrize(("how", "verdict"), [("drop", "filtered"), ("reject with tcp reset", "refused")])
def test_a_network_that_blocks_25_is_named(host: Host, server: str, how: str, verdict: str) -> None:
    with _closed(host, server, "25", how):
        found = module(host, "submission_port", server=server, ca_file=CA_FILE, timeout=SECONDS)
        blocked = refusal(host, "submission_port", outgoing=[server], timeout=SECONDS)
    assert found["recommended"]["port"] == 465
    assert found["ports"][-1]["verdict"] == verdict
    assert found["port_25"]["state"] == "blocked"
    assert "provider" in found["port_25"]["reason"]
    assert f"{server} is {verdict}" in blocked
    assert "its port 465 answers" in blocked


def test_the_next_port_is_named_with_the_reason(host: Host, server: str) -> None:
    with _closed(host, server, "465", "drop"):
        found = module(host, "submission_port", server=server, ca_file=CA_FILE, timeout=SECONDS)
    assert found["recommended"] == {"port": 587, "tls": "starttls"}
    assert "465 is filtered" in found["reason"]


def test_where_all_is_closed_nothing_is_called_blocked(host: Host, server: str) -> None:
    with _closed(host, server, "25, 443, 465, 587, 2525", "drop"):
        said = refusal(host, "submission_port", server=server, ca_file=CA_FILE, timeout=SECONDS)
        found = module(
            host, "submission_port", server=server, ca_file=CA_FILE, outgoing=[server], timeout=SECONDS, fail=False
        )
    assert said.startswith(f"No port of {server} takes mail from users here: 465 is filtered")
    assert (found["port_25"]["state"], found["outgoing"]["state"]) == ("unknown", "unknown")


def test_a_certificate_of_another_name_is_no_way(host: Host, server: str, office: Office) -> None:
    name = office.fqdn(office.controllers[0])
    said = refusal(host, "submission_port", server=server, server_name=name, ca_file=CA_FILE, timeout=SECONDS)
    assert "465 is bad-certificate" in said
