# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain controller gets the next release of Debian under its name: it leaves, is installed anew, joins again.

The tests are one story of the controller with Debian 12, so they follow one another; at the end it has Debian 12 again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.directory import has_group, owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, refusal, release, root_shell
from ansible_collections.mailforest.stack.tests.system.support.lab import renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    ROOT,
    Run,
    directory_again,
    eventually,
    play,
    site,
    verified,
)

GROUP = "mailforest-test-release"
"""Written on the controller before it leaves."""
SETTLED_SECONDS = 600
UNIT = "samba-ad-dc"


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices."""
    return offices.current()


@pytest.fixture(scope="module")
def old(office: Office) -> Iterator[str]:
    """The controller with Debian 12, which has two roles and a site with another controller."""
    (name,) = [name for name in office.controllers if release(at(name)) == "12"]
    assert len(office.in_site(office.sites[name], office.controllers)) == 2
    directory_again(mailforest_fsmo={**office.fsmo, "pdc": name, "rid": name})
    yield name
    first = office.controllers[0]
    wanted = {"dc_demote_host": name, "dc_demote_confirm": name, "dc_demote_survivor": first}
    # Where a test broke off it may be no controller; then the next run says what is wrong.
    play(ROOT / "playbooks/dc_demote.yml", extra_vars={**wanted, "dc_demote_hand_over": True})
    renew(name, release="bookworm")
    site()
    module(at(first), "group", name=GROUP, state="absent")
    verified(seconds=SETTLED_SECONDS)
    assert release(at(name)) == "12"


def _serves(name: str) -> bool:
    return bool(at(name).service(UNIT).is_running)


def _upgrade(name: str, *arguments: str, check: bool = False, **extra: Any) -> Run:
    given = {"release_upgrade_confirm": name, **extra}
    playbook = ROOT / "playbooks/release_upgrade.yml"
    return play(playbook, check=check, extra_vars=given, arguments=arguments, seconds=2400)


def _done(run: Run) -> str:
    """It succeeded; what it told."""
    assert run.code == 0, run.explain()
    return " ".join(result.message for result in run.results)


def _refused(run: Run) -> str:
    assert run.code != 0, run.explain()
    assert run.changes == [], run.explain()
    return " ".join(result.message for result in run.failures)


def test_what_cannot_be_meant_is_refused(office: Office, old: str) -> None:
    """The first one has the newer release already: for it there is nothing to do, and nothing is done."""
    first, *_, last = office.controllers
    assert "Name one mail server by it" in _refused(_upgrade("dc9"))
    assert "without --limit" in _refused(_upgrade(old, f"--limit={old}"))
    assert "same by --limit" in _refused(_upgrade(office.mail_servers[0]))
    for other in (old, office.mail_servers[0]):
        said = _refused(_upgrade(old, release_upgrade_survivor=other))
        assert f"release_upgrade_survivor is '{other}'" in said
        assert f"Choose from: {first}, {last}" in said
    run = _upgrade(first)
    assert "there is nothing to do" in _done(run)
    assert run.changes == [], run.explain()
    assert "is a domain controller" in refusal(at(old), "release_upgrade", release="13")


def test_it_does_not_begin_while_another_controller_is_not_well(office: Office, old: str) -> None:
    """That it begins when all are well is the next test's."""
    last = office.controllers[-1]
    root_shell(at(last), f"systemctl stop {UNIT}")
    try:
        run = _upgrade(old, "--limit=mailforest_domain_controllers")
    finally:
        root_shell(at(last), f"systemctl start {UNIT}")
    _refused(run)
    assert last in {failure.host for failure in run.failures}, run.explain()
    assert _serves(old)
    asked = {"checks": ["dns", "time", "certificate"], "address": office.addresses[last], "fail": False}
    eventually(lambda: not module(at(last), "dc_info", **asked)["problems"], seconds=SETTLED_SECONDS, pause=5)


def test_it_leaves_with_all_that_it_alone_had(office: Office, old: str) -> None:
    first, *others = (name for name in office.controllers if name != old)
    root_shell(at(old), f"samba-tool group add {GROUP}")
    before = owners(at(first))
    assert [role for role, owner in before.items() if owner == old] == ["rid", "pdc"]
    told = _done(_upgrade(old, check=True))
    assert f"{first} takes its roles (rid, pdc)" in told
    assert "Now install Debian 13" not in told
    assert _serves(old)
    assert owners(at(first)) == before

    told = _done(_upgrade(old))
    assert f"Now install Debian 13 on {old}, with the same name and the address {office.addresses[old]}" in told
    assert not _serves(old)
    assert root_shell(at(first), "ls /var/backups/mailforest/directory/*before-release*")
    for name in (first, *others):
        known = module(at(name), "fsmo_info")
        assert old not in known["controllers"]
        assert {known["owners"][role] for role in ("pdc", "rid")} == {first}
        assert has_group(at(name), GROUP)

    again = _upgrade(old)
    assert "Now install Debian 13" in _done(again)
    assert again.changes == [], again.explain()


def test_it_joins_again_with_the_next_release(office: Office, old: str) -> None:
    renew(old, release="trixie")
    assert release(at(old)) == "13"
    assert "joins" in _done(_upgrade(old))
    assert _serves(old)
    assert has_group(at(old), GROUP)
    for name in office.controllers:
        assert owners(at(name)) == office.fsmo
        assert set(module(at(name), "fsmo_info")["controllers"]) == set(office.controllers)
    verified(seconds=SETTLED_SECONDS)

    again = _upgrade(old)
    assert "what an earlier run left open is done" in _done(again)
    assert again.changes == [], again.explain()
