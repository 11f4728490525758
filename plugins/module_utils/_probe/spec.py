# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a list of dictionaries into checks, or say everything that is wrong with it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe import trust
from ansible_collections.mailforest.stack.plugins.module_utils._probe.protocols import PROTOCOLS
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import PASSING, Expectation, Verdict

TRANSPORTS = ("tcp", "udp")
TLS_MODES = ("none", "starttls", "implicit")
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")
_SHA256 = re.compile("[0-9a-f]{64}")


class SpecError(ValueError):
    """The list of checks cannot be run; problems holds one sentence per mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One port and what is expected of it."""

    host: str
    port: int
    name: str = ""
    transport: str = "tcp"
    protocol: str = "none"
    tls: str = "none"
    argument: str = ""
    server_name: str = ""
    ca_file: str = ""
    expect: Expectation = Expectation.OPEN
    accept: frozenset[Verdict] = frozenset()
    requirement: str = ""
    timeout: float = 5.0
    verify_chain: bool = True
    min_days_left: int | None = None
    fingerprints: tuple[str, ...] = ()
    tls_minimum: str = ""
    cleartext_auth: str = ""
    auth_offered: bool | None = None
    mechanisms: tuple[str, ...] = ()
    greeting: str = ""
    relay_reply: str = ""
    capabilities: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        """Return host:port/transport."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.transport}"

    @property
    def label(self) -> str:
        """Return the name, or what describes the check as well."""
        return self.name or (self.protocol if self.protocol != "none" else "port")

    @property
    def tls_name(self) -> str:
        """Return the name the certificate must carry."""
        return self.server_name or self.host

    def passes(self, verdict: Verdict) -> bool:
        """Say whether the verdict is what was expected."""
        return verdict in PASSING[self.expect] or verdict in self.accept


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _host(value: Any) -> str:
    text = _text(value)
    if not text or any(char.isspace() or char == "/" for char in text):
        raise ValueError(f"{value!r} is not a host name or address")
    try:
        text.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"{value!r} is not a host name or address: {error}") from error
    return text


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is not a number") from error
    if isinstance(value, bool) or number < 0:
        raise ValueError(f"{value!r} is not a number of zero or more")
    return number


def _integer(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def _port(value: Any) -> int:
    try:
        port = _integer(value)
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        raise ValueError(f"{value!r} is not a port (1 to 65535)")
    return port


def _seconds(value: Any) -> float:
    if (seconds := _number(value)) == 0:
        raise ValueError("0 leaves no time to connect; give seconds above 0")
    return seconds


def _flag(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "yes", "no"):
        raise ValueError(f"{value!r} is neither true nor false")
    return text in ("true", "yes")


def _file(value: Any) -> str:
    path = _text(value)
    try:
        trust.verifying(path)
    except ssl.SSLError as error:
        raise ValueError(f"{path} holds no certificate in PEM") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return path


def _list(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{value!r} is not a list")
    return tuple(_text(item) for item in value)


def _fingerprints(value: Any) -> tuple[str, ...]:
    found = tuple(item.replace(":", "").lower() for item in _list(value))
    if wrong := [item for item in found if not _SHA256.fullmatch(item)]:
        raise ValueError(f"{wrong[0]!r} is not a SHA-256 fingerprint (64 hexadecimal digits)")
    return found


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if str(value) not in choices:
            raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
        return str(value)

    return read


def _verdicts(value: Any) -> frozenset[Verdict]:
    return frozenset(Verdict(_choice(*Verdict)(item)) for item in _list(value))


READERS: Mapping[str, Callable[[Any], Any]] = {
    "host": _host,
    "port": _port,
    "name": _text,
    "transport": _choice(*TRANSPORTS),
    "protocol": _choice(*PROTOCOLS),
    "tls": _choice(*TLS_MODES),
    "argument": _text,
    "server_name": _host,
    "ca_file": _file,
    "expect": lambda value: Expectation(_choice(*Expectation)(value)),
    "accept": _verdicts,
    "requirement": _text,
    "timeout": _seconds,
    "verify_chain": _flag,
    "min_days_left": _integer,
    "fingerprints": _fingerprints,
    "tls_minimum": _choice(*TLS_VERSIONS),
    "cleartext_auth": _choice("refused"),
    "auth_offered": _flag,
    "mechanisms": lambda value: tuple(item.upper() for item in _list(value)),
    "greeting": _host,
    "relay_reply": _text,
    "capabilities": _list,
}
_REQUIRED = ("host", "port")
_WITHOUT_CONTRADICTION = frozenset({"name", "expect", "accept", "requirement", "timeout"})


def _contradictions(check: Check) -> Iterable[tuple[str, str]]:
    entry = PROTOCOLS[check.protocol]
    if check.transport not in entry.transports:
        yield "transport", f"{check.protocol} is checked over {' or '.join(sorted(entry.transports))} only"
    if check.tls != "none" and check.transport == "udp":
        yield "tls", "there is no TLS over udp"
    if check.tls == "starttls" and not entry.starttls:
        yield "tls", f"{check.protocol} has no STARTTLS"
    if entry.argument == "required" and not check.argument:
        yield "argument", f"{check.protocol} needs one: the domain or realm to ask for"
    if entry.argument == "none" and check.argument:
        yield "argument", f"{check.protocol} takes none"
    yield from _contradicting_demands(check, has_login=entry.starttls)
    for key in ("greeting", "relay_reply"):
        if getattr(check, key) and check.protocol != "smtp":
            yield key, "needs smtp"


def _contradicting_demands(check: Check, *, has_login: bool) -> Iterable[tuple[str, str]]:
    if check.cleartext_auth and (check.tls == "implicit" or not has_login):
        yield "cleartext_auth", "needs smtp, imap, pop3, ldap or managesieve, and tls none or starttls"
    if not has_login:
        for key in _given(check, auth_offered=None, mechanisms=(), capabilities=()):
            yield key, "needs smtp, imap, pop3, ldap or managesieve"
    if check.auth_offered is False and check.mechanisms:
        yield "mechanisms", "none can be offered where auth_offered is false"
    if check.tls == "none":
        for key in _given(check, tls_minimum="", min_days_left=None, fingerprints=(), verify_chain=True):
            yield key, "needs tls starttls or implicit"
    if check.ca_file and not check.verify_chain:
        yield "ca_file", "is not used where verify_chain is false"


def _given(check: Check, **defaults: Any) -> Iterator[str]:
    """The keys that have another value than their default."""
    return (key for key, default in defaults.items() if getattr(check, key) != default)


class Reader:
    """Reads the values of many checks: what is given again and again, such as a host, is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, type, Any], Any] = {}

    def read(self, key: str, value: Any) -> Any:
        """Return the value of a known key, or raise ValueError."""
        if not isinstance(value, str | int):
            return READERS[key](value)
        known = (key, type(value), value)
        if known not in self._known:
            self._known[known] = READERS[key](value)
        return self._known[known]


def parse(raw: Mapping[str, Any], *, where: str, timeout: float, reader: Reader | None = None) -> Check:
    """Return the check in raw; where names it in errors."""
    reader = reader or Reader()
    absent = [key for key in _REQUIRED if raw.get(key) in (None, "")]
    problems = [f"{where}.{key}: missing; every check needs {' and '.join(_REQUIRED)}." for key in absent]
    values: dict[str, Any] = {"timeout": timeout}
    for key, value in raw.items():
        if key not in READERS:
            problems.append(f"{where}.{key}: no such key. Known: {', '.join(READERS)}.")
        elif value is not None and value != "":
            try:
                values[key] = reader.read(key, value)
            except ValueError as error:
                problems.append(f"{where}.{key}: {error}.")
    if problems:
        raise SpecError(problems)
    check = Check(host=values.pop("host"), port=values.pop("port"), **values)
    if values.keys() <= _WITHOUT_CONTRADICTION:
        return check
    if contradictions := [f"{where}.{key}: {text}." for key, text in _contradictions(check)]:
        raise SpecError(contradictions)
    return check


def parse_all(raw: Sequence[Any], *, timeout: float = 5.0) -> list[Check]:
    """Return all checks, or raise SpecError with every mistake in every check."""
    checks: list[Check] = []
    problems: list[str] = []
    reader = Reader()
    for index, item in enumerate(raw):
        where = f"checks[{index}]"
        if not isinstance(item, Mapping):
            problems.append(f"{where}: {item!r} is not a dictionary.")
            continue
        try:
            checks.append(parse(item, where=where, timeout=timeout, reader=reader))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return checks
