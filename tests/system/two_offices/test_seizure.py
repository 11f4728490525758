# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that holds a role dies, the role is seized, it comes back and is kept out; wiped, it joins anew."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.mailforest.stack.tests.system.support.directory import group, has_group, owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.lab import cut_power, give_power, renew
from ansible_collections.mailforest.stack.tests.system.support.network import tcp
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import (
    ROOT,
    Run,
    directory_again,
    eventually,
    play,
    site,
)

GATE = "mailforest-directory-gate.service"


def _seize(office: Office, *, confirm: str, check: bool = False) -> Run:
    dead, survivor = office.controllers[-1], office.controllers[0]
    wanted = {"fsmo_seize_dead": dead, "fsmo_seize_confirm": confirm, "fsmo_seize_survivor": survivor}
    return play(ROOT / "playbooks/fsmo_seize.yml", check=check, extra_vars=wanted)


def _refused(run: Run) -> str:
    assert run.code != 0, run.explain()
    assert run.changes == [], run.explain()
    return " ".join(result.message for result in run.failures)


def _seizures(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = module(at(name), "seizure_info")["seizures"]
    return found


def test_it_is_refused_while_the_owner_answers(office: Office) -> None:
    """AD-28: not without the name twice, and not from one that is alive."""
    dead = office.controllers[-1]
    assert "Give fsmo_seize_dead" in _refused(_seize(office, confirm="another"))
    for check in (True, False):
        assert f"{dead} answers" in _refused(_seize(office, confirm=dead, check=check))
    assert not any(record["open"] for record in _seizures(office.controllers[0]))


def test_seized_kept_out_wiped_and_back(office: Office) -> None:
    """AD-13, AD-28, AD-29, AD-30: the whole life of a controller that dies; one wipe, one run of site.yml."""
    dead, survivor, other = office.controllers[-1], office.controllers[0], office.controllers[1]
    directory_again(mailforest_fsmo={**office.fsmo, "rid": dead})
    before = module(at(dead), "seizure_info")["settings_guid"]
    cut_power([dead])

    told = _seize(office, confirm=dead, check=True)
    assert told.code == 0, told.explain()
    assert owners(at(survivor))["rid"] == dead
    run = _seize(office, confirm=dead)
    assert run.code == 0, run.explain()
    for name in (survivor, other):
        assert owners(at(name)) == {**office.fsmo, "rid": survivor}
        # Those of an earlier life count again, as none of that name is in the directory.
        assert {one["name"] for one in _seizures(name) if one["open"]} == {dead}
        assert [one["open"] for one in _seizures(name) if one["settings_guid"] == before] == [True]
        assert dead not in module(at(name), "fsmo_info")["controllers"]
    assert _seize(office, confirm=dead).changes == []

    pool = module(at(survivor), "fsmo_info")["rid_pool"]["domain_next"]
    _comes_back_in_vain(office, dead)
    assert module(at(survivor), "fsmo_info")["rid_pool"]["domain_next"] == pool

    renew(dead)
    site(f"--limit={dead}", check=True)
    site("--skip-tags=verify")  # test_verify_finds probes, afterwards
    assert owners(at(dead)) == office.fsmo
    known = module(at(dead), "seizure_info")
    assert known["serving"]
    assert known["settings_guid"] != before
    assert [one["open"] for one in _seizures(dead) if one["settings_guid"] == before] == [False]
    assert at(dead).service("samba-ad-dc").is_running
    for name in office.hosts:
        assert "jump fence" not in root_shell(at(name), "nft list table inet mailforest")
    # Asked for here; that both do so by themselves, test_tunnel shows afterwards.
    for writer, reader in ((survivor, dead), (dead, survivor)):
        with group(at(writer), f"mailforest-test-{writer}") as written:
            module(at(reader), "replication_sync")
            assert has_group(at(reader), written)


def _comes_back_in_vain(office: Office, dead: str) -> None:
    """Its disk is as it was; the gate asks through the fence, and Samba stays off, now and when asked to start."""
    give_power(office, [dead])
    host = at(dead)
    eventually(lambda: _state(dead, GATE) == "failed", seconds=120, pause=2)
    assert root_shell(host, "systemctl is-active samba-ad-dc || true").strip() == "inactive"
    assert "Samba does not start" in root_shell(host, f"journalctl --unit={GATE} --no-pager --output=cat")
    assert host.run("systemctl start samba-ad-dc").rc != 0
    assert tcp(office.addresses[dead], 389) != "open"
    fences = json.loads(root_shell(at(office.controllers[0]), "nft --json list counter inet mailforest fenced"))
    assert fences["nftables"]


def _state(name: str, unit: str) -> str:
    return str(at(name).run(f"systemctl is-failed {unit} || true").stdout).strip()
