# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that are whole or not there at all, and a forest that comes back from one where no network leads."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
KEY = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], ".build/molecule/restore-key")
PLACE = "/var/backups/mailforest/directory"
DRILL = "/var/lib/mailforest-drill"
INSIDE = f"{DRILL}/inside"
"""Runs a command where the restored forest is: directories of its own, and a network with nothing but itself."""

_NAMESPACE = """
set -eu
mkdir -p {drill}/lib/private {drill}/etc {drill}/cache
chmod 0700 {drill} {drill}/lib/private
cat > {drill}/etc/smb.conf << END
[global]
	server role = active directory domain controller
	realm = {realm}
	workgroup = {netbios}
	netbios name = DRILL9
	interfaces = lo
	bind interfaces only = yes
	tls enabled = no
[sysvol]
	path = /var/lib/samba/sysvol
	read only = no
[netlogon]
	path = /var/lib/samba/sysvol/{domain}/scripts
	read only = no
END
printf '127.0.0.1 drill9.{domain} drill9\\n' > {drill}/hosts
printf 'nameserver 127.0.0.1\\n' > {drill}/resolv.conf
cat > {drill}/krb5.conf << END
[libdefaults]
  default_realm = {realm}
[realms]
  {realm} = {{
    kdc = 127.0.0.1
  }}
END
systemd-run --quiet --collect --unit=mailforest-drill -p PrivateNetwork=yes -p TemporaryFileSystem=/run/samba \
  -p BindPaths={drill}/lib:/var/lib/samba -p BindPaths={drill}/cache:/var/cache/samba \
  -p BindPaths={drill}/etc:/etc/samba -p BindPaths={drill}/krb5.conf:/etc/krb5.conf \
  -p BindPaths={drill}/hosts:/etc/hosts -p BindPaths={drill}/resolv.conf:/etc/resolv.conf \
  sleep infinity
cat > {drill}/inside << 'END'
#!/bin/sh
exec nsenter --target "$(systemctl show --property=MainPID --value mailforest-drill)" --mount --net "$@"
END
printf '#!/bin/sh\\nexec {drill}/inside /usr/bin/python3 "$@"\\n' > {drill}/python
chmod 0755 {drill}/inside {drill}/python
"""
_CLEAN = """
set -eu
main=$(systemctl show --property=MainPID --value mailforest-drill)
network=$(readlink "/proc/$main/ns/net")
for process in /proc/[0-9]*; do
  if [ "$(readlink "$process/ns/net")" = "$network" ] && [ "${{process##*/}}" != "$main" ]; then
    kill -KILL "${{process##*/}}" || true # it may have gone with another one
  fi
done
systemctl stop mailforest-drill
rm -rf {drill}
"""
_LOGIN = """
import sys
from samba import credentials
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load_default()
user = credentials.Credentials()
user.guess(lp)
user.set_username("drilled")
user.set_password(open("{drill}/password").read() + sys.argv[1])
user.set_kerberos_state(credentials.MUST_USE_KERBEROS)
sam = SamDB(url="ldap://drill9.{domain}", credentials=user, lp=lp)
print(len(sam.search(base=sam.domain_dn(), expression="(sAMAccountName=drilled)")))
"""

# Begins a change, and ends it once a backup copies the databases.
_WRITER = """
import glob, sys, time
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
import ldb
lp = LoadParm()
lp.load_default()
sam = SamDB(url=lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
sam.transaction_start()
changed = ldb.Message(ldb.Dn(sam, "CN=Users," + sam.domain_dn()))
changed["url"] = ldb.MessageElement(sys.argv[1], ldb.FLAG_MOD_REPLACE, "url")
sam.modify(changed)
print("writing", flush=True)
end = time.monotonic() + 20
copies = lp.private_path("sam.ldb.d/*.copy.mdb"), lp.private_path("sam.ldb.d/*.ldb.bak-offline")
while time.monotonic() < end and not any(glob.glob(one) for one in copies):
    time.sleep(0.005)
print("met" if time.monotonic() < end else "alone", flush=True)
sam.transaction_commit()
print("done", flush=True)
"""
_READER = """
from ldb import SCOPE_BASE
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load_default()
sam = SamDB(url=lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
print(sam.search("CN=Users," + sam.domain_dn(), SCOPE_BASE, attrs=["url"])[0]["url"][0].decode())
"""


def _domain(host: Host) -> str:
    return solo(host).fqdn.partition(".")[2]


def _info(host: Host) -> dict[str, Any]:
    return module(host, "domain_backup_info")


def _refusal(host: Host, **arguments: Any) -> str:
    """What domain_restore says against it, run where the drill is."""
    result = _restore(host, **arguments)
    assert "msg" in result, result
    return str(result["msg"])


def _restore(host: Host, **arguments: Any) -> dict[str, Any]:
    given = {
        "confirm_domain": _domain(host),
        "host_name": "drill9",
        "host_address": "198.51.100.254",
        "identity": KEY.read_text(encoding="ascii"),
        **arguments,
    }
    result: dict[str, Any] = host.ansible(
        "mailforest.stack.domain_restore",
        json.dumps(given),
        check=False,
        extra_vars={"ansible_python_interpreter": f"{DRILL}/python"},
    )
    return result


@pytest.fixture
def drill(host: Host) -> Iterator[Host]:
    """A blank place on the host, with a network that leads nowhere."""
    domain = _domain(host)
    netbios = root_shell(host, "testparm --suppress-prompt --parameter-name=workgroup 2>/dev/null").strip()
    root_shell(host, _NAMESPACE.format(drill=DRILL, domain=domain, realm=domain.upper(), netbios=netbios))
    try:
        yield host
    finally:
        root_shell(host, _CLEAN.format(drill=DRILL))


def test_there_is_a_good_one(host: Host) -> None:
    found = _info(host)
    assert (found["fresh"], found["findings"]) == (True, [])
    newest = found["newest"]
    assert (newest["encrypted"], newest["intact"], newest["domain"]) == (True, True, _domain(host))
    assert newest["kind"] == ("online" if solo(host).name == "solo12" else "offline")
    assert set(newest["roles"].values()) == {solo(host).name}
    assert newest["objects"] > 1000


def test_only_root_reads_it_and_only_the_key_opens_it(host: Host) -> None:
    newest = _info(host)["newest"]["path"]
    base = newest.partition(".tar")[0]  # alternative.yml leaves one in the clear, from before there was a key
    modes = root_shell(host, f"stat -c %a%U {PLACE} {newest} {base}.json").split()
    assert modes == ["700root", "600root", "600root"]
    assert root_shell(host, f"head -c 21 {newest}") == "age-encryption.org/v1"
    unlocked = f"-path {base}.tar.bz2 -o -path '/tmp/*.tar.bz2' -o -name 'sam.ldb*'"
    assert root_shell(host, f"find {PLACE} /tmp {unlocked}") == ""


def test_the_timer_makes_one(host: Host) -> None:
    before = _info(host)["newest"]["path"]
    root_shell(host, "sleep 1; systemctl start mailforest-backup.service")
    after = _info(host)
    assert after["newest"]["path"] != before
    assert after["findings"] == []
    timer = root_shell(host, "systemctl show --property=UnitFileState,ActiveState mailforest-backup.timer").split()
    assert sorted(timer) == ["ActiveState=active", "UnitFileState=enabled"]


def test_one_that_is_killed_leaves_nothing_that_looks_whole(host: Host) -> None:
    before = _info(host)["backups"]
    root_shell(host, "systemctl start --no-block mailforest-backup.service")
    eventually(lambda: "unfinished" in root_shell(host, f"ls -A {PLACE}"), seconds=60, pause=0.3)
    root_shell(host, "systemctl kill --signal=KILL mailforest-backup.service")
    eventually(lambda: host.run("systemctl is-failed --quiet mailforest-backup.service").rc == 0, seconds=60)
    after = _info(host)
    assert [one["name"] for one in after["backups"]] == [one["name"] for one in before]
    assert after["findings"] == []
    root_shell(host, "systemctl reset-failed mailforest-backup.service; systemctl start mailforest-backup.service")
    assert "unfinished" not in root_shell(host, f"ls -A {PLACE}")
    assert root_shell(host, "find /var/lib/samba -name '*.bak-offline' -o -name '*.copy.?db'") == ""


def test_a_change_made_meanwhile_and_a_backup_do_not_wait_for_each_other(host: Host) -> None:
    """With LMDB, Samba's own offline backup and the writer would, until one is killed."""
    recipients = _info(host)["newest"]["recipients"]
    url, output = f"https://{secrets.token_hex(8)}.example.test/", "/run/mailforest-writer"
    root_shell(
        host,
        f"umask 077; systemd-run --quiet --unit=mailforest-writer -p StandardOutput=truncate:{output}"
        f" -p RuntimeMaxSec=120 python3 -c '{_WRITER}' {url}",
    )
    try:
        eventually(lambda: "writing" in host.file(output).content_string, seconds=30, pause=0.2)
        made = module(
            host, "domain_backup", kind="offline", max_age=0, timeout=60, recipients=recipients, label="writer"
        )
        eventually(lambda: "done" in host.file(output).content_string, seconds=30)
        lmdb = host.run("ls /var/lib/samba/private/sam.ldb.d/*.ldb-lock").rc == 0
        assert ("met" in host.file(output).content_string) == lmdb  # the other kind waits for the writer's end
    finally:
        host.run("systemctl stop mailforest-writer.service")
    assert made["backup"]["objects"] > 1000
    assert root_shell(host, f"python3 -c '{_READER}'").strip() == url


def test_the_forest_comes_back_and_a_user_logs_in(drill: Host) -> None:
    host, password = drill, secrets.token_urlsafe(16) + "aA1"
    root_shell(host, f"umask 077; cat > {DRILL}/password < /dev/null")
    host.ansible("ansible.builtin.copy", f"content={password} dest={DRILL}/password mode=0600", check=False)
    module(host, "user", name="drilled", password=password)
    try:
        backup = module(host, "domain_backup", max_age=0, label="drill", recipients=_info(host)["newest"]["recipients"])
    finally:
        module(host, "user", name="drilled", state="absent")
    archive = backup["backup"]["path"]

    told = _restore(host, backup_file=archive)
    assert told.get("changed"), told.get("msg")
    assert (told["controllers"], set(told["owners"].values())) == (["drill9"], {"drill9"})
    assert told["database_errors"] == 0
    before = module(host, "fsmo_info")["rid_pool"]["domain_next"]
    assert told["rid_pool"]["domain_next"] >= before + 100000

    root_shell(host, f"{INSIDE} samba --daemon")
    login = f"{INSIDE} python3 -c '{_LOGIN.format(drill=DRILL, domain=_domain(host))}'"
    eventually(lambda: host.run(f"{login} ''").rc == 0, seconds=180)
    assert root_shell(host, f"{login} ''") == "1\n"
    assert host.run(f"{login} wrong").rc != 0
    again = _restore(host, backup_file=archive)
    assert again.get("changed") is False, again.get("msg")


def test_what_must_not_be_restored_is_refused(drill: Host) -> None:
    host, newest = drill, _info(drill)["newest"]
    bare = newest["path"].partition(".tar")[0]
    copy = f"{DRILL}/{Path(newest['path']).name}"
    root_shell(host, f"cp {bare}.* {DRILL}/")
    assert "confirm_domain" in _refusal(host, backup_file=copy, confirm_domain="other.example.test")
    assert "identity" in _refusal(host, backup_file=copy, identity=None)
    root_shell(host, f"printf x | dd of={copy} bs=1 seek=5000 conv=notrunc status=none")
    assert "altered" in _refusal(host, backup_file=copy)
    root_shell(host, f"rm {DRILL}/*.json")
    assert "never completed" in _refusal(host, backup_file=copy)
    assert root_shell(host, f"ls -A {DRILL}/lib/private {DRILL}/lib") == (
        f"{DRILL}/lib:\nprivate\n\n{DRILL}/lib/private:\n"
    )
