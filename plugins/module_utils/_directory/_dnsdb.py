# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS zones and records in the local sam.ldb ([MS-DNSP] 2.3.2.2 DnsRecord). Private to this collection.

Written to the database and not by remote calls: works whether Samba runs or not, in one transaction, without a ticket.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _dns
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import Record
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Operation,
    Values,
    encode,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

try:
    from samba.dcerpc import dnsp, irpc, security
except ImportError:
    dnsp = irpc = security = None

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
_NAMES = {number: name for name, number in _TYPES.items()}
_TOMBSTONE = 0
_RANK_ZONE = 240
_EPOCH = 11644473600
"""Seconds from 1601, where Windows counts from, to 1970."""
_NOT_RUNNING = (0xC00000AD, 0xC0000034)
"""NT_STATUS_INVALID_PIPE_STATE and NT_STATUS_OBJECT_NAME_NOT_FOUND: nobody answers to the name."""
_HOURS_OF_A_WEEK = 168
_PROPERTIES = {1: 1, 2: 2, 8: 0, 16: _HOURS_OF_A_WEEK, 32: _HOURS_OF_A_WEEK, 64: 0, 18: 0}
"""Of a new zone ([MS-DNSP] 2.3.2.1.1): primary, secure updates, secure since never, no-refresh and refresh interval,
no aging, no next aging. The same as provisioning gives the domain's own zone."""
_OPTIONS = {"dynamic_update": 2, "no_refresh_interval": 16, "refresh_interval": 32, "aging": 64}
_UPDATES = {"none": 0, "secure": 2}
_RIGHTS = (
    "O:SYG:BAD:AI(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;CC;;;AU)(A;;RPLCLORC;;;WD)"
    "(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;CI;RPWPCRCCDCLCRCWOWDSDDTSW;;;ED)"
    "(A;CIID;RPWPCRCCDCLCRCWOWDSDDTSW;;;{dns_admins})(A;CIID;RPWPCRCCDCLCRCWOWDSDDTSW;;;ED)"
    "(OA;CIID;RPWPCR;91e647de-d96f-4b70-9557-d63ff4f3ccd8;;PS)(A;CIID;RPWPCRCCDCLCLORCWOWDSDDTSW;;;EA)"
    "(A;CIID;LC;;;RU)(A;CIID;RPWPCRCCLCLORCWOWDSDSW;;;BA)S:AI"
)
"""Who may do what with a new zone; the same as Samba's provisioning sets."""


class DirectoryZones:
    """The zones in the partitions DomainDnsZones and ForestDnsZones."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory and list its zones."""
        self._store = SamStore(configuration_file)
        self._domain = f"CN=MicrosoftDNS,DC=DomainDnsZones,{self._store.domain_dn}"
        forest = f"CN=MicrosoftDNS,DC=ForestDnsZones,{self._store.sam.get_root_basedn()}"
        self._dns: dict[str, str] = {}
        for base in (forest, self._domain):
            if self._store.read(base, ["cn"]) is None:
                continue
            for entry in self._store.find({"objectClass": "dnsZone"}, attributes=["dc"], base=base, children=True):
                self._dns[(entry.text("dc") or "").lower()] = entry.dn

    def names(self) -> list[str]:
        """The zones, without the root hints and trust anchors that are no zones to anybody."""
        return sorted(name for name in self._dns if name not in ("rootdnsservers", "..trustanchors"))

    def protected(self) -> list[str]:
        """The domain's zone and that of the forest's locator records."""
        forest = str(self._store.sam.forest_dns_name()).lower()
        return [self._store.dns_domain.lower(), f"_msdcs.{forest}"]

    def _node(self, zone: str, name: str) -> str:
        return self._store.child(self._dns[zone], "DC", name)

    def read(self, zone: str, name: str) -> list[Record]:
        """Unpack what stands at the name; a tombstone is nothing."""
        entry = self._store.read(self._node(zone, name), ["dnsRecord", "dNSTombstoned"])
        if entry is None or entry.text("dNSTombstoned") == "TRUE":
            return []
        records = (_unpack(raw) for raw in entry.values("dnsRecord"))
        return [record for record in records if record.type != f"TYPE{_TOMBSTONE}"]

    def write(self, zone: str, name: str, records: Sequence[Record]) -> None:
        """Replace what stands at the name; a name without records stays as a tombstone ([MS-DNSP] 3.1.1.1.1)."""
        dn = self._node(zone, name)
        values: Values = tuple(_packed(record) for record in records) or (_tombstone(),)
        if self._store.read(dn, ["objectGUID"]) is None:
            self._store.add(dn, {"objectClass": (b"top", b"dnsNode"), "dnsRecord": values})
            return
        buried = encode(not records)
        self._store.modify(dn, (_replace("dnsRecord", values), _replace("dNSTombstoned", (buried,))))

    def create(self, zone: str) -> None:
        """As provisioning makes the domain's own zone: secure updates, rights of DnsAdmins, SOA and NS."""
        self._dns[zone] = self._store.child(self._domain, "DC", zone)
        properties = tuple(_bindings.ndr_pack(_property(number, value)) for number, value in _PROPERTIES.items())
        self._store.add(
            self._dns[zone],
            {
                "objectClass": (b"top", b"dnsZone"),
                "nTSecurityDescriptor": (self._rights(),),
                "dNSProperty": properties,
            },
        )
        server = str(self._store.sam.host_dns_name()).lower()
        values = (_start(server, f"hostmaster.{zone}"), _packed(Record(type="NS", data=server, ttl=_dns.DEFAULT_TTL)))
        self._store.add(self._node(zone, "@"), {"objectClass": (b"top", b"dnsNode"), "dnsRecord": values})

    def _rights(self) -> bytes:
        sam = self._store.sam
        found = self._store.find({"sAMAccountName": "DnsAdmins"}, attributes=["objectSid"])
        if not found:
            raise ResourceError(
                "The domain has no group DnsAdmins, which a zone gives rights to. Nothing was changed."
                " Check that the domain was made with Samba's internal DNS."
            )
        admins = sam.schema_format_value("objectSid", found[0].values("objectSid")[0]).decode()
        sddl = _RIGHTS.format(dns_admins=admins)
        return bytes(_bindings.ndr_pack(security.descriptor.from_sddl(sddl, security.dom_sid(sam.get_domain_sid()))))

    def delete(self, zone: str) -> None:
        """With all that is in it."""
        self._store.delete(self._dns.pop(zone), tree=True)

    def properties(self, zone: str) -> dict[str, Any]:
        """Those with an option; an update that is neither is told as Samba's number."""
        held = {int(value.id): value.data for value in self._held(zone)}
        found: dict[str, Any] = {name: int(held[number]) for name, number in _OPTIONS.items() if number in held}
        if "aging" in found:
            found["aging"] = bool(found["aging"])
        words = {number: word for word, number in _UPDATES.items()}
        if "dynamic_update" in found:
            found["dynamic_update"] = words.get(found["dynamic_update"], found["dynamic_update"])
        return found

    def _held(self, zone: str) -> list[Any]:
        entry = self._store.read(self._dns[zone], ["dNSProperty"])
        return [_bindings.ndr_unpack(dnsp.DnsProperty, raw) for raw in entry.values("dNSProperty")] if entry else []

    def set_properties(self, zone: str, properties: Mapping[str, Any]) -> None:
        """The others go back as they were."""
        wanted = {_OPTIONS[name]: int(_UPDATES.get(value, value)) for name, value in properties.items()}
        kept = [value for value in self._held(zone) if int(value.id) not in wanted]
        made = [*kept, *(_property(number, value) for number, value in wanted.items())]
        values = tuple(bytes(_bindings.ndr_pack(value)) for value in made)
        self._store.modify(self._dns[zone], (_replace("dNSProperty", values),))

    def bump(self, zone: str) -> None:
        """One more, as Samba's DNS server does with its own updates."""
        dn = self._node(zone, "@")
        entry = self._store.read(dn, ["dnsRecord"])
        records = (
            [_bindings.ndr_unpack(dnsp.DnssrvRpcRecord, raw) for raw in entry.values("dnsRecord")] if entry else []
        )
        for record in records:
            if record.wType == _TYPES["SOA"]:
                soa = record.data
                soa.serial = soa.serial % 0xFFFFFFFF + 1
                record.data = soa
                record.dwSerial = soa.serial
        if records:
            values = tuple(_bindings.ndr_pack(record) for record in records)
            self._store.modify(dn, (_replace("dnsRecord", values),))

    def reload(self) -> None:
        """Tell Samba's DNS server, if it runs; one that does not run reads the list at its start.

        The last thing this object does: with a written database still open in the process, the call crashes.
        """
        self._store.close()
        try:
            irpc.irpc("irpc:dnssrv", self._store.settings).dnssrv_reload_dns_zones()
        except _bindings.samba.NTSTATUSError as exc:
            if exc.args[0] not in _NOT_RUNNING:
                raise ResourceError(
                    f"The zones are in the directory, but Samba's DNS server does not take them up: {exc}."
                    " It serves them after a restart of samba-ad-dc."
                ) from exc

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()


def _unpack(raw: bytes) -> Record:
    record = _bindings.ndr_unpack(dnsp.DnssrvRpcRecord, raw)
    kind = _NAMES.get(int(record.wType), f"TYPE{int(record.wType)}")
    return Record(type=kind, data=_data_text(kind, record.data, raw), ttl=int(record.dwTtlSeconds), raw=raw)


def _data_text(kind: str, data: Any, raw: bytes) -> str:
    if kind == "MX":
        return f"{data.wPriority} {_dns_name(data.nameTarget)}"
    if kind == "SRV":
        return f"{data.wPriority} {data.wWeight} {data.wPort} {_dns_name(data.nameTarget)}"
    if kind == "TXT":
        return "".join(data.str)
    if kind in ("A", "AAAA"):
        return str(ipaddress.ip_address(str(data)))
    return _dns_name(data) if kind in ("NS", "CNAME", "PTR") else raw.hex()


def _dns_name(name: Any) -> str:
    return str(name).lower().removesuffix(".")


def _replace(attribute: str, values: Values) -> Change:
    return Change(operation=Operation.REPLACE, attribute=attribute, values=values)


def _tombstone() -> bytes:
    made = dnsp.DnssrvRpcRecord()
    made.wType = _TOMBSTONE
    made.dwSerial = 1
    made.data = int((time.time() + _EPOCH) * 10**7)
    return bytes(_bindings.ndr_pack(made))


def _packed(record: Record) -> bytes:
    """A record of ours is made; one that was there goes back as it was."""
    if record.raw is not None:
        return record.raw
    made = dnsp.DnssrvRpcRecord()
    made.wType = _TYPES[record.type]
    made.rank = _RANK_ZONE
    made.dwTtlSeconds = record.ttl
    made.dwSerial = 1
    made.data = _data(record)
    return bytes(_bindings.ndr_pack(made))


def _property(number: int, value: int) -> Any:
    made = dnsp.DnsProperty()
    made.wDataLength = 1 if number in (1, 2) else 4
    made.version = 1
    made.id = number
    made.data = value
    return made


def _start(server: str, contact: str) -> bytes:
    soa = dnsp.soa()
    soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum = 1, 900, 600, 86400, 3600
    soa.mname, soa.rname = server, contact
    made = dnsp.DnssrvRpcRecord()
    made.wType, made.rank, made.dwTtlSeconds, made.dwSerial, made.data = _TYPES["SOA"], _RANK_ZONE, 3600, 1, soa
    return bytes(_bindings.ndr_pack(made))


def _data(record: Record) -> Any:
    parts = record.data.split()
    if record.type == "MX":
        mail = dnsp.mx()
        mail.wPriority, mail.nameTarget = int(parts[0]), parts[1]
        return mail
    if record.type == "SRV":
        service = dnsp.srv()
        service.wPriority, service.wWeight, service.wPort = (int(part) for part in parts[:3])
        service.nameTarget = parts[3]
        return service
    if record.type == "TXT":
        strings = dnsp.string_list()
        texts = _dns.chunks(record.data)
        strings.count = len(texts)  # First: the binding takes no more strings than this says.
        strings.str = texts
        return strings
    return record.data
