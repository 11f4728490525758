# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says to Dovecot who may try a password. Role dovecot installs it; it needs nothing but Python.

    login_guard.py SETTINGS

Dovecot asks before it looks at a password, and reports what came of it (its `auth_policy`), for every port and for
submission too. Wrong passwords are counted here, by address and by account:

- An address that gave too many different wrong ones is refused for some time, whoever's they were.
- An account that got too many from anywhere is slowed: of the addresses from which its owner has not logged in lately,
  only one may try at a time, every few seconds. The owner at a usual place notices nothing.

The same wrong password of the same account counts once: that is a forgotten telephone, no guess. What Dovecot sends of
a password are 12 bits of a hash. Networks that are exempt are never refused and not counted.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import pwd
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

REFUSED = -1
TURN_SECONDS = 5.0
"""How far apart the attempts on an account are that is being guessed; Postfix waits ten seconds for an answer."""
FAMILIAR_SECONDS = 30 * 24 * 3600.0
FAMILIAR_PLACES = 20
KEPT = 50_000
"""How many addresses, and accounts, are remembered; the ones that were quiet longest are forgotten first."""
_SAVE_SECONDS = 60.0
_OWN_ADDRESSES = ("127.0.0.0/8", "::1")
_NOT_GUESSED = frozenset({"internal", "policy"})
"""Failures that say nothing of the password: the directory did not answer, or this program refused."""

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """What the role has written. A limit of 0 is none."""

    per_address: int
    per_account: int
    seconds: float
    exempt: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Limits:
        """The limits in the settings' file."""
        exempt = tuple(ipaddress.ip_network(text) for text in (*settings["exempt"], *_OWN_ADDRESSES))
        return cls(settings["per_address"], settings["per_account"], settings["minutes"] * 60.0, exempt)


@dataclass(frozen=True)
class Attempt:
    """A login as Dovecot tells of it. `place` is the address, of IPv6 the /64, which is one customer's."""

    account: str
    place: str
    secret: str
    success: bool = False
    guessed: bool = True

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Attempt:
        """The attempt in a request of Dovecot."""
        guessed = not told.get("policy_reject") and told.get("fail_type", "") not in _NOT_GUESSED
        return cls(
            account=str(told.get("login", "")).lower(),
            place=place_of(str(told.get("remote", ""))),
            secret=str(told.get("pwhash", "")),
            success=told.get("success") is True,
            guessed=guessed,
        )


def place_of(address: str) -> str:
    """Where a client is; empty when it came by no network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network(f"{found}/64", strict=False).network_address)


@dataclass
class Counter:
    """Different wrong passwords by key, within the time that they count."""

    limit: int
    seconds: float
    _seen: dict[Key, dict[Key, float]] = field(default_factory=dict)

    def add(self, key: Key, guess: Key, now: float) -> bool:
        """Count it; whether it is the one that reaches the limit."""
        guesses = self._fresh(key, now)
        before = len(guesses)
        if before < self.limit or guess in guesses:
            guesses[guess] = now
        self._seen[key] = guesses
        while len(self._seen) > KEPT:
            del self._seen[next(iter(self._seen))]
        return before < self.limit == len(guesses)

    def full(self, key: Key, now: float) -> bool:
        """Whether the limit is reached."""
        return self.limit > 0 and len(self._fresh(key, now, keep=True)) >= self.limit

    def _fresh(self, key: Key, now: float, *, keep: bool = False) -> dict[Key, float]:
        """Those that still count; taken out, so that what is put back is the newest."""
        guesses = self._seen.get(key, {}) if keep else self._seen.pop(key, {})
        return {guess: then for guess, then in guesses.items() if now - then < self.seconds}


class Guard:
    """Decides on attempts. `familiar` is where owners logged in, by account, and survives a restart."""

    def __init__(self, limits: Limits, familiar: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self._limits = limits
        self._addresses = Counter(limits.per_address, limits.seconds)
        self._accounts = Counter(limits.per_account, limits.seconds)
        self._turns: dict[str, float] = {}
        self._right: dict[str, str] = {}
        self.familiar = {account: dict(places) for account, places in (familiar or {}).items()}

    def allow(self, attempt: Attempt, now: float) -> int:
        """What Dovecot is told: to refuse, to wait so many seconds, or to go on at once (0)."""
        if self._is_exempt(attempt.place):
            return 0
        if self._addresses.full(self._key(attempt, now), now):
            return REFUSED
        if self._is_familiar(attempt, now) or not self._accounts.full((attempt.account,), now):
            return 0
        return self._turn(attempt.account, now)

    def report(self, attempt: Attempt, now: float) -> str:
        """Learn what came of it; a line for the journal when a limit is reached by it."""
        if attempt.success:
            self._learn(attempt, now)
            return ""
        if not attempt.guessed or self._is_exempt(attempt.place) or self._right.get(attempt.account) == attempt.secret:
            return ""
        limits, said = self._limits, []
        guess = (attempt.account, attempt.secret)
        if limits.per_address and self._addresses.add(self._key(attempt, now), guess, now):
            said.append(f"{attempt.place} gave {limits.per_address} wrong passwords: refused until they are old enough")
        counts = limits.per_account and not self._is_familiar(attempt, now)
        if counts and self._accounts.add((attempt.account,), guess, now):
            said.append(f"{attempt.account!r} is being guessed: slowed for who has not logged in lately")
        return "; ".join(said)

    def _is_exempt(self, place: str) -> bool:
        if not place:
            return True
        address = ipaddress.ip_address(place)
        return any(address in network for network in self._limits.exempt if network.version == address.version)

    def _is_familiar(self, attempt: Attempt, now: float) -> bool:
        then = self.familiar.get(attempt.account, {}).get(attempt.place)
        return then is not None and now - then < FAMILIAR_SECONDS

    def _key(self, attempt: Attempt, now: float) -> Key:
        """Whose count it is: the address's, or, where the owner has logged in, that of the two together."""
        return (attempt.place, attempt.account) if self._is_familiar(attempt, now) else (attempt.place,)

    def _turn(self, account: str, now: float) -> int:
        """The seconds until it is this attempt's turn; refused when the next turn is taken already."""
        begins = max(now, self._turns.get(account, 0.0))
        if begins - now > TURN_SECONDS:
            return REFUSED
        self._turns.pop(account, None)
        self._turns[account] = begins + TURN_SECONDS
        while len(self._turns) > KEPT:
            del self._turns[next(iter(self._turns))]
        return math.ceil(begins - now)

    def _learn(self, attempt: Attempt, now: float) -> None:
        """The owner logged in there; the password is no guess when the directory is away later."""
        self._right[attempt.account] = attempt.secret
        if attempt.place and not self._is_exempt(attempt.place):
            places = self.familiar.setdefault(attempt.account, {})
            places.pop(attempt.place, None)
            places[attempt.place] = now
            while len(places) > FAMILIAR_PLACES:
                del places[next(iter(places))]


class Memory:
    """Where owners logged in, on disk: written now and then, and at the end."""

    def __init__(self, path: Path, now: float) -> None:
        self._path = path
        self._saved = now

    def read(self, now: float) -> dict[str, dict[str, float]]:
        """What was written, without what is long past. A file that cannot be read is one that is not there."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            rows = {name: {p: t for p, t in of.items() if now - t < FAMILIAR_SECONDS} for name, of in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
        return {name: places for name, places in rows.items() if places}

    def write(self, familiar: Mapping[str, Mapping[str, float]], now: float, *, at_once: bool = False) -> None:
        """Write, unless it was done a moment ago."""
        if at_once or now - self._saved > _SAVE_SECONDS:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(familiar), encoding="utf-8")
            fresh.replace(self._path)
            self._saved = now


def socket_owner(table: Iterable[str], client: int, server: int) -> int:
    """Who holds the other end of a connection within this host, by the kernel's table; -1 when it is not there."""
    for line in table:
        words = line.split()
        if len(words) > 7 and words[1].endswith(f":{client:04X}") and words[2].endswith(f":{server:04X}"):
            return int(words[7])
    return -1


class Server(ThreadingHTTPServer):
    """Answers Dovecot, and no other user of the host."""

    daemon_threads = True

    def __init__(self, settings: Mapping[str, Any], state: Path) -> None:
        super().__init__(("127.0.0.1", settings["port"]), Handler)
        self.state = state
        self._memory = Memory(state, time.time())
        self._guard = Guard(Limits.of(settings), self._memory.read(time.time()))
        self._lock = threading.Lock()
        self._clients = {0, *(pwd.getpwnam(user).pw_uid for user in settings["clients"])}

    def admits(self, client: int) -> bool:
        """Whether a connection comes from Dovecot: anybody else could have people refused."""
        with Path("/proc/net/tcp").open(encoding="ascii") as table:
            return socket_owner(table, client, self.server_port) in self._clients

    def answer(self, command: str, told: Mapping[str, Any]) -> int:
        """The status for Dovecot."""
        attempt, now = Attempt.of(told), time.time()
        with self._lock:
            if command == "allow":
                return self._guard.allow(attempt, now)
            if said := self._guard.report(attempt, now):
                sys.stdout.write(f"{said}\n")
                sys.stdout.flush()
            self._memory.write(self._guard.familiar, now)
            return 0

    def finish(self) -> None:
        """Keep what must survive a restart."""
        with self._lock:
            self._memory.write(self._guard.familiar, time.time(), at_once=True)


class Handler(BaseHTTPRequestHandler):
    """A connection of Dovecot, which is kept open."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet

    def do_POST(self) -> None:
        """Answer one request."""
        if not self.server.admits(self.client_address[1]):
            self.send_error(403)
            return
        try:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = self.server.answer(self.path.rpartition("command=")[2], told)
        except (ValueError, TypeError, AttributeError):
            self.send_error(400)
            return
        body = json.dumps({"status": status, "msg": ""}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Dovecot logs who logs in."""


def tell_systemd(state: str) -> None:
    """That the port is open, so that Dovecot is started after that (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET", ""):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.sendto(state.encode(), address.replace("@", "\0", 1))


def _end(*_words: object) -> None:
    raise SystemExit(0)


def main() -> None:
    """Serve until told to stop."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    signal.signal(signal.SIGTERM, _end)
    server = Server(settings, Path(os.environ["STATE_DIRECTORY"]) / "familiar.json")
    tell_systemd("READY=1")
    try:
        server.serve_forever()
    finally:
        server.finish()


if __name__ == "__main__":
    main()
