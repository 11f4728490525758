# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role owners are changed in the inventory: those roles move, no other, and every domain controller agrees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module
from ansible_collections.mailforest.stack.tests.system.support.office import ROLES, Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import directory_again


def _agreed(office: Office) -> dict[str, str]:
    """The owners, in which every domain controller's own database agrees, by Samba's tool and by our module."""
    found = [owners(at(name)) for name in office.controllers]
    found += [module(at(name), "fsmo_info")["owners"] for name in office.controllers]
    assert all(one == found[0] for one in found), found
    return found[0]


@pytest.fixture(autouse=True, scope="module")
def restored(office: Office) -> Iterator[None]:
    """Other tests' changes of sites have been followed up; at the end the roles are where the inventory has them."""
    for name in office.controllers:
        module(at(name), "replication_sync")
    yield
    if owners(at(office.controllers[0])) != office.fsmo:
        directory_again()


def test_one_role_moves_and_no_other(office: Office) -> None:
    """AD-27: the PDC emulator moves; the same run once more changes nothing."""
    target = next(name for name in reversed(office.controllers) if name != office.fsmo["pdc"])
    wanted = {**office.fsmo, "pdc": target}
    run = directory_again(mailforest_fsmo=wanted)
    assert run.changes, run.explain()
    assert all("FSMO" in change for change in run.changes), run.explain()
    assert _agreed(office) == wanted
    run = directory_again(mailforest_fsmo=wanted)
    assert run.changes == [], run.explain()


def test_all_roles_move_to_the_branch_and_back(office: Office) -> None:
    """AD-27: all seven, through the tunnel, in one run each way."""
    wanted = dict.fromkeys(ROLES, office.controllers[-1])
    directory_again(mailforest_fsmo=wanted)
    assert _agreed(office) == wanted
    directory_again()
    assert _agreed(office) == office.fsmo
