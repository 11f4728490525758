# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the directory who are made for a test, and removed after it, mailbox and all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .hosts import at, module, root_shell
from .mail_target import User
from .office import Office

MAILBOX_ATTRIBUTE = "adminDescription"
HOME_ATTRIBUTE = "adminDisplayName"


@contextmanager
def person(office: Office, name: str, *, groups: tuple[str, ...] = ("mail-users",), **options: Any) -> Iterator[User]:
    """A user with a mailbox at the first mail server; `options` are those of module user."""
    user = User(login=name, address=f"{name}@{office.mail_domain}", password=f"Aa1-{secrets.token_urlsafe(12)}")
    row = {
        "name": name,
        "email": user.address,
        "password": user.password,
        "enabled": True,
        "mail_home": office.fqdn(office.mail_servers[0]),
        "groups": {"add": list(groups)},
        **options,
    }
    write(office, row)
    box = str(module(at(office.controllers[0]), "object_info", identity=name)["objects"][0]["object_guid"])
    try:
        yield user
    finally:
        module(at(office.controllers[0]), "user", identity=box, name=name, state="absent")
        root_shell(at(office.mail_servers[0]), f"rm -rf /var/vmail/{box}")


def write(office: Office, *rows: dict[str, Any]) -> None:
    """Write users, in the way that role directory does; every controller has it in the end."""
    first = at(office.controllers[0])
    names = {"guid_attribute": MAILBOX_ATTRIBUTE, "home_attribute": HOME_ATTRIBUTE}
    module(first, "user", users=list(rows), **names)
    for name in office.controllers[1:]:  # each fetches, so that a look-up at any of them knows it at once
        module(at(name), "replication_sync", wait=180)
