# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forest on one host, as its clients and Samba's own tool see it."""

from __future__ import annotations

import os
import shlex
import ssl
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import (
    client_context,
    module,
    refusal,
    root_shell,
    solo,
)
from ansible_collections.mailforest.stack.tests.system.support.network import (
    handshake,
    ldap_bind,
    records,
)
from ansible_collections.mailforest.stack.tests.system.support.playbook import play
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
CONVERGE = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]).parent / "shared/converge.yml"
PASSWORD = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], ".build/molecule/password")


def _domain(host: Host) -> str:
    return solo(host).fqdn.partition(".")[2]


def test_all_roles_are_on_the_host(host: Host) -> None:
    assert set(owners(host).values()) == {solo(host).name}
    assert len(owners(host)) == 7


@pytest.mark.parametrize("service", ["_ldap._tcp", "_kerberos._udp", "_ldap._tcp.dc._msdcs", "_gc._tcp"])
def test_clients_find_the_controller_by_dns(host: Host, service: str) -> None:
    found = records(solo(host).address, f"{service}.{_domain(host)}", "SRV")
    assert [value.split()[3] for value in found] == [f"{solo(host).fqdn}."]


def test_the_controller_has_its_address_in_dns(host: Host) -> None:
    assert records(solo(host).address, solo(host).fqdn, "A") == [solo(host).address]


@pytest.mark.parametrize("port", [636, 3269])
def test_ldap_over_tls_has_the_ca_and_the_name(host: Host, port: int) -> None:
    certificate = handshake(solo(host).address, port, name=solo(host).fqdn, context=client_context(host))
    assert ("DNS", solo(host).fqdn) in certificate["subjectAltName"]  # type: ignore[operator]


def test_ldap_over_tls_under_another_name_is_refused(host: Host) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(solo(host).address, 636, name="elsewhere.example.test", context=client_context(host))


def test_the_administrator_logs_in(host: Host) -> None:
    user, secret = f"Administrator@{_domain(host)}", PASSWORD.read_text(encoding="ascii").strip()
    context = client_context(host)
    assert ldap_bind(solo(host).address, user=user, password=secret, name=solo(host).fqdn, context=context) == 0
    assert ldap_bind(solo(host).address, user=user, password="wrong", name=solo(host).fqdn, context=context) == 49


def test_no_password_goes_in_clear_text(host: Host) -> None:
    user, secret = f"Administrator@{_domain(host)}", PASSWORD.read_text(encoding="ascii").strip()
    # strongerAuthRequired (RFC 4511 appendix A)
    assert ldap_bind(solo(host).address, user=user, password=secret) == 8


def test_nobody_listens_for_netbios_names(host: Host) -> None:
    sockets = [line.split()[3] for line in root_shell(host, "ss -H -uln").splitlines()]
    assert [local for local in sockets if local.rpartition(":")[2] in ("137", "138")] == []


_OUTGOING = """
import socket
held = [socket.create_connection(("127.0.0.1", 389)) for _ in range(3)]
print(*(one.getsockname()[1] for one in held))
"""
_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


def test_an_outgoing_connection_never_takes_a_port_of_its_rpc_services(host: Host) -> None:
    """Samba that starts meanwhile would go without that service. There is hardly another port to be had here."""
    before = root_shell(host, f"cat {_RANGE}").strip()
    try:
        taken = root_shell(host, f"echo 49998 50022 > {_RANGE}; python3 -c '{_OUTGOING}'").split()
    finally:
        root_shell(host, f"echo {before} > {_RANGE}")
    assert set(map(int, taken)) <= {49998, 49999, 50021, 50022}


def test_samba_comes_back_at_boot(host: Host) -> None:
    assert host.service("samba-ad-dc.service").is_enabled
    assert host.service("samba-ad-dc.service").is_running


def test_the_database_is_lmdb_of_the_size_that_was_chosen(host: Host) -> None:
    """AD-17: a file of LMDB begins with its number (mdb.c, MDB_MAGIC) behind the header of the page."""
    files = root_shell(host, "ls /var/lib/samba/private/sam.ldb.d/*.ldb").splitlines()
    partitions = [file for file in files if not file.endswith("metadata.tdb")]
    assert len(partitions) == 5
    for file in partitions:
        quoted = shlex.quote(file)
        assert (
            root_shell(host, f"od --address-radix=n --format=x4 --skip-bytes=16 --read-bytes=4 {quoted}").strip()
            == "beefc0de"
        )
        assert f"{2**30}" in root_shell(host, f"mdb_stat -e -n {quoted}")


def test_a_level_is_raised_when_it_is_confirmed_and_after_a_backup(host: Host) -> None:
    """AD-46, AD-50: the forest of an earlier scenario is at 2008 R2; one that this scenario made has the level already.

    The Samba of Debian 12 offers no more than 2008 R2, which is said.
    """
    domain, wanted = _domain(host), {"domain": "2016", "forest": "2016"}
    if str(host.system_info.release).partition(".")[0] == "12":
        assert f"{solo(host).name} offers 2008_R2" in refusal(host, "functional_level", **wanted, confirm=domain)
        return
    needed = "2008 R2" in root_shell(host, "samba-tool domain level show")
    if needed:
        unconfirmed = f"is not given; give the domain's name, {domain}"
        assert unconfirmed in refusal(host, "functional_level", **wanted)
    raised = module(host, "functional_level", **wanted, confirm=domain)
    assert (raised["changed"], raised["levels"]) == (needed, wanted)
    assert [host.file(path).exists for path in [raised["backup"]] if path] == [True] * needed
    assert module(host, "functional_level", **wanted)["changed"] is False
    assert "cannot be lowered" in refusal(host, "functional_level", domain="2012", confirm=domain)
    test_the_administrator_logs_in(host)


def test_no_controller_is_set_below_the_level_of_its_domain() -> None:
    """AD-47: Samba would not start with such a smb.conf."""
    run = play(CONVERGE, extra_vars={"samba_dc_functional_level": "2008_R2"}, arguments=["--limit=solo13"])
    assert run.code != 0, run.explain()
    assert run.changes == [], run.explain()
    assert "samba_dc_functional_level 2008_R2 is below the level of the domain" in run.explain()
