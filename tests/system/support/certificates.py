# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server's certificate: what it serves, how long that is good, and what it is like when it has expired."""

from __future__ import annotations

import json
import ssl
import time

import yaml

from .hosts import at, root_shell
from .network import handshake
from .office import Office
from .playbook import eventually

_PLACE, _CA = "/etc/ssl/mailforest", "/etc/ssl/mailforest-ca"
_REQUEST = f"openssl x509 -in {_PLACE}/host.crt -x509toreq -copy_extensions copyall -signkey {_PLACE}/host.key"
_PORTS = (465, 993)


def served(office: Office, name: str, port: int = 993) -> dict[str, object]:
    """The certificate of a server; raises SSLCertVerificationError when it is none that counts."""
    context = ssl.create_default_context(cafile=str(office.ca_file))
    return handshake(office.addresses[name], port, name=office.fqdn(name), context=context)


def days_left(office: Office, name: str) -> int:
    """Whole days until the served certificate ends."""
    return int((ssl.cert_time_to_seconds(str(served(office, name)["notAfter"])) - time.time()) // 86400)


def expired(office: Office, name: str) -> None:
    """What the CA issued for the server ended yesterday, and Postfix and Dovecot serve it."""
    request = root_shell(at(name), f"{_REQUEST} | sed -n '/BEGIN/,/END/p'")
    secrets = yaml.safe_load((office.directory / "secrets.yml").read_text(encoding="utf-8"))
    wanted = {
        "path": f"{_CA}/issued/{name}.crt",
        "provider": "ownca",
        "csr_content": request,
        "ownca_path": f"{_CA}/ca.crt",
        "ownca_privatekey_path": f"{_CA}/ca.key",
        "ownca_privatekey_passphrase": secrets["mailforest_ca_passphrase"],
        "ownca_not_before": "-398d",
        "ownca_not_after": "-1d",
        "force": True,
        "return_content": True,
    }
    authority = at(office.controllers[0])
    issued = authority.ansible("community.crypto.x509_certificate", json.dumps(wanted), check=False, become=True)
    root_shell(
        at(name),
        f"cat > {_PLACE}/host.crt << 'END'\n{str(issued['certificate']).strip()}\nEND\n"
        "postfix reload; systemctl restart dovecot",
    )
    # Postfix's processes take it up when they are done with what they do.
    eventually(lambda: {_verdict(office, name, port) for port in _PORTS} == {"certificate has expired"}, seconds=60)


def _verdict(office: Office, name: str, port: int) -> str:
    try:
        served(office, name, port)
    except ssl.SSLCertVerificationError as exc:
        return str(exc.verify_message)
    return ""
