# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wanted object of many beside what is there: the difference, and all that is wrong. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _nesting
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_kinds import USERS, BulkKind
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_places import Places, Seen
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_rows import Fault, Row
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import GROUP
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Entry,
    Store,
    Values,
    encode,
    guid_dn,
    is_guid,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_BAD_SAM = frozenset('"/\\[]:;|=,+*?<>')
_READ = ("objectGUID", "objectClass", "sAMAccountName", "sAMAccountType", "memberOf", "primaryGroupID")
USER_TYPE = b"805306368"


class Finder(Store, Protocol):
    """What of the database the planner needs."""

    def find_any(self, attribute: str, values: Sequence[str], attributes: Sequence[str]) -> list[Entry]:
        """Objects of which an attribute has any of the values."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds for every row that does not say otherwise."""

    path: str | None = None
    initial_password: str | None = None
    update_password: str = "on_create"
    guid_attribute: str | None = None
    home_attribute: str | None = None


@dataclass
class Plan:
    """What one row comes to."""

    row: Row
    bulk: BulkKind
    entry: Entry | None = None
    name: str = ""
    account: str = ""
    dn: str = ""
    values: dict[str, Values] = field(default_factory=dict)
    """Attributes that differ, with the values they get; none = the attribute goes."""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    password: str | None = None
    """The password that is written, if one is."""
    guid_attribute: str | None = None
    """The attribute of a new object that gets its GUID."""
    warning: str | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def verb(self) -> str | None:
        """What is done with the object itself; None = nothing."""
        if self.entry is None:
            return "create"
        return "change" if self.values or self.password or self.dn != self.entry.dn else None

    @property
    def upn(self) -> str | None:
        """The principal name of a new user."""
        value = self.row.get("upn")
        return str(value) if value else None

    def bad(self, column: str, reason: str) -> None:
        """Note a fault."""
        self.faults.append(self.row.fault(column, reason))


class Planner:
    """Compares rows of one kind with the directory."""

    def __init__(self, store: Finder, bulk: BulkKind, defaults: Defaults, places: Places, extra: Iterable[str]) -> None:
        """`extra` are the attributes by LDAP name that any row may give."""
        self._store = store
        self._bulk = bulk
        self._defaults = defaults
        self._places = places
        self._dn_valued: dict[str, bool] = {}
        self._ahead: dict[str, Entry | None] = {}
        own = [name for name in (defaults.guid_attribute, defaults.home_attribute) if name]
        names = (*_READ, bulk.kind.number, *bulk.texts.values(), *own, *sorted(extra))
        self._read = tuple(dict.fromkeys(names))

    def look_ahead(self, rows: Iterable[Row]) -> None:
        """Find the objects of rows that come next with one search; one by one it takes four times as long."""
        accounts = {_account(row).casefold() for row in rows if not row.get("identity")}
        accounts = {
            account for account in accounts if account and account.isascii()
        }  # of others only AD knows the case
        self._ahead = dict.fromkeys(accounts)
        for entry in self._store.find_any("sAMAccountName", sorted(accounts), self._read) if accounts else ():
            self._ahead[str(entry.text("sAMAccountName")).casefold()] = entry

    def examine(self, row: Row, seen: Seen | None = None) -> Plan:
        """Plan a row; what is `seen` twice is a fault."""
        plan = Plan(row=row, bulk=self._bulk, faults=list(row.faults))
        if plan.faults and not row.values:
            return plan
        if not (row.get("name") or row.get("sam_account_name") or row.get("identity")):
            plan.bad("name", "it has neither name nor sam_account_name nor identity")
            return plan
        try:
            plan.entry = self._entry(row)
        except ResourceError as exc:
            plan.bad("identity" if row.get("identity") else "sam_account_name", str(exc))
            return plan
        self._name(plan)
        self._place(plan)
        if seen is not None:
            self._check(plan, seen)
        if not plan.faults:
            self._compare(plan)
        return plan

    # Which object it is, and where it belongs

    def _entry(self, row: Row) -> Entry | None:
        identity = row.get("identity")
        entry = self._identified(str(identity)) if identity else self._named(_account(row))
        if entry is not None and not self._is_kind(entry):
            raise ResourceError(f"{entry.dn} has this name, and is no {self._bulk.kind.name}")
        return entry

    def _named(self, account: str) -> Entry | None:
        key = account.casefold()
        if key in self._ahead:
            return self._ahead[key]
        found = self._store.find({"sAMAccountName": account}, attributes=self._read)
        return found[0] if found else None

    def _identified(self, identity: str) -> Entry | None:
        if is_guid(identity):
            entry = self._store.read(guid_dn(identity.strip("{}")), self._read)
        elif self._store.is_dn(identity):
            entry = self._store.read(identity, self._read)
        else:
            raise ResourceError(f"'{identity}' is neither an objectGUID nor a DN")
        if entry is None:
            raise ResourceError(f"the directory has no object '{identity}'")
        return entry

    def _is_kind(self, entry: Entry) -> bool:
        if self._bulk is USERS:
            return entry.values("sAMAccountType") == (USER_TYPE,)
        return b"group" in entry.values("objectClass")

    def _name(self, plan: Plan) -> None:
        row, entry = plan.row, plan.entry
        held = entry.text("sAMAccountName") if entry else None
        name = row.get("name") or (self._store.rdn_value(entry.dn) if entry else row.get("sam_account_name"))
        plan.name = str(name)
        plan.account = str(row.get("sam_account_name") or held or plan.name)

    def _place(self, plan: Plan) -> None:
        entry, path = plan.entry, plan.row.get("path") or self._defaults.path
        if entry and not path and not plan.row.get("name"):
            plan.dn = entry.dn
            return
        if not path:
            parent: str | None = self._store.parent(entry.dn) if entry else self._store.users_dn
        else:
            parent = self._places.resolve(path)
        if parent is None:
            plan.bad("path", f"'{path}' is no DN")
            return
        if not self._places.exists(parent):
            plan.bad("path", f"the container {parent} does not exist; create it, or list it in `ous`")
            return
        plan.dn = self._store.child(parent, "CN", plan.name)
        if entry and self._store.rdn_value(entry.dn) == plan.name:
            same = self._places.key(self._store.parent(entry.dn)) == self._places.key(parent)
            plan.dn = entry.dn if same else plan.dn

    # What the directory would find late, or never

    def _check(self, plan: Plan, seen: Seen) -> None:
        entry = plan.entry
        self._check_names(plan)
        if plan.dn and (entry is None or plan.dn != entry.dn):
            there = self._store.read(plan.dn, ["objectGUID"])
            if there and (entry is None or there.guid != entry.guid):
                plan.bad("name", f"another object is at {plan.dn}; give its objectGUID as identity, or another name")
        keys = [("sam_account_name", plan.account.casefold()), ("name", self._places.key(plan.dn) if plan.dn else None)]
        if self._bulk is USERS and plan.upn:
            self._check_upn(plan)
            keys.append(("upn", plan.upn.casefold()))
        if entry:
            keys.append(("identity", entry.guid))
        for column, key in keys:
            other = seen.first(plan.row, column, key) if key else None
            if other:
                plan.bad(column, f"it is that of {other} already")

    def _check_names(self, plan: Plan) -> None:
        limit = self._bulk.kind.sam_limit
        if len(plan.name) > 64:
            plan.bad("name", "it has more than 64 characters")
        if len(plan.account) > limit:
            plan.bad("sam_account_name", f"'{plan.account}' has more than {limit} characters")
        bad = sorted(_BAD_SAM.intersection(plan.account))
        if bad or plan.account.endswith("."):
            plan.bad("sam_account_name", f"'{plan.account}' may not hold {' '.join(bad) or 'a final dot'}")
        country = plan.row.get("country")
        if country and len(country) != 2:
            plan.bad("country", f"'{country}' is no code of two letters")
        held = plan.entry.text("sAMAccountName") if plan.entry else None
        if held is not None and held.casefold() != plan.account.casefold() and self._holder(plan.account):
            plan.bad("sam_account_name", f"'{plan.account}' is another object's")

    def _holder(self, account: str) -> bool:
        return bool(self._store.find({"sAMAccountName": account}, attributes=["objectGUID"]))

    def _check_upn(self, plan: Plan) -> None:
        upn = str(plan.upn)
        if "@" not in upn:
            plan.bad("upn", f"'{upn}' has not the form name@domain")
            return
        held = plan.entry.text("userPrincipalName") if plan.entry else None
        if held is not None and held.casefold() == upn.casefold():
            return
        if self._store.find({"userPrincipalName": upn}, attributes=["objectGUID"]):
            plan.bad("upn", f"'{upn}' is another object's")

    # The difference

    def _compare(self, plan: Plan) -> None:
        row, entry = plan.row, plan.entry
        if entry and plan.dn != entry.dn:
            plan.before["distinguished_name"], plan.after["distinguished_name"] = entry.dn, plan.dn
        for option, attribute in self._bulk.texts.items():
            value = row.get(option)
            if option == "sam_account_name" and value is None and entry is None:
                value = plan.account
            if value is not None:
                self._set(plan, option, attribute, (encode(value),) if value != "" else ())
        self._compare_number(plan)
        for name, value in (row.get("attributes") or {}).items():
            self._compare_attribute(plan, str(name), value)
        if self._bulk is USERS:
            self._compare_user(plan)

    def _set(self, plan: Plan, shown: str, attribute: str, values: Values) -> None:
        old = plan.entry.values(attribute) if plan.entry else ()
        if old == values or sorted(old) == sorted(values):
            return
        plan.values[attribute] = values
        if plan.entry:
            plan.before[shown] = _plain(old)
        plan.after[shown] = _plain(values)

    def _compare_number(self, plan: Plan) -> None:
        kind = self._bulk.kind
        old = plan.entry.number(kind.number) & 0xFFFFFFFF if plan.entry else None
        plan.number = self._number(plan, kind.initial if old is None else old)
        if plan.number == old:
            return
        if old is not None and kind is GROUP and _nesting.scope_of(old) != _nesting.scope_of(plan.number):
            plan.bad("scope", f"it is {_nesting.scope_of(old)}; change a group's scope with the module group")
            return
        for option in self._bulk.parts:
            after = kind.parts[option].get(plan.number)
            before = None if old is None else kind.parts[option].get(old)
            if before != after:
                plan.after[option] = after
                if old is not None:
                    plan.before[option] = before
        plan.values[kind.number] = (encode(_nesting.signed(plan.number)),)

    def _number(self, plan: Plan, number: int) -> int:
        for option in self._bulk.parts:
            wanted = plan.row.get(option)
            if wanted is None and option == "enabled" and plan.entry is None:
                wanted = bool(self._new_password(plan))
            if wanted is not None:
                number = self._bulk.kind.parts[option].put(number, wanted)
        return number

    def _compare_attribute(self, plan: Plan, name: str, value: Any) -> None:
        try:
            holds_dns = self._holds_dns(name)
        except ResourceError:
            plan.bad(f"attribute:{name}", "the schema has no such attribute")
            return
        if name in plan.values or name.lower() in ("unicodepwd", "objectclass", "member", "memberof"):
            plan.bad(f"attribute:{name}", "another option holds it")
            return
        values = _values(value)
        if holds_dns and plan.entry:
            old = plan.entry.values(name)
            if sorted(map(self._places.key, _texts(old))) == sorted(map(self._places.key, _texts(values))):
                return
        self._set(plan, name, name, values)

    def _holds_dns(self, name: str) -> bool:
        if name not in self._dn_valued:
            self._dn_valued[name] = self._store.holds_dns(name)
        return self._dn_valued[name]

    # What only users have

    def _compare_user(self, plan: Plan) -> None:
        guid_attribute = self._defaults.guid_attribute
        if guid_attribute and plan.entry:
            self._set(plan, guid_attribute, guid_attribute, (encode(plan.entry.guid),))
        elif guid_attribute:
            plan.guid_attribute = guid_attribute
        self._compare_home(plan)
        self._compare_password(plan)

    def _compare_home(self, plan: Plan) -> None:
        """The mail does not follow the attribute, so a home that is set stays."""
        home, attribute = plan.row.get("mail_home"), self._defaults.home_attribute
        if not home:
            return
        if not attribute:
            plan.bad("mail_home", "it needs `home_attribute`, the name of the attribute that carries it")
            return
        held = plan.entry.text(attribute) if plan.entry else None
        if not held:
            self._set(plan, "mail_home", attribute, (encode(home),))
        elif held.casefold() != home.casefold():
            plan.warning = (
                f"{plan.account}: the mailbox stays on {held}, though {home} is wanted,"
                " for its mail would be left behind"
            )

    def _new_password(self, plan: Plan) -> str | None:
        given = plan.row.get("password") or self._defaults.initial_password
        return str(given) if given and self._bulk is USERS else None

    def _compare_password(self, plan: Plan) -> None:
        if plan.entry is None:
            plan.password = self._new_password(plan)
            if plan.row.get("enabled") and not plan.password:
                plan.bad("enabled", "it is new and enabled but has no password; give one, or no for enabled")
        elif self._defaults.update_password == "when_changed" and plan.row.get("password"):
            password = str(plan.row.get("password"))
            if not self._store.has_password(guid_dn(plan.entry.guid), password):
                plan.password = password
        if plan.password:
            plan.after["password"] = "set"


def _account(row: Row) -> str:
    return str(row.get("sam_account_name") or row.get("name") or "")


def _values(raw: Any) -> Values:
    if raw is None or raw == "":
        return ()
    items: Sequence[Any] = raw if isinstance(raw, list) else [raw]
    return tuple(dict.fromkeys(encode(item) for item in items))


def _texts(values: Values) -> list[str]:
    return [value.decode("utf-8", "backslashreplace") for value in values]


def _plain(values: Values) -> Any:
    texts = sorted(_texts(values))
    return texts[0] if len(texts) == 1 else texts or None
