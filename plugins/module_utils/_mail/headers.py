# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a message's header says of its way and of the checks that it passed.

Received (RFC 5321 4.4, RFC 3848) is read from the first hop to the last; Authentication-Results (RFC 8601) counts only
where one of the servers that are trusted has written it, as a sender may have written the others.
"""

from __future__ import annotations

import dataclasses
import email.message
import re
from collections.abc import Collection, Iterator, Sequence

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_WORDS = re.compile(r"\b(from|by|with|id)\s+(\S+)")
_TLS = re.compile(r"using (TLSv[0-9.]+) with cipher (\S+)")
_PROPERTY = re.compile(r"([a-z]+)\.([a-z-]+)\s*=\s*(\"[^\"]*\"|\S+)", re.IGNORECASE)
_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_QUEUED = re.compile(r"queued as ([A-Za-z0-9]+)")
_LOCAL = frozenset({"localhost", "localhost.localdomain", "127.0.0.1", "[127.0.0.1]", "[::1]"})
_SECURE = re.compile(r"(UTF8)?((E?SMTP|LMTP)SA?|LMTP)", re.IGNORECASE)
"""LMTP is for delivery within a host or its own network (RFC 2033), mostly by a socket that no TLS is needed on."""
_AUTHENTICATED = re.compile(r"(UTF8)?E?SMTPSA", re.IGNORECASE)
BAD: dict[str, frozenset[str]] = {
    "dkim": frozenset({"fail", "permerror", "policy"}),
    "spf": frozenset({"fail", "softfail", "permerror"}),
    "dmarc": frozenset({"fail", "permerror"}),
}
"""What a verifier must not say of a message of one's own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hop:
    """One server that took the message: from whom, how, and under which number in its queue."""

    sender: str
    by: str
    protocol: str
    id: str
    tls: str
    cipher: str

    @property
    def secure(self) -> bool:
        """Whether it came over TLS, or never left the host."""
        return bool(_SECURE.fullmatch(self.protocol)) or self.sender.lower() in {self.by.lower(), *_LOCAL}

    @property
    def authenticated(self) -> bool:
        """Whether it came over TLS from somebody who had logged in."""
        return bool(_AUTHENTICATED.fullmatch(self.protocol))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Authentication:
    """One check of a message, its result, and what it was of."""

    by: str
    trusted: bool
    method: str
    result: str
    properties: dict[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Signature:
    """A DKIM signature (RFC 6376): whose it is."""

    domain: str
    selector: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judged:
    """All that the header says."""

    hops: tuple[Hop, ...]
    authentication: tuple[Authentication, ...]
    signatures: tuple[Signature, ...]

    def trusted(self, method: str) -> tuple[str, ...]:
        """What the servers that are trusted said of one check."""
        return tuple(one.result for one in self.authentication if one.trusted and one.method == method)


def queue_id(answer: str) -> str:
    """The number in the server's queue, from its answer to a message; empty when it names none."""
    found = _QUEUED.search(answer)
    return found[1] if found else ""


def _without_comments(text: str) -> str:
    while (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    return text


def _hop(value: str) -> Hop:
    words: dict[str, str] = {}
    for key, word in _WORDS.findall(_without_comments(value).partition(";")[0]):
        words.setdefault(key, word)
    tls = _TLS.search(value)
    return Hop(
        sender=words.get("from", ""),
        by=words.get("by", ""),
        protocol=words.get("with", ""),
        id=words.get("id", ""),
        tls=tls[1] if tls else "",
        cipher=tls[2] if tls else "",
    )


def _authentication(value: str, trusted: Collection[str]) -> Iterator[Authentication]:
    by, *results = _without_comments(value).split(";")
    writer = (by.split() or [""])[0].lower()
    for text in results:
        if method := _METHOD.match(text):
            yield Authentication(
                by=writer,
                trusted=writer in trusted,
                method=method[1].lower(),
                result=method[2].lower(),
                properties={
                    f"{kind}.{name}".lower(): found.strip('"') for kind, name, found in _PROPERTY.findall(text)
                },
            )


def _signature(value: str) -> Signature:
    tags = dict(part.strip().split("=", 1) for part in value.split(";") if "=" in part)
    tags = {key.strip(): "".join(found.split()) for key, found in tags.items()}
    return Signature(domain=tags.get("d", "").lower(), selector=tags.get("s", ""))


def judge(message: email.message.Message, *, trusted: Sequence[str]) -> Judged:
    """Read the header; `trusted` are the names of servers whose Authentication-Results count."""
    names = frozenset(name.lower() for name in trusted)
    results = [str(value) for value in message.get_all("Authentication-Results", [])]
    return Judged(
        hops=tuple(_hop(str(value)) for value in reversed(message.get_all("Received", []))),
        authentication=tuple(one for value in results for one in _authentication(value, names)),
        signatures=tuple(_signature(str(value)) for value in message.get_all("DKIM-Signature", [])),
    )


def faults(found: Judged, *, server: str, accepted: str, domain: str, dkim: str) -> Iterator[str]:
    """What is wrong with a message that `server` answered with `accepted`; `domain` is the sender's."""
    yield from _faults_on_the_way(found.hops, server=server, accepted=accepted)
    for method, bad in BAD.items():
        if wrong := sorted(bad.intersection(found.trusted(method))):
            yield (
                f"Authentication-Results of a server of ours says {method}={wrong[0]}, so others refuse such mail. "
                f"Correct the {method.upper()} records of {domain}, or the signing."
            )
    yield from _dkim_faults(found, domain=domain, dkim=dkim)


def _faults_on_the_way(hops: Sequence[Hop], *, server: str, accepted: str) -> Iterator[str]:
    number = queue_id(accepted)
    if number and number not in {hop.id for hop in hops}:
        yield (
            f"{server} took the message as {number}, and no Received header names that number: what arrived came by "
            "another way. Look for who sent it."
        )
    if not (hops and hops[0].authenticated):
        yield (
            f"No Received header says that {server} took the message over TLS after a login, so it may not have. "
            "Look at its settings for that port."
        )
    for hop in hops[1:]:
        if not hop.secure:
            yield (
                f"From {hop.sender} to {hop.by} the message went without TLS ({hop.protocol or 'no protocol named'}). "
                f"Look at the TLS settings of {hop.sender} for outgoing mail and of {hop.by} for incoming."
            )


def _dkim_faults(found: Judged, *, domain: str, dkim: str) -> Iterator[str]:
    signed = any(one.domain == domain.lower() for one in found.signatures)
    if dkim == "signed" and not signed:
        seen = ", ".join(one.domain for one in found.signatures) or "none"
        yield f"The message has no DKIM signature of {domain} (signatures: {seen}). Look at what signs outgoing mail."
    if dkim == "pass" and "pass" not in found.trusted("dkim"):
        said = ", ".join(found.trusted("dkim")) or "nothing"
        yield (
            f"No server of ours found a good DKIM signature (they said: {said}). Look at what signs outgoing mail, and "
            f"at the key in the DNS of {domain}."
        )
