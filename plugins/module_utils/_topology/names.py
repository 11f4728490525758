# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names are legal. Each function returns what is wrong with a name, or an empty text.

Samba accepts much that no client can use (a space in the realm, a dot in the NetBIOS name, a host name of 26
characters, a user name of 21), so these checks are stricter than Samba's own.
"""

from __future__ import annotations

import re

NETBIOS_LENGTH = 15
SAM_USER_LENGTH = 20
SAM_GROUP_LENGTH = 64
_DNS_LENGTH = 253
_LABEL_LENGTH = 63
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_NETBIOS = re.compile(r"[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?")
_SAM_ILLEGAL = frozenset('"/\\[]:;|=,+*?<>@')
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SIZE = re.compile(r"0|[1-9]\d{0,14}|[1-9]\d{0,6}[KMGT]")
_RECORD_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)


def _labels(name: str, pattern: re.Pattern[str]) -> str:
    """What is wrong with one of the labels of a dotted name."""
    if len(name) > _DNS_LENGTH:
        return f"it has {len(name)} characters, DNS allows {_DNS_LENGTH}"
    for label in name.split("."):
        if not label:
            return "it has an empty label (two dots in a row, or a dot at an end)"
        if len(label) > _LABEL_LENGTH:
            return f"its label '{label}' has {len(label)} characters, DNS allows {_LABEL_LENGTH}"
        if not pattern.fullmatch(label):
            return f"its label '{label}' may hold only a-z, 0-9 and hyphens within (international names as xn--...)"
    return ""


def domain(name: str) -> str:
    """A DNS domain of two labels or more: a mail domain, a zone. Its last label is no number (RFC 3696, section 2)."""
    if why := _labels(name, _LABEL):
        return why
    parent, _dot, last = name.rpartition(".")
    if not parent:
        return "it is a single label"
    return f"its last label '{last}' is a number, as in an address" if last.isdigit() else ""


def hostname(name: str) -> str:
    """A host name: one label that is a legal NetBIOS name too."""
    if "." in name:
        return "it has a dot: the domain comes from the realm"
    if len(name) > NETBIOS_LENGTH:
        return f"it has {len(name)} characters, NetBIOS allows {NETBIOS_LENGTH}"
    if name.isdigit():
        return "it has digits only"
    if name != name.lower():
        return "it has capital letters"
    return _labels(name, _LABEL)


def realm(name: str) -> str:
    """A Kerberos realm that is a DNS domain in capital letters."""
    return domain(name) or ("" if name == name.upper() else "it is not in capital letters")


def netbios(name: str) -> str:
    """The domain's NetBIOS name."""
    if len(name) > NETBIOS_LENGTH:
        return f"it has {len(name)} characters, NetBIOS allows {NETBIOS_LENGTH}"
    if name.isdigit():
        return "it has digits only"
    return "" if _NETBIOS.fullmatch(name) else "it may hold only A-Z, 0-9 and hyphens within"


def account(name: str, *, limit: int = SAM_USER_LENGTH) -> str:
    """A sAMAccountName, which is the object's common name here as well."""
    if len(name) > limit:
        return f"it has {len(name)} characters, the directory allows {limit}"
    bad = sorted({character for character in name if character in _SAM_ILLEGAL or not character.isprintable()})
    if bad:
        return f"it holds {' '.join(bad)!r}, which the directory does not allow"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space, or ends with a dot"
    return ""


def email(address: str) -> str:
    """An e-mail address whose domain can be looked up in DNS."""
    local, separator, host = address.rpartition("@")
    if not separator or not local:
        return "it is not of the form name@domain"
    if len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        return "the part before @ holds characters that need quoting, or is longer than 64"
    return domain(host)


def size(value: str) -> str:
    """How much a mailbox may hold."""
    return "" if _SIZE.fullmatch(value) else "it is not a number with K, M, G or T, such as 2G, nor 0 for no limit"


def size_in_bytes(value: str) -> int:
    """A legal size as a number."""
    digits = value.rstrip("KMGT")
    return int(digits) << 10 * " KMGT".index(value[len(digits) :] or " ")


def record_name(name: str) -> str:
    """The name of a DNS record below its zone: `@`, `*` at the front, underscores allowed."""
    if name == "@":
        return ""
    rest = name.removeprefix("*.") if name != "*" else ""
    return _labels(rest, _RECORD_LABEL) if rest else ""


def record_target(name: str) -> str:
    """A host that a DNS record points to, with or without the final dot."""
    return _labels(name.removesuffix("."), _RECORD_LABEL)
