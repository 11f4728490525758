# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two forests, one on each release of Debian: one trusts the other, lets its users in by a group, ends it (AD-51)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, refusal, root_shell, solo
from testinfra.host import Host

OURS, THEIRS = "solo13", "solo12"
"""The newer Samba trusts, and the older one makes the trust: the other way round neither works (docs/trusts.md)."""
PASSWORD = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], ".build/molecule/password")
_SERVICES = (
    ("_ldap._tcp", 389),
    ("_ldap._tcp.dc._msdcs", 389),
    ("_ldap._tcp.pdc._msdcs", 389),
    ("_kerberos._tcp", 88),
    ("_kerberos._udp", 88),
    ("_kerberos._tcp.dc._msdcs", 88),
)
_GIVEN = "/run/mailforest-trust.json"
# What group memberships the controller sees of a user of the other forest who logs in with a ticket.
_TOKEN = """
import json, sys
from samba import gensec
from samba.auth import AuthContext
from samba.credentials import MUST_USE_KERBEROS, Credentials
from samba.param import LoadParm

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
settings = LoadParm()
settings.load_default()
user = Credentials()
user.guess(settings)
user.set_username(given["user"])
user.set_realm(given["realm"])
user.set_password(given["password"])
user.set_kerberos_state(MUST_USE_KERBEROS)
place = {"target_hostname": given["host"], "lp_ctx": settings, "target_service": "host"}
client = gensec.Security.start_client(place)
client.set_credentials(user)
client.start_mech_by_name("gssapi_krb5")
own = Credentials()
own.guess(settings)
own.set_machine_account(settings)
server = gensec.Security.start_server(place, AuthContext(lp_ctx=settings))
server.set_credentials(own)
server.start_mech_by_name("gssapi_krb5")
token, done = b"", False
while not done:
    _client, token = client.update(token)
    done, token = server.update(token)
print(json.dumps([str(sid) for sid in server.session_info().security_token.sids]))
"""


def _domain(name: str) -> str:
    return solo(at(name)).fqdn.partition(".")[2]


def _password() -> str:
    return PASSWORD.read_text(encoding="ascii").strip()


def _names_of(name: str, *, at_host: str) -> None:
    """Samba forwards all names or none, so each side serves what it needs of the other's."""
    zone, place = _domain(name), solo(at(name))
    module(at(at_host), "dns_zone", name=zone)
    values = {service: [f"0 100 {port} {place.fqdn}"] for service, port in _SERVICES}
    rows: list[dict[str, Any]] = [
        {"zone": zone, "name": service, "type": "SRV", "values": value} for service, value in values.items()
    ]
    rows += [{"zone": zone, "name": label, "type": "A", "values": [place.address]} for label in ("@", place.name)]
    module(at(at_host), "dns_record", records=rows)


@pytest.fixture(scope="module", autouse=True)
def _each_resolves_the_other() -> Iterator[None]:
    _names_of(OURS, at_host=THEIRS)
    _names_of(THEIRS, at_host=OURS)
    yield
    for name in (OURS, THEIRS):  # winbind would go on using the secure channel of a trust that is no more
        root_shell(at(name), "systemctl restart samba-ad-dc")
    for one, other in ((OURS, THEIRS), (THEIRS, OURS)):
        module(at(one), "dns_zone", name=[_domain(other)], state="absent")


def _sid(host: Host, kind: str, name: str) -> str:
    """The SID of an account of the host's own domain; winbind would still know that of a former one."""
    return root_shell(host, f"samba-tool {kind} show {name} --attributes=objectSid").split("objectSid: ")[1].strip()


def _sids(user: str, password: str) -> list[str]:
    """The SIDs by which the controller of our forest knows a user of theirs."""
    given = {"user": user, "realm": _domain(THEIRS).upper(), "password": password, "host": solo(at(OURS)).fqdn}
    ours = at(OURS)
    # By a file: what a command is given on its standard input stands in the journal, the content of a copy does not.
    arguments = {"content": json.dumps(given), "dest": _GIVEN, "mode": "0600"}
    assert ours.ansible("ansible.builtin.copy", json.dumps(arguments), check=False)["changed"]
    try:
        done = ours.run("/usr/bin/python3 -c %s %s", _TOKEN, _GIVEN)
    finally:
        root_shell(ours, f"rm {_GIVEN}")
    assert done.rc == 0, done.stderr
    assert password not in root_shell(ours, "journalctl --since=-2min --output=cat")
    found: list[str] = json.loads(done.stdout)
    return found


def test_a_trust_is_made_used_and_ended() -> None:
    """AD-51: their users come in here, by a domain-local group; the trusting side proves that it works."""
    ours, theirs = at(OURS), at(THEIRS)
    password = f"{_password()}-1aA"
    given = {"direction": "inbound", "type": "forest"}
    try:
        assert "password" in refusal(theirs, "domain_trust", name=_domain(OURS), **given)
        other = {"direction": "outbound", "type": "forest", "trusted_admin_password": _password()}
        assert "Make the trust on the other side" in refusal(ours, "domain_trust", name=_domain(THEIRS), **other)
        made = module(theirs, "domain_trust", name=_domain(OURS), **given, trusted_admin_password=_password())
        assert (made["changed"], made["verified"]) == (True, None)
        again = module(theirs, "domain_trust", name=_domain(OURS))
        assert (again["changed"], again["verified"]) == (False, None)
        found = module(ours, "domain_trust", name=_domain(THEIRS), direction="outbound", type="forest")
        assert (found["changed"], found["verified"]) == (False, True)
        module(theirs, "user", name="guest1", password=password)
        guest = _sid(theirs, "user", "guest1")
        module(ours, "group", name="partners", scope="domainlocal", members={"add": [guest]})
        assert {guest, _sid(ours, "group", "partners")} <= set(_sids("guest1", password))
    finally:
        module(ours, "group", name="partners", state="absent")
        module(theirs, "user", name="guest1", state="absent")
        ended = module(theirs, "domain_trust", name=_domain(OURS), state="absent", trusted_admin_password=_password())
    assert ended["changed"] is True
    for one, other_side in ((OURS, THEIRS), (THEIRS, OURS)):
        assert module(at(one), "domain_trust", name=_domain(other_side), state="absent")["changed"] is False
        assert root_shell(at(one), "samba-tool domain trust list").strip() == ""
