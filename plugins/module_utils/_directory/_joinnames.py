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
_CATALOG = frozenset({"IF_GC", "IF_RWGC"})
_READ_ONLY = frozenset({None, "IF_DC"})
"""Lines of every controller. A read-only one's call to have its service records written
(DsrUpdateReadOnlyServerDnsRecords) is refused by Samba's writable ones, so that none can be waited for."""


class Name(NamedTuple):
    """A name and the type of its record."""

    name: str
    kind: str


def names(
    update_list: str, values: Mapping[str, str], *, read_only: bool = False, global_catalog: bool = True
) -> Iterator[Name]:
    """Read `dns_update_list`; `values` are those of its variables."""
    for line in update_list.splitlines():
        found = _LINE.match(line)
        if found is None or found["only"] in _OTHERS or (read_only and not _is_basic(found["only"], found["kind"])):
            continue
        if found["only"] in _CATALOG and not global_catalog:
            continue
        yield Name(re.sub(r"\$\{(\w+)\}", lambda variable: values[variable[1]], found["name"]), found["kind"])


def _is_basic(only: str | None, kind: str) -> bool:
    return only in _READ_ONLY and kind != "SRV"
