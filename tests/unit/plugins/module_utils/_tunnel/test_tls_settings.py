# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role tls_tunnel: values that cannot work."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter import tls_tunnel_errors as errors_filter
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.tls_settings import tls_tunnel_errors

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
NAMED: dict[str, Any] = {
    "name": "smtp",
    "side": "server",
    "listen": "198.51.100.3:6025",
    "connect": ["127.0.0.1:25", "mx2.example.test:25"],
    "peer_names": ["relay.example.test"],
}
PINNED: dict[str, Any] = {
    "name": "ldap-out",
    "side": "client",
    "listen": "[::1]:6389",
    "connect": ["[2001:db8::3]:6389"],
    "peer_certificates": [PEM, f"\n{PEM}\n"],
    "protocol": "ldap",
}


def test_good_values() -> None:
    assert tls_tunnel_errors([]) == []
    assert tls_tunnel_errors([NAMED, PINNED]) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"name": "a]\nexec = sh"}, ".name: 'a]", id="another directive"),
        pytest.param({"name": "x" * 65}, ".name: 'xxx", id="a long name"),
        pytest.param({"listen": "6025"}, ".listen: '6025'", id="a port alone is every address"),
        pytest.param({"listen": "198.51.100.3:0"}, ".listen: '198.51.100.3:0'", id="port 0"),
        pytest.param({"listen": "198.51.100.3:65536"}, ".listen: '198.51.100.3:65536'", id="no port"),
        pytest.param({"listen": "gw.example.test:25"}, ".listen: 'gw.example.test:25'", id="a name to listen at"),
        pytest.param({"listen": "::1:25"}, ".listen: '::1:25'", id="IPv6 without brackets"),
        pytest.param({"connect": []}, ".connect: is empty", id="no target"),
        pytest.param({"connect": ["mx1.example.test"]}, ".connect: 'mx1.example.test'", id="target without port"),
        pytest.param({"connect": ["300.1.1.1:25"]}, ".connect: '300.1.1.1:25'", id="no address"),
        pytest.param({"connect": ["[198.51.100.4]:25"]}, ".connect: '[198.51.100.4]:25'", id="IPv4 in brackets"),
        pytest.param({"connect": ["a.test:25\nexec = x"]}, ".connect: 'a.test:25\\nexec", id="a line break"),
        pytest.param({"connect": ["198.51.100.3:6025"]}, ".connect: 198.51.100.3:6025 is where", id="into itself"),
        pytest.param({"peer_names": []}, ".peer_names: is empty", id="anybody"),
        pytest.param({"peer_names": ["*"]}, ".peer_names: '*'", id="any name"),
        pytest.param({"peer_certificates": [PEM]}, ".peer_names: is given beside", id="both"),
    ],
)
def test_what_cannot_work(change: dict[str, Any], text: str) -> None:
    faults = tls_tunnel_errors([{**NAMED, **change}])
    assert len(faults) == 1
    assert faults[0].startswith(f"tls_tunnel_services[0]{text}")


@pytest.mark.parametrize(
    ("pem", "text"),
    [
        pytest.param(PEM.replace("CERTIFICATE", "PRIVATE KEY"), "holds a private key", id="a key"),
        pytest.param(PEM + PEM, "is not one certificate", id="a chain"),
        pytest.param("/etc/ssl/peer.crt", "is not one certificate", id="a path"),
        pytest.param(PEM.replace("AAAA", "A"), "is not a certificate in PEM", id="cut short"),
    ],
)
def test_what_is_no_certificate(pem: str, text: str) -> None:
    (fault,) = tls_tunnel_errors([{**PINNED, "peer_certificates": [PEM, pem]}])
    assert fault.startswith(f"tls_tunnel_services[0].peer_certificates[1]: {text}")
    assert "AAAA" not in fault


def test_a_target_is_listed_once() -> None:
    faults = tls_tunnel_errors([{**NAMED, "connect": ["127.0.0.1:25", "127.0.0.1:25"]}])
    assert all("more than once" in fault for fault in faults)
    assert faults


@pytest.mark.parametrize("shared", ["name", "listen"])
def test_two_services_share_nothing(shared: str) -> None:
    assert tls_tunnel_errors([NAMED, {**PINNED, shared: NAMED[shared]}]) == [
        f"tls_tunnel_services: {shared} {NAMED[shared]} is used 2 times; each service needs its own."
    ]


def test_the_filter_has_its_name() -> None:
    assert errors_filter.FilterModule().filters() == {"tls_tunnel_errors": tls_tunnel_errors}
