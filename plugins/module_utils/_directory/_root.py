# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain controller tells anybody in its rootDSE. Private to this collection."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb

LDAP = 389
_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Root:
    """Its name, its domain, and how far its clock is ahead of ours, in seconds."""

    fqdn: str
    dns_name: str
    skew: float


def is_open(address: str, port: int) -> bool:
    """Whether a connection is accepted, within some seconds; LDAP's own library would wait for minutes."""
    try:
        socket.create_connection((address, port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True


def read(settings: Any, host: str) -> Root | None:
    """Ask without a password; None = no domain controller answers."""
    from samba.credentials import Credentials

    if not is_open(host, LDAP):
        return None
    anonymous = Credentials()
    anonymous.guess(settings)
    anonymous.set_anonymous()
    try:
        root = _bindings.samba.Ldb(url=f"ldap://{host}", lp=settings, credentials=anonymous).search(
            base="", scope=ldb.SCOPE_BASE, attrs=["dnsHostName", "defaultNamingContext", "currentTime"]
        )[0]
        return Root(
            fqdn=str(root["dnsHostName"][0]).lower(),
            dns_name=str(root["defaultNamingContext"][0]).lower().replace("dc=", "").replace(",", "."),
            skew=ldb.string_to_time(str(root["currentTime"][0])) - time.time(),
        )
    except (ldb.LdbError, KeyError):
        return None
