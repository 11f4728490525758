# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rspamd's variables: when block lists are asked, where mail is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.filter import AnsibleJinja2Filter
from ansible.plugins.loader import filter_loader
from ansible_collections.mailforest.stack.plugins.module_utils._mail import antispam
from ansible_collections.mailforest.stack.plugins.module_utils._mail.dkim import ARGUMENTS
from ansible_collections.mailforest.stack.tests.unit.roles.conftest import Evaluate

ROOT = Path(__file__).resolve().parents[3]
FILTERS = ("rspamd_errors", "public_resolvers", "dnsbl_rows")
ZONES = ["zen.spamhaus.org", "dbl.spamhaus.org"]


@pytest.fixture(autouse=True)
def own_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the role's variables find the collection's filters, which no collection loader looks for here."""
    known = {f"mailforest.stack.{name}": getattr(antispam, name) for name in FILTERS}
    find = filter_loader.get

    def get(name: str, *args: Any, **kwargs: Any) -> Any:
        return AnsibleJinja2Filter(known[name]) if name in known else find(name, *args, **kwargs)

    monkeypatch.setattr(filter_loader, "get", get)


@pytest.mark.parametrize(
    ("resolvers", "values", "asked"),
    [
        (["10.0.0.53"], {}, ZONES),
        ([], {}, ZONES),
        (["10.0.0.53", "8.8.8.8"], {}, []),
        (["10.0.0.53"], {"rspamd_dnsbl": False}, []),
        (["10.0.0.53"], {"rspamd_dnsbl_upstreams": ["1.1.1.1"]}, []),
        (["8.8.8.8"], {"rspamd_nameservers": ["10.0.0.53"]}, ZONES),
    ],
    ids=["own resolver", "none known", "public", "off", "forwards to a public one", "asks another one"],
)
def test_block_lists_are_asked_by_an_own_resolver_only(
    evaluate: Evaluate, resolvers: list[str], values: dict[str, Any], asked: list[str]
) -> None:
    facts = {"hostname": "mx1", "dns": {"nameservers": resolvers}}
    rows = evaluate("rspamd", "__rspamd_dnsbl_rows", ansible_facts=facts, **values)
    assert [row["zone"] for row in rows] == asked


def test_the_selector_is_the_hosts_name(evaluate: Evaluate) -> None:
    assert evaluate("rspamd", "rspamd_selector", ansible_facts={"hostname": "MX1", "dns": {}}) == "mx1"


def test_every_file_is_written_once(evaluate: Evaluate) -> None:
    paths = [spec["path"] for spec in evaluate("rspamd", "__rspamd_files")]
    assert len(paths) == len(set(paths)) > 0


def test_port_and_place_of_keys_are_those_that_others_are_told(evaluate: Evaluate) -> None:
    wiring = yaml.safe_load((ROOT / "playbooks/vars/wiring.yml").read_text(encoding="utf-8"))
    port = evaluate("rspamd", "__rspamd_port")
    assert f"'inet:127.0.0.1:{port}'" in wiring["postfix_milters"]
    assert [check["port"] for check in evaluate("rspamd", "__rspamd_checks")] == [port]
    assert evaluate("rspamd", "__rspamd_keys") == ARGUMENTS["directory"]["default"]
