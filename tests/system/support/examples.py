# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of all modules as one playbook for examples/two-offices, whose names and addresses they have.

In check mode, in which whatever only reads does the same as otherwise; mail is sent and found all the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .playbook import ROOT

PREFIX = "mailforest.stack."
MODULES = tuple(sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__"))
PLACES: Mapping[str, tuple[str, ...]] = {
    "all": ("topology", "summary", "findings"),
    "dc1": (
        *("dc_info", "domain", "domain_backup", "domain_backup_info", "domain_controller_removal", "fsmo", "fsmo_info"),
        *("fsmo_placement", "functional_level", "dns_record", "dns_zone", "domain_controller_names"),
        *("replication_info", "replication_sync", "seizure_info", "sysvol_info", "maintenance_info"),
        *("site", "site_link", "site_server", "site_subnet"),
    ),
    "dc2": (  # the owner of the PDC emulator, with Debian 12
        *("ou", "group", "user", "computer", "object", "object_acl", "object_info", "directory_objects", "gpo"),
        *("gpo_info", "gpo_backup", "password_policy", "pso", "reachable", "submission_port"),
    ),
    "dc3": ("domain_controller", "sysvol_sync"),
    "mx1": (
        *("packages", "config_tree", "firewall_ruleset", "firewall_load", "firewall_info", "host_health", "dns_lookup"),
        *("keytab", "mail_tables_info", "mail_flow", "dkim_key", "dkim_rotation"),
    ),
    "mx2": ("dns_published", "release_upgrade"),
    "gw-hq": ("preflight", "site_tunnel_info"),
    "member1": ("dc_locator", "join_ledger", "membership", "pam_profile", "share_access", "smb_account"),
    "outside": ("open_relay",),
}
"""Where the examples of a module are run, in an order in which one may use what another has registered."""
ELSEWHERE: Mapping[str, str] = {
    "domain_restore": "A forest has to be lost first; role_backup/tests/test_backup.py brings one back.",
    "domain_trust": "It takes two forests; role_directory_sites/tests/test_trust.py has them.",
    "fsmo: Take the roles": "A domain controller has to be dead first; two_offices/test_seizure.py has one.",
    "submission_port: See whether this mail server's provider lets it send": "It asks servers of the Internet.",
}
"""Modules and examples that are not run here, and why."""
REFUSED: Mapping[str, str] = {
    "domain_controller_removal: Forget the controller that burnt": r"dc3\.corp\.example\.test is at work",
    "functional_level: Raise both levels": r"(?i)dc2 offers 2008_R2",
    "domain_backup: Have a backup that is not older than a day": r"age is not installed",
    "domain_backup_info: Prove that there is a fresh one, and nothing wrong with any": r"backup",
    "host_health: Say so when it is not": r"143",
    "findings: Say what stands, and what does not": r"it was not asked",
}
"""Examples about something that is not so in these offices, and what they say here: dc3 lives, dc2 has Debian 12, no
backups are made, a mail server has more ports than that of the example, and no task has looked at anything before."""

# What the examples find: people, groups, computers and units of other organisations than that of examples/two-offices.
_DOMAIN = "DC=corp,DC=example,DC=test"
UNITS = ("Staff", "Servers", "Desks", "School")
_MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ou", {"ous": [{"name": name} for name in UNITS]}),
    ("ou", {"ous": [{"name": "Sales", "path": f"OU=Staff,{_DOMAIN}"}]}),
    ("ou", {"ous": [{"name": name, "path": f"OU=School,{_DOMAIN}"} for name in ("Pupils", "Classes")]}),
    ("user", {"path": f"OU=Staff,{_DOMAIN}", "users": [{"name": "bob", "enabled": False}]}),
    ("object", {"identity": "bob", "attributes": {"set": {"department": "Sales"}}}),
    (
        "group",
        {
            "path": f"OU=Staff,{_DOMAIN}",
            "groups": [
                *({"name": name, "scope": "global"} for name in ("helpdesk", "installers", "choir")),
                {"name": "projects-change", "scope": "domainlocal"},
            ],
        },
    ),
    (
        "group",
        {
            "path": f"OU=Classes,OU=School,{_DOMAIN}",
            "groups": [{"name": name, "scope": "global"} for name in ("class-1a", "pupils")],
        },
    ),
    ("computer", {"path": f"OU=Desks,{_DOMAIN}", "computers": [{"name": "desk7"}, {"name": "desk8"}]}),
)
PUPILS = "sam_account_name,firstname,surname,email,groups,attribute:employeeID\n"
PUPILS += "a.jones,Alice,Jones,a.jones@example.test,class-1a|choir,4711\n"
"""What the examples of directory_objects show of their file."""
TEMPLATES = {
    "etc/postfix/main.cf.j2": "compatibility_level = 3.6\n",
    "etc/postfix/master.cf.j2": "pickup unix n - y 60 1 pickup\n",
    "etc/postfix/ldap/map.cf.j2": "version = 3\n",
}


def examples(module: str) -> list[dict[str, Any]]:
    """The tasks of a module's examples, those of plays included, each named by the module."""
    for node in ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["EXAMPLES"]:
            found = list(_tasks(yaml.safe_load(ast.literal_eval(node.value))))
            return [{**task, "name": f"{module}: {task['name']}"} for task in found]
    raise AssertionError(f"{module} has no examples")


def run_here(module: str) -> list[dict[str, Any]]:
    """Those of a module that can be run."""
    return [task for task in examples(module) if task["name"] not in ELSEWHERE]


def playbook(directory: Path) -> Path:
    """Write the playbook, and what its tasks look for beside it."""
    plays = [_prepared(), _known(), *(_play(place, modules, directory) for place, modules in PLACES.items())]
    files = {"files/pupils.csv": PUPILS, **{f"templates/{name}": text for name, text in TEMPLATES.items()}}
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    written = directory / "examples.yml"
    written.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    return written


def inventory(directory: Path) -> Path:
    """The group that the examples name, which an office of one's own has by another name."""
    written = directory / "groups.yml"
    hosts: dict[str, dict[str, str]] = {name: {} for name in ("dc1", "dc2", "dc3")}
    written.write_text(yaml.safe_dump({"domain_controllers": {"hosts": hosts}}), encoding="utf-8")
    return written


def _tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if "tasks" in entry:
            yield from entry["tasks"]
        else:
            yield entry


def _prepared() -> dict[str, Any]:
    """What the examples find, made on the owner of the PDC emulator."""
    tasks = [{"name": f"Make what examples find: {name}", PREFIX + name: options} for name, options in _MADE]
    return {"name": "Prepare", "hosts": "dc2", "gather_facts": False, "tasks": tasks}


def _known() -> dict[str, Any]:
    """It is known in the branch before its member asks there."""
    task = {"name": "Have every controller know it", f"{PREFIX}replication_sync": {"wait": 60}}
    hosts = "mailforest_domain_controllers"
    return {"name": "Replicate", "hosts": hosts, "gather_facts": False, "tasks": [task]}


def _play(place: str, modules: tuple[str, ...], directory: Path) -> dict[str, Any]:
    """The examples of one place; one that fails does not keep the others from being run.

    With `run_once` it would, rescued or not, and on one host nothing is run more often.
    """
    tasks = [task for module in modules for task in run_here(module)]
    tasks = [{name: given for name, given in task.items() if name != "run_once"} for task in tasks]
    if "dns_published" in modules:
        key = {"domains": ["example.test"], "selector": "mx2"}
        tasks.insert(0, {"name": "Read the key", f"{PREFIX}dkim_key": key, "register": "keys"})
    return {
        "name": place,
        "hosts": place,
        "gather_facts": False,
        "check_mode": True,
        "timeout": 120,
        "vars": {
            "inventory_dir": str(directory / "inventory"),
            "alice_password": "{{ mailforest_user_passwords.alice }}",
            "vault_administrator_password": "{{ mailforest_administrator_password }}",
            "vault_alice_password": "{{ alice_password }}",
            **{f"vault_{name}_password": "Sesame-open-1" for name in ("bob", "scanner")},
        },
        "tasks": [{"block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]} for task in tasks],
    }


def unlike(name: str, ended: str) -> str | None:
    """What is wrong with how an example ended, or None; `ended` is empty for one that came to its end."""
    if name not in REFUSED:
        return f"{name}: {ended}" if ended else None
    if re.search(REFUSED[name], ended):
        return None
    return f"{name}: was to say {REFUSED[name]!r}, and said {ended!r}"
