# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real inventory, with Ansible's own variable manager and templates: what a task would see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

HOSTS: dict[str, Any] = {
    "mailforest_gateways": {
        "hosts": {
            "gw-hq": {
                "ansible_host": "198.51.100.66",
                "mailforest_site": "hq",
                "mailforest_public_address": "{{ office_wan }}",
            }
        }
    },
    "mailforest_domain_controllers": {"hosts": {"dc1": {"ansible_host": "198.51.100.70", "mailforest_site": "hq"}}},
    "mailforest_mail_servers": {"hosts": {"mx1": {"ansible_host": "198.51.100.80", "mailforest_site": "hq"}}},
    "mailforest_observers": {"hosts": {"outside": {"ansible_host": "198.51.100.10"}}},
    "printers": {"hosts": {"printer1": {"ansible_host": "198.51.100.99"}}},
}
VARIABLES: dict[str, Any] = {
    "office_domain": "example.test",
    "office_wan": "198.51.100.2",
    "mailforest_forest": {"realm": "CORP.{{ office_domain | upper }}", "netbios": "CORP"},
    "mailforest_sites": {"hq": {"subnets": ["198.51.100.64/26"], "gateway": "gw-hq"}},
    "mailforest_mail": {"domains": ["{{ office_domain }}"]},
    "mailforest_users": [{"name": "alice", "email": "alice@{{ office_domain }}"}],
    "mailforest_administrator_password": "Secret-of-the-Administrator-1",
    "mailforest_ca_passphrase": "{{ 'Secret-of-the-Authority-1' }}",
    "mailforest_mail_bind_password": "Secret-of-the-Mail-1",
    "mailforest_mail_probe_password": "Secret-of-the-Probe-1",
    "mailforest_user_passwords": {"alice": "Secret-of-Alice-1"},
}


@dataclass(frozen=True)
class Seen:
    """What a task on a host sees."""

    variables: dict[str, Any]
    templar: Templar


def seen(
    directory: Path, changes: dict[str, Any] | None = None, *, hosts: dict[str, Any] | None = None, limit: str = "all"
) -> Seen:
    """Write the inventory, and load it as a run with that limit would."""
    (directory / "hosts.yml").write_text(yaml.safe_dump(hosts or HOSTS), encoding="utf-8")
    (directory / "group_vars").mkdir()
    (directory / "group_vars" / "all.yml").write_text(yaml.safe_dump(VARIABLES | (changes or {})), encoding="utf-8")
    loader = DataLoader()
    inventory = InventoryManager(loader, [str(directory / "hosts.yml")])
    inventory.subset(limit)
    manager = VariableManager(loader, inventory)
    HostVars(inventory, manager, loader)
    variables = manager.get_vars(host=inventory.get_hosts()[0])
    return Seen(variables, Templar(loader, variables))
