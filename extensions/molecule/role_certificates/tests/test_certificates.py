# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as clients and other CAs' libraries see them, not as the role wrote them."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import solo
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
DIRECTORY = "/etc/ssl/mailforest"
CA_KEY = "/etc/ssl/mailforest-ca/ca.key"


def _leaf(host: Host) -> x509.Certificate:
    return x509.load_pem_x509_certificate(host.file(f"{DIRECTORY}/host.crt").content)


def _verify(host: Host, *arguments: str) -> int:
    """OpenSSL's verdict with the system's trust store alone."""
    command = ["openssl", "verify", "-CApath", "/etc/ssl/certs", *arguments, f"{DIRECTORY}/host.crt"]
    return int(host.run(" ".join(command)).rc)


def test_clients_of_the_system_trust_the_host_by_its_name(host: Host) -> None:
    assert _verify(host, "-purpose", "sslserver", "-verify_hostname", solo(host).fqdn) == 0


def test_another_name_is_refused(host: Host) -> None:
    assert _verify(host, "-verify_hostname", "mail.example.test") != 0


def test_the_address_is_in_the_certificate(host: Host) -> None:
    address = solo(host).address
    names = _leaf(host).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(address)]


def test_key_and_certificate_belong_together(host: Host) -> None:
    key = serialization.load_pem_private_key(host.file(f"{DIRECTORY}/host.key").content, password=None)
    assert key.public_key() == _leaf(host).public_key()


@pytest.mark.parametrize("path", [f"{DIRECTORY}/host.key", CA_KEY])
def test_keys_are_for_root_only(host: Host, path: str) -> None:
    file = host.file(path)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


def test_the_key_of_the_ca_is_encrypted(host: Host) -> None:
    with pytest.raises(TypeError, match="encrypted"):
        serialization.load_pem_private_key(host.file(CA_KEY).content, password=None)


def test_the_ca_can_vouch_for_its_own_domain_only(host: Host) -> None:
    authority = x509.load_pem_x509_certificate(host.file(f"{DIRECTORY}/ca.crt").content)
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    names = [item.value for item in constraints.value.permitted_subtrees or [] if isinstance(item, x509.DNSName)]
    assert names == [solo(host).fqdn.partition(".")[2]]
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
