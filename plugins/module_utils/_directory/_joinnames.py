# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's names in DNS, by the list that Samba itself writes them from. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_LINE = re.compile(r"(?:\$\{(?P<only>IF_\w+)\})?(?P<kind>A|AAAA|CNAME|SRV)\s+(?P<name>\S+)\s+(?P<target>\S+)")
_OTHERS = frozenset({"IF_PDC", "IF_RODC", "IF_ROGC"})
"""Lines of what not every writable controller is."""
_WRITABLE = frozenset(
    {"IF_PDC", "IF_RWDC", "IF_RWGC", "IF_RWDNS_DOMAIN", "IF_RWDNS_FOREST", "IF_GC", "IF_DNS_DOMAIN", "IF_DNS_FOREST"}
)
"""Lines of what no read-only controller writes: it is found in its own site only, and not as a global catalog."""


class Name(NamedTuple):
    """A name and the type of its record."""

    name: str
    kind: str


def names(update_list: str, values: Mapping[str, str], *, read_only: bool = False) -> Iterator[Name]:
    """Read `dns_update_list`; `values` are those of its variables."""
    others = _WRITABLE if read_only else _OTHERS
    for line in update_list.splitlines():
        found = _LINE.match(line)
        if found and found["only"] not in others:
            yield Name(re.sub(r"\$\{(\w+)\}", lambda variable: values[variable[1]], found["name"]), found["kind"])
