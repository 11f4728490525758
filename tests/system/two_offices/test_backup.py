# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup knows the whole forest, whichever of its controllers it is made on; that it comes back is role_backup's."""

from __future__ import annotations

from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office

_PLACE = "/var/backups/mailforest-test"


def test_a_backup_of_the_older_release_knows_the_whole_forest(office: Office) -> None:
    host = at("dc2")
    try:
        backup = module(host, "domain_backup", directory=_PLACE, label="test", max_age=0)["backup"]
        found = module(host, "domain_backup_info", directory=_PLACE)
    finally:
        root_shell(host, f"rm -rf {_PLACE}")
    assert (found["newest"]["path"], found["newest"]["intact"]) == (backup["path"], True)
    assert backup["roles"] == owners(host)
    assert {one["name"]: (one["site"], one["addresses"]) for one in backup["controllers"]} == {
        name: (site, [office.addresses[name]]) for name, site in (("dc1", "hq"), ("dc2", "hq"), ("dc3", "branch"))
    }
