# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory as its clients, Samba's own tool and an outsider see it."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.network import (
    clock_offset,
    handshake,
    ldap_bind,
    ldap_replace,
    records,
)
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

testinfra_hosts = ["ansible://mailforest_domain_controllers"]
CONTROLLERS = offices.current().controllers
SERVICES = {
    "_submission._tcp": 587,
    "_submissions._tcp": 465,
    "_imap._tcp": 143,
    "_imaps._tcp": 993,
    "_pop3._tcp": 110,
    "_pop3s._tcp": 995,
    "_sieve._tcp": 4190,
}


@pytest.fixture(scope="session")
def context(office: Office) -> ssl.SSLContext:
    """A client that trusts the forest's CA alone."""
    return ssl.create_default_context(cafile=str(office.ca_file))


@pytest.fixture(params=CONTROLLERS)
def controller(request: pytest.FixtureRequest) -> str:
    """Each domain controller in turn, by its inventory name."""
    return str(request.param)


@pytest.fixture
def server(office: Office, controller: str) -> str:
    """The domain controller's address."""
    return office.addresses[controller]


def test_each_role_is_where_the_inventory_says(host: Host, office: Office) -> None:
    """AD-19, AD-21, AD-22, AD-25: in this domain controller's own database."""
    assert owners(host) == office.fsmo


def test_mail_exchangers_are_in_dns(server: str, office: Office) -> None:
    expected = [f"10 {office.fqdn(name)}." for name in office.mail_servers]
    assert records(server, office.mail_domain, "MX") == expected


@pytest.mark.parametrize(("service", "port"), SERVICES.items())
def test_mail_services_are_in_dns(server: str, office: Office, service: str, port: int) -> None:
    """RFC 6186, RFC 8314."""
    found = [value.split() for value in records(server, f"{service}.{office.mail_domain}", "SRV")]
    expected = {(str(port), f"{office.fqdn(name)}.") for name in office.mail_servers}
    assert {(value[2], value[3]) for value in found} == expected


def test_every_host_is_in_dns(server: str, office: Office) -> None:
    found = {name: records(server, office.fqdn(name), "A") for name in office.hosts}
    assert found == {name: [office.addresses[name]] for name in office.hosts}


@pytest.mark.parametrize("service", ["_ldap._tcp", "_kerberos._udp", "_kpasswd._tcp", "_gc._tcp"])
def test_clients_find_the_domain_controllers(server: str, office: Office, service: str) -> None:
    found = records(server, f"{service}.{office.dns_domain}", "SRV")
    assert {value.split()[3] for value in found} == {f"{office.fqdn(name)}." for name in office.controllers}


@pytest.mark.parametrize("service", ["_ldap._tcp.{}._sites.{}", "_kerberos._tcp.{}._sites.{}"])
def test_clients_find_those_of_their_site(server: str, office: Office, service: str) -> None:
    """AD-52: a site's names lead to its own domain controllers alone."""
    sites = sorted({office.sites[name] for name in office.controllers})
    found = {site: records(server, service.format(site, office.dns_domain), "SRV") for site in sites}
    expected = {site: {f"{office.fqdn(name)}." for name in office.in_site(site, office.controllers)} for site in sites}
    assert {site: {value.split()[3] for value in values} for site, values in found.items()} == expected


@pytest.mark.parametrize("port", [636, 3269])
def test_ldap_over_tls_has_the_ca_and_the_name(
    controller: str, server: str, office: Office, context: ssl.SSLContext, port: int
) -> None:
    handshake(server, port, name=office.fqdn(controller), context=context)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, port, name="elsewhere.example.test", context=context)


@pytest.mark.parametrize(("user", "code"), [("alice", 0), ("boris", 0), ("carol", 49)])
def test_only_enabled_users_log_in(
    controller: str, server: str, office: Office, context: ssl.SSLContext, user: str, code: int
) -> None:
    name = office.fqdn(controller)
    login = f"{user}@{office.dns_domain}"
    assert ldap_bind(server, user=login, password=office.passwords[user], name=name, context=context) == code


def test_nobody_can_point_at_a_mailbox_of_others(
    controller: str, server: str, office: Office, context: ssl.SSLContext
) -> None:
    """Mailbox, its home and addresses follow from these; a telephone number, which users do write, is the control."""
    guarded = ("adminDescription", "adminDisplayName", "mail", "proxyAddresses")
    base = ",".join(f"DC={label}" for label in office.dns_domain.split("."))
    codes = ldap_replace(
        server,
        user=f"alice@{office.dns_domain}",
        password=office.passwords["alice"],
        dn=f"CN=alice,CN=Users,{base}",
        values={"telephoneNumber": "+1 555 0100", **dict.fromkeys(guarded, "boris@example.test")},
        name=office.fqdn(controller),
        context=context,
    )
    assert codes == {"telephoneNumber": 0, **dict.fromkeys(guarded, 50)}


def test_time_is_served(server: str) -> None:
    assert abs(clock_offset(server)) < 2
