# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""This controller's names in DNS, asked for as any client does, and written by Samba's own program. Private."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import secrets
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinnames import Name, names
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import guid_text
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_SECONDS = 5.0
_UPDATE_SECONDS = 60
_IS_GC = 0x1
"""NTDSDSA_OPT_IS_GC ([MS-ADTS] 6.1.1.2.2.1.2.1.1)."""


class NoAnswer(ResourceError):
    """A DNS server does not answer."""


class OwnNames:
    """The names that Samba's `dns_update_list` gives this controller, and what DNS servers have of them."""

    def __init__(self, store: SamStore, configuration_file: str, site: str) -> None:
        """Nothing is asked yet; `site` is the one in which this controller is."""
        self._store = store
        self._file = configuration_file
        self.fqdn = str(store.sam.host_dns_name()).lower()
        self._site = site
        self.read_only = bool(store.sam.am_rodc())

    def address(self) -> str:
        """Where the own DNS server listens."""
        return self._addresses()[0]

    def _addresses(self) -> list[str]:
        return list(_bindings.samba.interface_ips(self._store.settings, False))

    def all(self) -> list[Name]:
        """Those that it should have: addresses of the kinds that it has itself."""
        kinds = {"CNAME", "SRV", *("AAAA" if ":" in own else "A" for own in self._addresses())}
        return [name for name in self._listed(self._site) if name.kind in kinds]

    def missing(self, server: str) -> list[str]:
        """Those that a DNS server does not have, or has for others only; raises NoAnswer."""
        own = {str(ipaddress.ip_address(address)) for address in self._addresses()}
        targets = {"A": own, "AAAA": own, "CNAME": {self.fqdn}, "SRV": {self.fqdn}}
        return [name.name for name in self.all() if not targets[name.kind] & _look_up(server, name)]

    def surplus(self, server: str, sites: Iterable[str]) -> list[str]:
        """The names of other sites under which a DNS server has this controller; raises NoAnswer."""
        if self.read_only:
            return []
        own = {name.name for name in self.all()}
        others = {name.name: None for site in sites for name in self._listed(site) if name.kind == "SRV"}
        return self.held(server, [name for name in others if name not in own])

    def held(self, server: str, services: Iterable[str]) -> list[str]:
        """Those of the SRV names under which a DNS server has this controller; raises NoAnswer."""
        return [name for name in services if self.fqdn in _look_up(server, Name(name, "SRV"))]

    def register(self) -> None:
        """By RPC to the own server; its exit status tells nothing, so the names are to be looked up again."""
        # A read-only controller asks a writable one, by a call of its own.
        way = [] if self.read_only else ["--use-samba-tool"]
        command = ["/usr/sbin/samba_dnsupdate", *way, f"--configfile={self._file}"]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=_UPDATE_SECONDS, check=False)

    def _listed(self, site: str) -> Iterator[Name]:
        listed = Path(str(self._store.settings.get("private dir"))) / "dns_update_list"
        values = {**self._values, "SITE": site}
        text = listed.read_text(encoding="utf-8")
        return names(text, values, read_only=self.read_only, global_catalog=self._is_global_catalog)

    @functools.cached_property
    def _is_global_catalog(self) -> bool:
        settings = self._store.read(str(self._store.sam.get_dsServiceName()), ["options"])
        return bool(settings and settings.number("options") & _IS_GC)

    @functools.cached_property
    def _values(self) -> dict[str, str]:
        sam = self._store.sam
        found = sam.search(base=sam.domain_dn(), scope=_bindings.ldb.SCOPE_BASE, attrs=["objectGUID"])[0]
        return {
            "HOSTNAME": self.fqdn,
            "NTDSGUID": str(sam.get_ntds_GUID()),
            "DNSDOMAIN": self._store.dns_domain,
            "DNSFOREST": str(sam.forest_dns_name()),
            "DOMAINGUID": guid_text(bytes(found["objectGUID"][0])),
        }


def _look_up(host: str, name: Name) -> set[str]:
    """What a DNS server answers, names in lower case."""
    from samba.dcerpc import dns

    kinds = {"A": dns.DNS_QTYPE_A, "AAAA": dns.DNS_QTYPE_AAAA, "CNAME": dns.DNS_QTYPE_CNAME, "SRV": dns.DNS_QTYPE_SRV}
    kind, question = kinds[name.kind], dns.name_question()
    question.name, question.question_type, question.question_class = name.name, kind, dns.DNS_QCLASS_IN
    packet = dns.name_packet()
    packet.id = secrets.randbits(16)
    packet.operation = dns.DNS_OPCODE_QUERY | dns.DNS_FLAG_RECURSION_DESIRED
    packet.qdcount, packet.questions = 1, [question]
    try:
        answer = _bindings.ndr_unpack(dns.name_packet, _exchange(host, _bindings.ndr_pack(packet)))
    except (OSError, RuntimeError) as exc:
        raise NoAnswer(f"The DNS server at {host} does not answer: {exc}.") from exc
    return {_value(record.rdata) for record in answer.answers if record.rr_type == kind}


def _value(data: Any) -> str:
    """A name in lower case, or an address in its short form: Samba writes all digits of IPv6 (RFC 5952)."""
    text = str(getattr(data, "target", data)).lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _exchange(host: str, request: bytes) -> bytes:
    """By TCP, as an answer may be long (RFC 7766)."""
    with socket.create_connection((host, 53), timeout=_SECONDS) as connection:
        connection.sendall(len(request).to_bytes(2, "big") + request)
        with connection.makefile("rb") as stream:
            return stream.read(int.from_bytes(stream.read(2), "big"))
