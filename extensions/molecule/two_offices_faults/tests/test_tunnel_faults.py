# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to the tunnel between two offices, each with the seconds in which nothing passed, as a table.

Nothing of the offices may be on the Internet throughout; while a gateway is restarted, the other one watches.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.lab import restart
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play, site
from ansible_collections.mailforest.stack.tests.system.support.tunnel_faults import (
    Table,
    captured,
    cut,
    kill,
    suffer,
    units,
)

BACK_SECONDS = 60.0
"""How much longer than the fault an outage may be, on two busy cores."""
# A certificate of the right name for a key of its own, signed by nobody that counts.
_FOREIGN = """
cd /etc/ssl/mailforest && cp --preserve host.key host.crt /run/
name=$(openssl x509 -in host.crt -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" \
  -addext extendedKeyUsage=serverAuth,clientAuth -keyout host.key -out host.crt 2>/dev/null
"""


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


@pytest.mark.parametrize("end", [0, 1])
def test_killed(office: Office, table: Table, end: int) -> None:
    gateway = office.gateways[end]
    seconds = suffer(office, partial(kill, gateway))
    table.line(f"killed at {gateway}", seconds)
    assert seconds < BACK_SECONDS


@pytest.mark.parametrize("long", [5, 60])
def test_line_cut(office: Office, table: Table, long: int) -> None:
    seconds = suffer(office, partial(cut, office, office.gateways[-1], long))
    table.line(f"line cut for {long} s", seconds)
    assert long - 1 < seconds < long + BACK_SECONDS


def test_one_way_only(office: Office, table: Table) -> None:
    """What comes in from the other gateway is dropped; what goes out passes."""
    gateway, peer = at(office.gateways[-1]), office.public_addresses[office.gateways[0]]

    def deaf() -> None:
        chain = "add table inet deaf; add chain inet deaf in { type filter hook input priority -300; }"
        rule = f"add rule inet deaf in ip saddr {peer} drop"
        root_shell(gateway, f"nft '{chain}; {rule}'; sleep 30; nft delete table inet deaf")

    seconds = suffer(office, deaf)
    table.line("line passes one way only for 30 s", seconds)
    assert seconds < 30 + BACK_SECONDS


@pytest.mark.parametrize("end", [0, 1])
def test_gateway_restarted(office: Office, table: Table, end: int) -> None:
    gateway = office.gateways[end]
    seconds = suffer(office, partial(restart, office, [gateway]), restarted=[gateway])
    table.line(f"{gateway} restarted", seconds)
    assert seconds < 2 * BACK_SECONDS
    with captured(office) as packets:
        root_shell(at(office.controllers[0]), f"ping -c 3 {office.addresses[office.controllers[-1]]}")
    assert packets == [[] for _ in office.gateways]


def test_wrong_certificate(office: Office, table: Table) -> None:
    """Of the right name, from another CA: refused for as long as it is there."""
    gateway = office.gateways[-1]
    there = office.addresses[office.controllers[-1]]

    def wrong() -> None:
        root_shell(at(gateway), _FOREIGN)
        try:
            root_shell(at(gateway), f"systemctl restart {' '.join(units(gateway))}; sleep 20")
            assert at(office.controllers[0]).run(f"ping -c 3 -W 1 {there}").rc != 0
            log = root_shell(at(office.gateways[0]), "journalctl -u 'mailforest-tunnel@*' --since=-1min -o cat")
            assert "VERIFY ERROR" in log
        finally:
            root_shell(at(gateway), "mv /run/host.key /run/host.crt /etc/ssl/mailforest/")
            root_shell(at(gateway), f"systemctl restart {' '.join(units(gateway))}")

    seconds = suffer(office, wrong)
    table.line("wrong certificate for 20 s", seconds)
    assert 20 < seconds < 30 + BACK_SECONDS


def test_replaced_keys(office: Office, table: Table) -> None:
    """Of both gateways, one after the other."""

    def rotate() -> None:
        run = play(ROOT / "playbooks/rotate_tunnel_keys.yml")
        assert run.code == 0, run.explain()

    seconds = suffer(office, rotate)
    table.line("new keys of both gateways, the longer of two", seconds)
    assert seconds < BACK_SECONDS


def _move(office: Office, inventory: Path, before: str, after: str) -> None:
    """The last gateway's public address, from one moment to the next, and then site.yml is told."""
    gateway = office.gateways[-1]
    shown = root_shell(at(gateway), f"ip -o -4 addr show to {before}").split()
    card, prefix = shown[1], shown[3].partition("/")[2]
    # With its last address an interface loses its routes.
    routes = root_shell(at(gateway), f"ip route show dev {card} | grep via").splitlines()
    change = [f"ip addr del {before}/{prefix} dev {card}", f"ip addr add {after}/{prefix} dev {card}"]
    root_shell(at(gateway), " && ".join([*change, *(f"ip route replace {route} dev {card}" for route in routes)]))
    hosts = {"hosts": {gateway: {"mailforest_public_address": after}}}
    inventory.write_text(yaml.safe_dump({"mailforest_gateways": hosts}), encoding="utf-8")
    site("--tags=firewall,site_tunnel", "--limit=mailforest_gateways")


def test_changed_address(office: Office, table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = tmp_path / "moved.yml"
    monkeypatch.setenv("ANSIBLE_INVENTORY", f"{os.environ['ANSIBLE_INVENTORY']},{inventory}")
    old = office.public_addresses[office.gateways[-1]]
    new = f"{old.rpartition('.')[0]}.58"
    try:
        seconds = suffer(office, partial(_move, office, inventory, old, new))
    finally:
        _move(office, inventory, new, old)
    table.line("another public address, with the run of site.yml that makes it known", seconds)


def test_new_key_of_a_gateway_that_is_known_by_fingerprints(office: Office, table: Table) -> None:
    """The first run says which one to add; with both known, the second switches, and the old one may go."""
    gateway, playbook = office.gateways[-1], ROOT / "playbooks/rotate_tunnel_keys.yml"

    def fingerprint(place: str) -> str:
        read = f"openssl x509 -in {place}/host.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr A-Z a-z"
        return root_shell(at(gateway), read).strip()

    def known(*fingerprints: str) -> dict[str, Any]:
        return {"mailforest_tunnels": {"fingerprints": {gateway: list(fingerprints)}}}

    def rotate(*fingerprints: str) -> Run:
        return play(playbook, extra_vars={"rotate_tunnel_keys_of": gateway, **known(*fingerprints)})

    def tell(*fingerprints: str) -> None:
        site("--tags=site_tunnel", "--limit=mailforest_gateways", **(known(*fingerprints) if fingerprints else {}))

    old = fingerprint("/etc/ssl/mailforest")
    try:
        tell(old)
        first = rotate(old)
        new = fingerprint("/etc/ssl/mailforest-next")
        assert first.code != 0
        assert any(f"Add {new} to mailforest_tunnels.fingerprints.{gateway}" in one.message for one in first.failures)
        assert fingerprint("/etc/ssl/mailforest") == old
        tell(old, new)

        def again() -> None:
            second = rotate(old, new)
            assert second.code == 0, second.explain()

        seconds = suffer(office, again)
        assert fingerprint("/etc/ssl/mailforest") == new
        table.line("new key of a gateway known by fingerprints", seconds)
        assert seconds < BACK_SECONDS
        tell(new)
    finally:
        tell()
