# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The office, or offices, that a scenario has deployed, read from its inventory; written down for the mail tests."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .mail_target import VARIABLE

DIRECTORY = "MAILFOREST_OFFICE"
"""Names the directory that holds the scenario's passwords and CA certificate."""
ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
PUBLIC_PORTS = {"smtp": 25, "submissions": 465, "submission": 587, "imaps": 993}
"""What may be published here, and is unless the inventory says otherwise."""
AUTOCONFIG_PORT = 443
"""Published beside them where mail programs are told how to be set up."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What clients know of an office, and the passwords of its users."""

    directory: Path
    dns_domain: str
    mail_domain: str
    mail: Mapping[str, Any]
    ports: tuple[int, ...]
    published: tuple[int, ...]
    addresses: Mapping[str, str]
    public_addresses: Mapping[str, str]
    sites: Mapping[str, str]
    subnets: tuple[str, ...]
    controllers: tuple[str, ...]
    mail_servers: tuple[str, ...]
    gateways: tuple[str, ...]
    members: tuple[str, ...]
    fsmo: Mapping[str, str]
    users: tuple[Mapping[str, Any], ...]
    passwords: Mapping[str, str] = field(repr=False)

    @property
    def ca_file(self) -> Path:
        """The forest's CA, as the administrator's machine got it."""
        return self.directory / "ca.crt"

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of the system."""
        return (*self.gateways, *self.controllers, *self.mail_servers, *self.members)

    @property
    def inner(self) -> tuple[str, ...]:
        """The hosts behind the gateways."""
        return tuple(name for name in self.hosts if name not in self.gateways)

    def in_site(self, site: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the hosts that are in a site."""
        return tuple(name for name in names if self.sites[name] == site)

    def fqdn(self, host: str) -> str:
        """A host's full name."""
        return f"{host}.{self.dns_domain}"

    def users_with(self, **changes: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The inventory's users, some of them changed."""
        return [{**user, **changes.get(user["name"], {})} for user in self.users]

    def mail_target(self) -> dict[str, Any]:
        """What the mail tests need to know."""
        sender, recipient = self._mail_user("boris"), self._mail_user("alice")
        recipient |= {"logins": [recipient["address"]], "aliases": self._user("alice")["aliases"]}
        return {
            "ca_file": str(self.ca_file),
            "domain": self.mail_domain,
            "hosts": [{"address": self.addresses[name], "fqdn": self.fqdn(name)} for name in self.mail_servers],
            "sender": sender,
            "recipient": recipient,
            "disabled": [self._mail_user("carol")],
            "ports": list(self.ports),
        }

    def _user(self, name: str) -> Mapping[str, Any]:
        return next(user for user in self.users if user["name"] == name)

    def _mail_user(self, name: str) -> dict[str, Any]:
        return {"login": name, "address": self._user(name)["email"], "password": self.passwords[name]}


@cache
def current() -> Office:
    """The office of the scenario that runs."""
    directory = Path(os.environ[DIRECTORY])
    inventory = _inventory()
    known = inventory["_meta"]["hostvars"]
    groups = {name: tuple(inventory.get(f"mailforest_{name}", {}).get("hosts", ())) for name in _GROUPS}
    first = groups["domain_controllers"][0]
    shared = known[first]
    mail = shared["mailforest_mail"]
    services = mail.get("services", ())
    return Office(
        directory=directory,
        dns_domain=shared["mailforest_forest"]["realm"].lower(),
        mail_domain=mail["domains"][0],
        mail=mail,
        ports=(25, 465, 587, 143, 993, 110, 995) + ((2525,) if "submission-2525" in services else ()),
        published=tuple(PUBLIC_PORTS[name] for name in mail.get("publish", PUBLIC_PORTS))
        + ((AUTOCONFIG_PORT,) if mail.get("autoconfig") and "publish" not in mail else ()),
        addresses={name: values["ansible_host"] for name, values in known.items()},
        public_addresses={name: known[name]["mailforest_public_address"] for name in groups["gateways"]},
        sites={name: values["mailforest_site"] for name, values in known.items() if "mailforest_site" in values},
        subnets=tuple(subnet for site in shared["mailforest_sites"].values() for subnet in site["subnets"]),
        controllers=groups["domain_controllers"],
        mail_servers=groups["mail_servers"],
        gateways=groups["gateways"],
        members=groups["members"],
        fsmo=dict.fromkeys(ROLES, first) | shared.get("mailforest_fsmo", {}),
        users=tuple(shared["mailforest_users"]),
        passwords=yaml.safe_load((directory / "secrets.yml").read_text(encoding="utf-8"))["mailforest_user_passwords"],
    )


_GROUPS = ("domain_controllers", "mail_servers", "gateways", "members")


def _inventory() -> dict[str, Any]:
    done = subprocess.run(["ansible-inventory", "--list"], capture_output=True, text=True, check=True, timeout=120)
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def write_mail_target() -> None:
    """Write the file that the mail tests read before any is collected; another process may read it meanwhile."""
    path = Path(os.environ[VARIABLE])
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:  # of mode 0600
        json.dump(current().mail_target(), file)
    Path(file.name).replace(path)
