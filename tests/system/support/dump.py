# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of whole offices as text: all of /etc, units, packages, and what every controller's database holds.

Much of it is new with every installation: keys, passwords, identifiers. So two dumps of like offices tell what is a
measure, and a third is held against what they have in common. What may agree in two by chance is left out: passwd's
shadow has the day, and Samba draws by lot which controller pulls from another site.

Left out, too, is what depends on how one came there: in which order packages were configured, and so which number an
account has (files are told by their owner's name); what the copy of passwd was before its last change; units that live
as long as a command or a session; the names of services that Samba itself gives its controllers, in its own time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .hosts import at, root_shell
from .office import Office

Dump = Mapping[str, str]
_HOST = r"""
find /etc -xdev -printf 'file %p\t%y %m %u:%g %l\n'
find /etc -xdev -type f ! -path '/etc/shadow*' ! -path '/etc/gshadow*' ! -path '/etc/passwd*' ! -path '/etc/group*' \
  ! -path '/etc/subuid*' ! -path '/etc/subgid*' -exec sha256sum {} + |
  sed -E 's/^([0-9a-f]{64})  (.*)/content \2\t\1/'
awk -F: '{ print "account " $1 "\t" $5 ":" $6 ":" $7 }' /etc/passwd
awk -F: '{ print "group " $1; n = split($4, all, ","); for (i = 1; i <= n; i++) print "member " $1 " " all[i] }' \
  /etc/group
systemctl list-unit-files --no-legend --no-pager --plain | awk '$2 != "transient" { print "unit " $1 "\t" $2 }'
dpkg-query -W -f 'package ${Package}\t${Version} ${db:Status-Abbrev}\n'
"""
_ATTRIBUTES = (
    "adminDescription adminDisplayName cost description displayName fSMORoleOwner gPLink gPOptions groupType "
    "mail member msDS-Behavior-Version options proxyAddresses replInterval siteList siteObject userAccountControl "
    "userPrincipalName servicePrincipalName lockoutThreshold minPwdLength"
)
_DIRECTORY = f"""
import json
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load_default()
sam = SamDB(url="/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=settings)
attributes = "{_ATTRIBUTES}".split()
wanted = "(&(!(objectClass=nTDSConnection))(!(dNSTombstoned=TRUE)))"  # a name that was removed stays as an empty node
(root,) = sam.search(base="", scope=0, attrs=["namingContexts"])
for context in root["namingContexts"]:
    for entry in sam.search(base=str(context), scope=2, expression=wanted, attrs=attributes):
        held = {{name: sorted(str(value) for value in entry[name]) for name in attributes if name in entry}}
        print(json.dumps([str(entry.dn), held]))
"""
_CONTROLLERS = ",OU=Domain Controllers,"
_NEW = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<guid>"),
    (re.compile(r"S-1-5-21(?:-\d+){3,4}"), "<sid>"),
    (re.compile(r"krbtgt_\d+"), "krbtgt_<number>"),
    (re.compile(r"\d{8,}"), "<number>"),
)
"""What is another one with every installation, names of files and objects among them."""


def _settled(text: str) -> str:
    for pattern, word in _NEW:
        text = pattern.sub(word, text)
    return text


def of_host(name: str, told: str) -> Iterator[tuple[str, str]]:
    """A host's lines, each with a name and, behind a tab, what is compared."""
    for line in told.splitlines():
        key, _tab, value = line.partition("\t")
        yield f"{name}: {_settled(key)}", value


def of_directory(name: str, told: str) -> Iterator[tuple[str, str]]:
    """The objects of a controller's database; those whose names differ by an identifier alone are one key."""
    held: dict[str, list[str]] = {}
    for line in told.splitlines():
        dn, values = json.loads(line)
        if _CONTROLLERS in dn:
            values.pop("servicePrincipalName", None)
        values = {attribute: sorted(map(_settled, found)) for attribute, found in values.items()}
        held.setdefault(_settled(dn), []).append(json.dumps(values, sort_keys=True))
    for dn, rows in held.items():
        yield f"{name}: object {dn}", "; ".join(sorted(rows))


def dump(office: Office) -> Dump:
    """All hosts, and every controller's own database."""

    def host(name: str) -> Dump:
        return dict(of_host(name, root_shell(at(name), _HOST)))

    def database(name: str) -> Dump:
        return dict(of_directory(name, root_shell(at(name), f"python3 - <<'SCRIPT'\n{_DIRECTORY}\nSCRIPT")))

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(host, office.hosts), *pool.map(database, office.controllers)]
    return {key: value for one in found for key, value in one.items()}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Two like offices."""

    first: Dump
    second: Dump

    @property
    def common(self) -> dict[str, str]:
        """What is the same in both."""
        return {key: value for key, value in self.first.items() if self.second.get(key) == value}

    def differences(self, found: Dump) -> list[str]:
        """What a third one lacks or has otherwise, and what none of the two had."""
        wrong = [
            f"{key}: {found.get(key, 'not there')} instead of {value}"
            for key, value in self.common.items()
            if found.get(key) != value
        ]
        known = self.first.keys() | self.second.keys()
        return sorted([*wrong, *(f"{key}: left over" for key in found.keys() - known)])
