# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that are demoted, read-only, dead for good; and offices whose roles are placed by themselves.

The tests are one story of the last controller, so they follow one another.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.lab import cut_power, renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    ROOT,
    Run,
    directory_again,
    play,
    site,
    verified,
)

SCENARIO = Path(__file__).parent.parent
SETTLED_SECONDS = 600
# What a controller's own database holds: the attributes of the objects that a filter finds, of secrets the name alone.
_SEARCH = """
import json, sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

base, expression, *attributes = sys.argv[1:]
settings = LoadParm()
settings.load_default()
sam = SamDB(url="/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=settings)
found = sam.search(base={"configuration": str(sam.get_config_basedn()), "domain": sam.domain_dn()}[base], scope=2,
                   expression=expression, attrs=attributes)
print(json.dumps([{name: str(entry[name]) if name == "cn" else "" for name in attributes if name in entry}
                  for entry in found]))
"""
SECRETS = ("unicodePwd", "supplementalCredentials")


@pytest.fixture(scope="session")
def office() -> Office:
    """The two offices."""
    return offices.current()


def _demote(office: Office, *, hand_over: bool) -> Run:
    last, first = office.controllers[-1], office.controllers[0]
    wanted = {"dc_demote_host": last, "dc_demote_confirm": last, "dc_demote_survivor": first}
    return play(ROOT / "playbooks/dc_demote.yml", extra_vars={**wanted, "dc_demote_hand_over": hand_over})


def _remove_dead(office: Office, confirm: str) -> Run:
    wanted = {"dc_remove_host": office.controllers[-1], "dc_remove_survivor": office.controllers[0]}
    return play(ROOT / "playbooks/dc_remove_dead.yml", extra_vars={**wanted, "dc_remove_confirm": confirm})


def _refused(run: Run) -> str:
    assert run.code != 0, run.explain()
    assert run.changes == [], run.explain()
    return " ".join(result.message for result in run.failures)


def _search(name: str, base: str, expression: str, *attributes: str) -> list[dict[str, str]]:
    found = root_shell(at(name), f"python3 -c {shlex.quote(_SEARCH)} {shlex.join([base, expression, *attributes])}")
    return list(json.loads(found))


def _unknown_to_the_others(office: Office) -> None:
    last, *others = reversed(office.controllers)
    for name in others:
        assert last not in module(at(name), "fsmo_info")["controllers"]
        servers = _search(name, "configuration", "(objectClass=server)", "cn")
        assert {server["cn"].lower() for server in servers} == set(others)


def test_one_with_a_role_is_demoted_when_another_is_to_have_the_role(office: Office) -> None:
    last, first = office.controllers[-1], office.controllers[0]
    directory_again(mailforest_fsmo={**office.fsmo, "rid": last})
    assert f"{last} holds rid" in _refused(_demote(office, hand_over=False))
    assert at(last).service("samba-ad-dc").is_running

    run = _demote(office, hand_over=True)
    assert run.code == 0, run.explain()
    assert {owner for name in office.controllers[:-1] for owner in [owners(at(name))["rid"]]} == {first}
    _unknown_to_the_others(office)
    assert not at(last).service("samba-ad-dc").is_running
    kept = root_shell(at(last), "stat --format='%a %U' /var/lib/samba/private.demoted-*")
    assert kept.split() == ["700", "root"]
    run = _demote(office, hand_over=True)
    assert (run.code, run.changes) == (0, []), run.explain()


def _secrets(office: Office, user: str) -> set[str]:
    """Which secrets of a user stand in the last controller's database."""
    (found,) = _search(office.controllers[-1], "domain", f"(sAMAccountName={user})", *SECRETS)
    return set(found)


def test_a_read_only_one_holds_the_passwords_that_it_may(office: Office) -> None:
    """Alice is in a group that is allowed; an administrator's password never comes, and nobody's unasked."""
    last, first = office.controllers[-1], office.controllers[0]
    renew(last)
    run = play(SCENARIO / "read_only.yml", extra_vars={"read_only_host": last})
    assert run.code == 0, run.explain()
    run = play(SCENARIO / "read_only.yml", extra_vars={"read_only_host": last})
    assert (run.code, run.changes) == (0, []), run.explain()

    host = at(last)
    assert "refused" in root_shell(host, "samba-tool group add mailforest-test-read-only || echo refused")
    assert _secrets(office, "alice") == _secrets(office, "Administrator") == set()
    preload = f"samba-tool rodc preload --machine-pass --server={office.fqdn(first)}"
    root_shell(host, f"{preload} alice")
    assert _secrets(office, "alice") == set(SECRETS)
    # How it ends does not count, what stands in the database does; that the command works was seen with alice.
    root_shell(host, f"{preload} Administrator || true")
    assert _secrets(office, "Administrator") == set()

    renew(last)
    run = play(SCENARIO / "read_only.yml", extra_vars={"read_only_host": last})
    assert run.code == 0, run.explain()
    assert _secrets(office, "alice") == set()


def test_one_that_died_is_removed_and_a_new_one_has_its_name(office: Office) -> None:
    last = office.controllers[-1]
    assert "answers" in _refused(_remove_dead(office, last))
    cut_power([last])
    assert "Give dc_remove_host" in _refused(_remove_dead(office, "another"))
    run = _remove_dead(office, last)
    assert run.code == 0, run.explain()
    _unknown_to_the_others(office)
    run = _remove_dead(office, last)
    assert (run.code, run.changes) == (0, []), run.explain()

    renew(last)
    site()
    assert owners(at(last)) == office.fsmo
    verified(seconds=SETTLED_SECONDS)


def test_blank_offices_get_their_roles_placed_and_keep_them(office: Office) -> None:
    """AD-31, AD-32: from nothing, with `auto`; a second run moves nothing."""
    for name in office.hosts:
        renew(name)
    run = site(mailforest_fsmo="auto")
    told = [result.message for result in run.results if result.task.endswith("Say where they go, and why")]
    assert any("pdc" in message for message in told), told
    placed = owners(at(office.controllers[-1]))
    assert placed["pdc"] != placed["rid"]
    assert {office.sites[owner] for owner in placed.values()} == {office.sites[office.controllers[0]]}
    run = site(mailforest_fsmo="auto")
    assert run.changes == [], run.explain()
    assert owners(at(office.controllers[-1])) == placed
    verified(seconds=SETTLED_SECONDS)
