# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail servers the mail tests talk to, and as whom: a JSON file, named by MAILFOREST_MAIL_TARGET.

    {
      "ca_file": "/path/ca.crt",
      "domain": "example.test",
      "hosts": [{"address": "198.51.100.68", "fqdn": "mx1.corp.example.test"}],
      "sender": {"login": "alice", "address": "alice@example.test", "password": "..."},
      "recipient": {"login": "bob", "address": "bob@example.test", "password": "...",
                    "logins": ["bob@example.test"], "aliases": ["robert@example.test"]},
      "disabled": [{"login": "carol", "address": "carol@example.test", "password": "..."}],
      "ports": [25, 465, 587, 143, 993, 110, 995]
    }

`logins` are further names of the same mailbox, `aliases` further addresses; both may be left out, and so may `ports`,
whose default is shown. There is at least one disabled user. The file holds passwords: mode 0600. The mail
programs that tools/setup installs are needed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "MAILFOREST_MAIL_TARGET"
PORTS = (25, 465, 587, 143, 993, 110, 995)
SUBMISSION = {465: "implicit", 587: "starttls", 2525: "starttls"}
READING = {993: "imaps", 143: "imap", 995: "pop3s", 110: "pop3"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server: where it is, and the name that its certificate carries."""

    address: str
    fqdn: str


@dataclass(frozen=True, kw_only=True, repr=False)
class User:
    """Somebody with a mailbox, or somebody who is refused. Not shown in reports: it holds a password."""

    login: str
    address: str
    password: str
    logins: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """Everything the tests need to know."""

    ca_file: Path
    domain: str
    hosts: tuple[Server, ...]
    sender: User
    recipient: User
    disabled: tuple[User, ...]
    ports: tuple[int, ...]

    @property
    def submission(self) -> tuple[int, ...]:
        """The ports that users send through."""
        return tuple(port for port in self.ports if port in SUBMISSION)

    @property
    def reading(self) -> tuple[int, ...]:
        """The ports that users read at."""
        return tuple(port for port in self.ports if port in READING)


def _user(found: dict[str, Any]) -> User:
    return User(**{**found, "logins": tuple(found.get("logins", ())), "aliases": tuple(found.get("aliases", ()))})


def load() -> Target:
    """The target, from the file that the environment names."""
    name = os.environ.get(VARIABLE)
    if not name:
        raise RuntimeError(
            f"{VARIABLE} is not set. Let it name the JSON file that tests/system/support/mail_target.py describes."
        )
    found = json.loads(Path(name).read_text(encoding="utf-8"))
    return Target(
        ca_file=Path(found["ca_file"]),
        domain=found["domain"],
        hosts=tuple(Server(**host) for host in found["hosts"]),
        sender=_user(found["sender"]),
        recipient=_user(found["recipient"]),
        disabled=tuple(_user(user) for user in found["disabled"]),
        ports=tuple(found.get("ports", PORTS)),
    )
