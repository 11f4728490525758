# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An office gets a second controller, then a second office, and goes back to what it was.

The tests are one story, so they follow one another. In every state verify.yml finds nothing, and the run that led there
for the first time has nothing to do when it is repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    PLAYBOOKS,
    ROOT,
    Run,
    eventually,
    play,
    site,
    verify,
)

INVENTORY = Path(__file__).parent.parent / "inventory"
DOMAIN = "lab12.example.test"
FIRST, SECOND, THIRD = "dc12", "dc13", "dc-annex"
GATEWAY = "gw12"
ADD: dict[str, Any] = {"dc_add_host": SECOND}
SITE: dict[str, Any] = {"site_add_site": "annex"}
REMOVE: dict[str, Any] = {"site_remove_site": "annex", "site_remove_confirm": "annex"}
DIRECTORY = "/var/lib/samba/private"


def _inventories(*more: str) -> list[Path]:
    """The office's inventory with what it has grown by; the last one says how the lab's hosts are reached."""
    office, *_others, lab = (Path(path) for path in os.environ["ANSIBLE_INVENTORY"].split(","))
    return [office, *(INVENTORY / name for name in more), lab]


def _run(playbook: str, *more: str, check: bool = False, **extra: Any) -> Run:
    return play(ROOT / f"playbooks/{playbook}.yml", inventories=_inventories(*more), check=check, extra_vars=extra)


def _done(playbook: str, *more: str, **extra: Any) -> Run:
    """It succeeds, verify.yml finds nothing, and a second run has nothing to do."""
    run = _run(playbook, *more, **extra)
    assert run.code == 0, run.explain()
    proof = play(PLAYBOOKS / "verify.yml", inventories=_inventories(*more))
    assert proof.code == 0, proof.explain()
    again = _run(playbook, *more, **extra)
    assert (again.code, again.changes) == (0, []), again.explain()
    return run


def _refused(run: Run) -> str:
    assert run.code != 0, run.explain()
    assert run.changes == [], run.explain()
    return " ".join(result.message for result in run.failures)


@contextmanager
def _record(name: str, kind: str, value: str, zone: str = DOMAIN) -> Iterator[None]:
    """A record of somebody else in the first controller's DNS."""
    wanted = {"zone": zone, "name": name, "type": kind, "values": [value]}
    module(at(FIRST), "dns_record", **wanted)
    try:
        yield
    finally:
        module(at(FIRST), "dns_record", **wanted, state="absent")


def _is_controller(name: str) -> bool:
    return bool(at(name).service("samba-ad-dc").is_running and at(name).file(f"{DIRECTORY}/sam.ldb").exists)


def _unit_comes_to_be(name: str, unit: str, *, there: bool) -> None:
    """Wait until a controller's own database has a unit, or has it no more."""

    def so() -> bool:
        wanted = {"ldap_filter": f"(&(objectClass=organizationalUnit)(ou={unit}))"}
        return bool(module(at(name), "object_info", **wanted)["objects"]) is there

    eventually(so, seconds=120)


def _changes_flow(here: str, there: str) -> None:
    """What is written on each of the two is found on the other."""
    for writer, reader in ((here, there), (there, here)):
        unit = f"mailforest-test-{writer}"
        module(at(writer), "ou", name=unit)
        _unit_comes_to_be(reader, unit, there=True)
        module(at(reader), "ou", name=unit, state="absent")
        _unit_comes_to_be(writer, unit, there=False)


def test_a_host_that_cannot_be_meant_does_not_join() -> None:
    assert "below the first one" in _refused(_run("dc_add", "controller", dc_add_host=FIRST))
    with _record(SECOND, "A", "198.51.100.222"):
        assert "has the address 198.51.100.222" in _refused(_run("dc_add", "controller", **ADD))
    with _record("199", "PTR", "printer.lab12.test", zone="100.51.198.in-addr.arpa"):
        assert "is that of printer.lab12.test" in _refused(_run("dc_add", "controller", **ADD))


def test_a_controller_joins() -> None:
    run = _run("dc_add", "controller", check=True, **ADD)
    assert run.code == 0, run.explain()
    assert any(result.message.endswith("in the site hq, joins.") for result in run.results)
    assert not _is_controller(SECOND)

    _done("dc_add", "controller", **ADD)
    assert _is_controller(SECOND)
    _changes_flow(FIRST, SECOND)


def test_the_first_one_keeps_its_release_while_it_is_the_first() -> None:
    """It has Debian 12 and the CA's key. The second one has Debian 13, so for it nothing is left to do."""
    said = _refused(_run("release_upgrade", "controller", release_upgrade_confirm=FIRST))
    assert "has the CA's key" in said
    assert "docs/operations/controller-release.md" in said
    run = _run("release_upgrade", "controller", release_upgrade_confirm=SECOND)
    assert (run.code, run.changes) == (0, []), run.explain()


def test_one_that_lost_its_directory_joins_anew_when_that_is_meant() -> None:
    """As it is where a join was cut off: the forest knows a controller that the host is not."""
    root_shell(at(SECOND), f"systemctl stop samba-ad-dc && mv {DIRECTORY} {DIRECTORY}.lost")
    said = _refused(_run("dc_add", "controller", **ADD))
    assert "dc_add_again=true" in said
    assert "dc_remove_dead" in said
    run = _run("dc_add", "controller", **ADD, dc_add_again=True)
    assert run.code == 0, run.explain()
    _changes_flow(SECOND, FIRST)


def test_a_site_comes_with_its_gateway_and_its_controller() -> None:
    assert "Add the site to mailforest_sites" in _refused(_run("site_add", "controller", **SITE))
    run = _run("site_add", "controller", "annex", check=True, **SITE)
    assert run.code == 0, run.explain()
    assert not _is_controller(THIRD)

    _done("site_add", "controller", "annex", **SITE)
    assert module(at(THIRD), "replication_info")["site"] == "annex"
    for other in (FIRST, SECOND):
        _changes_flow(THIRD, other)


def test_a_site_with_a_role_stays() -> None:
    assert "as site_remove_confirm" in _refused(_run("site_remove", "controller", "leaving", site_remove_site="annex"))
    assert "as site_remove_confirm" in _refused(_run("site_remove", "controller", "annex", **REMOVE))
    moves: dict[str, Any] = {"fsmo_transfer_roles": "rid"}
    assert _run("fsmo_transfer", "controller", "annex", **moves, fsmo_transfer_to=THIRD).code == 0
    assert "The site holds rid" in _refused(_run("site_remove", "controller", "leaving", **REMOVE))
    assert _run("fsmo_transfer", "controller", "annex", **moves, fsmo_transfer_to=FIRST).code == 0


def test_a_site_goes_and_leaves_nothing() -> None:
    run = _run("site_remove", "controller", "leaving", check=True, **REMOVE)
    assert run.code == 0, run.explain()
    assert _is_controller(THIRD)

    _done("site_remove", "controller", "leaving", **REMOVE)
    assert not at(THIRD).service("samba-ad-dc").is_running
    assert not at(GATEWAY).interface("mf-annex").exists
    for name in (GATEWAY, FIRST):
        assert "198.51.100.224/28" not in root_shell(at(name), "nft list ruleset")


def test_the_controller_goes_and_the_office_is_what_it_was() -> None:
    run = _run("dc_demote", "controller", dc_demote_host=SECOND, dc_demote_confirm=SECOND, dc_demote_survivor=FIRST)
    assert run.code == 0, run.explain()
    site()
    proof = verify()
    assert proof.code == 0, proof.explain()
    assert site(check=True).changes == []
    assert module(at(FIRST), "fsmo_info")["controllers"] == [FIRST]
