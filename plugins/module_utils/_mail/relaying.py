# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where mail for others is sent: which ways out of the role postfix can work, and which would come back.

Every check returns texts of the form: variable, value, what is wrong with it, what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from .._topology import names
from .._topology.services import POSTFIX_SERVICES, SERVICES

RELAY_PORTS = tuple(sorted(SERVICES[name].port for name in POSTFIX_SERVICES))
"""Where a smart host may be asked: those of the catalogue at which Postfix itself can be."""


def literal(value: str) -> bool:
    """Whether it is an address and no name."""
    try:
        ip_address(value.strip("[]"))
    except ValueError:
        return False
    return True


def comes_back(host: str, settings: Mapping[str, Any]) -> str:
    """Why mail that is sent to `host` would come back to this server; empty when nothing says so."""
    name = host.strip("[]").rstrip(".").lower()
    if name in {settings["hostname"], *settings["addresses"]} or name.partition(".")[0] == "localhost":
        return "it is this server itself"
    if literal(name) and (ip_address(name).is_loopback or ip_address(name).is_unspecified):
        return "it is this server itself"
    if name in settings["domains"]:
        return "it is one of postfix_domains, whose mail is sent to here"
    return ""


def _peer(host: str, settings: Mapping[str, Any]) -> bool:
    return any(host.lower() in (peer["name"], peer["address"]) for peer in settings["peers"])


def _host(variable: str, host: str, tls: str) -> Iterator[str]:
    if literal(host):
        if tls == "secure":
            yield (
                f"{variable}: {host} is an address, and certificates are checked against names. Give the name, or "
                "tls: encrypt."
            )
    elif wrong := names.domain(host):
        yield f"{variable}: {host!r} is no full name: {wrong}. Give the other server's name with its domain."


def _loop(host: str, relay: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    if why := comes_back(host, settings):
        yield f"postfix_relay.host: {host} would send our mail back, for {why} (MAIL-11). Name another server."
    elif _peer(host, settings) and not relay.get("through_peer"):
        yield (
            f"postfix_relay.host: {host} is one of postfix_peers, which may send back what it does not keep (MAIL-11). "
            "Name another server, or set through_peer: true when that one relays elsewhere."
        )


def _login(relay: Mapping[str, Any], password: str) -> Iterator[str]:
    user = relay["user"]
    if user and not password:
        yield f"postfix_relay_password is empty. Give the password of {user}."
    if password and not user:
        yield "postfix_relay_password is given without postfix_relay.user. Give both, or none."
    if ":" in user:
        yield f"postfix_relay.user: {user!r} holds a colon, which ends the user in Postfix's table. Use another login."
    if user and relay["tls"] == "may":
        yield f"postfix_relay.tls: may would show the password of {user} to whoever listens. Use secure."
    for name, value in (("postfix_relay.user", user), ("postfix_relay_password", password)):
        if any(c < " " or c == "\x7f" for c in value) or value != value.strip():
            yield f"{name} holds a control character, or a space at an end, which is not kept. Remove it."


def relay_errors(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with `postfix_relay`, its defaults filled in; empty for none."""
    relay, password = settings["relay"], settings["relay_password"]
    if not relay:
        if password:
            yield "postfix_relay_password is given without postfix_relay. Give both, or none."
        return
    host = relay.get("host") or ""
    yield from _host("postfix_relay.host", host, relay["tls"])
    yield from _loop(host, relay, settings)
    yield from _login(relay, password)
    ports = relay["ports"]
    if not ports or len(set(ports)) != len(ports):
        yield f"postfix_relay.ports: {ports} names none, or one twice. Name each once, the best first."
    for port in ports:
        if port not in RELAY_PORTS:
            yield f"postfix_relay.ports: {port} is none of {', '.join(map(str, RELAY_PORTS))}. Use one of them."
    if relay["tls"] == "secure" and not relay["ca_file"]:
        yield "postfix_relay.ca_file is empty, so no certificate could be verified. Name the file with the CAs."


def _twice(variable: str, values: list[str]) -> Iterator[str]:
    for value in sorted({v for v in values if values.count(v) > 1}):
        yield f"{variable}: {value} is there more than once. Keep one."


def _transport_for(transport: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the domain, or the address, that a transport is for."""
    domain, address = transport.get("domain") or "", transport.get("address") or ""
    if bool(domain) == bool(address):
        yield f"postfix_transports: {transport.get('host')} is for {domain!r} and {address!r}. Give one of the two."
    elif domain:
        yield from _transport_domain(domain, settings)
    elif wrong := names.email(address):
        yield f"postfix_transports.address: {address!r} is no address: {wrong}. Correct it."
    elif address.rpartition("@")[2] not in settings["domains"]:
        yield f"postfix_transports.address: {address} is in none of postfix_domains. Name its whole domain as domain."
    elif address in settings["mailboxes"]:
        yield f"postfix_transports.address: {address} has a mailbox here (postfix_mailboxes). Remove one of the two."


def _transport_domain(domain: str, settings: Mapping[str, Any]) -> Iterator[str]:
    if wrong := names.domain(domain):
        yield f"postfix_transports.domain: {domain!r} is no mail domain: {wrong}. Correct it."
    elif domain != domain.lower():
        yield f"postfix_transports.domain: {domain!r} has capital letters. Write it in small ones."
    elif domain in {*settings["domains"], settings["hostname"]}:
        yield (
            f"postfix_transports.domain: {domain} is delivered here. Name single addresses of it, or take it out of "
            "postfix_domains."
        )


def _recipients(transport: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with how the valid recipients are known, and with who may fetch the mail."""
    domain, recipients = transport.get("domain") or "", transport.get("recipients")
    where = f"postfix_transports: {domain or transport.get('address')}"
    if recipients is not None and not domain:
        yield f"{where} is one address and has recipients. Leave them out."
    for recipient in (recipients or ()) if domain else ():
        if wrong := names.email(recipient):
            yield f"{where}: the recipient {recipient!r} is no address: {wrong}. Correct it."
        elif recipient.rpartition("@")[2] != domain:
            yield f"{where}: the recipient {recipient} is of another domain. Move it there."
    if transport.get("etrn_clients"):
        yield from _etrn(transport, where)


def _etrn(transport: Mapping[str, Any], where: str) -> Iterator[str]:
    if not transport.get("domain"):
        yield f"{where} has etrn_clients, and ETRN asks for the mail of a domain. Give the domain."
    elif not transport.get("recipients"):
        yield (
            f"{where} waits for ETRN, so nobody can be asked which recipients there are, and mail to nobody would "
            "bounce to forged senders. List the recipients."
        )
    for client in transport["etrn_clients"]:
        if not literal(client):
            yield f"{where}: the ETRN client {client!r} is no address. Names can be forged: give the address."


def _tls_by_hop(transports: list[Mapping[str, Any]]) -> Iterator[str]:
    """One place is spoken to in one way."""
    known: dict[tuple[str, int], str] = {}
    for transport in transports:
        hop, tls = (transport.get("host") or "", transport.get("port") or 25), transport.get("tls") or "may"
        if known.setdefault(hop, tls) != tls:
            yield f"postfix_transports: {hop[0]}:{hop[1]} is there with tls {known[hop]} and {tls}. Use one of them."


def transport_errors(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with `postfix_transports`."""
    transports = settings["transports"]
    yield from _twice("postfix_transports", [row.get("domain") or row.get("address") or "" for row in transports])
    for transport in transports:
        host = transport.get("host") or ""
        yield from _host("postfix_transports.host", host, transport.get("tls") or "may")
        if why := comes_back(host, settings):
            yield f"postfix_transports.host: {host} would send the mail back, for {why} (MAIL-11). Name another server."
        elif _peer(host, settings):
            yield (
                f"postfix_transports.host: {host} is one of postfix_peers, which sends the mail of every domain of its "
                "own on by itself (MAIL-11). Name the other system's server."
            )
        yield from _transport_for(transport, settings)
        yield from _recipients(transport)
    yield from _tls_by_hop(transports)


def relay_client_errors(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with `postfix_relay_clients`."""
    for client in settings["relay_clients"]:
        if not literal(client):
            yield f"postfix_relay_clients: {client!r} is no address. Give the one that the mail server connects from."
