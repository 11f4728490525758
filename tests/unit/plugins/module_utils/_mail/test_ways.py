# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to a smart host, and the tables of lists with limited senders."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.ways import PIPE, limited_lists, relay_ways
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import (
    POSTFIX_SERVICES,
    RELAY_PORTS,
    SERVICES,
    Tls,
)

HOST = "smarthost.example.net"


def test_without_a_smart_host_there_is_no_way() -> None:
    found = relay_ways({})
    assert (found["relay"], found["hops"], found["checks"], found["wrapped"]) == ({}, [], [], False)


def test_what_is_left_out_has_its_default() -> None:
    found = relay_ways({"host": HOST})
    assert found["relay"] == {
        "host": HOST,
        "ports": list(RELAY_PORTS),
        "user": "",
        "tls": "secure",
        "ca_file": "/etc/ssl/certs/ca-certificates.crt",
        "through_peer": False,
    }
    assert [check["port"] for check in found["checks"]] == list(RELAY_PORTS)


@pytest.mark.parametrize("name", POSTFIX_SERVICES)
def test_the_catalogue_says_how_tls_begins(name: str) -> None:
    """Postfix itself goes to a port with STARTTLS, and by the pipe to one with TLS from the first byte."""
    service = SERVICES[name]
    found = relay_ways({"host": HOST, "ports": [service.port]})
    implicit = service.tls is Tls.IMPLICIT
    assert found["hops"] == ["[127.0.0.1]:1005" if implicit else f"[{HOST}]:{service.port}"]
    assert found["wrapped"] is implicit
    assert found["checks"][0]["tls"] == ("implicit" if implicit else "starttls")


def test_the_ports_are_tried_in_their_order() -> None:
    found = relay_ways({"host": HOST, "ports": [465, 25, 587]})
    assert found["hops"] == [found["pipe_hop"], f"[{HOST}]:25", f"[{HOST}]:587"]
    assert (found["pipe"], found["pipe_hop"]) == (PIPE, "[127.0.0.1]:1005")


@pytest.mark.parametrize(
    ("relay", "proof"),
    [
        ({"tls": "may", "ports": [25]}, {"tls": "none"}),
        ({"tls": "encrypt", "ports": [587]}, {"tls": "starttls", "accept": ["bad-certificate"]}),
        ({"ca_file": "/ca.crt", "ports": [587]}, {"tls": "starttls", "server_name": HOST, "ca_file": "/ca.crt"}),
        (
            {"user": "us", "tls": "encrypt", "ports": [465]},
            {"tls": "implicit", "accept": ["bad-certificate"], "auth_offered": True},
        ),
    ],
)
def test_a_port_is_proven_as_it_is_used(relay: dict[str, Any], proof: dict[str, Any]) -> None:
    (port,) = relay["ports"]
    always = {"name": f"smart host at {port}", "host": HOST, "port": port, "protocol": "smtp", "requirement": "MAIL-30"}
    assert relay_ways({"host": HOST, **relay})["checks"] == [always | proof]


def test_a_smart_host_that_is_not_named_is_no_crash() -> None:
    """The role's own check of the values says it."""
    assert relay_ways({"ports": [26]})["hops"] == ["[]:26"]


def test_lists_that_are_limited_are_numbered() -> None:
    rows = [
        {"group_dn": "CN=everybody"},
        {"group_dn": "CN=board", "senders_dn": "CN=board"},
        {"group_dn": "CN=open", "senders_dn": ""},
        {"group_dn": "CN=sales", "senders_dn": "CN=marketing"},
    ]
    found = limited_lists(rows)
    assert [(row["name"], row["group_dn"], row["senders_dn"]) for row in found] == [
        ("list_1", "CN=board", "CN=board"),
        ("list_2", "CN=sales", "CN=marketing"),
    ]
    assert found[1]["table"] == "/etc/postfix/ldap/list_2.cf"
    assert [file["path"] for file in found[1]["files"]] == [found[1]["table"], found[1]["senders_table"]]
    assert all(file["vars"]["limited"]["name"] == "list_2" for file in found[1]["files"])
