# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining with Samba's own Python code, in this process. Private to this collection."""

from __future__ import annotations

import socket
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import (
    Survey,
    Unreachable,
    Wanted,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import CONTROLLER
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba, store_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import (
    quiet,
    remove_controller,
    servers,
    sites_container,
    text,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_PORTS = {88: "Kerberos", 135: "the RPC endpoint mapper", 389: "LDAP"}
_WORKSTATION_TRUST = 0x1000
_ADDRESS_TYPES = (1, 28)
_INVALID_CREDENTIALS = 49


class JoiningSamba(LocalSamba):
    """Samba on the host that joins."""

    def site(self) -> str:
        """The container two above the server's, of which NTDS Settings is a child."""
        sam = _bindings.SamDB(
            url=f"{self.private_dir}/sam.ldb",
            session_info=_bindings.system_session(),
            lp=self._lp,
            flags=ldb.FLG_DONT_CREATE_DB,
        )
        return _site(ldb.Dn(sam, str(sam.get_dsServiceName())).parent())

    def read_only(self) -> bool:
        """By the own NTDS Settings."""
        sam = _bindings.SamDB(
            url=f"{self.private_dir}/sam.ldb",
            session_info=_bindings.system_session(),
            lp=self._lp,
            flags=ldb.FLG_DONT_CREATE_DB,
        )
        return bool(sam.am_rodc())

    @property
    def lp(self) -> Any:
        """The settings."""
        return self._lp


class SambaPartner:
    """The controller to join from."""

    def __init__(self, samba: JoiningSamba, wanted: Wanted, user: str, password: str) -> None:
        """Nothing is asked yet."""
        self._lp = samba.lp
        self._wanted = wanted
        self._server = wanted.server
        self._user = user
        self._password = password

    def _credentials(self) -> Any:
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.guess(self._lp)
        credentials.set_realm(self._wanted.dns_name.upper())
        credentials.set_domain(self._wanted.netbios_name)
        credentials.set_username(self._user)
        credentials.set_password(self._password)
        return credentials

    def greet(self) -> _root.Root:
        """Read the rootDSE, which anybody may."""
        try:
            address = socket.getaddrinfo(self._server, 389, type=socket.SOCK_STREAM)[0][4][0]
        except OSError as exc:
            raise Unreachable(
                f"The name {self._server} has no address here ({exc.strerror}). Nothing was changed. This host needs it"
                " in /etc/hosts or a name server of the domain in /etc/resolv.conf (role host writes both)."
            ) from exc
        closed = [f"{what} ({port})" for port, what in _PORTS.items() if not _root.is_open(str(address), port)]
        if closed:
            raise Unreachable(
                f"{self._server} ({address}) does not answer on {', '.join(closed)}. Nothing was changed. Check that"
                " samba-ad-dc runs there and that every firewall between lets this host in, on the range of the RPC"
                " ports too."
            )
        root = _root.read(self._lp, self._server)
        if root is None:
            raise Unreachable(
                f"{self._server} ({address}) accepts connections on 389, but does not say who it is. Nothing was"
                " changed. Check that it is a domain controller."
            )
        return root

    def answers(self, address: str) -> str | None:
        """Ask who it is."""
        root = _root.read(self._lp, address)
        return root.fqdn if root else None

    def connect(self) -> Any:
        """Log in to its directory."""
        try:
            sam = _bindings.SamDB(
                url=f"ldap://{self._server}",
                session_info=_bindings.system_session(),
                credentials=self._credentials(),
                lp=self._lp,
            )
            sam.search(base=sam.get_config_basedn(), scope=ldb.SCOPE_BASE, attrs=[])
        except (ldb.LdbError, RuntimeError) as exc:
            if exc.args[0] == _INVALID_CREDENTIALS:
                raise ResourceError(
                    f"{self._server} refuses the user name or the password of {self._user}. Nothing was changed."
                    " Correct domain_admin_user or domain_admin_password."
                ) from exc
            raise ResourceError(
                f"{self._server} cannot be logged in to as {self._user}: {text(exc)}. Nothing was changed."
                " Check its log, /var/log/samba/log.samba."
            ) from exc
        return sam

    def survey(self, host_name: str) -> Survey:
        """Read what the directory has of the sites, of the domain, and of this name."""
        sam = self.connect()
        domain, partitions = str(sam.domain_dn()), str(sam.get_partitions_dn())
        where = f"(&(objectClass=crossRef)(nCName={ldb.binary_encode(domain)}))"
        netbios = sam.search(base=partitions, scope=ldb.SCOPE_ONELEVEL, expression=where, attrs=["nETBIOSName"])[0]
        level = sam.search(base=domain, scope=ldb.SCOPE_BASE, attrs=["msDS-Behavior-Version"])[0]
        sites = sites_container(sam)
        found = sam.search(base=sites, scope=ldb.SCOPE_ONELEVEL, expression="(objectClass=site)", attrs=["cn"])
        previous = [message.dn for message in servers(sam, host_name)]
        return Survey(
            netbios_name=str(netbios["nETBIOSName"][0]),
            domain_level=int(level["msDS-Behavior-Version"][0]) if "msDS-Behavior-Version" in level else 0,
            sites=sorted(str(message["cn"][0]) for message in found),
            member=self._member(sam, host_name),
            previous=[str(dn) for dn in previous],
            roles=_roles(sam, previous),
            addresses=self._addresses(sam, host_name),
            unknown_groups=[
                name for name in (*self._wanted.allowed, *self._wanted.denied) if self._group(sam, name) is None
            ],
        )

    @staticmethod
    def _member(sam: Any, host_name: str) -> str | None:
        found = sam.search(
            base=sam.domain_dn(),
            scope=ldb.SCOPE_SUBTREE,
            expression=f"(sAMAccountName={ldb.binary_encode(host_name)}$)",
            attrs=["userAccountControl"],
        )
        for message in found:
            control = int(message["userAccountControl"][0])
            if control & _WORKSTATION_TRUST and not control & CONTROLLER:
                return str(message.dn)
        return None

    @staticmethod
    def _group(sam: Any, name: str) -> str | None:
        where = f"(&(objectClass=group)(sAMAccountName={ldb.binary_encode(name)}))"
        found = sam.search(base=sam.domain_dn(), scope=ldb.SCOPE_SUBTREE, expression=where, attrs=["cn"])
        return str(found[0].dn) if len(found) else None

    def _addresses(self, sam: Any, host_name: str) -> list[str]:
        from samba.dcerpc import dnsp

        zone = sam.domain_dns_name()
        node = ldb.Dn(sam, f"CN=MicrosoftDNS,DC=DomainDnsZones,{sam.domain_dn()}")
        for value in (zone, host_name):
            node.add_child("DC=x")
            node.set_component(0, "DC", value)
        try:
            found = sam.search(base=node, scope=ldb.SCOPE_BASE, attrs=["dnsRecord"])[0]
        except ldb.LdbError as exc:
            if exc.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return []
            raise
        records = [_bindings.ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in found.get("dnsRecord", [])]
        own = _bindings.samba.interface_ips(self._lp, True)
        return [str(record.data) for record in records if record.wType in _ADDRESS_TYPES and record.data not in own]

    def sites_of(self, host_name: str) -> list[str]:
        """Only a server that has its NTDS Settings is a controller."""
        sam = self.connect()
        places = []
        for message in servers(sam, host_name):
            settings = sam.search(
                base=message.dn, scope=ldb.SCOPE_ONELEVEL, expression="(objectClass=nTDSDSA)", attrs=["cn"]
            )
            places += [_site(message.dn) for _found in settings]
        return places

    def remove(self, host_name: str) -> None:
        """As `samba-tool domain demote --remove-other-dead-server` does."""
        remove_controller(self.connect(), host_name, consequence="This host has not joined.")

    def join(self) -> None:
        """As `samba-tool domain join` does; what Samba prints or logs is kept for the error only."""
        from samba.join import join_DC, join_RODC

        wanted = self._wanted
        with quiet() as (log, logger):
            try:
                (join_RODC if wanted.read_only else join_DC)(
                    logger=logger,
                    server=wanted.server,
                    creds=self._credentials(),
                    lp=self._lp,
                    domain=wanted.dns_name,
                    site=wanted.site,
                    netbios_name=wanted.host_name.upper(),
                    dns_backend="SAMBA_INTERNAL",
                    **store_arguments(wanted.backend_store, wanted.backend_store_size),
                )
            except Exception as exc:  # as above
                raise ResourceError(
                    f"Joining {wanted.dns_name} through {wanted.server} failed: {type(exc).__name__}: {text(exc)}."
                    " This host is no domain controller now. Cure the cause and run again: what was half written here"
                    " is then moved aside, and what is left in the directory is removed.",
                    log=log.getvalue().splitlines()[-20:],
                ) from exc

        if wanted.read_only:
            self._set_password_policy()

    def _set_password_policy(self) -> None:
        """Beside the groups that Samba itself allows and denies ([MS-ADTS] 3.1.1.4.4, and 6.1.1.2.2.1.2.1.1)."""
        sam, wanted = self.connect(), self._wanted
        where = f"(sAMAccountName={ldb.binary_encode(wanted.host_name)}$)"
        account = sam.search(base=sam.domain_dn(), scope=ldb.SCOPE_SUBTREE, expression=where, attrs=["cn"])[0]
        change = ldb.Message(account.dn)
        for attribute, groups in (
            ("msDS-RevealOnDemandGroup", wanted.allowed),
            ("msDS-NeverRevealGroup", wanted.denied),
        ):
            if groups:
                values = [str(self._group(sam, name)) for name in dict.fromkeys(groups)]
                change[attribute] = ldb.MessageElement(values, ldb.FLAG_MOD_ADD, attribute)
        if len(change):
            sam.modify(change)


def _site(server: Any) -> str:
    """The site above a server's object: CN=name,CN=Servers,CN=site,..."""
    return str(server.get_component_value(2))


def _roles(sam: Any, servers: list[Any]) -> list[str]:
    """The objects whose role one of these controllers holds; the directory refers to it by its NTDS Settings."""
    domain, configuration = sam.domain_dn(), sam.get_config_basedn()
    places = {
        "schema": sam.get_schema_basedn(),
        "naming": f"CN=Partitions,{configuration}",
        "rid": f"CN=RID Manager$,CN=System,{domain}",
        "pdc": domain,
        "infrastructure": f"CN=Infrastructure,{domain}",
        "domaindns": f"CN=Infrastructure,DC=DomainDnsZones,{domain}",
        "forestdns": f"CN=Infrastructure,DC=ForestDnsZones,{sam.get_root_basedn()}",
    }
    held = []
    for role, place in places.items():
        found = sam.search(base=place, scope=ldb.SCOPE_BASE, attrs=["fSMORoleOwner"])[0]
        if "fSMORoleOwner" in found and ldb.Dn(sam, str(found["fSMORoleOwner"][0])).parent() in servers:
            held.append(role)
    return held
