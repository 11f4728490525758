# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Samba's own tool says of a directory: an oracle that shares no code with the collection's modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from testinfra.host import Host

from .hosts import root_shell

_OWNER = re.compile(r"^(\w+) owner: CN=NTDS Settings,CN=([^,]+),", re.MULTILINE)
ROLES = {
    "SchemaMasterRole": "schema",
    "DomainNamingMasterRole": "naming",
    "RidAllocationMasterRole": "rid",
    "PdcEmulationMasterRole": "pdc",
    "InfrastructureMasterRole": "infrastructure",
    "DomainDnsZonesMasterRole": "domaindns",
    "ForestDnsZonesMasterRole": "forestdns",
}


def owners(host: Host) -> dict[str, str]:
    """The owner of each FSMO role, in the words of the collection's variables."""
    found = _OWNER.findall(root_shell(host, "samba-tool fsmo show"))
    return {ROLES[role]: name.lower() for role, name in found}


def has_group(host: Host, name: str) -> bool:
    """Whether the host's own database has a group."""
    return name in root_shell(host, "samba-tool group list").splitlines()


@contextmanager
def group(host: Host, name: str) -> Iterator[str]:
    """A group that is written into the host's own database, and removed there at the end."""
    root_shell(host, f"samba-tool group add {name}")
    try:
        yield name
    finally:
        root_shell(host, f"samba-tool group delete {name}")
