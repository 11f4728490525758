# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory modules: what is documented is what is taken, and every module ends through the engine."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.doc_fragments._directory import ModuleDocFragment

MODULES = (
    "gpo",
    "gpo_backup",
    "gpo_info",
    "sysvol_info",
    "sysvol_sync",
    "domain",
    "domain_controller",
    "domain_controller_removal",
    "user",
    "group",
    "ou",
    "computer",
    "pso",
    "object",
    "object_info",
    "object_acl",
    "directory_objects",
    "dns_zone",
    "dns_record",
    "fsmo",
    "fsmo_info",
    "fsmo_placement",
    "functional_level",
    "dc_info",
    "password_policy",
    "site",
    "site_subnet",
    "site_link",
    "site_server",
)
_PLUGINS = "ansible_collections.mailforest.stack.plugins.modules"
MINIMUM: dict[str, dict[str, Any]] = {
    "gpo": {"name": "Staff desktop"},
    "gpo_backup": {"dest": "/var/backups/policies"},
    "gpo_info": {},
    "sysvol_info": {},
    "sysvol_sync": {},
    "domain": {"dns_domain_name": "corp.example.test", "host_name": "dc1"},
    "domain_controller": {
        "dns_domain_name": "corp.example.test",
        "replication_source_dc": "dc1.corp.example.test",
        "site_name": "hq",
    },
    "domain_controller_removal": {"name": "dc9"},
    "user": {"name": "alice"},
    "group": {"groups": [{"name": "staff"}]},
    "ou": {"name": "Staff"},
    "computer": {"name": "pc1"},
    "pso": {"name": "strict"},
    "object": {"name": "service"},
    "object_info": {},
    "object_acl": {"identity": "staff", "entries": []},
    "directory_objects": {"users": [{"name": "alice"}]},
    "dns_zone": {"name": ["example.test"]},
    "dns_record": {"zone": "example.test", "name": "@", "type": "A", "values": ["198.51.100.1"]},
    "fsmo": {"roles": {"pdc": "dc1"}},
    "fsmo_info": {},
    "functional_level": {"domain": "2016"},
    "fsmo_placement": {"roles": {"pdc": {"owner": "dc1"}}},
    "dc_info": {},
    "password_policy": {"min_password_length": 12},
    "site": {"name": "hq"},
    "site_subnet": {"name": "198.51.100.0/24"},
    "site_link": {"name": "hq-branch"},
    "site_server": {"name": "dc1", "site": "hq"},
    "replication_info": {},
    "replication_sync": {},
}


class Built(Exception):
    """The module handed its arguments over."""


def arguments(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = importlib.import_module(f"{_PLUGINS}.{name}")
    seen: dict[str, Any] = {}

    def build(**options: Any) -> None:
        seen.update(options)
        raise Built

    monkeypatch.setattr(module, "AnsibleModule", build)
    with pytest.raises(Built):
        module.main()
    return seen


def documented(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"{_PLUGINS}.{name}")
    options: dict[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    return {**options, **yaml.safe_load(module.DOCUMENTATION).get("options", {})}


def compare(path: str, spec: Mapping[str, Any], docs: Mapping[str, Any]) -> None:
    assert set(spec) == set(docs), path
    for name, option in spec.items():
        said, where = docs[name], f"{path}.{name}"
        assert option.get("type") == said.get("type"), where
        assert option.get("elements") == said.get("elements"), where
        assert option.get("default") == said.get("default"), where
        assert sorted(option.get("choices", [])) == sorted(said.get("choices", [])), where
        assert option.get("required", False) == said.get("required", False), where
        assert said["description"], where
        compare(where, option.get("options", {}), said.get("suboptions", {}))


@pytest.mark.parametrize("name", MODULES)
def test_documentation_and_arguments_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built = arguments(name, monkeypatch)
    assert built["supports_check_mode"]
    compare(name, built["argument_spec"], documented(name))


@pytest.mark.parametrize("name", MODULES)
def test_secrets_are_marked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = arguments(name, monkeypatch)["argument_spec"]
    nested = [option.get("options", {}) for option in spec.values()]
    for options in (spec, *nested):
        for key, option in options.items():
            if key in ("password", "administrator_password", "domain_admin_password"):
                assert option["no_log"] is True, key


@pytest.mark.parametrize("name", MODULES)
def test_a_host_without_samba_is_told_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"{_PLUGINS}.{name}")
    outcome: dict[str, Any] = {}

    def stop(**values: Any) -> None:
        outcome.update(values)
        raise Built

    def build(argument_spec: Mapping[str, Any], **_: Any) -> Any:
        params = {key: option.get("default") for key, option in argument_spec.items()} | MINIMUM[name]
        made = type("Module", (), {"params": params, "check_mode": False})()
        made.fail_json = stop
        return made

    monkeypatch.setattr(module, "AnsibleModule", build)
    if name == "group":
        monkeypatch.setattr(module, "entries", lambda kind, params: [])
    with pytest.raises(Built):
        module.main()
    assert "python3-samba" in outcome["msg"]
