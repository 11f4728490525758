# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name in DNS that leads to the PDC emulator. Private to this collection.

Samba's own update follows a move of the role within ten minutes. Until then clients would go to the former owner.
"""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import DEFAULT_TTL, Record, Zones
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore

_NAME = "_ldap._tcp.pdc"
_FORM = "0 100 389 {host}"
"""Priority, weight and port as in Samba's dns_update_list."""


def publish_pdc(configuration_file: str) -> None:
    """Have the name lead to this controller and to no other, on this controller; replication brings it to the rest."""
    zones, sam = DirectoryZones(configuration_file), SamStore(configuration_file).sam
    lead(zones, str(sam.forest_dns_name()).lower(), str(sam.host_dns_name()).lower())


def lead(zones: Zones, forest: str, host: str) -> bool:
    """Write the record where it is another; whether it was."""
    zone = f"_msdcs.{forest}"
    if zone not in zones.names():
        return False  # kept by another DNS server, which Samba tells
    held = zones.read(zone, _NAME)
    value = _FORM.format(host=host)
    others = [record for record in held if record.type != "SRV"]
    if [record.data for record in held if record.type == "SRV"] == [value]:
        return False
    ttl = next((record.ttl for record in held if record.type == "SRV"), DEFAULT_TTL)
    with zones.transaction():
        zones.write(zone, _NAME, [*others, Record(type="SRV", data=value, ttl=ttl)])
        zones.bump(zone)
    return True
