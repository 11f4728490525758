# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the values of the role `tls_tunnel`."""

from __future__ import annotations

import binascii
import ipaddress
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from .._topology import names

Service: TypeAlias = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_END = re.compile(r"(?:\[(?P<inner>[^\[\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
_LISTEN = "127.0.0.1:6389 or [::1]:6389"
_TARGET = "mx1.example.com:6025, 198.51.100.3:6025 or [2001:db8::3]:6025"


def _end(text: str) -> tuple[str, int] | None:
    """Host and port of `host:port`; an IPv6 address stands in brackets, as its colons would be taken for the port's."""
    match = _END.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        return None
    if match["inner"] is not None and not _is_address(match["inner"], version=6):
        return None
    return match["inner"] or match["host"], int(match["port"])


def _is_address(text: str, *, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _is_name(text: str) -> bool:
    return not names.domain(text) and not text.rpartition(".")[2].isdigit()


def _names(service: Service, place: str) -> Iterator[str]:
    if not _NAME.fullmatch(service["name"]):
        yield (
            f"{place}.name: {service['name']!r} cannot name a section of stunnel's configuration; "
            "use up to 64 letters, digits, hyphens and underscores."
        )


def _ends(service: Service, place: str) -> Iterator[str]:
    listen = _end(service["listen"])
    if listen is None or not (_is_address(listen[0], version=4) or _is_address(listen[0], version=6)):
        yield f"{place}.listen: {service['listen']!r} is not an address with a port; write it like {_LISTEN}."
    if not service["connect"]:
        yield f"{place}.connect: is empty, so connections have nowhere to go; list at least one target like {_TARGET}."
    for target in service["connect"]:
        yield from _target(target, service, place)


def _target(target: str, service: Service, place: str) -> Iterator[str]:
    found = _end(target)
    if found is None or not (any(_is_address(found[0], version=v) for v in (4, 6)) or _is_name(found[0])):
        yield f"{place}.connect: {target!r} is not a host with a port; write it like {_TARGET}."
    elif target == service["listen"]:
        yield f"{place}.connect: {target} is where this end itself listens; write what connections are to come to."
    elif service["connect"].count(target) > 1:
        yield f"{place}.connect: {target} stands there more than once; list each target once, in order of preference."


def _peers(service: Service, place: str) -> Iterator[str]:
    pinned, known = service.get("peer_certificates") or [], service.get("peer_names") or []
    if not pinned and not known:
        yield (
            f"{place}.peer_names: is empty and so is peer_certificates, so anybody would be let in; "
            "give the names that the other ends' certificates carry, or those certificates."
        )
    if pinned and known:
        yield f"{place}.peer_names: is given beside peer_certificates, which admit nobody else; leave one of both out."
    for index, text in enumerate(pinned):
        if fault := _certificate(text):
            yield f"{place}.peer_certificates[{index}]: {fault}"
    for name in known:
        if not _is_name(name):
            yield f"{place}.peer_names: {name!r} is not a host name; write it as the certificate has it."


def _certificate(text: str) -> str:
    """What is wrong with a certificate; its text is not shown, as it may be a key by mistake."""
    if "PRIVATE KEY" in text:
        return "holds a private key, which has to stay on its host; give the other end's certificate."
    if text.count("-----BEGIN CERTIFICATE-----") != 1:
        return "is not one certificate in PEM; give what stands in the other end's certificate file, without its chain."
    try:
        ssl.PEM_cert_to_DER_cert(text.strip())
    except (ValueError, binascii.Error) as exc:
        return f"is not a certificate in PEM ({exc}); copy it again, whole."
    return ""


_RULES: tuple[Callable[[Service, str], Iterator[str]], ...] = (_names, _ends, _peers)


def _twice(services: Sequence[Service]) -> Iterator[str]:
    """What two services of a host cannot share."""
    for option in ("name", "listen"):
        counted = Counter(service[option] for service in services)
        for value in (value for value, times in counted.items() if times > 1):
            yield f"tls_tunnel_services: {option} {value} is used {counted[value]} times; each service needs its own."


def tls_tunnel_errors(services: Sequence[Service]) -> list[str]:
    """Every fault in `tls_tunnel_services`, each with variable, value, rule and remedy."""
    places = [(service, f"tls_tunnel_services[{index}]") for index, service in enumerate(services)]
    faults = [fault for service, place in places for rule in _RULES for fault in rule(service, place)]
    return [*faults, *_twice(services)]
