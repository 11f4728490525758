# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's names by the DNS servers of all controllers, and their exchange. Private to this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from ansible_collections.mailforest.stack.plugins.module_utils._directory._dcnames import Seen, Survey
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import Zones, relative
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dnsdb import DirectoryZones
from ansible_collections.mailforest.stack.plugins.module_utils._directory._ownnames import NoAnswer, OwnNames
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError


class _Replication(DirectoryReplication):
    def names(self, configuration_file: str) -> OwnNames:
        """This controller's names in DNS."""
        return OwnNames(self._store, configuration_file, self.site)


class DirectoryNames:
    """See `_dcnames.Naming`."""

    def __init__(self, configuration_file: str) -> None:
        """Open the own directory."""
        self._file = configuration_file
        self._replication = _Replication(configuration_file)
        self._names = self._replication.names(configuration_file)
        self.own = self._replication.own
        self._surplus: dict[str, None] = {}

    def survey(self) -> Survey:
        """Names of other sites are looked for in the own DNS; elsewhere those that were there once."""
        sites = sorted({member.site for member in self._replication.layout().members} - {self._replication.site})
        address = self._names.address()
        try:
            found = self._names.surplus(address, sites)
            missing = self._names.missing(address)
        except NoAnswer as exc:
            raise NotYetKnowable(f"{exc} Start samba-ad-dc.") from exc
        self._surplus |= dict.fromkeys(found)
        seen = {self.own: Seen(missing=tuple(missing), surplus=tuple(found))}
        silent = {}
        # What a read-only controller writes, it has others write.
        for other in [] if self._names.read_only else self._replication.controllers():
            try:
                seen[other.name] = Seen(
                    missing=tuple(self._names.missing(other.fqdn)),
                    surplus=tuple(self._names.held(other.fqdn, self._surplus)),
                )
            except NoAnswer as exc:
                silent[other.name] = str(exc)
        return Survey(seen=seen, silent=silent)

    def mend(self, seen: Seen) -> None:
        """What others wrote lately is brought here before; Samba removes only what it remembers to have written."""
        self._replication.pull()
        if seen.missing:
            self._names.register()
        if seen.surplus:
            withdraw(DirectoryZones(self._file), self._names.fqdn, seen.surplus)

    def exchange(self, others: list[str]) -> None:
        """One that cannot be asked is seen as wrong in the next round."""
        for other in self._replication.controllers():
            if other.name in others:
                with contextlib.suppress(ResourceError):
                    self._replication.ask(other)
        self._replication.pull()


def withdraw(zones: Zones, fqdn: str, services: Iterable[str]) -> None:
    """Remove a host's SRV records, and no other host's, of these names."""
    for service in services:
        zone = max((each for each in zones.names() if service.lower().endswith(f".{each}")), key=len, default="")
        if not zone:
            continue  # kept by another DNS server
        held = zones.read(zone, relative(service, zone))
        rest = [each for each in held if not (each.type == "SRV" and each.data.split()[-1].rstrip(".") == fqdn)]
        if rest != held:
            with zones.transaction():
                zones.write(zone, relative(service, zone), rest)
                zones.bump(zone)
