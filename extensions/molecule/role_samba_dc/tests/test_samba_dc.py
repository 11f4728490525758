# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forest on one host, as its clients and Samba's own tool see it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.network import (
    handshake,
    ldap_bind,
    records,
)
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PASSWORD = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], ".build/molecule/password")


def _domain(host: Host) -> str:
    return solo(host).fqdn.partition(".")[2]


def test_all_roles_are_on_the_host(host: Host) -> None:
    assert set(owners(host).values()) == {solo(host).name}
    assert len(owners(host)) == 7


@pytest.mark.parametrize("service", ["_ldap._tcp", "_kerberos._udp", "_ldap._tcp.dc._msdcs", "_gc._tcp"])
def test_clients_find_the_controller_by_dns(host: Host, service: str) -> None:
    found = records(solo(host).address, f"{service}.{_domain(host)}", "SRV")
    assert [value.split()[3] for value in found] == [f"{solo(host).fqdn}."]


def test_the_controller_has_its_address_in_dns(host: Host) -> None:
    assert records(solo(host).address, solo(host).fqdn, "A") == [solo(host).address]


@pytest.mark.parametrize("port", [636, 3269])
def test_ldap_over_tls_has_the_ca_and_the_name(host: Host, port: int) -> None:
    certificate = handshake(solo(host).address, port, name=solo(host).fqdn, context=client_context(host))
    assert ("DNS", solo(host).fqdn) in certificate["subjectAltName"]  # type: ignore[operator]


def test_ldap_over_tls_under_another_name_is_refused(host: Host) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(solo(host).address, 636, name="elsewhere.example.test", context=client_context(host))


def test_the_administrator_logs_in(host: Host) -> None:
    user, secret = f"Administrator@{_domain(host)}", PASSWORD.read_text(encoding="ascii").strip()
    context = client_context(host)
    assert ldap_bind(solo(host).address, user=user, password=secret, name=solo(host).fqdn, context=context) == 0
    assert ldap_bind(solo(host).address, user=user, password="wrong", name=solo(host).fqdn, context=context) == 49


def test_no_password_goes_in_clear_text(host: Host) -> None:
    user, secret = f"Administrator@{_domain(host)}", PASSWORD.read_text(encoding="ascii").strip()
    # strongerAuthRequired (RFC 4511 appendix A)
    assert ldap_bind(solo(host).address, user=user, password=secret) == 8


def test_nobody_listens_for_netbios_names(host: Host) -> None:
    sockets = [line.split()[3] for line in root_shell(host, "ss -H -uln").splitlines()]
    assert [local for local in sockets if local.rpartition(":")[2] in ("137", "138")] == []


def test_samba_comes_back_at_boot(host: Host) -> None:
    assert host.service("samba-ad-dc.service").is_enabled
    assert host.service("samba-ad-dc.service").is_running
