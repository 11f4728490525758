# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What argument specs cannot say about the role rspamd's values, and what follows from its block lists.

Every check returns texts of the form: variable, value, what is wrong with it, what to do about it. An empty list means
that nothing is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from .._topology import names
from .dkim import selector_error
from .settings import relay_network

_PUBLIC = (
    *("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"),  # Google
    *("1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3"),  # Cloudflare
    *("2606:4700:4700::1111", "2606:4700:4700::1001"),
    *("9.9.9.9", "9.9.9.10", "9.9.9.11", "149.112.112.112", "149.112.112.10", "149.112.112.11"),  # Quad9
    *("2620:fe::fe", "2620:fe::9"),
    *("208.67.222.222", "208.67.220.220", "2620:119:35::35", "2620:119:53::53"),  # OpenDNS
    *("94.140.14.14", "94.140.15.15"),  # AdGuard
    *("185.228.168.9", "185.228.169.9"),  # CleanBrowsing
    *("76.76.2.0", "76.76.10.0"),  # Control D
    *("4.2.2.1", "4.2.2.2", "64.6.64.6", "64.6.65.6"),  # Level3, Verisign
    *("77.88.8.8", "77.88.8.1"),  # Yandex
    *("8.26.56.26", "8.20.247.20"),  # Comodo
)
PUBLIC_RESOLVERS = frozenset(ip_address(text) for text in _PUBLIC)
"""Resolvers that everybody uses. Block lists count queries by who asks, so they refuse these."""
REFUSALS = ("127.255.255.252", "127.255.255.254", "127.255.255.255")
"""How lists say that they do not answer: wrong zone, public resolver, too many queries."""
_REFUSED = ip_network("127.255.255.0/24")
_ANSWERS = ip_network("127.0.0.0/8")
_NAMESERVER = re.compile(r"(?P<address>[0-9.]+):(?P<port>\d{1,5})")
_LAST_PORT = 65535


def public_resolvers(addresses: Iterable[str]) -> list[str]:
    """Those of the addresses that are public resolvers; what is no address is none."""
    return [text for text in addresses if _address(text.partition("%")[0]) in PUBLIC_RESOLVERS]


def _address(text: str) -> object:
    """The address, with or without a port; None where there is none."""
    found = _NAMESERVER.fullmatch(text)
    try:
        return ip_address(found["address"] if found else text)
    except ValueError:
        return None


def dnsbl_rows(lists: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lists as rspamd is to ask them: every answer that counts is a symbol with a score, a refusal one without."""
    return [_dnsbl_row(row) for row in lists]


def _dnsbl_row(row: Mapping[str, Any]) -> dict[str, Any]:
    symbol = "DNSBL_" + re.sub(r"[^A-Z0-9]+", "_", row["zone"].upper())
    answers = [
        {"symbol": f"{symbol}_{'_'.join(code.split('.')[2:])}", "codes": [code], "score": float(score)}
        for code, score in row["scores"].items()
    ]
    refused = {"symbol": f"{symbol}_REFUSED", "codes": list(REFUSALS), "score": 0.0}
    return {
        "zone": row["zone"],
        "symbol": symbol,
        "domains": row.get("lists") == "domains",
        "answers": [*answers, refused],
    }


def _twice(name: str, values: Sequence[str]) -> Iterator[str]:
    for value in sorted({v for v in values if values.count(v) > 1}):
        yield f"{name}: {value} is there more than once. Keep one."


def _domains(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from _twice("rspamd_domains", settings["domains"])
    for domain in settings["domains"]:
        if wrong := names.domain(domain) or ("" if domain == domain.lower() else "it has capital letters"):
            yield f"rspamd_domains: {domain!r} is no mail domain: {wrong}. Correct it."
    if wrong := selector_error(settings["selector"]):
        yield f"rspamd_selector: {settings['selector']!r} cannot stand in DNS: {wrong}. Use the host's short name."


def _networks(settings: Mapping[str, Any]) -> Iterator[str]:
    for value in settings["networks"]:
        if wrong := relay_network(value):
            yield f"rspamd_networks: mail of {value} must not be signed without a login, for {wrong} (MAIL-18)."
    for value in settings["inner_networks"]:
        try:
            ip_network(value)
        except ValueError as exc:
            yield f"rspamd_inner_networks: {value!r} is no network: {exc}. Write it as address/prefix."


def _nameservers(settings: Mapping[str, Any]) -> Iterator[str]:
    for value in settings["nameservers"]:
        found = _NAMESERVER.fullmatch(value)
        if _address(value) is None or (found and not 0 < int(found["port"]) <= _LAST_PORT):
            yield f"rspamd_nameservers: {value!r} is no name server. Give an address, or address:port of IPv4."


def _scores(settings: Mapping[str, Any]) -> Iterator[str]:
    reject, mark, greylist = (float(settings[f"{name}_score"]) for name in ("reject", "mark", "greylist"))
    if not 0 < greylist <= mark <= reject:
        yield (
            f"rspamd_greylist_score ({greylist:g}), rspamd_mark_score ({mark:g}) and rspamd_reject_score ({reject:g}) "
            "must be above 0 and not fall in this order: clean mail has a score near 0. Correct them."
        )
    if int(settings["processes"]) < 1:
        yield f"rspamd_processes: {settings['processes']} would judge nothing. Use 1 or more."


def _dnsbl(settings: Mapping[str, Any]) -> Iterator[str]:
    lists = settings["dnsbl_lists"]
    yield from _twice("rspamd_dnsbl_lists", [row["zone"] for row in lists])
    for row in lists:
        if wrong := names.domain(row["zone"]):
            yield f"rspamd_dnsbl_lists: {row['zone']!r} is no zone: {wrong}. Correct it."
        if not row["scores"]:
            yield f"rspamd_dnsbl_lists: {row['zone']} has no scores, so no answer counts. Give some, or remove it."
        for code, score in row["scores"].items():
            yield from _answer(row["zone"], str(code), score)


def _answer(zone: str, code: str, score: object) -> Iterator[str]:
    where = f"rspamd_dnsbl_lists: {zone}: {code}"
    address = _address(code)
    if not isinstance(address, IPv4Address) or address not in _ANSWERS:
        yield f"{where} is no answer of a block list. Those are addresses in 127.0.0.0/8."
    elif address in _REFUSED:
        yield f"{where} says that the list refuses to answer, not that anybody is listed. Remove it."
    try:
        float(str(score))
    except ValueError:
        yield f"{where} has the score {score!r}, which is no number. Correct it."


def rspamd_errors(settings: Mapping[str, Any]) -> list[str]:
    """What cannot work in the role rspamd's values."""
    return [
        *_domains(settings),
        *_networks(settings),
        *_nameservers(settings),
        *_scores(settings),
        *_dnsbl(settings),
    ]
