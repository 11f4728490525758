# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates come to a domain controller and a mail server, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.directory import owners
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, play, verified
from ansible_collections.mailforest.stack.tests.system.support.troubles import operation

PACKAGE = "mailforest-update-probe"
ARCHIVE = "/var/tmp/mailforest-archive"
_PUBLISH = f"""
set -e
mkdir -p {ARCHIVE}/build/DEBIAN
cd {ARCHIVE}
for version in 1 2; do
  cat > build/DEBIAN/control << END
Package: {PACKAGE}
Version: $version
Architecture: all
Maintainer: nobody <nobody@example.test>
Description: probe
END
  dpkg-deb --build build {PACKAGE}_${{version}}_all.deb
done
dpkg -i {PACKAGE}_1_all.deb
file={PACKAGE}_2_all.deb
{{
  cat build/DEBIAN/control
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n' $file "$(stat -c %s $file)" "$(sha256sum $file | cut -d' ' -f1)"
}} > Packages
echo 'deb [trusted=yes] file:{ARCHIVE} ./' > /etc/apt/sources.list.d/{PACKAGE}.list
apt-get --quiet update
"""
SETTLED_SECONDS = 600
_WITHDRAW = f"dpkg --purge {PACKAGE}; rm -rf {ARCHIVE} /etc/apt/sources.list.d/{PACKAGE}.list; apt-get --quiet update"


@pytest.fixture(scope="module")
def office() -> Office:
    """The two offices."""
    return offices.current()


@pytest.fixture
def updates(office: Office) -> Iterator[list[str]]:
    """An update waits for the PDC emulator's host and for a mail server."""
    names = [office.fsmo["pdc"], office.mail_servers[-1]]
    for name in names:
        root_shell(at(name), _PUBLISH)
    yield names
    for name in names:
        root_shell(at(name), _WITHDRAW)


def test_updates_come_to_one_host_after_the_other(office: Office, updates: list[str]) -> None:
    """The controller is without roles when it is changed, the mail server without new mail; then all is as before."""
    limit = f"--limit={','.join(updates)}"
    playbook = ROOT / "playbooks/rolling_upgrade.yml"
    told = play(playbook, check=True, arguments=[limit])
    assert told.code == 0, told.explain()
    assert {change.partition(":")[0] for change in told.changes if "updates" in change} == set(updates), told.explain()
    run = play(playbook, arguments=[limit])
    assert run.code == 0, run.explain()
    controller, mail = updates
    done = [(result.host, result.task) for result in run.results if result.changed]
    taken, installed = (controller, "Take the rest, and have its own database say so"), "Install the updates"
    assert done.index((mail, "Take no more mail; what was accepted is on the disk")) < done.index((mail, installed)), (
        done
    )
    assert done.index((mail, installed)) < done.index(taken) < done.index((controller, installed)), done
    for name in updates:
        assert root_shell(at(name), f"dpkg-query -W -f '${{Version}}' {PACKAGE}").strip() == "2"
    assert owners(at(controller)) == office.fsmo
    again = play(playbook, arguments=[limit])
    assert again.code == 0 and again.changes == [], again.explain()


def test_no_roles_go_to_a_controller_in_maintenance(office: Office, updates: list[str]) -> None:
    """Otherwise it would be the one that takes them: it is of the same site. What it had itself stays where it is."""
    controller, out = updates[0], office.controllers[0]
    assert office.sites[out] == office.sites[controller]
    (relief,) = {*office.controllers} - {controller, out}
    on = {"maintenance_host": out, "maintenance_reason": "a test", "maintenance_hand_over": True}
    operation(ROOT / "playbooks/maintenance_on.yml", **on)
    try:
        again = operation(ROOT / "playbooks/maintenance_on.yml", **on)
        assert again.changes == [], again.explain()
        assert set(owners(at(controller)).values()) == {controller}
        run = operation(ROOT / "playbooks/rolling_upgrade.yml", f"--limit={controller}")
        assert f"{controller}: Take the rest, and have its own database say so" in run.changes, run.explain()
        wanted = {role: relief if owner == out else owner for role, owner in office.fsmo.items()}
        assert owners(at(controller)) == wanted
    finally:
        operation(ROOT / "playbooks/maintenance_off.yml", maintenance_host=out)
    assert owners(at(controller)) == office.fsmo
    verified(seconds=SETTLED_SECONDS)
