# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the tables of recipients as the directory has them. Role mail_tables runs it as a service.

Each turn asks the first domain controller that answers whether anything has changed there, and makes the tables anew
when something has. A table is written beside the one in use and takes its place whole. While no controller answers, the
tables stay as they are. `status.json` says when a controller was last heard, which is the tables' age.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

from .tables import CONTACTS, GROUPS, MEMBERSHIPS, Entry, Found, Settings, Tables, compile_tables

STATUS = "status.json"
_PAGE = 1000
_PATIENCE = 5
_ANSWER = 30


class TablesError(Exception):
    """Why the tables could not be brought up to date."""


class Directory(Protocol):
    """A connection to one domain controller."""

    uri: str

    def state(self) -> str:
        """What changes with every change of this controller's database."""

    def search(self, filter_text: str, attributes: Sequence[str]) -> list[Entry]:
        """All objects below the base."""

    def close(self) -> None:
        """Leave."""


class Controller:
    """A domain controller by python-ldap, over TLS."""

    def __init__(self, uri: str, settings: Settings, password: str) -> None:
        """Connect and log in."""
        import ldap
        from ldap.controls import SimplePagedResultsControl

        self.uri = uri
        self._base = settings.base_dn
        self._ldap = ldap
        self._page = SimplePagedResultsControl
        try:
            self._open(uri, settings, password)
        except (ldap.LDAPError, OSError) as exc:
            raise TablesError(f"{uri}: {_said(exc)}") from exc

    def _open(self, uri: str, settings: Settings, password: str) -> None:
        self._connection = self._ldap.initialize(uri)
        for name, value in (
            ("OPT_REFERRALS", 0),
            ("OPT_NETWORK_TIMEOUT", _PATIENCE),
            ("OPT_TIMEOUT", _ANSWER),
            ("OPT_X_TLS_CACERTFILE", settings.ca_file),
            ("OPT_X_TLS_REQUIRE_CERT", self._ldap.OPT_X_TLS_DEMAND),
            ("OPT_X_TLS_NEWCTX", 0),
        ):
            self._connection.set_option(getattr(self._ldap, name), value)
        self._connection.simple_bind_s(settings.bind_dn, password)

    def state(self) -> str:
        """The controller's own count of changes."""
        found = self._ask("", self._ldap.SCOPE_BASE, "(objectClass=*)", ("highestCommittedUSN", "dsServiceName"))
        return " ".join(f"{entry.value('dsServiceName')} {entry.value('highestCommittedUSN')}" for entry in found)

    def search(self, filter_text: str, attributes: Sequence[str]) -> list[Entry]:
        """All that are found, page by page."""
        return self._ask(self._base, self._ldap.SCOPE_SUBTREE, filter_text, attributes)

    def _ask(self, base: str, scope: int, filter_text: str, attributes: Sequence[str]) -> list[Entry]:
        try:
            return self._pages(base, scope, filter_text, list(attributes))
        except self._ldap.LDAPError as exc:
            raise TablesError(f"{self.uri}: {_said(exc)}") from exc

    def _pages(self, base: str, scope: int, filter_text: str, attributes: list[str]) -> list[Entry]:
        found: list[Entry] = []
        page = self._page(criticality=scope != self._ldap.SCOPE_BASE, size=_PAGE, cookie=b"")
        while True:
            asked = self._connection.search_ext(base, scope, filter_text, attributes, serverctrls=[page])
            _kind, rows, _number, controls = self._connection.result3(asked, timeout=_ANSWER)
            found.extend(_entry(dn, values) for dn, values in rows if dn is not None)
            cookie = next((c.cookie for c in controls if c.controlType == page.controlType), b"")
            if not cookie:
                return found
            page.cookie = cookie

    def close(self) -> None:
        """Leave."""
        self._connection.unbind_s()


def _said(exc: Exception) -> str:
    """What python-ldap's errors hold."""
    told = exc.args[0] if exc.args and isinstance(exc.args[0], dict) else {}
    words = [str(told[key]) for key in ("desc", "info") if told.get(key)]
    return ": ".join(words) or str(exc) or type(exc).__name__


def _entry(dn: str, values: Mapping[str, Sequence[bytes]]) -> Entry:
    return Entry(
        dn, {name.lower(): [value.decode(errors="replace") for value in each] for name, each in values.items()}
    )


def search(directory: Directory, settings: Settings) -> Found:
    """All that the tables are made of."""
    return Found(
        people=directory.search(settings.people, settings.attributes),
        groups=directory.search(GROUPS, MEMBERSHIPS),
        contacts=directory.search(CONTACTS, MEMBERSHIPS),
    )


@dataclass(frozen=True)
class Store:
    """The directory with the tables."""

    path: Path
    postmap: tuple[str, ...]

    def write(self, tables: Tables) -> list[str]:
        """Put those that differ in their places; their names."""
        return [name for name, text in sorted(tables.texts().items()) if self._write(name, text)]

    def _write(self, name: str, text: str) -> bool:
        place, made = self.path / name, self._made(name)
        if place.exists() and made.exists() and place.read_text(encoding="utf-8") == text:
            return False
        new = self.path / f"{name}.new"
        self._made(new.name).unlink(missing_ok=True)
        _put(new, text)
        if made != place:
            self._index(new)
            self._made(new.name).replace(made)
        new.replace(place)
        return True

    def _made(self, name: str) -> Path:
        """What the daemons read: Dovecot the text, Postfix an index of it."""
        return self.path / (name if name.startswith("delivery") else f"{name}.lmdb")

    def _index(self, path: Path) -> None:
        done = subprocess.run((*self.postmap, f"lmdb:{path}"), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TablesError(f"postmap ended with {done.returncode}: {done.stderr.strip()}")

    def tell(self, status: Mapping[str, Any]) -> None:
        """Write the status."""
        new = self.path / f"{STATUS}.new"
        _put(new, json.dumps(status, indent=1) + "\n")
        new.replace(self.path / STATUS)


def _put(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


Connect = Callable[[str], Directory]


class Keeper:
    """Brings the tables up to date, turn by turn."""

    def __init__(self, settings: Settings, store: Store, connect: Connect) -> None:
        """Nothing is known yet, so the first turn makes the tables."""
        self._settings = settings
        self._store = store
        self._connect = connect
        self._state = ""
        self._status: dict[str, Any] = {"checked": "", "compiled": "", "source": "", "entries": {}, "fault": ""}

    def turn(self) -> list[str]:
        """Ask, and write what changed; the names of the tables that did. An error is in the status, and raised."""
        try:
            written = self._bring()
        except (TablesError, OSError) as exc:
            self._status["fault"] = str(exc)
            self._store.tell(self._status)
            raise TablesError(str(exc)) from exc
        self._status |= {"checked": _now(), "fault": ""}
        self._store.tell(self._status)
        return written

    def _bring(self) -> list[str]:
        faults: list[str] = []
        for uri in self._settings.uris:
            try:
                return self._take(uri)
            except TablesError as exc:
                faults.append(str(exc))
        raise TablesError("; ".join(faults))

    def _take(self, uri: str) -> list[str]:
        directory = self._connect(uri)
        try:
            state = directory.state()
            if state == self._state:
                return []
            tables = compile_tables(self._settings, search(directory, self._settings))
        finally:
            directory.close()
        written = self._store.write(tables)
        self._state = state
        entries = {name: len(table) for name, table in tables.postfix.items()} | {"delivery": len(tables.delivery)}
        self._status |= {"compiled": _now(), "source": uri, "entries": entries}
        return written


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def load(path: Path) -> tuple[Settings, Store, int]:
    """What the role has written."""
    told = json.loads(path.read_text(encoding="utf-8"))
    directory = told["directory"]
    settings = Settings(
        **{key: directory.get(key) or "" for key in _NAMED},
        uris=tuple(directory["uris"]),
        **{key: told[key] for key in ("ca_file", "hostname", "mail_root", "quota", "quota_field")},
        domains=frozenset(told["domains"]),
        peers=frozenset(told["peers"]),
        closed_lists=frozenset(told["closed_lists"]),
    )
    return settings, Store(Path(told["path"]), ("postmap", "-c", str(path.parent))), int(told["interval"])


_NAMED = ("base_dn", "bind_dn", "group_dn", "mailbox_attribute", "home_attribute", "quota_attribute")


def _stop(*_signal: object) -> NoReturn:
    raise SystemExit(0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; what changes goes to the journal, a fault once."""
    given = sys.argv[1:] if arguments is None else arguments
    settings, store, interval = load(Path(given[0]))
    password = Path(given[1]).read_text(encoding="utf-8")
    signal.signal(signal.SIGTERM, _stop)
    keeper = Keeper(settings, store, lambda uri: Controller(uri, settings, password))
    said = ""
    while True:
        try:
            written, fault = keeper.turn(), ""
        except TablesError as exc:
            written, fault = [], str(exc)
        if written:
            _say(f"changed: {', '.join(written)}")
        if fault != said:
            _say(f"the tables stay as they are: {fault}" if fault else "a domain controller answers again")
        said = fault
        time.sleep(interval)
