# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local accounts of a file server that are no accounts of the domain. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "name": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "always", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class Database(Protocol):
    """Samba's local accounts."""

    def sid(self, name: str) -> str | None:
        """The SID of an account; None = there is none."""

    def has(self, name: str, password: str) -> bool:
        """Whether the account has this password."""

    def make(self, name: str) -> None:
        """Add an account."""

    def set_password(self, name: str, password: str) -> None:
        """Set the password of an account."""

    def remove(self, name: str) -> None:
        """Delete an account."""


class AccountResource:
    """The resource of the module `smb_account`."""

    batch = 2

    def __init__(self, connect: Callable[[], Database], options: Mapping[str, Any]) -> None:
        """Take what is wanted."""
        self._database = connect()
        self._name: str = options["name"]
        self._password: str | None = options["password"]
        self._always = options["update_password"] == "always"
        self._present = options["state"] == "present"

    def current(self) -> State:
        """The account, without anything of its password."""
        sid = self._database.sid(self._name)
        return {"name": self._name, "sid": sid} if sid else {}

    def desired(self, before: State) -> State:
        """There or not."""
        if not self._present:
            return {}
        return before or {"name": self._name}

    def plan(self, before: State, after: State) -> list[Step]:
        """Add it, and set the password that it has not."""
        if not self._present:
            return [Step(verb="remove", target=self._name)] if before else []
        if not before and self._password is None:
            raise ResourceError(
                f"password is not given, and there is no local account {self._name} yet. Nothing was changed. Give it."
            )
        setting = Step(verb="set_password", target=self._name)
        if not before:
            return [Step(verb="add", target=self._name, change=after), setting]
        keeps = self._password is None or not self._always or self._database.has(self._name, self._password)
        return [] if keeps else [setting]

    def transaction(self) -> AbstractContextManager[object]:
        """Samba has none here."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "remove":
            self._database.remove(self._name)
        elif step.verb == "add":
            self._database.make(self._name)
        else:
            self._database.set_password(self._name, self._password or "")

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The SID, where there is one."""
        return {"sid": self._database.sid(self._name)}
