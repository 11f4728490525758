# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: through which port mail leaves this host, which is best, and what blocks the others.

The ports are seen by the probes of `reachable`; here it is judged what was seen. A port works for submission when its
TLS works, the certificate is good, and a login is offered. A closed port is called blocked only where something else of
the same server answers: a server that is down says nothing about the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .._probe import Check, Expectation, Finding, Result, SpecError, Stage, Verdict
from .._probe.spec import parse
from .._probe.verdict import PASSING

SMTP = 25
CONTROLS = (465, 587, 443)
"""Other ports of a server that takes mail: one that answers shows that the server is up and there is a way to it."""
_CLOSED = PASSING[Expectation.CLOSED]


@dataclass(frozen=True, kw_only=True)
class Door:
    """A port that mail can be handed in at: how TLS begins there, and what speaks for it."""

    port: int
    tls: str
    why: str

    @property
    def way(self) -> str:
        """The port, and how TLS begins there."""
        return f"{self.port} with {'TLS from the first byte' if self.tls == 'implicit' else 'STARTTLS'}"


DOORS: tuple[Door, ...] = (
    Door(port=465, tls="implicit", why="RFC 8314 (3.3) prefers it, as nothing is ever said without TLS"),
    Door(port=587, tls="starttls", why="it is the port for submission (RFC 6409)"),
    Door(port=2525, tls="starttls", why="providers serve it where networks block the others; no RFC names it"),
    Door(port=SMTP, tls="starttls", why="it is left; it is for mail between servers, and many networks block it"),
)
"""The best first."""


class State(StrEnum):
    """What is known of the way out by port 25."""

    OPEN = "open"
    ALTERED = "altered"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A state, and what it rests on."""

    state: State
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The judgement as the module returns it."""
        return {"state": str(self.state), "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen at a door."""

    door: Door
    finding: Finding

    @property
    def works(self) -> bool:
        """Whether a user can send through it."""
        return self.finding.verdict is Verdict.OPEN and bool(self.finding.answer.get("mechanisms"))

    @property
    def fact(self) -> str:
        """What was seen, for a sentence."""
        if self.finding.verdict is Verdict.OPEN:
            return "works" if self.works else "offers no login"
        return spoken(self.finding)

    def as_dict(self) -> dict[str, Any]:
        """What was seen, as the module returns it."""
        finding = self.finding
        return {
            "port": self.door.port,
            "tls": self.door.tls,
            "works": self.works,
            "verdict": str(finding.verdict),
            "stage": str(finding.stage),
            "detail": finding.detail or ("" if self.works else self.fact),
            "banner": finding.answer.get("banner", ""),
            "mechanisms": list(finding.answer.get("mechanisms", ())),
            "session": dict(finding.tls),
        }


def spoken(finding: Finding) -> str:
    """A finding within a sentence."""
    return f"is {finding.verdict}" + (f" ({finding.detail})" if finding.detail else "")


def answers(finding: Finding) -> bool:
    """Whether somebody took the connection, whatever became of it."""
    return finding.verdict is Verdict.OPEN or finding.stage not in (Stage.RESOLVE, Stage.CONNECT)


def _parsed(rows: Iterable[tuple[str, Mapping[str, Any]]], timeout: float) -> list[Check]:
    """Each row is the option's name, for errors, and the keys of a check."""
    checks: list[Check] = []
    problems: list[str] = []
    for where, row in rows:
        try:
            checks.append(parse(row, where=where, timeout=timeout))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(list(dict.fromkeys(problems)))
    return checks


def submission_checks(
    server: str, *, server_name: str = "", ca_file: str = "", timeout: float = 5, doors: Sequence[Door] = DOORS
) -> list[Check]:
    """What is asked of each door of a server, in their order."""
    shared = {"host": server, "protocol": "smtp", "server_name": server_name, "ca_file": ca_file}
    return _parsed((("server", {**shared, "port": door.port, "tls": door.tls}) for door in doors), timeout)


def outgoing_checks(servers: Sequence[str], *, timeout: float = 5) -> list[Check]:
    """What is asked of each server that mail goes to: port 25 in clear text, then whether it answers elsewhere."""
    rows = []
    for index, server in enumerate(servers):
        where = f"outgoing[{index}]"
        rows.append((where, {"host": server, "port": SMTP, "protocol": "smtp"}))
        rows += [(where, {"host": server, "port": port}) for port in CONTROLS]
    return _parsed(rows, timeout)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What the doors of one server showed; `seen` has the best door first."""

    server: str
    seen: tuple[Seen, ...]

    @classmethod
    def of(cls, results: Sequence[Result], *, doors: Sequence[Door] = DOORS) -> Submission:
        """Read the results of `submission_checks`."""
        pairs = zip(doors, results, strict=True)
        seen = tuple(Seen(door=door, finding=result.finding) for door, result in pairs)
        return cls(server=results[0].check.host, seen=seen)

    @property
    def best(self) -> Seen | None:
        """The first door that works."""
        return next((one for one in self.seen if one.works), None)

    @property
    def answers(self) -> bool:
        """Whether any door took a connection."""
        return any(answers(one.finding) for one in self.seen)

    @property
    def reason(self) -> str:
        """Which port to use and why, or that there is none."""
        best = self.best
        if best is None:
            facts = "; ".join(f"{one.door.port} {one.fact}" for one in self.seen)
            return f"No port of {self.server} takes mail from users here: {facts}. {self._remedy()}"
        before = [f"{one.door.port} {one.fact}" for one in self.seen[: self.seen.index(best)]]
        preferred = f" What would be better does not work here: {'; '.join(before)}." if before else ""
        return f"Use {best.door.way}: {best.door.why}.{preferred}"

    def _remedy(self) -> str:
        verdicts = {one.finding.verdict for one in self.seen}
        if verdicts <= {Verdict.UNRESOLVED}:
            return "Correct the name, its DNS record or the resolver of this host."
        if verdicts <= _CLOSED:
            return "Open 465 on every firewall between the two, or start the server."
        return "Correct what is said of 465 or 587: the service, its TLS settings, or the certificate and ca_file."

    @property
    def port_25(self) -> Judgement:
        """Whether something on the way blocks port 25, shown by the other ports of the same server."""
        own = next(one for one in self.seen if one.door.port == SMTP)
        others = [one for one in self.seen if one is not own]
        reached = next((one for one in others if answers(one.finding)), None)
        if own.finding.verdict in _CLOSED:
            return self._closed_25(own, reached)
        if not answers(own.finding):
            return Judgement(state=State.UNKNOWN, reason=f"Port 25 of {self.server} {own.fact}.")
        sound = next((one for one in others if one.finding.verdict is Verdict.OPEN), None)
        if own.finding.verdict is not Verdict.OPEN and sound is not None:
            return Judgement(
                state=State.ALTERED,
                reason=f"Port 25 of {self.server} {own.fact}, while {sound.door.port} of the same server is as it "
                "should be. Networks that answer in the server's place, or take STARTTLS away, look like this. "
                "Compare from another network; if it is the same there, correct the server's port 25.",
            )
        return Judgement(state=State.OPEN, reason=f"Port 25 of {self.server} answers.")

    def _closed_25(self, own: Seen, reached: Seen | None) -> Judgement:
        if reached is None:
            return Judgement(
                state=State.UNKNOWN,
                reason=f"Port 25 of {self.server} {own.fact}, and no other port of it answers: the server may be down, "
                "or all of it out of reach.",
            )
        other = (
            " Or the server does not serve it: name servers that do in outgoing, and compare."
            if own.finding.verdict is Verdict.REFUSED
            else ""
        )
        return Judgement(
            state=State.BLOCKED,
            reason=f"Port 25 of {self.server} {own.fact}, while {reached.door.port} of the same server answers: the "
            f"provider of this network, or a firewall on the way, blocks it.{other}",
        )


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A server that mail goes to: what its port 25 showed, and another port of it that answers (0: none does)."""

    server: str
    finding: Finding
    other_port: int

    @property
    def state(self) -> State:
        """What this server alone shows."""
        if answers(self.finding):
            return State.OPEN
        return State.BLOCKED if self.finding.verdict in _CLOSED and self.other_port else State.UNKNOWN

    @property
    def fact(self) -> str:
        """What was seen, for a sentence."""
        other = f", while its port {self.other_port} answers" if self.other_port and self.state is State.BLOCKED else ""
        return f"{self.server} {spoken(self.finding)}{other}"

    def as_dict(self) -> dict[str, Any]:
        """What was seen, as the module returns it."""
        return {
            "server": self.server,
            "state": str(self.state),
            "verdict": str(self.finding.verdict),
            "detail": self.finding.detail,
            "banner": self.finding.answer.get("banner", ""),
            "other_port": self.other_port or None,
        }


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What port 25 of other servers showed. `network`: something else was reached, so there is a way out at all."""

    neighbours: tuple[Neighbour, ...]
    network: bool = False

    @classmethod
    def of(cls, results: Sequence[Result], *, network: bool = False) -> Outgoing:
        """Read the results of `outgoing_checks`."""
        size = 1 + len(CONTROLS)
        groups = [results[start : start + size] for start in range(0, len(results), size)]
        return cls(neighbours=tuple(_neighbour(group) for group in groups), network=network)

    @property
    def judgement(self) -> Judgement:
        """Whether this host can send by port 25."""
        open_to = [one.server for one in self.neighbours if one.state is State.OPEN]
        closed = [one for one in self.neighbours if one.state is not State.OPEN]
        facts = "; ".join(one.fact for one in closed)
        if open_to:
            rest = f" Not so: {facts}; as others answer, look for the cause there." if closed else ""
            return Judgement(state=State.OPEN, reason=f"Port 25 is open to {', '.join(open_to)}.{rest}")
        if self._blocked(closed):
            return Judgement(
                state=State.BLOCKED,
                reason=f"Port 25 is open to none of the servers: {facts}. The provider of this network, or a firewall "
                "on the way, blocks it. Have it opened, or send through a smart host on 465 or 587.",
            )
        return Judgement(
            state=State.UNKNOWN,
            reason=f"Port 25 is open to none of the servers, and nothing else answers: {facts}. This host may have no "
            f"way out at all. Name several servers, of which one also serves {', '.join(map(str, CONTROLS))}.",
        )

    def _blocked(self, closed: Sequence[Neighbour]) -> bool:
        """One with another port that answers shows it; so do two that are closed where the network is not."""
        if any(one.state is State.BLOCKED for one in closed):
            return True
        return self.network and sum(one.finding.verdict in _CLOSED for one in closed) > 1

    def as_dict(self) -> dict[str, Any]:
        """The whole, as the module returns it."""
        return {**self.judgement.as_dict(), "servers": [one.as_dict() for one in self.neighbours]}


def _neighbour(group: Sequence[Result]) -> Neighbour:
    own, *controls = group
    other = next((result.check.port for result in controls if answers(result.finding)), 0)
    return Neighbour(server=own.check.host, finding=own.finding, other_port=other)
