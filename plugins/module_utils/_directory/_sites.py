# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites, subnets, site links and the place of domain controllers. Private to this collection.

Samba accepts much here that breaks later, so it is checked first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._names import site_name_fault
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sites_objects import (
    SiteObjects,
    SiteStore,
    Target,
    Wish,
    fail,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Values, encode, guid_dn
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, State, Step

_DEFAULT_COST = 100
_DEFAULT_INTERVAL = 180
_INTERVALS = range(15, 10081)
_USE_NOTIFY = 0x1
_SCHEDULE = (
    "a schedule on a site link stops Samba's topology generator (KCC) on every domain controller, so that no new"
    " replication partners are found; leave it out, and use the cost and the frequency"
)


class Sites(SiteObjects):
    """The resource of the module `site`."""

    object_class = "site"
    attributes = ("description",)
    parts = (("NTDS Site Settings", "nTDSSiteSettings"), ("Servers", "serversContainer"))

    def container(self) -> str:
        """Sites are side by side."""
        return self._store.sites_dn

    def wish_faults(self, wish: Wish) -> Iterable[str]:
        """The name is part of DNS names, which Samba does not check."""
        fault = site_name_fault(wish["name"]) if wish["name"] is not None else None
        if fault:
            yield f"this is no name of a site: {fault}"

    def removal_faults(self, entry: Entry) -> Iterable[str]:
        """Samba would let subnets and links lose their site without a word."""
        key = self._store.key(entry.dn)
        inside = self._store.find({"objectClass": "server"}, attributes=["cn"], base=entry.dn)
        if inside:
            yield f"it holds the domain controllers {_names(inside)}; move them with mailforest.stack.site_server"
        for object_class, attribute, module in (
            ("subnet", "siteObject", "site_subnet"),
            ("siteLink", "siteList", "site_link"),
        ):
            found = self._store.find(
                {"objectClass": object_class}, attributes=["cn", attribute], base=self._store.sites_dn
            )
            users = [
                item
                for item in found
                if key in [self._store.key(value.decode("utf-8", "replace")) for value in item.values(attribute)]
            ]
            if users:
                yield f"it is named by {_names(users)}; change or remove these first with mailforest.stack.{module}"

    def compare(self, target: Target) -> None:
        """The description only."""
        self.set_text(target, "description", "description")


class Subnets(SiteObjects):
    """The resource of the module `site_subnet`."""

    object_class = "subnet"
    attributes = ("siteObject", "location", "description")

    def container(self) -> str:
        """All subnets are in one place."""
        return self._store.child(self._store.sites_dn, "CN", "Subnets")

    def wish_faults(self, wish: Wish) -> Iterable[str]:
        """One form per network, without which the same one could be there twice."""
        name = wish["name"]
        if name is None:
            return
        try:
            network = ipaddress.ip_network(name)
        except ValueError as exc:
            yield f"it is no subnet: {exc}; give network and prefix length such as 198.51.100.0/24"
            return
        if str(network) != name:
            yield f"write it as '{network}'"

    def compare(self, target: Target) -> None:
        """Its site, and the texts."""
        site = target.wish.get("site")
        if site:
            self.set_sites(target, "site", "siteObject", self.site_dns([site]), single=True)
        self.set_text(target, "location", "location")
        self.set_text(target, "description", "description")


class Links(SiteObjects):
    """The resource of the module `site_link`."""

    object_class = "siteLink"
    attributes = ("siteList", "cost", "replInterval", "options", "schedule", "description")

    def container(self) -> str:
        """Samba replicates by IP only."""
        transports = self._store.child(self._store.sites_dn, "CN", "Inter-Site Transports")
        return self._store.child(transports, "CN", "IP")

    def wish_faults(self, wish: Wish) -> Iterable[str]:
        """What Samba accepts although it makes no sense."""
        name = wish["name"]
        if name is not None and not (0 < len(name) <= 64 and name.isprintable()):
            yield "a name has 1 to 64 printable characters"
        if wish.get("state") == "absent":
            return
        if wish.get("schedule") is not None:
            yield _SCHEDULE
        sites = wish.get("sites_included")
        if sites is not None and len({site.lower() for site in sites}) < 2:
            yield "a link joins two or more different sites; give them in `sites_included`"
        cost, interval = wish.get("cost"), wish.get("replication_frequency")
        if cost is not None and not 1 <= cost <= 99999:
            yield f"cost {cost} is not from 1 to 99999"
        if interval is not None and interval not in _INTERVALS:
            yield f"replication_frequency {interval} is not from {_INTERVALS[0]} to {_INTERVALS[-1]} minutes"

    def compare(self, target: Target) -> None:
        """Its sites and numbers. A schedule that somebody left there goes."""
        wish, new = target.wish, target.entry is None
        sites = wish.get("sites_included")
        if sites is None and new:
            fail([f"'{target.label}' is new; give the sites that it joins in `sites_included`"])
        if sites is not None:
            self.set_sites(target, "sites_included", "siteList", self.site_dns(sites))
        self._set_number(target, "cost", "cost", wish.get("cost") or (_DEFAULT_COST if new else None))
        interval = wish.get("replication_frequency") or (_DEFAULT_INTERVAL if new else None)
        self._set_number(target, "replication_frequency", "replInterval", interval)
        self._set_notify(target)
        self.set_text(target, "description", "description")
        self.set_value(target, "schedule", "schedule", (), tell=lambda values: "set" if values else None)

    def _set_number(self, target: Target, option: str, attribute: str, number: int | None) -> None:
        if number is not None:
            self.set_value(target, option, attribute, (encode(number),), tell=_number)

    def _set_notify(self, target: Target) -> None:
        wanted = target.wish.get("notify")
        if wanted is None:
            return
        old = target.entry.number("options") if target.entry else 0
        number = old | _USE_NOTIFY if wanted else old & ~_USE_NOTIFY
        if number != old:
            self.set_value(
                target, "notify", "options", (encode(number),), tell=lambda values: _has_bit(values, _USE_NOTIFY)
            )


class Servers(SiteObjects):
    """The resource of the module `site_server`: which site a domain controller is in."""

    object_class = "server"

    def __init__(self, store: SiteStore, wishes: Sequence[Wish], *, single: bool, ignore_missing: bool) -> None:
        """`ignore_missing` = controllers that have not joined yet are passed over."""
        super().__init__(store, wishes, single=single)
        self._ignore_missing = ignore_missing
        self.missing: list[str] = []

    def wish_faults(self, wish: Wish) -> Iterable[str]:
        """Names are looked up."""
        return ()

    def _target(self, wish: Wish) -> Target:
        name = wish["name"].split(".")[0]
        entry = self.find(name)
        dn = ""
        if entry:
            servers = self._store.child(self.site_dns([wish["site"]])[0], "CN", "Servers")
            same = self._store.key(self._store.parent(entry.dn)) == self._store.key(servers)
            dn = entry.dn if same else self._store.child(servers, "CN", self._store.rdn_value(entry.dn))
        return Target(label=name.lower(), wish=wish, entry=entry, dn=dn)

    def find(self, identity: str) -> Entry | None:
        """A controller has a server object with its short name, in whichever site."""
        found = self._store.find(
            {"objectClass": "server", "cn": identity}, attributes=("objectGUID",), base=self._store.sites_dn
        )
        if len(found) > 1:
            places = ", ".join(entry.dn for entry in found)
            fail([f"'{identity}' has {len(found)} server objects: {places}; remove those of a controller that is gone"])
        return found[0] if found else None

    def _target_faults(self, target: Target) -> list[str]:
        return []

    def current(self) -> State:
        """As the others, without those that are not there."""
        before = super().current()
        self.missing = [target.label for target in self._targets if target.entry is None]
        if self.missing and not self._ignore_missing:
            raise NotYetKnowable(
                f"No domain controller has the name {', '.join(self.missing)}. Nothing was changed."
                " Correct the name, or join the controller first.",
                missing=self.missing,
            )
        return before

    def _collisions(self) -> list[str]:
        labels = [target.label for target in self._targets]
        return [f"'{label}' is given more than once" for label in sorted({x for x in labels if labels.count(x) > 1})]

    def _compare(self, target: Target) -> None:
        if target.entry:
            target.before["site"] = self._site_of(target.entry.dn)
            target.after["site"] = self._site_of(target.dn)

    def _site_of(self, dn: str) -> str:
        return self._store.rdn_value(self._store.parent(self._store.parent(dn)))

    def _steps(self, target: Target) -> Iterable[Step]:
        if target.entry and target.dn != target.entry.dn:
            change = {"from": target.before["site"], "to": target.after["site"]}
            payload = (guid_dn(target.entry.guid), target.dn)
            yield Step(verb="move", target=target.label, change=change, payload=payload)

    def result(self) -> Mapping[str, Any]:
        """Who is where, who moved, who is not there yet."""
        there = [target for target in self._targets if target.entry]
        return {
            "domain": self._store.dns_domain,
            "servers": {target.label: target.after["site"] for target in there},
            "moved": [target.label for target in there if target.before != target.after],
            "missing": self.missing,
        }


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(sorted(entry.text("cn") or entry.dn for entry in entries))


def _number(values: Values) -> int | None:
    return int(values[0]) if values else None


def _has_bit(values: Values, bit: int) -> bool:
    return bool(int(values[0]) & bit) if values else False


def arguments(options: Mapping[str, Mapping[str, Any]], plural: str, *, renames: bool = True) -> dict[str, Any]:
    """The whole interface of a module: one object, or a list of the same."""
    names = ("name", "identity") if renames else ("name",)
    entry: dict[str, Mapping[str, Any]] = {
        **{name: {"type": "str"} for name in names},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **options,
    }
    listed: dict[str, Any] = {"type": "list", "elements": "dict", "options": entry}
    if len(names) > 1:
        listed["required_one_of"] = [names]
    else:
        listed["options"] = {**entry, names[0]: {**entry[names[0]], "required": True}}
    return {
        "argument_spec": {
            "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
            **entry,
            plural: listed,
        },
        "required_one_of": [(*names, plural)],
        "mutually_exclusive": [(plural, name) for name in names],
        "supports_check_mode": True,
    }


def wishes(params: Mapping[str, Any], plural: str) -> list[Wish]:
    """The wanted objects, from either form."""
    listed = params[plural]
    return [params] if listed is None else list(listed)


_TEXT: dict[str, Any] = {"type": "str"}
SITE_ARGUMENTS = arguments({"description": _TEXT}, "sites")
SUBNET_ARGUMENTS = arguments(
    {
        "name": {"type": "str", "aliases": ["subnet"]},
        "site": _TEXT,
        "location": _TEXT,
        "description": _TEXT,
    },
    "subnets",
    renames=False,
)
LINK_ARGUMENTS = arguments(
    {
        "sites_included": {"type": "list", "elements": "str", "aliases": ["sites"]},
        "cost": {"type": "int"},
        "replication_frequency": {"type": "int", "aliases": ["interval"]},
        "notify": {"type": "bool"},
        "schedule": {"type": "raw"},
        "description": _TEXT,
    },
    "links",
)
SERVER_ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        "name": _TEXT,
        "site": _TEXT,
        "servers": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, "site": {"type": "str", "required": True}},
        },
        "ignore_missing": {"type": "bool", "default": False},
    },
    "required_one_of": [("name", "servers")],
    "required_together": [("name", "site")],
    "mutually_exclusive": [("name", "servers")],
    "supports_check_mode": True,
}
