# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every name server has a record, each asked itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import published
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Answer

NAME, VALUE = "s._domainkey.example.test", "v=DKIM1; k=rsa; p=AAAA"
RECORD = {"name": NAME, "value": VALUE}
ZONES = {
    ("resolver", "example.test", "NS"): ("ns1.example.net.", "ns2.example.net."),
    ("resolver", "ns1.example.net.", "A"): ("192.0.2.1",),
    ("resolver", "ns2.example.net.", "A"): ("192.0.2.2",),
    ("192.0.2.1", NAME, "TXT"): (VALUE,),
    ("192.0.2.2", NAME, "TXT"): ("v=DKIM1;k=rsa;p=AAAA;",),
}


def _missing(*servers: str, **changes: tuple[str, ...]) -> tuple[list[tuple[str, str]], list[str]]:
    zones = ZONES | {("192.0.2.2", NAME, "TXT"): changes["second"]} if changes else ZONES

    def lookup(asked: Sequence[str], name: str, kind: str) -> Answer:
        values = zones.get((asked[0], name, kind), ())
        return Answer(name=name, type=kind, values=values, error="" if values else "NXDOMAIN")

    gone, asked = published.missing([RECORD], lookup, servers=servers, resolvers=["resolver"])
    return [(row.server, row.found) for row in gone], asked


def test_every_name_server_of_the_domain_is_asked() -> None:
    assert _missing() == ([], ["192.0.2.1", "192.0.2.2"])


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ((), "NXDOMAIN"),
        (("v=DKIM1; k=rsa; p=BBBB",), "v=DKIM1; k=rsa; p=BBBB..."),
        ((VALUE, "v=DKIM1; k=rsa; p=BBBB"), f"{VALUE}... and v=DKIM1; k=rsa; p=BBBB..."),
    ],
    ids=["none", "another", "another beside it"],
)
def test_one_that_says_something_else_is_named(second: tuple[str, ...], found: str) -> None:
    assert _missing(second=second) == ([("192.0.2.2", found)], ["192.0.2.1", "192.0.2.2"])


def test_those_that_are_given_are_asked_alone() -> None:
    assert _missing("192.0.2.1") == ([], ["192.0.2.1"])
    assert _missing("192.0.2.9") == ([("192.0.2.9", "NXDOMAIN")], ["192.0.2.9"])


def test_a_domain_without_name_servers_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ZONES, ("resolver", "example.test", "NS"))
    assert _missing() == ([("", f"no name server of {NAME} or above is known here")], [])


def test_it_looks_until_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100, 3))
    slept: list[float] = []
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr("time.sleep", slept.append)
    row = published.Missing(name=NAME, server="192.0.2.1", found="NXDOMAIN")
    looks: list[list[published.Missing]] = [[row], [], [row]]
    answers = iter((look, ["192.0.2.1"]) for look in looks)
    assert published.watch(lambda: next(answers), 60) == ([], ["192.0.2.1"])
    assert published.watch(lambda: next(answers), 0) == ([row], ["192.0.2.1"])
    assert len(slept) == 1
