# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusts by Samba's own code for them, in this process. Private to this collection."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_samba import silence
from ansible_collections.mailforest.stack.plugins.module_utils._directory._removal import text
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._trust import (
    DIRECTIONS,
    FOREST_TRANSITIVE,
    Domain,
    Trust,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_DIRECTION_WORDS = {"inbound": "incoming", "outbound": "outgoing", "bidirectional": "both"}
_ADVICE = {
    "ACCOUNT_DISABLED": (
        " The account is not disabled: winbind goes on using the secure channel of an earlier trust with this domain."
        " Restart samba-ad-dc on both sides."
    ),
    "ACCESS_DENIED": (
        " Before winbind has the trust's secure channel it connects without a name, which the other side refuses while"
        " its smb.conf has `restrict anonymous = 2`: there it must be 1 (samba_dc_settings)."
    ),
    "procedure number is out of range": (
        " The other side's Samba is older than this one's, which asks it for what it has not got. Make the trust on the"
        " other side, with the opposite direction."
    ),
}
"""By a part of what Samba says: what it means."""
_ATTRIBUTES = ["trustPartner", "flatName", "trustDirection", "trustAttributes", "securityIdentifier"]


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What Samba's command takes for its options about the configuration."""

    lp: Any

    def get_loadparm(self) -> Any:
        return self.lp


@dataclass(frozen=True, kw_only=True)
class _Login:
    """What Samba's command takes for its options about credentials; without a server, this host itself."""

    ipaddress: str | None = None
    principal: str = ""
    password: str = ""

    def get_credentials(self, lp: Any) -> Any:
        from samba.credentials import Credentials

        credentials = Credentials()
        credentials.guess(lp)
        credentials.parse_string(self.principal)
        credentials.set_password(self.password)
        return credentials


def _command(name: str) -> Any:
    """Samba 4.17 has all commands of the domain in one file, later ones do not."""
    try:
        module = importlib.import_module("samba.netcmd.domain.trust")
    except ImportError:
        module = importlib.import_module("samba.netcmd.domain")
    return getattr(module, f"cmd_domain_trust_{name}")


def _advice(message: str) -> str:
    return "".join(words for part, words in _ADVICE.items() if part in message)


class SambaTrusts:
    """This domain controller's trusts."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        self._store = SamStore(configuration_file)
        self._sam = self._store.sam
        self._lp = self._store.settings

    def samba_version(self) -> str:
        """As the bindings tell."""
        return str(_bindings.samba.version)

    def own(self) -> Domain:
        """Read smb.conf, which Samba holds to the directory."""
        return Domain(dns_name=self._store.dns_domain, netbios_name=str(self._lp.get("workgroup")))

    def find(self, name: str) -> Trust | None:
        """Look in the container System."""
        found = self._sam.search(
            base=f"CN=System,{self._store.domain_dn}",
            scope=ldb.SCOPE_ONELEVEL,
            expression=f"(&(objectClass=trustedDomain)(trustPartner={ldb.binary_encode(name)}))",
            attrs=_ATTRIBUTES,
        )
        for message in found:
            number = int(str(message["trustDirection"][0]))
            forest = int(str(message["trustAttributes"][0])) & FOREST_TRANSITIVE
            return Trust(
                distinguished_name=str(message.dn),
                name=str(message["trustPartner"][0]).lower(),
                netbios_name=str(message["flatName"][0]),
                sid=self._sam.schema_format_value("objectSid", message["securityIdentifier"][0]).decode(),
                direction=next((word for word, value in DIRECTIONS.items() if value == number), "none"),
                type="forest" if forest else "external",
            )
        return None

    def other(self, name: str, server: str | None) -> Domain:
        """Find its PDC emulator by DNS, and ask it."""
        from samba import NTSTATUSError
        from samba.credentials import Credentials
        from samba.dcerpc import nbt
        from samba.net import Net

        anonymous = Credentials()
        anonymous.guess(self._lp)
        anonymous.set_anonymous()
        flags = nbt.NBT_SERVER_LDAP | nbt.NBT_SERVER_DS | nbt.NBT_SERVER_WRITABLE | nbt.NBT_SERVER_PDC
        try:
            with silence():
                found = Net(anonymous, self._lp, server=server).finddc(flags=flags, domain=name, address=server)
        except NTSTATUSError as exc:
            raise ResourceError(
                f"The PDC emulator of {name} does not answer: {text(exc)}. Nothing was changed. This host must resolve"
                f" _ldap._tcp.pdc._msdcs.{name}, as the other side must resolve ours, and reach it by UDP and TCP 389."
            ) from exc
        return Domain(dns_name=str(found.dns_domain), netbios_name=str(found.domain_name))

    def _login(self, options: Mapping[str, Any]) -> _Login:
        return _Login(
            ipaddress=options["trusted_server"],
            principal=f"{options['trusted_admin_user']}@{options['name'].upper()}",
            password=options["trusted_admin_password"] or "",
        )

    def _run(self, command: str, name: str, **options: Any) -> None:
        output = io.StringIO()
        with silence() as said:
            try:
                runner = _command(command)()
                runner.outf = runner.errf = output
                runner.run(name, sambaopts=_Settings(lp=self._lp), localdcopts=_Login(), **options)
            except Exception as exc:  # Samba raises bare classes of many modules here
                message = str(getattr(exc, "message", None) or text(exc)).rstrip(".")
                raise ResourceError(
                    f"Samba cannot {command} the trust with {name}: {message}. A trust that was made in this run is"
                    f" taken back. Cure the cause and run again.{_advice(message)}",
                    log=[*output.getvalue().splitlines(), *said()][-20:],
                ) from exc

    def create(self, options: Mapping[str, Any]) -> None:
        """As `samba-tool domain trust create`, with AES keys only; the names of a forest that is trusted are fetched.

        Samba fetches them on both sides or on none, and a side that is only trusted cannot: its winbind does not know
        the other domain. Samba takes back what one side refused, but leaves a trust that was made and does not work.
        """
        both = options["direction"] == "bidirectional"
        try:
            self._run(
                "create",
                options["name"],
                credopts=self._login(options),
                trust_type=options["type"],
                trust_direction=_DIRECTION_WORDS[options["direction"]],
                create_location="both",
                use_aes_keys=True,
                validate=both,
            )
            if options["type"] == "forest" and options["direction"] == "outbound":
                self._run("namespaces", options["name"], refresh="store", enable_all=True)
        except ResourceError as exc:
            if self.find(options["name"]) is not None:
                self._take_back(options, exc)
            raise

    def _take_back(self, options: Mapping[str, Any], error: ResourceError) -> None:
        try:
            self.remove(options)
        except ResourceError as exc:
            error.details["not_taken_back"] = str(exc)

    def remove(self, options: Mapping[str, Any]) -> None:
        """As `samba-tool domain trust delete`."""
        both = bool(options["trusted_admin_password"])
        self._run(
            "delete",
            options["name"],
            credopts=self._login(options) if both else _Login(),
            delete_location="both" if both else "local",
        )

    def verify(self, name: str) -> str | None:
        """As `samba-tool domain trust validate`: winbind here logs in there with the trust's secret."""
        try:
            self._run("validate", name, credopts=_Login(), validate_location="local")
        except ResourceError as exc:
            message = str((exc.__cause__ and getattr(exc.__cause__, "message", None)) or exc).rstrip(".")
            return f"{message}.{_advice(message)}".rstrip(".")
        return None
