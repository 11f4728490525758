# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred people at once: a run that is killed is completed by the next, and every controller knows their keys."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import ldap_bind
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import eventually
from testinfra.host import Host

PEOPLE, GROUPS = 200, 20
PASSWORD = "Bulk-Test-2026"
OU = "OU=Bulk Test"
PROGRESS = "/run/mailforest/bulk-test.json"
INVALID_CREDENTIALS = 49


@pytest.fixture(scope="module")
def controller(office: Office) -> Iterator[Host]:
    """The RID master, which has RIDs for all; it is left without the OU."""
    host = at(office.fsmo["rid"])
    yield host
    root_shell(host, f"samba-tool ou delete '{OU}' --force-subtree-delete; rm -f {PROGRESS}")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole tree, with the people in a file on the controller."""
    people = tmp_path_factory.mktemp("bulk") / "people.csv"
    lines = [f"bulk{number:03d},First,Last {number},bulk-{number % GROUPS},{PASSWORD}\n" for number in range(PEOPLE)]
    people.write_text("sam_account_name,firstname,surname,groups,password\n" + "".join(lines), encoding="utf-8")
    return {
        "ous": [{"name": "Bulk Test"}],
        "groups": [{"name": f"bulk-{number}"} for number in range(GROUPS)],
        "group_path": OU,
        "user_path": OU,
        "people": str(people),
        "guid_attribute": "adminDescription",
        "progress_file": PROGRESS,
        "chunk": 10,
    }


def _made(controller: Host) -> int:
    """How many of the people Samba's own tool finds."""
    found = root_shell(controller, "samba-tool user list").split()
    return sum(name.startswith("bulk") for name in found)


def _kill(controller: Host, run: Future[Any]) -> None:
    """Kill the module when it is in the middle."""
    while not run.done():
        said = controller.run(f"cat {PROGRESS}")
        state = json.loads(said.stdout) if said.rc == 0 else {}
        if state.get("phase") == "write_users" and state["done"] > PEOPLE / 2:
            root_shell(controller, f"kill -9 {state['pid']}")
            return
        time.sleep(0.2)


def test_a_wrong_row_is_told_and_nothing_is_written(controller: Host, wanted: dict[str, Any], tmp_path: Path) -> None:
    """File, line, column; the good rows beside it are not written either."""
    people = tmp_path / "wrong.csv"
    people.write_text("sam_account_name,country\nbulk900,DE\nbulk901,Germany\n", encoding="utf-8")
    options = {**wanted, "people": str(people)}
    found = controller.ansible("mailforest.stack.directory_objects", json.dumps(options), check=False)
    assert "faults" in found, found
    assert [(f["file"], f["line"], f["column"]) for f in found["faults"]] == [(str(people), 3, "country")]
    assert _made(controller) == 0


def test_what_was_killed_is_completed_by_the_next_run(controller: Host, wanted: dict[str, Any]) -> None:
    """AD-44: at the end it is as if nothing had happened, and once more changes nothing."""
    with ThreadPoolExecutor(1) as pool:
        arguments = json.dumps(wanted)
        run = pool.submit(controller.ansible, "mailforest.stack.directory_objects", arguments, check=False)
        _kill(controller, run)
        assert run.exception() or "users" not in run.result()
    made = _made(controller)
    assert 0 < made < PEOPLE
    outcome = module(controller, "directory_objects", **wanted)
    assert outcome["users"]["created"] == PEOPLE - made
    assert _made(controller) == PEOPLE
    members = root_shell(controller, "samba-tool group listmembers bulk-7").split()
    assert sorted(members) == [f"bulk{number:03d}" for number in range(7, PEOPLE, GROUPS)]
    assert not module(controller, "directory_objects", **wanted)["changed"]
    root_shell(controller, f'samba-tool dbcheck "{OU},$(samba-tool domain info 127.0.0.1 | {_DOMAIN})" --scope=SUB')


_DOMAIN = "sed -n 's/^Domain *: /DC=/p' | sed 's/[.]/,DC=/g'"


def _accepted(bind: Callable[..., int]) -> bool:
    return bind(password=PASSWORD) == 0


@pytest.mark.parametrize("number", [0, PEOPLE - 1])
def test_every_controller_knows_the_password(office: Office, number: int) -> None:
    """The first was given its keys by Samba, the last by us; a wrong password is refused."""
    context = ssl.create_default_context(cafile=str(office.ca_file))
    for name in office.controllers:
        fqdn = office.fqdn(name)
        user = f"bulk{number:03d}@{fqdn.partition('.')[2]}"
        bind = partial(ldap_bind, office.addresses[name], user=user, name=fqdn, context=context)
        eventually(partial(_accepted, bind), seconds=120)
        assert bind(password="Wrong-1-Password") == INVALID_CREDENTIALS
