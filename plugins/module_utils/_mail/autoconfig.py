# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the argument spec cannot say about the role autoconfig's values: which of them can work.

Every check returns texts of the form: variable, value, what is wrong with it, what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._topology import names

_READING = frozenset({"imap", "pop3"})
_LAST_PORT = 65535
_SHORTEST_AGE, _LONGEST_AGE = 86400, 31557600
_LISTEN = re.compile(r"(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+|\*):)?(\d{1,5})")


def _port(text: str | int) -> bool:
    return 0 < int(text) <= _LAST_PORT


def _domains(domains: Sequence[str]) -> Iterator[str]:
    if not domains:
        yield "autoconfig_domains is empty, so no mail program would find itself meant. Name the mail domains."
    for domain in domains:
        if wrong := names.domain(domain):
            yield f"autoconfig_domains: {domain!r} is no mail domain: {wrong}. Correct it."


def _servers(servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    kinds = {server["type"] for server in servers}
    if not kinds & _READING:
        yield "autoconfig_servers has none of type imap or pop3, so nobody could read mail. Add one."
    if "smtp" not in kinds:
        yield "autoconfig_servers has none of type smtp, so nobody could send mail. Add one."
    for server in servers:
        where = f"autoconfig_servers: {server['host']!r}"
        if wrong := names.domain(server["host"]):
            yield f"{where} is no full name: {wrong}. Programs check the certificate against it: give the full one."
        if not _port(server["port"]):
            yield f"{where} has the port {server['port']}. Use 1 to {_LAST_PORT}."


def _sts(policy: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the MTA-STS policy, if there is one."""
    if not policy["mode"]:
        return
    if not policy["servers"]:
        yield "autoconfig_sts_servers is empty, so nobody would send here. Name the servers of the MX records."
    for server in policy["servers"]:
        if wrong := names.domain(server):
            yield f"autoconfig_sts_servers: {server!r} is no full name: {wrong}. Others check certificates against it."
    if not _SHORTEST_AGE <= policy["max_age"] <= _LONGEST_AGE:
        yield (
            f"autoconfig_sts_max_age: {policy['max_age']} is not within {_SHORTEST_AGE} to {_LONGEST_AGE}. "
            "Use 604800, a week."
        )


def autoconfig_errors(settings: Mapping[str, Any]) -> list[str]:
    """What cannot work in the role autoconfig's values."""
    errors = [*_domains(settings["domains"]), *_servers(settings["servers"]), *_sts(settings["sts"])]
    if not settings["listen"]:
        errors.append("autoconfig_listen is empty, so nobody would be served. Name a port, such as 443.")
    for place in settings["listen"]:
        found = _LISTEN.fullmatch(place)
        if found is None or not _port(found[2]):
            errors.append(f"autoconfig_listen: {place!r} is neither a port nor address:port. Such as 443, or [::]:443.")
    if wrong := names.domain(settings["hostname"]):
        errors.append(
            f"autoconfig_hostname: {settings['hostname']!r} is no full name: {wrong}. Give it with its domain."
        )
    return errors
