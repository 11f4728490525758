# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group policies: made on the owner of the PDC emulator, the same files with the same ACLs on every controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually

NAME = "mailforest-test"
TIMER = "mailforest-sysvol-sync.timer"
SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Made:
    """The policy of a test."""

    guid: str
    directory: str
    owner: str
    others: tuple[str, ...]


def _knows(name: str, made: Made) -> bool:
    return made.guid in root_shell(at(name), "samba-tool gpo listall")


def _files(name: str, directory: str) -> str:
    return root_shell(at(name), f"cd {directory} && find . -type f -exec sha256sum {{}} + | sort")


def _check(name: str) -> None:
    """Samba's own check of all ACLs, and our module's word."""
    root_shell(at(name), "samba-tool ntacl sysvolcheck")
    assert module(at(name), "sysvol_info")["problems"] == []


def _sync(name: str, **options: object) -> bool:
    return bool(module(at(name), "sysvol_sync", **options)["changed"])


@pytest.fixture
def made(office: Office) -> Iterator[Made]:
    """A policy with a file, linked to the domain."""
    owner = owners(at(office.controllers[0]))["pdc"]
    domain = ",".join(f"DC={part}" for part in office.dns_domain.split("."))
    result = module(at(owner), "gpo", name=NAME, links=[{"target": domain, "enabled": False}])
    guid = str(result["guid"])
    directory = f"/var/lib/samba/sysvol/{office.dns_domain}/Policies/{guid}"
    found = Made(guid=guid, directory=directory, owner=owner, others=tuple(set(office.controllers) - {owner}))
    for name in found.others:
        root_shell(at(name), f"systemctl stop {TIMER}")  # so that nothing is taken but what the test takes
        module(at(name), "replication_sync", wait=120)
    yield found
    for name in found.others:
        root_shell(at(name), f"systemctl start {TIMER}")
    module(at(owner), "gpo", name=NAME, state="absent")
    for name in found.others:
        module(at(name), "replication_sync", wait=120)
        _sync(name)


def test_a_policy_is_on_every_controller(office: Office, made: Made) -> None:
    """AD-42, AD-45: files and ACLs, on both releases of Samba and through the tunnel; linked as Samba's tool says."""
    root_shell(at(made.owner), f"printf content > {made.directory}/Machine/Registry.pol")
    root_shell(at(made.owner), "samba-tool ntacl sysvolreset")
    for name in made.others:
        assert _sync(name)
        assert not _sync(name)
        assert _files(name, made.directory) == _files(made.owner, made.directory)
    for name in office.controllers:
        assert _knows(name, made)
        _check(name)
    told = {name: module(at(name), "sysvol_info") for name in office.controllers}
    assert len({(one["sha256"], one["acl_sha256"]) for one in told.values()}) == 1


def test_a_local_change_is_replaced_and_kept(made: Made) -> None:
    """The owner's state wins, and what was here is beside."""
    name = made.others[0]
    _sync(name)
    root_shell(at(name), f"printf mine > {made.directory}/Machine/mine.txt")
    assert _sync(name)
    assert not at(name).file(f"{made.directory}/Machine/mine.txt").exists
    kept = made.directory.replace("/sysvol/", "/sysvol_sync/kept/", 1)
    assert at(name).file(f"{kept}/Machine/mine.txt").content_string == "mine"


def test_a_source_that_lacks_a_policy_is_refused(made: Made) -> None:
    """The last good copy stays."""
    name = made.others[0]
    _sync(name)
    root_shell(at(made.owner), f"mv {made.directory} /var/lib/samba/mailforest-test-away")
    try:
        with pytest.raises(AssertionError, match="lacks"):
            _sync(name, wait=0)
        assert at(name).file(f"{made.directory}/GPT.INI").exists
    finally:
        root_shell(at(made.owner), f"mv /var/lib/samba/mailforest-test-away {made.directory}")
    assert not _sync(name)


def test_the_direction_follows_the_role(office: Office, made: Made) -> None:
    """AD-27: with the PDC emulator moved, the former owner takes from the new one, by the timer's own service."""
    new = made.others[0]
    for name in made.others:
        _sync(name)
    module(at(new), "fsmo", roles={"pdc": new})
    try:
        module(at(made.owner), "replication_sync", wait=120)
        eventually(lambda: owners(at(made.owner))["pdc"] == new, seconds=SECONDS, pause=2)
        # What the new owner wrote when it took the policy must let the former owner in.
        root_shell(at(new), f"printf later > {made.directory}/Machine/later.txt")
        root_shell(at(made.owner), "systemctl start mailforest-sysvol-sync.service")
        assert at(made.owner).file(f"{made.directory}/Machine/later.txt").content_string == "later"
    finally:
        module(at(made.owner), "fsmo", roles={"pdc": made.owner})
    for name in made.others:
        module(at(name), "replication_sync", wait=120)
    eventually(partial(_owned, made), seconds=SECONDS, pause=2)


def _owned(made: Made) -> bool:
    return all(owners(at(name))["pdc"] == made.owner for name in made.others)


def test_the_timer_runs(office: Office) -> None:
    """Every controller looks by itself."""
    for name in office.controllers:
        assert at(name).service(TIMER).is_running
        assert at(name).service(TIMER).is_enabled


def test_what_was_backed_up_comes_back(made: Made) -> None:
    """AD-45: a policy is backed up, spoiled, and restored with a version that clients read."""
    place = "/var/backups/mailforest-test-policies"
    root_shell(at(made.owner), f"printf good > {made.directory}/Machine/Registry.pol")
    try:
        backups = module(at(made.owner), "gpo_backup", dest=place, names=[NAME])["backups"]
        root_shell(at(made.owner), f"printf bad > {made.directory}/Machine/Registry.pol")
        module(at(made.owner), "gpo", name=NAME, backup=backups[NAME])
        assert at(made.owner).file(f"{made.directory}/Machine/Registry.pol").content_string == "good"
        assert module(at(made.owner), "gpo_info", name=NAME)["policies"][0]["version"] == 1
        _check(made.owner)
        assert not module(at(made.owner), "gpo", name=NAME, backup=backups[NAME])["changed"]
    finally:
        root_shell(at(made.owner), f"rm -rf {place}")
