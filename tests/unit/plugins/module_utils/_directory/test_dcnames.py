# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's names come into every DNS, and none are left where they do not belong."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dcnames import NamesResource, Seen, Survey
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dcnamesdb import withdraw
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dns import Record
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DOMAIN, SITE = "corp.example.test", "_ldap._tcp.branch._sites.corp.example.test"


class FakeNaming:
    """Three controllers' DNS; the own name comes to another one when that one has pulled."""

    own = "dc2"

    def __init__(self, **seen: Seen) -> None:
        self.seen = {"dc2": Seen(), "dc1": Seen(), "dc3": Seen()} | seen
        self.calls: list[Any] = []
        self.stubborn = False
        self.winner: str | None = None
        """Whose version is kept once, when it is pulled for the first time."""

    def survey(self) -> Survey:
        return Survey(seen=dict(self.seen), silent={"dc4": "no route"})

    def mend(self, seen: Seen) -> None:
        self.calls.append("mend")
        self.seen["dc2"] = Seen()

    def exchange(self, others: list[str]) -> None:
        self.calls.append(others)
        if self.winner:
            self.seen |= {self.winner: Seen(missing=(DOMAIN,)), "dc2": Seen(missing=(DOMAIN,))}
            self.winner = None
        elif not self.stubborn:
            self.seen |= dict.fromkeys(others, self.seen["dc2"])


def make(naming: FakeNaming, *, wait: int = 10) -> NamesResource:
    """The resource with a clock of its own."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return NamesResource(lambda: naming, wait=wait, clock=lambda: now[0], sleep=sleep)


def carry_out(resource: NamesResource) -> list[tuple[str, str]]:
    """As the runner does; the steps."""
    before = resource.current()
    steps = resource.plan(before, resource.desired(before))
    resource.finish()
    return [(step.verb, step.target) for step in steps]


def test_names_that_are_everywhere_are_let_be() -> None:
    naming = FakeNaming()
    assert carry_out(make(naming)) == []
    assert naming.calls == []


def test_a_lost_name_is_written_and_brought_to_all() -> None:
    naming = FakeNaming(dc2=Seen(missing=(DOMAIN,)), dc3=Seen(missing=(DOMAIN,)))
    assert carry_out(make(naming)) == [("register", "dc2"), ("replicate", "dc3")]
    assert naming.calls == ["mend", ["dc1", "dc3"]]


def test_a_name_that_is_on_its_way_is_fetched_and_not_written() -> None:
    naming = FakeNaming(dc3=Seen(missing=(DOMAIN,)))
    assert carry_out(make(naming)) == [("replicate", "dc3")]
    assert naming.calls == [["dc3"]]


def test_a_name_that_loses_against_another_controllers_version_is_written_again() -> None:
    naming = FakeNaming(dc3=Seen(missing=(DOMAIN,)))
    naming.winner = "dc3"
    carry_out(make(naming))
    assert naming.calls == [["dc3"], "mend", ["dc1", "dc3"]]
    assert not any(naming.seen.values())


def test_a_name_of_another_site_is_a_fault_and_shown() -> None:
    resource = make(FakeNaming(dc2=Seen(surplus=(SITE,))))
    assert resource.current() == {"dc2": {"surplus": [SITE]}}


def test_the_controllers_that_stay_wrong_are_named_in_time() -> None:
    naming = FakeNaming(dc3=Seen(missing=(DOMAIN,), surplus=(SITE,)))
    naming.stubborn = True
    resource = make(naming, wait=5)
    resource.current()
    with pytest.raises(ResourceError, match=rf"After 5 s .* The DNS of dc3 lacks {DOMAIN} and still has {SITE}\."):
        resource.finish()
    assert len(naming.calls) < 8


def test_those_that_do_not_answer_are_told() -> None:
    resource = make(FakeNaming())
    carry_out(resource)
    assert resource.result() == {"controllers": ["dc1", "dc2", "dc3"], "silent": {"dc4": "no route"}}


class FakeZones:
    """Two zones, one of them below the other."""

    def __init__(self) -> None:
        both = [Record(type="SRV", data=f"0 100 389 {host}.{DOMAIN}", ttl=900) for host in ("dc2", "dc3")]
        self.nodes = {(DOMAIN, "_ldap._tcp.branch._sites"): both, (f"_msdcs.{DOMAIN}", "_ldap._tcp.gc"): both[1:]}
        self.bumped: list[str] = []

    def names(self) -> list[str]:
        return [DOMAIN, f"_msdcs.{DOMAIN}"]

    def read(self, zone: str, name: str) -> list[Record]:
        return list(self.nodes[zone, name])

    def write(self, zone: str, name: str, records: list[Record]) -> None:
        self.nodes[zone, name] = records

    def bump(self, zone: str) -> None:
        self.bumped.append(zone)

    def transaction(self) -> AbstractContextManager[object]:
        return nullcontext()


def test_only_this_hosts_records_are_withdrawn() -> None:
    zones: Any = FakeZones()
    withdraw(zones, f"dc2.{DOMAIN}", [SITE, f"_ldap._tcp.gc._msdcs.{DOMAIN}", "_ldap._tcp.elsewhere.test"])
    assert [record.data for record in zones.nodes[DOMAIN, "_ldap._tcp.branch._sites"]] == [f"0 100 389 dc3.{DOMAIN}"]
    assert zones.bumped == [DOMAIN]
