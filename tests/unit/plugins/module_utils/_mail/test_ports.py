# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which port is best, and when a closed one is called blocked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import ports
from ansible_collections.mailforest.stack.plugins.module_utils._mail.ports import State
from ansible_collections.mailforest.stack.plugins.module_utils._probe import (
    Check,
    Finding,
    Result,
    SpecError,
    Stage,
    Verdict,
)

GOOD = Finding(
    verdict=Verdict.OPEN, stage=Stage.PROTOCOL, answer={"banner": "mx1 ESMTP", "mechanisms": ["PLAIN", "LOGIN"]}
)
NO_LOGIN = Finding(verdict=Verdict.OPEN, stage=Stage.PROTOCOL, answer={"banner": "mx1 ESMTP"})
CONNECTED = Finding(verdict=Verdict.OPEN, stage=Stage.CONNECT)
FILTERED = Finding(verdict=Verdict.FILTERED, stage=Stage.CONNECT, detail="no answer to the connection request")
REFUSED = Finding(verdict=Verdict.REFUSED, stage=Stage.CONNECT, detail="the host answers that nothing listens")
UNRESOLVED = Finding(verdict=Verdict.UNRESOLVED, stage=Stage.RESOLVE, detail="Name or service not known")
STRIPPED = Finding(verdict=Verdict.WRONG_TLS, stage=Stage.BANNER, detail="STARTTLS was answered '502'")
FORGED = Finding(verdict=Verdict.BAD_CERTIFICATE, stage=Stage.TLS, detail="self-signed certificate")
AWAY = Finding(verdict=Verdict.UNKNOWN, stage=Stage.BANNER, detail="speaks SMTP but turned the probe away: '554'")


def _result(finding: Finding, *, port: int, host: str = "mx1.example.test") -> Result:
    return Result(check=Check(host=host, port=port), finding=finding, seconds=0.1, attempts=1)


def _submission(**seen: Finding) -> ports.Submission:
    """Findings by port (`p465`); the others are refused."""
    return ports.Submission.of([_result(seen.get(f"p{door.port}", REFUSED), port=door.port) for door in ports.DOORS])


def _outgoing(servers: dict[str, tuple[Finding, Finding]], *, network: bool = False) -> ports.Outgoing:
    """For each server what its port 25 shows, and what one of its other ports does."""
    results = []
    for host, (own, other) in servers.items():
        found = [own, REFUSED, other, REFUSED]
        numbers = (25, *ports.CONTROLS)
        results += [_result(finding, port=port, host=host) for finding, port in zip(found, numbers, strict=True)]
    return ports.Outgoing.of(results, network=network)


@pytest.mark.parametrize(
    ("seen", "port"),
    [
        ({"p465": GOOD, "p587": GOOD, "p2525": GOOD, "p25": GOOD}, 465),
        ({"p587": GOOD, "p2525": GOOD, "p25": GOOD}, 587),
        ({"p465": FILTERED, "p2525": GOOD, "p25": GOOD}, 2525),
        ({"p25": GOOD}, 25),
        ({"p465": FORGED, "p587": GOOD}, 587),
        ({"p465": NO_LOGIN, "p587": GOOD}, 587),
    ],
)
def test_the_first_that_works_is_best(seen: dict[str, Finding], port: int) -> None:
    best = _submission(**seen).best
    assert best is not None
    assert best.door.port == port


def test_the_reason_names_the_rule_and_what_is_wrong_with_the_better_ones() -> None:
    assert _submission(p465=GOOD).reason == (
        "Use 465 with TLS from the first byte: RFC 8314 (3.3) prefers it, as nothing is ever said without TLS."
    )
    assert _submission(p465=FILTERED, p587=NO_LOGIN, p2525=GOOD).reason == (
        "Use 2525 with STARTTLS: providers serve it where networks block the others; no RFC names it. What would be "
        "better does not work here: 465 is filtered (no answer to the connection request); 587 offers no login."
    )


@pytest.mark.parametrize(
    ("seen", "remedy"),
    [
        ({}, "Open 465 on every firewall between the two, or start the server."),
        (dict.fromkeys(("p465", "p587", "p2525", "p25"), UNRESOLVED), "Correct the name, its DNS record or the"),
        ({"p465": FORGED}, "Correct what is said of 465 or 587"),
    ],
)
def test_where_none_works_every_port_is_told_with_a_remedy(seen: dict[str, Finding], remedy: str) -> None:
    found = _submission(**seen)
    assert found.best is None
    assert found.reason.startswith("No port of mx1.example.test takes mail from users here: 465 is ")
    assert "; 25 is " in found.reason
    assert remedy in found.reason


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        ({"p465": GOOD, "p25": NO_LOGIN}, State.OPEN, "answers"),
        ({"p465": GOOD, "p25": AWAY}, State.ALTERED, "turned the probe away"),
        ({"p465": GOOD, "p25": FILTERED}, State.BLOCKED, "465 of the same server answers: the provider"),
        ({"p587": FORGED, "p25": FILTERED}, State.BLOCKED, "587 of the same server answers"),
        ({"p465": GOOD, "p25": REFUSED}, State.BLOCKED, "Or the server does not serve it"),
        ({"p465": GOOD, "p25": STRIPPED}, State.ALTERED, "take STARTTLS away"),
        ({"p465": GOOD, "p25": FORGED}, State.ALTERED, "answer in the server's place"),
        ({"p465": FORGED, "p25": FORGED}, State.OPEN, "answers"),
        ({"p25": FILTERED}, State.UNKNOWN, "no other port of it answers"),
        (dict.fromkeys(("p465", "p587", "p2525", "p25"), UNRESOLVED), State.UNKNOWN, "is unresolved"),
    ],
)
def test_port_25_is_blocked_only_where_something_else_answers(
    seen: dict[str, Finding], state: State, words: str
) -> None:
    found = _submission(**seen).port_25
    assert found.state is state, found.reason
    assert words in found.reason


def test_a_dropped_packet_is_not_taken_for_a_server_that_does_not_serve() -> None:
    assert "Or the server" not in _submission(p465=GOOD, p25=FILTERED).port_25.reason


@pytest.mark.parametrize(
    ("servers", "network", "state"),
    [
        ({"a": (NO_LOGIN, REFUSED)}, False, State.OPEN),
        ({"a": (AWAY, REFUSED)}, False, State.OPEN),
        ({"a": (FILTERED, CONNECTED)}, False, State.BLOCKED),
        ({"a": (FILTERED, FILTERED)}, False, State.UNKNOWN),
        ({"a": (FILTERED, FILTERED)}, True, State.UNKNOWN),
        ({"a": (FILTERED, FILTERED), "b": (FILTERED, FILTERED)}, True, State.BLOCKED),
        ({"a": (FILTERED, FILTERED), "b": (FILTERED, FILTERED)}, False, State.UNKNOWN),
        ({"a": (FILTERED, CONNECTED), "b": (NO_LOGIN, REFUSED)}, True, State.OPEN),
        ({"a": (UNRESOLVED, UNRESOLVED), "b": (UNRESOLVED, UNRESOLVED)}, True, State.UNKNOWN),
    ],
)
def test_outgoing_mail_is_blocked_only_where_the_network_lives(
    servers: dict[str, tuple[Finding, Finding]], network: bool, state: State
) -> None:
    found = _outgoing(servers, network=network).judgement
    assert found.state is state, found.reason


def test_the_one_server_that_is_down_is_named_beside_those_that_answer() -> None:
    reason = _outgoing({"a": (NO_LOGIN, REFUSED), "b": (REFUSED, CONNECTED)}).judgement.reason
    assert reason.startswith(
        "Port 25 is open to a. Not so: b is refused (the host answers that nothing listens), while"
    )
    assert "its port 587 answers" in reason


def test_the_result_names_the_other_port() -> None:
    first, second = _outgoing({"a": (FILTERED, CONNECTED), "b": (FILTERED, FILTERED)}).as_dict()["servers"]
    assert (first["state"], first["other_port"]) == ("blocked", 587)
    assert (second["state"], second["other_port"]) == ("unknown", None)


def test_each_door_is_asked_in_its_way() -> None:
    checks = ports.submission_checks("mx1.example.test", server_name="mail.example.test", timeout=3)
    assert [(check.port, check.tls) for check in checks] == [
        (465, "implicit"),
        (587, "starttls"),
        (2525, "starttls"),
        (25, "starttls"),
    ]
    assert {(check.protocol, check.tls_name, check.timeout) for check in checks} == {("smtp", "mail.example.test", 3)}


@pytest.mark.parametrize(
    ("make", "problems"),
    [
        (lambda: ports.submission_checks("mx 1"), ["server.host: 'mx 1' is not a host name or address."]),
        (
            lambda: ports.submission_checks("mx1", ca_file="/no/such/file"),
            ["server.ca_file: /no/such/file cannot be read: No such file or directory."],
        ),
        (lambda: ports.outgoing_checks(["a", "b c"]), ["outgoing[1].host: 'b c' is not a host name or address."]),
    ],
)
def test_a_mistake_is_told_once_with_its_option(make: Any, problems: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        make()
    assert caught.value.problems == problems
