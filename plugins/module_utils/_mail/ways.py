# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the role postfix's values: ways to a smart host, and the tables of lists with limited senders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._topology.services import POSTFIX_SERVICES, RELAY_PORTS, SERVICES, Tls

PIPE = "127.0.0.1:1005"
"""Where the host's own way to a smart host's port with TLS from the first byte begins, which Postfix cannot speak in
the transport that tries the others. A port below 1024, where no user can wait for the password in its place."""
_DEFAULTS: Mapping[str, Any] = {
    "ports": list(RELAY_PORTS),
    "user": "",
    "tls": "secure",
    "ca_file": "/etc/ssl/certs/ca-certificates.crt",
    "through_peer": False,
}
_IMPLICIT = frozenset(SERVICES[name].port for name in POSTFIX_SERVICES if SERVICES[name].tls is Tls.IMPLICIT)
_TABLES = "/etc/postfix/ldap"


def _bracketed(place: str) -> str:
    """As Postfix writes a place that it does not look up."""
    host, _colon, port = place.rpartition(":")
    return f"[{host}]:{port}"


def _check(relay: Mapping[str, Any], port: int) -> dict[str, Any]:
    """What proves one of the ports."""
    host = str(relay.get("host") or "")
    tls = "implicit" if port in _IMPLICIT else "starttls"
    check = {"name": f"smart host at {port}", "host": host, "port": port, "protocol": "smtp", "requirement": "MAIL-30"}
    match relay["tls"]:
        case "may":
            check["tls"] = "none"
        case "secure":
            check |= {"tls": tls, "server_name": host, "ca_file": relay["ca_file"]}
        case _:
            check |= {"tls": tls, "accept": ["bad-certificate"]}
    return check | ({"auth_offered": True} if relay["user"] else {})


def relay_ways(given: Mapping[str, Any]) -> dict[str, Any]:
    """The smart host with its defaults (empty for none), its hops in the order of trying, what proves them."""
    if not given:
        return {"relay": {}, "hops": [], "wrapped": False, "pipe": PIPE, "pipe_hop": _bracketed(PIPE), "checks": []}
    relay = {**_DEFAULTS, **given}
    hops = [PIPE if port in _IMPLICIT else f"{relay.get('host', '')}:{port}" for port in relay["ports"]]
    return {
        "relay": relay,
        "hops": [_bracketed(hop) for hop in hops],
        "wrapped": PIPE in hops,
        "pipe": PIPE,
        "pipe_hop": _bracketed(PIPE),
        "checks": [_check(relay, port) for port in relay["ports"]],
    }


def limited_lists(lists: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the lists to which only some may send: the restriction class, and the two tables that lead to it and judge."""
    limited = [row for row in lists if row.get("senders_dn")]
    return [_limited(f"list_{number}", row) for number, row in enumerate(limited, start=1)]


def _limited(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"name": name, "group_dn": row["group_dn"], "senders_dn": row["senders_dn"]}
    table, senders = f"{_TABLES}/{name}.cf", f"{_TABLES}/{name}_senders.cf"
    files = [
        {"path": table, "template": "etc/postfix/ldap/list.cf.j2", "vars": {"limited": told}},
        {"path": senders, "template": "etc/postfix/ldap/list_senders.cf.j2", "vars": {"limited": told}},
    ]
    return {**told, "table": table, "senders_table": senders, "files": files}
