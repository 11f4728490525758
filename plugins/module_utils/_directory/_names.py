# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a domain, checked before Samba sees them: it accepts some that break later. Private to this collection."""

from __future__ import annotations

import ipaddress
import re

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_NETBIOS = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?\Z")
_RESERVED = frozenset(
    {"ANONYMOUS", "BATCH", "BUILTIN", "DIALUP", "DOMAIN", "ENTERPRISE", "INTERACTIVE", "INTERNET", "LOCAL", "NETWORK"}
    | {"NULL", "PROXY", "RESTRICTED", "SELF", "SERVER", "SERVICE", "SYSTEM", "USERS", "WORLD", "WORKGROUP"}
)
"""Names that Windows keeps for itself: Microsoft, "Naming conventions in Active Directory"."""


def dns_name_fault(name: str) -> str | None:
    """Why `name` cannot be a domain's DNS name, or None (RFC 1123; AD allows 64 characters)."""
    labels = name.split(".")
    if len(labels) < 2:
        return "it has a single label; a domain needs at least two, such as corp.example.test"
    if len(name) > 64:
        return f"it has {len(name)} characters; Active Directory allows 64"
    bad = [label for label in labels if not _LABEL.match(label)]
    if bad:
        return f"the label '{bad[0]}' is not made of letters, digits and inner hyphens (1 to 63 characters)"
    return "its last label is a number" if labels[-1].isdigit() else None


def netbios_name_fault(name: str) -> str | None:
    """Why `name` cannot be a NetBIOS name of a domain or host, or None (15 characters, no dot)."""
    if len(name) > 15:
        return f"it has {len(name)} characters; NetBIOS allows 15"
    if not _NETBIOS.match(name):
        return "it must be made of letters, digits and inner hyphens, not of digits alone"
    return "the name is reserved by Windows" if name.upper() in _RESERVED else None


def site_name_fault(name: str) -> str | None:
    """Why `name` cannot be a site's name, or None (it becomes a DNS label of the SRV records)."""
    if _LABEL.match(name):
        return None
    return "it must be one DNS label: letters, digits and inner hyphens, at most 63 characters"


def host_address_fault(address: str, *, version: int) -> str | None:
    """Why `address` cannot stand in DNS for this host, or None."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"it is not an IPv{version} address"
    if parsed.version != version:
        return f"it is not an IPv{version} address"
    if parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast or parsed.is_link_local:
        return "other hosts cannot reach it (loopback, unspecified, multicast or link-local)"
    return None
