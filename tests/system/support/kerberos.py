# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos tickets of MIT's kinit, and curl that uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .mail_client import SECONDS, Client
from .mail_target import User
from .office import Office

_CONFIGURATION = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
[realms]
{realm} = {{
{kdcs}
}}
[domain_realm]
.{domain} = {realm}
"""


class Ticket:
    """What a user got at a logon, in a directory of its own."""

    def __init__(self, office: Office, user: User, directory: Path, controllers: Sequence[str] = ()) -> None:
        """Log on at the first of the controllers that answers; raises CalledProcessError when it refuses."""
        self.realm = office.dns_domain.upper()
        self.user = user
        names = controllers or office.controllers[:1]
        kdcs = "\n".join(f"  kdc = {office.addresses[name]}" for name in names)
        text = _CONFIGURATION.format(realm=self.realm, domain=office.dns_domain, kdcs=kdcs)
        (directory / "krb5.conf").write_text(text, encoding="utf-8")
        self.environment = {
            **os.environ,
            "KRB5_CONFIG": str(directory / "krb5.conf"),
            "KRB5CCNAME": f"FILE:{directory / user.login}",
            "LC_ALL": "C.UTF-8",
        }
        self._run("kinit", f"{user.login}@{self.realm}", text=f"{user.password}\n")

    def services(self) -> str:
        """The services that there are tickets for, as klist prints them."""
        return self._run("klist").stdout

    def curl(self, client: Client, url: str, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run curl with the ticket, and no password."""
        server, port = client.server, url.rpartition(":")[2].partition("/")[0]
        argv = ("curl", "--silent", "--show-error", "--ssl-reqd", "--max-time", f"{SECONDS:.0f}")
        who = ("--user", f"{self.user.login}@{self.realm}:", "--login-options", "AUTH=GSSAPI")
        where = ("--cacert", str(client.target.ca_file), "--resolve", f"{server.fqdn}:{port}:{server.address}")
        return self._run(*argv, *who, *where, *options, url, text=text, check=False)

    def scripts(self, client: Client) -> subprocess.CompletedProcess[str]:
        """Log in to ManageSieve with the ticket, and list the scripts."""
        program = f"{__package__}.gssapi_sieve"
        where = (client.server.address, client.server.fqdn, str(client.target.ca_file))
        return self._run(sys.executable, "-m", program, *where, check=False)

    def _run(self, *argv: str, text: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=self.environment, input=text, capture_output=True, text=True, check=check, timeout=2 * SECONDS
        )
