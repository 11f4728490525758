# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's own list says which names a controller has."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinnames import names

LIST = """\
# this is a list of DNS entries
A                      ${HOSTNAME}                                           $IP
${IF_DC}CNAME          ${NTDSGUID}._msdcs.${DNSFOREST}                       ${HOSTNAME}
${IF_RWDNS_DOMAIN}NS   ${DNSDOMAIN}                                          ${HOSTNAME}
${IF_RWDNS_DOMAIN}RPC ${DNSFOREST}   NS ${DNSDOMAIN}                         ${HOSTNAME}
${IF_RWDC}AAAA         ${DNSDOMAIN}                                          $IP

${IF_DC}SRV            _ldap._tcp.${SITE}._sites.${DNSDOMAIN}                ${HOSTNAME} 389
${IF_PDC}SRV           _ldap._tcp.pdc._msdcs.${DNSDOMAIN}                    ${HOSTNAME} 389
${IF_RODC}SRV          _ldap._tcp.ro.${DNSDOMAIN}                            ${HOSTNAME} 389
"""
VALUES = {
    "HOSTNAME": "dc3.corp.example.test",
    "NTDSGUID": "1d3ae5a6",
    "DNSDOMAIN": "corp.example.test",
    "DNSFOREST": "example.test",
    "SITE": "branch",
}


def test_the_names_of_a_writable_controller_are_read() -> None:
    assert list(names(LIST, VALUES)) == [
        ("dc3.corp.example.test", "A"),
        ("1d3ae5a6._msdcs.example.test", "CNAME"),
        ("corp.example.test", "AAAA"),
        ("_ldap._tcp.branch._sites.corp.example.test", "SRV"),
    ]


def test_a_read_only_controller_has_its_own_name_and_no_services() -> None:
    assert list(names(LIST, VALUES, read_only=True)) == [
        ("dc3.corp.example.test", "A"),
        ("1d3ae5a6._msdcs.example.test", "CNAME"),
    ]


def test_without_the_global_catalog_its_names_are_not_wanted() -> None:
    lines = "${IF_RWGC}SRV _gc._tcp.${DNSFOREST} ${HOSTNAME} 3268\n${IF_DC}SRV _ldap._tcp.${DNSDOMAIN} ${HOSTNAME} 1\n"
    assert list(names(lines, VALUES, global_catalog=False)) == [("_ldap._tcp.corp.example.test", "SRV")]
