# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the directory: layout, roles, levels, users, policies, its names in DNS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..hosts import at, module
from .fault import Fault, Injection, modules, shell

_DOMAIN = "corp.example.test"
_POLICY = f"/var/lib/samba/sysvol/{_DOMAIN}/Policies/{{31B2F340-016D-11D2-945F-00C04FB984F9}}"
_SETTINGS = """
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
import ldb
lp = LoadParm()
lp.load_default()
sam = SamDB(lp=lp, session_info=system_session())
dn = ldb.Dn(sam, sam.get_dsServiceName())
message = ldb.Message(dn)
message["x"] = ldb.MessageElement("%(value)s", ldb.FLAG_MOD_REPLACE, "%(attribute)s")
sam.modify(message)
"""


def _settings(host: str, attribute: str, wrong: int, right: int) -> Injection:
    """An attribute of the controller's own NTDS settings."""
    scripts = [_SETTINGS % {"attribute": attribute, "value": value} for value in (wrong, right)]
    return shell(host, *(f"python3 -c '{script}'" for script in scripts))


@contextmanager
def _role_moved() -> Iterator[None]:
    """It is given back by who had it: a role is taken, not handed out."""
    try:
        module(at("dc2"), "fsmo", roles={"infrastructure": "dc2"})
        yield
    finally:
        module(at("dc1"), "fsmo", roles={"infrastructure": "dc1"})
        module(at("dc2"), "replication_sync")


def _link(cost: int) -> dict[str, object]:
    return {"name": "hq-branch", "cost": cost}


def _subnet(site: str) -> dict[str, object]:
    return {"name": "198.51.100.128/26", "site": site}


def _controller(site: str) -> dict[str, object]:
    return {"name": "dc3", "site": site}


def _record(name: str, values: list[str], *, there: bool) -> dict[str, object]:
    state = "present" if there else "absent"
    return {"zone": _DOMAIN, "name": name, "type": "SRV", "values": values, "state": state}


_OF_BRANCH = ("_ldap._tcp.branch._sites", [f"0 100 389 dc3.{_DOMAIN}"])

DIRECTORY = (
    Fault(
        name="subnet moved to the other site",
        host="dc1",
        requirement="AD-6",
        about=r"^subnet 198.51.100.128/26: of hq",
        inject=modules("dc1", "site_subnet", _subnet("hq"), _subnet("branch")),
    ),
    Fault(
        name="subnet removed",
        host="dc1",
        requirement="AD-6",
        about=r"^subnet 198.51.100.128/26: not there",
        inject=modules("dc1", "site_subnet", {"name": "198.51.100.128/26", "state": "absent"}, _subnet("branch")),
    ),
    Fault(
        name="cost of a site link changed",
        host="dc2",
        requirement="AD-7",
        about=r"^site link hq-branch: .*cost 7",
        inject=modules("dc2", "site_link", _link(7), _link(100)),
    ),
    Fault(
        name="domain controller placed in the other site",
        host="dc3",
        requirement="AD-11",
        about=r"^domain controller dc3: in site hq",
        seen_from=("dc1",),
        inject=modules("dc1", "site_server", _controller("hq"), _controller("branch")),
    ),
    Fault(
        name="global catalogue switched off",
        host="dc3",
        requirement="AD-18",
        about=r"^domain controller dc3: none",
        inject=_settings("dc3", "options", 0, 1),
    ),
    Fault(
        name="replication switched off",
        host="dc3",
        requirement="AD-7",
        about=r"^domain controller dc3: replication was switched off",
        inject=_settings("dc3", "options", 1 | 2 | 4, 1),
    ),
    Fault(
        name="functional level of a controller below the domain's",
        host="dc3",
        requirement="AD-46",
        about=r"^domain controller dc3: 3",
        inject=_settings("dc3", "msDS-Behavior-Version", 3, 4),
    ),
    Fault(
        name="role moved by hand",
        host="dc2",
        requirement="AD-27",
        about=r"^role infrastructure: dc2",
        inject=_role_moved,
    ),
    Fault(
        name="disabled user enabled by hand",
        host="dc1",
        requirement="AD-14",
        about=r"^user carol: enabled",
        inject=shell("dc1", "samba-tool user enable carol", "samba-tool user disable carol"),
    ),
    Fault(
        name="user disabled by hand",
        host="dc2",
        requirement="AD-14",
        about=r"^user boris: disabled",
        inject=shell("dc2", "samba-tool user disable boris", "samba-tool user enable boris"),
    ),
    Fault(
        name="file of a policy differs",
        host="dc3",
        requirement="AD-42",
        about=r"^files of the group policies",
        seen_from=("dc2", "dc3"),
        inject=shell(
            "dc3",
            f'systemctl stop mailforest-sysvol-sync.timer; cp -a "{_POLICY}/GPT.INI" /root/GPT.INI;'
            f' echo >>"{_POLICY}/GPT.INI"',
            f'cp -a /root/GPT.INI "{_POLICY}/GPT.INI"; rm /root/GPT.INI; systemctl start mailforest-sysvol-sync.timer',
        ),
    ),
    Fault(
        name="access list of a policy's files differs",
        host="dc3",
        requirement="AD-42",
        about=r"^files of the group policies",
        seen_from=("dc2", "dc3"),
        inject=shell(
            "dc3",
            "systemctl stop mailforest-sysvol-sync.timer;"
            f' samba-tool ntacl set "O:BAG:BAD:(A;OICI;FA;;;WD)" "{_POLICY}"',
            # What brings files and access lists from the PDC emulator every few minutes.
            "systemctl start mailforest-sysvol-sync.service mailforest-sysvol-sync.timer",
        ),
    ),
    Fault(
        name="SRV record of a site's controllers missing",
        host="dc1",
        requirement="AD-52",
        about=r"^SRV _ldap._tcp.branch._sites",
        inject=modules("dc1", "dns_record", _record(*_OF_BRANCH, there=False), _record(*_OF_BRANCH, there=True)),
    ),
)
