# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member knows the domain's people, serves files to whom it should, and joins anew when it was wiped."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_batches import read
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell, variables
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, ROOT, eventually, play, site
from testinfra.host import Host

LOCAL = "mailforest-scan"
# Samba's own client, which no member needs: it runs on a domain controller.
_CLIENT = """
import json
from samba import NTSTATUSError
from samba.credentials import DONT_USE_KERBEROS, MUST_USE_KERBEROS, Credentials
from samba.samba3 import libsmb_samba_internal as libsmb, param

given = json.loads({given!r})
settings = param.get_context()
settings.load("/etc/samba/smb.conf")
credentials = Credentials()
credentials.guess(settings)
credentials.set_domain(given["domain"])
credentials.set_username(given["user"])
credentials.set_password(given["password"])
if given["kerberos"]:
    credentials.set_realm(given["realm"])
credentials.set_kerberos_state(MUST_USE_KERBEROS if given["kerberos"] else DONT_USE_KERBEROS)
try:
    share = libsmb.Conn(given["host"], given["share"], lp=settings, creds=credentials)
    share.savefile("mailforest-test", b"written")
    answer = share.loadfile("mailforest-test").decode()
    share.unlink("mailforest-test")
except NTSTATUSError as exc:
    answer = hex(exc.args[0] & 0xFFFFFFFF)
print(answer)
"""
_DENIED = "0xc0000022"


def _member(office: Office) -> str:
    return office.members[0]


def _share(office: Office) -> dict[str, Any]:
    """The share that the inventory gives the member."""
    share: dict[str, Any] = variables(at(_member(office)))["mailforest_shares"][0]
    return share


def _near(office: Office) -> str:
    """The domain controller of the member's office."""
    return office.in_site(office.sites[_member(office)], office.controllers)[0]


def _ask(office: Office, client: str, user: str, password: str, *, domain: str = "", kerberos: bool = False) -> str:
    """Write, read and delete a file in the share; what was read, or the error."""
    given = {
        "host": office.fqdn(_member(office)),
        "share": _share(office)["name"],
        "domain": domain or office.dns_domain.partition(".")[0].upper(),
        "realm": office.dns_domain.upper(),
        "user": user,
        "password": password,
        "kerberos": kerberos,
    }
    script = _CLIENT.format(given=json.dumps(given))
    arguments = json.dumps({"cmd": "/usr/bin/python3 -", "stdin": script})
    done = at(client).ansible("ansible.builtin.command", arguments, check=False)
    return str(done["stdout"]).strip().rpartition("\n")[2]


@contextmanager
def _outsider(office: Office) -> Iterator[tuple[str, str]]:
    """A user of the domain who is in no group; whichever controller is asked for a ticket knows of the user."""
    host = at(_near(office))
    name = f"test-out-{secrets.token_hex(3)}"  # winbind keeps what it knows of a name for five minutes
    password = f"{secrets.token_urlsafe(16)}-1aA"
    module(host, "user", name=name, password=password)
    try:
        for controller in office.controllers:
            module(at(controller), "replication_sync")
        yield name, password
    finally:
        module(host, "user", name=name, state="absent")


def _secure_channel(office: Office) -> str:
    """The domain controller with which the member's winbind talks."""
    said = root_shell(at(_member(office)), "wbinfo --ping-dc")
    return said.partition('dc connection to "')[2].partition(".")[0]


def _back_home(office: Office) -> None:
    """What the timer does, until it helps: for a minute winbind avoids a controller that did not answer."""
    host = at(_member(office))

    def chosen() -> bool:
        root_shell(host, "systemctl start mailforest-winbind-reconnect.service")
        return _secure_channel(office) == _near(office)

    eventually(chosen, seconds=120, pause=10)


def test_the_member_knows_the_domains_people_and_lets_none_log_in(office: Office) -> None:
    """AD-5, AD-14: they have numbers and no shell."""
    person = root_shell(at(_member(office)), "getent passwd alice").strip().split(":")
    assert int(person[2]) > 10_000_000
    assert person[6] == "/usr/sbin/nologin"


def test_the_member_talks_to_its_own_offices_controller(office: Office) -> None:
    """AD-11, AD-52: at the latest when the timer has run, which is set."""
    assert at(_member(office)).service("mailforest-winbind-reconnect.timer").is_running
    _back_home(office)


@pytest.mark.parametrize("kerberos", [True, False])
def test_the_share_is_for_the_groups_members(office: Office, kerberos: bool) -> None:
    """AD-38 and AD-4: alice is in a global group that is in the domain-local one; a stranger is in neither."""
    near = _near(office)
    assert _ask(office, near, "alice", office.passwords["alice"], kerberos=kerberos) == "written"
    with _outsider(office) as (name, password):
        assert _ask(office, near, name, password, kerberos=kerberos) == _DENIED


def test_a_global_group_gets_no_share(office: Office) -> None:
    """AD-4: the rule is named; nothing is changed."""
    share = {**_share(office), "group": "team"}
    arguments = json.dumps({"domain_servers": [office.fqdn(_near(office))], "shares": [share]})
    found = at(_member(office)).ansible("mailforest.stack.share_access", arguments, check=False)
    assert "domain-local groups only (AD-4)" in found["msg"]


def test_a_controller_is_no_file_server(office: Office) -> None:
    """AD-38."""
    arguments = json.dumps({"dns_domain_name": office.dns_domain, "domain_servers": [office.fqdn(_near(office))]})
    host = at(next(name for name in office.controllers if name != _near(office)))
    found = host.ansible("mailforest.stack.membership", arguments, check=True)
    assert "This host is a domain controller" in found["msg"]


def test_the_other_offices_controller_serves_when_the_own_is_down(office: Office) -> None:
    """AD-52, for the member itself."""
    near = _near(office)
    client = next(name for name in office.controllers if name != near)
    root_shell(at(near), "systemctl stop samba-ad-dc.service")
    try:
        eventually(lambda: _ask(office, client, "alice", office.passwords["alice"]) == "written", seconds=120, pause=2)
    finally:
        root_shell(at(near), "systemctl start samba-ad-dc.service")
    _back_home(office)


def _as_user(host: Host, user: str, password: str, command: str) -> str:
    """What a command prints that a user of the domain runs after a login by password; nothing when refused."""
    login = f"runuser --user=nobody -- su --shell=/bin/sh --command={shlex.quote(command)} {user}"
    done = host.ansible("ansible.builtin.command", json.dumps({"cmd": login, "stdin": password}), check=False)
    return str(done["stdout"]) if done["rc"] == 0 else ""


def _groups_of_the_machine(office: Office) -> None:
    """AD-5: what the members of a group may do on this machine, and others not."""
    host = at(_member(office))
    assert {"adm", "team"} <= set(_as_user(host, "alice", office.passwords["alice"], "id --name --groups").split())
    assert root_shell(host, "runuser --user=alice -- sudo --non-interactive /usr/bin/id --user").strip() == "0"
    with _outsider(office) as (name, password):
        eventually(lambda: name in root_shell(host, f"getent passwd {name} || true"), seconds=60)
        assert _as_user(host, name, password, "id") == ""
        assert "not allowed" in root_shell(host, f"sudo --list --other-user={name}")


def test_a_machine_that_lost_its_secret_joins_by_batches_and_gives_rights_of_its_own(office: Office) -> None:
    """AD-13 for members, AD-37, AD-39, AD-40 and AD-5; its account keeps its GUID."""
    name, password = _member(office), f"{secrets.token_urlsafe(16)}-1aA"
    asked = {
        "dns_domain_name": office.dns_domain,
        "domain_servers": [office.fqdn(_near(office))],
    }
    before = module(at(name), "membership", **asked)["account"]
    rights = {
        "samba_member_shares": [{**_share(office), "local_accounts": [LOCAL]}],
        "samba_member_local_accounts": [LOCAL],
        "samba_member_local_account_passwords": {LOCAL: password},
        "samba_member_login_groups": ["team"],
        "samba_member_sudo": [{"group": "team", "commands": ["/usr/bin/id"], "authenticate": False}],
        "samba_member_local_groups": [{"name": "adm", "group": "team"}],
    }
    root_shell(at(name), "rm /var/lib/samba/private/secrets.tdb")
    try:
        run = play(PLAYBOOKS / "join_members.yml", extra_vars=rights)
        assert run.code == 0, run.explain()
        assert module(at(name), "membership", **asked)["account"] == before
        assert [joined.host for joined in read(ROOT / "examples/two-offices/output/joins.json")][-1] == name
        assert _ask(office, _near(office), LOCAL, password, domain=name.upper()) == "written"
        assert _ask(office, _near(office), "alice", office.passwords["alice"]) == "written"
        _groups_of_the_machine(office)
        again = play(PLAYBOOKS / "join_members.yml", extra_vars=rights)
        assert (again.code, again.changes) == (0, []), again.explain()
    finally:
        site("--tags=samba_member", f"--limit={name}")
        module(at(name), "smb_account", name=LOCAL, state="absent")
        root_shell(at(name), f"userdel {LOCAL}")
