# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way playbook release_upgrade goes. The modules are the boundary: they say what a test wants, and do nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play

INVENTORY = ROOT / "examples/two-offices/inventory/hosts.yml"
VARIABLES = ROOT / "examples/two-offices/inventory/group_vars/all"
TRUE_ONES = re.compile(
    r"mailforest\.stack\.topology|ansible\.builtin\.(assert|debug|set_fact|import_tasks|include_tasks)"
)
MODULE = re.compile(r"[a-z_]+(\.[a-z_]+){2}")
SAID = '''#!/usr/bin/python
"""Says what the test wants a module to say."""
import json
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"of": {}, "host": {}, "file": {"type": "path"}}, supports_check_mode=True)
with open(module.params["file"]) as stream:
    answers = json.load(stream)
name = module.params["of"].split(".")[-1]
if name == "domain_controller" and not module.check_mode:
    answers["fsmo_info"]["controllers"].remove("dc2")
    with open(module.params["file"], "w") as stream:
        json.dump(answers, stream)
acts = name in ("domain_backup", "domain_controller", "fsmo", "release_upgrade", "site")
module.exit_json(**{"changed": acts, **answers.get(name, {}), **answers.get(f"{name}@{module.params['host']}", {})})
'''
OWN = ("release_upgrade", "dc_demote")
BACKUP, DEMOTED, SITE = "dc2: Have one", "dc2: Leave the directory", "dc2: Do all of it"
MOVED = ["dc2: Give away what only the owner can give", "dc2: Take the rest, and have its own database say so"]


def _faked(tasks: list[dict[str, Any]], answers: Path) -> list[dict[str, Any]]:
    """The tasks, whose modules only say something."""
    return [
        {key: value for name, given in task.items() for key, value in _part(name, given, answers)} for task in tasks
    ]


def _part(name: str, given: Any, answers: Path) -> Iterator[tuple[str, Any]]:
    if name in ("block", "tasks"):
        yield name, _faked(given, answers)
    elif MODULE.fullmatch(name) and not TRUE_ONES.fullmatch(name):
        yield "mailforest.stack.said", {"of": name, "host": "{{ inventory_hostname }}", "file": str(answers)}
    else:
        yield name, given


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, whose modules only say something, and whose site.yml is one task."""
    root = tmp_path_factory.mktemp("collections")
    own, answers = root / "ansible_collections/mailforest/stack", root / "answers.json"
    for name in ("modules", "action"):
        (own / "plugins" / name).mkdir(parents=True)
        (own / "plugins" / name / "topology.py").symlink_to(ROOT / "plugins" / name / "topology.py")
    for name in ("filter", "lookup", "module_utils", "plugin_utils", "doc_fragments"):
        (own / "plugins" / name).symlink_to(ROOT / "plugins" / name)
    (own / "plugins/modules/said.py").write_text(SAID, encoding="utf-8")
    (own / "playbooks/tasks").mkdir(parents=True)
    (own / "playbooks/vars").symlink_to(ROOT / "playbooks/vars")
    (own / "galaxy.yml").symlink_to(ROOT / "galaxy.yml")
    for path in (*(ROOT / "playbooks/tasks").glob("*.yml"), *(ROOT / f"playbooks/{name}.yml" for name in OWN)):
        tasks = _faked(yaml.safe_load(path.read_text(encoding="utf-8")), answers)
        for one_play in (entry for entry in tasks if "hosts" in entry):
            one_play["gather_facts"] = False
        _write(own / path.relative_to(ROOT), tasks)
    task = {"name": "Do all of it", "mailforest.stack.site": {}}
    _write(own / "playbooks/site.yml", _faked([{"hosts": "all", "gather_facts": False, "tasks": [task]}], answers))
    return root


def _write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


CONTROLLERS = {"dc1": "hq", "dc2": "hq", "dc3": "branch"}
ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")


def _answers(*, release: str, serves: bool, known: bool, roles: bool) -> dict[str, Any]:
    """What the modules say: dc2 has a release, serves as a controller, is known as one by the others, has two roles."""
    owners = dict.fromkeys(ROLES, "dc1") | (dict.fromkeys(("rid", "pdc"), "dc2") if roles else {})
    return {
        "setup": {"ansible_facts": {"distribution": "Debian", "distribution_major_version": release}},
        "stat": {"stat": {"exists": serves}},
        "maintenance_info": {"hosts": []},
        "systemd_service": {"status": {"ActiveState": "active" if serves else "inactive"}},
        "fsmo_info": {"controllers": [name for name in CONTROLLERS if known or name != "dc2"], "owners": owners},
        "sysvol_info": {"problems": [], "sha256": "one"},
        "replication_info": {"topology": {"sites": {"hq": {}, "branch": {}}}},
        "object_info": {"objects": []},
        "dns_lookup": {"answers": []},
        "command": {"stdout": "[]", "stdout_lines": []},
    } | {
        f"replication_info@{host}": {
            "site": site,
            "controllers": {name: place for name, place in CONTROLLERS.items() if name != host},
        }
        for host, site in CONTROLLERS.items()
    }


def _filled(secrets: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _filled(given) if isinstance(given, dict) else "Nobody knows it, 1" for name, given in secrets.items()
    }


def _upgrade(
    collection: Path, monkeypatch: pytest.MonkeyPatch, host: str, limit: str, said: Mapping[str, Any], *, check: bool
) -> Run:
    (collection / "answers.json").write_text(json.dumps(said), encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_become": False}
    _write(collection / "local.yml", {"all": {"vars": local | {"ansible_python_interpreter": sys.executable}}})
    monkeypatch.setenv("ANSIBLE_CONFIG", str(ROOT / "examples/two-offices/ansible.cfg"))
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{collection}:{ROOT / '.build/collections'}")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    variables = [
        yaml.safe_load((VARIABLES / name).read_text(encoding="utf-8"))
        for name in ("mailforest.yml", "secrets.yml.example")
    ]
    return play(
        collection / "ansible_collections/mailforest/stack/playbooks/release_upgrade.yml",
        inventories=[INVENTORY, collection / "local.yml"],
        check=check,
        arguments=[f"--limit={limit}"] if limit else [],
        extra_vars={**variables[0], **_filled(variables[1]), "release_upgrade_confirm": host},
    )


SERVES: dict[str, Any] = {"release": "12", "serves": True, "known": True, "roles": True}
STOPPED = SERVES | {"serves": False, "roles": False}
GONE = STOPPED | {"known": False}
NEW = GONE | {"release": "13"}
INSTALL = "Now install Debian 13 on dc2"


@pytest.mark.parametrize(
    ("given", "changes", "told"),
    [
        (SERVES, [BACKUP, *MOVED, DEMOTED], INSTALL),
        (STOPPED, [BACKUP, DEMOTED], INSTALL),
        (GONE, [], INSTALL),
        (NEW, [SITE], "it joins"),
        (SERVES | {"release": "13"}, [SITE], "what an earlier run left open is done"),
    ],
    ids=["serves", "begun", "gone", "installed", "joined"],
)
def test_a_controller_goes_on_from_where_it_is(
    collection: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], changes: list[str], told: str
) -> None:
    run = _upgrade(collection, monkeypatch, "dc2", "mailforest_domain_controllers", _answers(**given), check=False)
    assert run.code == 0, run.explain()
    assert [change for change in run.changes if change.startswith("dc2")] == changes
    assert any(told in result.message for result in run.results)


def test_check_mode_looks_on_and_tells(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _upgrade(collection, monkeypatch, "dc2", "", _answers(**SERVES), check=True)
    assert run.code == 0, run.explain()
    assert any("dc1 takes its roles (rid, pdc)" in result.message for result in run.results)
    assert not any(INSTALL in result.message for result in run.results)


@pytest.mark.parametrize(
    ("host", "limit", "said"),
    [
        ("dc9", "", "release_upgrade_confirm is 'dc9', and the run is for 9 hosts"),
        ("mx2", "mx1", "the same by --limit (mx1, mx2)"),
        ("dc2", "dc2", "without --limit, or with --limit mailforest_domain_controllers"),
        ("dc1", "", "dc1 is the first of mailforest_domain_controllers"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    collection: Path, monkeypatch: pytest.MonkeyPatch, host: str, limit: str, said: str
) -> None:
    run = _upgrade(collection, monkeypatch, host, limit, _answers(**SERVES), check=False)
    assert (run.code, run.changes) == (2, [])
    assert [said in result.message for result in run.failures] == [True]


def test_a_mail_server_is_upgraded_in_place_and_no_controller_is_asked(
    collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _upgrade(collection, monkeypatch, "mx2", "mx2", _answers(**GONE), check=False)
    assert run.code == 0, run.explain()
    assert run.changes == ["mx2: Upgrade the release", "mx2: Do all of it"]
    assert {result.host for result in run.results} == {"mx2"}
