# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every port serves the renewed certificate; a key that does not belong to it is refused before anything changes."""

from __future__ import annotations

import ssl
import subprocess
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, Run, play
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
STARTTLS = {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 4190: "sieve"}
PORTS = (25, 465, 587, 993, 995, 143, 110, 4190)
FILE, OTHER_KEY = "/etc/ssl/mailforest/host.crt", "/root/of-another-certificate.key"
STATE = "sha256sum /etc/dovecot/dovecot.conf /etc/postfix/main.cf; systemctl show -P MainPID dovecot"


def _converge(*roles: str, **extra: Any) -> Run:
    """Run roles on both hosts; what is given goes before the scenario's variables."""
    return play(PLAYBOOKS / "converge.yml", extra_vars={"scenario_roles": list(roles), **extra})


def _served(host: Host, port: int) -> str:
    """The certificate that a client is shown."""
    command = ["openssl", "s_client", "-connect", f"{solo(host).address}:{port}"]
    command += ["-starttls", STARTTLS[port]] if port in STARTTLS else []
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True, timeout=30)
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return begin + done.stdout.partition(begin)[2].partition(end)[0] + end


def _file(host: Host) -> bytes:
    text = str(host.file(FILE).content_string)
    return ssl.PEM_cert_to_DER_cert(text.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")


@pytest.fixture(scope="module", name="before")
def renewed() -> dict[str, bytes]:
    """The hosts' certificates before they were renewed, which is due here on the first day."""
    found = {name: _file(at(name)) for name in ("solo12", "solo13")}
    run = _converge("certificates", "dovecot", "postfix", certificates_days=398, certificates_renew_days=397)
    assert run.code == 0, run.explain()
    return found


@pytest.mark.parametrize("port", PORTS)
def test_a_renewed_certificate_is_served_at_every_port(host: Host, before: dict[str, bytes], port: int) -> None:
    now = _file(host)
    assert now != before[solo(host).name]
    assert ssl.PEM_cert_to_DER_cert(_served(host, port)) == now


@pytest.fixture(scope="module", name="states")
def refused() -> dict[str, tuple[str, str]]:
    """What both hosts were before and after a run with the key of another certificate, and what the run said."""
    hosts = {name: at(name) for name in ("solo12", "solo13")}
    for host in hosts.values():
        root_shell(host, f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {OTHER_KEY}")
    before = {name: root_shell(host, STATE) for name, host in hosts.items()}
    for role in ("dovecot", "postfix"):
        run = _converge(role, **{f"{role}_tls_key_file": OTHER_KEY})
        assert {failure.host for failure in run.failures} == set(hosts), run.explain()
        assert "matches private key" in run.output
        assert run.changes == []
    after = {name: root_shell(host, f"rm {OTHER_KEY}; {STATE}") for name, host in hosts.items()}
    return {name: (before[name], after[name]) for name in hosts}


def test_a_key_of_another_certificate_is_refused_and_nothing_changes(host: Host, states: dict[str, Any]) -> None:
    """By both roles. The control is the run above, with the right one."""
    was, now = states[solo(host).name]
    assert now == was
    assert ssl.PEM_cert_to_DER_cert(_served(host, 993)) == _file(host)
