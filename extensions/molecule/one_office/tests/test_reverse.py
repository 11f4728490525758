# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-21: the mail server's name, address and PTR record agree, in the directory's DNS and as others see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import name_server
from ansible_collections.mailforest.stack.tests.system.support.hosts import root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import records
from ansible_collections.mailforest.stack.tests.system.support.office import Office, current
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, play
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
WORK, UNIT = "/run/mailforest-names", "mailforest-names"
WARNED = "WARNING MAIL-21"


@pytest.fixture(scope="module", name="office")
def deployed() -> Office:
    """The office that the scenario has deployed."""
    return current()


def _reverse(address: str) -> str:
    return ip_address(address).reverse_pointer


def test_every_address_leads_back_to_its_name(office: Office) -> None:
    """In the reverse zone that the inventory names; the gateway's public address is the mail server's."""
    server = office.addresses[office.controllers[0]]
    found = {name: records(server, _reverse(office.addresses[name]), "PTR") for name in office.hosts}
    assert found == {name: [f"{office.fqdn(name)}."] for name in office.hosts}
    (public,), (mail,) = office.public_addresses.values(), office.mail_servers
    assert records(server, _reverse(public), "PTR") == [f"{office.fqdn(mail)}."]


@pytest.fixture(name="world")
def public_dns(host: Host) -> Iterator[None]:
    """The observer asks a name server of its own."""
    text = Path(name_server.__file__).read_text(encoding="utf-8")
    root_shell(host, f"mkdir -p {WORK}; cat > {WORK}/server.py <<'END_OF_FILE'\n{text}\nEND_OF_FILE")
    root_shell(host, f"echo '{{}}' > {WORK}/zone.json; cp /etc/resolv.conf {WORK}/resolv.conf")
    root_shell(host, f"systemd-run --unit={UNIT} --collect python3 {WORK}/server.py 53 {WORK}/zone.json")
    root_shell(host, "echo nameserver 127.0.0.1 > /etc/resolv.conf")
    yield
    root_shell(host, f"cat {WORK}/resolv.conf > /etc/resolv.conf; systemctl stop {UNIT}; rm -r {WORK}")


def _seen(host: Host, zone: dict[str, list[str]]) -> str:
    """What a look from outside says, which must not fail."""
    root_shell(host, f"cat > {WORK}/zone.json <<'END_OF_FILE'\n{json.dumps(zone)}\nEND_OF_FILE")
    run = play(PLAYBOOKS / "verify.yml", arguments=["--limit=outside"])
    assert run.code == 0, run.explain()
    return run.output


@pytest.mark.usefixtures("world")
def test_the_world_is_asked_for_name_and_address(host: Host, office: Office) -> None:
    """A PTR record that the provider has left as it was is a warning; one that agrees is none."""
    (public,), (mail,) = office.public_addresses.values(), office.mail_servers
    name = office.fqdn(mail)
    right = {f"{name} A": [public], f"{_reverse(public)} PTR": [name]}
    assert WARNED not in _seen(host, right)
    said = _seen(host, {**right, f"{_reverse(public)} PTR": ["dsl-30.provider.example"]})
    assert WARNED in said
    assert "dsl-30.provider.example" in said
