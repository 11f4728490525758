# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the forest is laid out, as one controller's own database says. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry

_LEVEL = "msDS-Behavior-Version"
_GLOBAL_CATALOG, _NO_REPLICATION = 0x1, 0x2 | 0x4
"""Options of a controller's NTDS settings; it may be told neither to take changes nor to give them."""
_DISABLED = "(&(objectCategory=person)(objectClass=user)(userAccountControl:1.2.840.113556.1.4.803:=2))"


class Layout:
    """Sites, subnets, links, servers, levels, and the users that may not log in."""

    def __init__(self, store: SamStore) -> None:
        """Nothing is read yet."""
        self._store = store
        self._configuration = str(store.sam.get_config_basedn())
        self._sites_dn = f"CN=Sites,{self._configuration}"

    def read(self) -> dict[str, Any]:
        """All of it, names in lower case."""
        servers = self._servers()
        return {
            "sites": sorted((entry.text("cn") or "").lower() for entry in self._of("site", "cn")),
            "subnets": {
                (entry.text("cn") or ""): self._name(entry.text("siteObject") or "")
                for entry in self._of("subnet", "siteObject")
            },
            "links": {
                (entry.text("cn") or "").lower(): {
                    "sites": sorted(self._name(value.decode()) for value in entry.values("siteList")),
                    "cost": entry.number("cost"),
                    "interval": entry.number("replInterval"),
                }
                for entry in self._of("siteLink", "siteList", "cost", "replInterval")
            },
            "servers": servers,
            "levels": {
                "domain": self._number(self._store.domain_dn),
                "forest": self._number(f"CN=Partitions,{self._configuration}"),
            },
            "disabled": self._disabled(),
        }

    def _of(self, kind: str, *attributes: str) -> list[Entry]:
        return self._store.find({"objectClass": kind}, attributes=["cn", *attributes], base=self._sites_dn)

    def _name(self, dn: str) -> str:
        return self._store.rdn_value(dn).lower() if dn else ""

    def _number(self, dn: str) -> int:
        entry = self._store.read(dn, [_LEVEL])
        return entry.number(_LEVEL) if entry else 0

    def _servers(self) -> dict[str, dict[str, Any]]:
        """Those that are domain controllers: they have settings below them."""
        found = {}
        for settings in self._of("nTDSDSA", "options", _LEVEL):
            server = self._store.parent(settings.dn)
            site = self._store.parent(self._store.parent(server))
            found[self._name(server)] = {
                "site": self._name(site),
                "global_catalog": bool(settings.number("options") & _GLOBAL_CATALOG),
                "replicates": not settings.number("options") & _NO_REPLICATION,
                "level": settings.number(_LEVEL),
            }
        return found

    def _disabled(self) -> list[str]:
        base = self._store.domain_dn
        found = self._store.query(_DISABLED, attributes=["sAMAccountName"], base=base, scope="subtree")
        return sorted((entry.text("sAMAccountName") or "").lower() for entry in found)
