# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two controllers are waited for, and asked for nothing that is there already."""

from __future__ import annotations

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinlink import Settler
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


class FakeLink:
    """Two controllers, in memory."""

    server = "dc1.corp.example.test"

    def __init__(self, *, here: bool = True, there: bool = True, named: bool = True, partners: bool = True) -> None:
        self.here, self.there, self.partners = here, there, partners
        self.named = {False: named, True: named}
        self.deaf = self.former = False
        self.calls: list[str] = []

    def unnamed(self, *, at_server: bool) -> list[str]:
        return [] if self.named[at_server] else ["dc3.corp.example.test"]

    def replaced(self) -> bool:
        return self.former

    def register(self) -> None:
        self.calls.append("register")
        self.named[False] = True
        self.there = False

    def lacking_here(self) -> list[str]:
        if self.deaf:
            self.deaf = "reconnect" not in self.calls
            raise ResourceError("dc1 does not tell how far it is.")
        return [] if self.here else ["DC=corp"]

    def lacking_there(self) -> list[str]:
        return [] if self.there else ["DC=DomainDnsZones"]

    def pull(self) -> None:
        self.calls.append("pull")
        self.here = self.partners

    def ask(self) -> bool:
        self.calls.append("ask")
        if self.partners:
            self.there = self.named[True] = True
        return True

    def reconnect(self) -> None:
        self.calls.append("reconnect")

    def compute(self) -> None:
        self.calls.append("compute")
        self.partners = True


def settle(link: FakeLink, wait: int = 100, *, report: bool = False) -> float:
    """How long it waited; -1 when it ended for old tickets."""
    now = 0.0

    def clock() -> float:
        return now

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    return -1 if Settler(link, wait=wait, clock=clock, sleep=sleep).run(report_old_tickets=report) else now


def test_what_is_there_is_not_asked_for() -> None:
    link = FakeLink()
    assert settle(link) == 0
    assert link.calls == []


def test_partners_that_know_each_other_are_asked_once() -> None:
    link = FakeLink(here=False, there=False)
    assert settle(link) == 0
    assert link.calls == ["pull", "ask"]


def test_a_new_partner_is_computed_first() -> None:
    link = FakeLink(here=False, there=False, partners=False)
    settle(link)
    assert link.calls == ["pull", "ask", "compute", "pull", "ask"]


def test_a_new_partner_is_computed_however_long_its_names_took() -> None:
    link = FakeLink(named=False, partners=False)
    assert settle(link) < 20
    assert link.calls == ["pull", "register", "pull", "ask", "compute", "pull", "ask"]


def test_names_are_written_when_samba_has_not_by_itself() -> None:
    link = FakeLink(named=False)
    assert 5 < settle(link) < 30
    assert link.calls == ["pull", "register", "ask"]


def test_a_name_that_another_controller_overwrote_is_written_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    link = FakeLink()
    link.named[True] = False

    def lose() -> None:
        link.calls.append("pull")
        if "register" not in link.calls:
            link.named[False] = False

    monkeypatch.setattr(link, "pull", lose)
    assert settle(link) == 1
    assert link.calls == ["pull", "pull", "register", "ask"]


def test_a_broken_connection_is_left() -> None:
    link = FakeLink()
    link.deaf = True
    assert settle(link) == 2
    assert link.calls == ["reconnect", "reconnect"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("deaf", "dc1 does not tell how far it is"),
        ("there", "lacks changes of DC=DomainDnsZones that were made here"),
        ("server_dns", "The DNS of dc1.corp.example.test lacks dc3.corp.example.test"),
    ],
)
def test_the_end_of_the_wait_says_what_is_missing(fault: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = FakeLink(there=fault != "there")
    link.deaf = fault == "deaf"
    link.named[True] = fault != "server_dns"
    monkeypatch.setattr(link, "ask", lambda: True)
    monkeypatch.setattr(link, "reconnect", lambda: None)
    with pytest.raises(ResourceError, match="After 7 s") as caught:
        settle(link, wait=7)
    assert said in str(caught.value)
    assert len(caught.value.details["faults"]) == 1


@pytest.mark.parametrize(("former", "refused"), [(True, True), (True, False), (False, True)])
def test_a_server_with_old_tickets_is_reported_or_named(
    former: bool, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = FakeLink(there=False)
    link.former = former
    monkeypatch.setattr(link, "ask", lambda: not refused)
    with pytest.raises(ResourceError) as caught:
        settle(link)
    assert ("restart samba-ad-dc on them" in str(caught.value)) is (former and refused)
    if former and refused:
        assert settle(link, report=True) == -1
    else:
        with pytest.raises(ResourceError, match="After 100 s"):
            settle(link, report=True)
