# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing users and groups in bulk, with keys that were derived beside. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bulk_secrets
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Login, Realm
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_plan import Plan
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import (
    Example,
    Hands,
    Secret,
    Unlike,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Operation,
    Store,
    Values,
    encode,
    guid_dn,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

OPENSSL, SAMBA, NOBODY = "openssl", "samba", "none"


class Keeper(Store, Protocol):
    """What of the database the writer needs."""

    def realm(self) -> Realm:
        """What of the domain goes into the keys."""

    def example(self, dn: str) -> tuple[Example, bytes, bytes]:
        """What Samba stored of a password."""

    def add_with_keys(self, dn: str, attributes: Mapping[str, Values], secret: Secret, *, history: bool) -> None:
        """Add a user whose keys are derived already."""


class Writer:
    """Writes plans; the caller holds the transaction."""

    def __init__(self, store: Keeper, hands: Hands | None, reason: str | None = None) -> None:
        """Without hands Samba derives all keys, for the reason given."""
        self._store = store
        self._hands = hands
        self._example: Example | None = None
        self._history = False
        self._realm: Realm | None = None
        self.derivation: dict[str, str | None] = {"by": NOBODY, "reason": reason}

    def write(self, plans: Sequence[Plan]) -> None:
        """Renames first, as they make room."""
        for plan in plans:
            if plan.entry:
                self._change(plan, guid_dn(plan.entry.guid))
        new = [plan for plan in plans if plan.entry is None]
        for plan, secret in self._with_secrets(new):
            self._create(plan, secret)

    def _change(self, plan: Plan, place: str) -> None:
        if plan.entry and plan.dn != plan.entry.dn:
            self._store.rename(place, plan.dn)
        changes = [
            Change(operation=Operation.REPLACE, attribute=name, values=values) for name, values in plan.values.items()
        ]
        if plan.password:
            secret = Change(operation=Operation.REPLACE, attribute="unicodePwd", values=(_quoted(plan.password),))
            changes.append(secret)
        if changes:
            self._store.modify(place, changes)

    # New ones

    def _with_secrets(self, plans: Sequence[Plan]) -> Iterator[tuple[Plan, Secret | None]]:
        """Each plan, with the keys of its password where they are derived beside."""
        logins = [_login(plan) if plan.password else None for plan in plans]
        secrets: Iterator[Secret] | None = None
        for number, (plan, login) in enumerate(zip(plans, logins, strict=True)):
            if login is None or not login.is_plain or self._hands is None:
                yield plan, None
                continue
            if self._example is None:
                yield plan, None
                self._learn(plan, login)
                continue
            if secrets is None:
                rest = [later for later in logins[number:] if later is not None and later.is_plain]
                secrets = self._hands.secrets(self._known_realm(), rest, self._example)
            secret = next(secrets, None)
            if secret is None:
                raise RuntimeError("there are fewer keys than passwords")
            yield plan, secret

    def _known_realm(self) -> Realm:
        if self._realm is None:
            self._realm = self._store.realm()
        return self._realm

    def _learn(self, plan: Plan, login: Login) -> None:
        """Hold our keys against Samba's; where they differ, Samba derives them all."""
        example, nt_hash, history = self._store.example(plan.dn)
        try:
            _bulk_secrets.check(self._known_realm(), login, example, nt_hash)
            if history not in (b"", nt_hash):
                raise Unlike("the history differs")
        except (Unlike, ValueError, TypeError, AttributeError, RuntimeError) as exc:
            self._hands = None
            self.derivation["reason"] = f"Samba's keys of {plan.dn} are not ours: {exc}"
            return
        self._example, self._history = example, bool(history)

    def _create(self, plan: Plan, secret: Secret | None) -> None:
        values: dict[str, Values] = {"objectClass": (encode(plan.bulk.kind.object_class),)}
        values |= {name: held for name, held in plan.values.items() if held}
        if secret is not None:
            self._store.add_with_keys(plan.dn, values, secret, history=self._history)
            self.derivation["by"] = OPENSSL
        else:
            if plan.password:
                values["unicodePwd"] = (_quoted(plan.password),)
                if self.derivation["by"] == NOBODY:
                    self.derivation["by"] = SAMBA
            self._store.add(plan.dn, values)
        if plan.guid_attribute:
            self._note_guid(plan.dn, plan.guid_attribute)

    def _note_guid(self, dn: str, attribute: str) -> None:
        entry = self._store.read(dn, ["objectGUID"])
        if entry is None:
            raise ResourceError(f"{dn} was added and is not there. The transaction was taken back. See Samba's log.")
        change = Change(operation=Operation.REPLACE, attribute=attribute, values=(encode(entry.guid),))
        self._store.modify(dn, (change,))


def _login(plan: Plan) -> Login:
    return Login(account=plan.account, upn=plan.upn, password=str(plan.password))


def _quoted(password: str) -> bytes:
    return f'"{password}"'.encode("utf-16-le")
